//! What can be asked for on the command line.

use std::{path::PathBuf, time::Duration};

use clap::Parser;

/// A day at a car park in fast time, with all that goes wrong there.
#[derive(Debug, Clone, Parser)]
pub(crate) struct Args {
    /// How many hours of traffic.
    #[arg(long, default_value_t = 24.0)]
    pub(crate) hours: f64,
    /// How many of these seconds pass in a real one. Boom, vehicles and faults have times of
    /// their own: it is the pauses between them that become shorter.
    #[arg(long, default_value_t = 30.0, value_name = "N")]
    pub(crate) pace: f64,
    /// Repeats what is done to the gates in an earlier run, though not its timing.
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// How many gates there are, in and out by turns.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=16))]
    pub(crate) gates: u8,
    /// Vehicles at each gate in an hour.
    #[arg(long, default_value_t = 60.0, value_name = "N")]
    pub(crate) vehicles: f64,
    /// Of a hundred vehicles, so many meet with something that goes wrong.
    #[arg(long, default_value_t = 8, value_name = "N")]
    pub(crate) faults: u8,
    /// How often in an hour the broker is killed.
    #[arg(long, default_value_t = 1.5, value_name = "N")]
    pub(crate) outages: f64,
    /// Where `broker` and `gate-agent` are, if not beside this program.
    #[arg(long, value_name = "DIRECTORY")]
    pub(crate) programs: Option<PathBuf>,
}

/// In seconds.
const NEVER: f64 = 1e9;

impl Args {
    /// How long it really takes.
    pub(crate) fn duration(&self) -> Duration {
        Duration::from_secs_f64(self.hours * 3600.0 / self.pace)
    }

    /// The real time between two of what happens so often in an hour, as chance has it.
    pub(crate) fn pause(&self, in_an_hour: f64, random: &mut fastrand::Rng) -> Duration {
        let mean = 3600.0 / in_an_hour / self.pace;
        // The waiting time of a Poisson process; at most a while.
        let share = -(1.0 - random.f64()).ln();

        // Never, where it is not to happen at all.
        Duration::from_secs_f64((mean * share).min(mean * 5.0).min(NEVER))
    }
}
