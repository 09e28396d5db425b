//! `manless gate test`: moves and reads each device of a gate, step by step, with a person.

mod person;
mod script;
mod verdict;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use clap::Subcommand;
use gate_agent::{
    Config,
    install::{Bench, barrier_path, reader_path},
};
use schemas::GateId;
use service::signal;
use site_sim::Gate;

use crate::{camera, devices::access, site};
use person::Person;
use script::Script;

/// What is done with a gate.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Moves and reads each device of a gate, and asks what you see. Nothing moves before you have
    /// said yes. The agent of the gate must not run.
    ///
    /// Answers may come from a pipe, one a line: y or n.
    Test {
        /// The gate.
        gate: GateId,
        /// How many seconds to wait for a vehicle on the loop, or a card.
        #[arg(long, default_value_t = 60, value_name = "SECONDS")]
        wait: u64,
        /// The configuration of the site.
        #[arg(long, env = "MANLESS_CONFIG", value_name = "FILE")]
        config: Option<PathBuf>,
    },
}

pub(crate) fn run(args: Args) -> Result<()> {
    let Command::Test { gate, wait, config } = args.command;
    let configured = site::gate(config.as_deref(), &gate)?;
    let simulated = site::simulated(&gate, &configured)?;

    test(
        &gate,
        &configured,
        simulated.as_ref().map(|simulated| Arc::clone(&simulated.gate)),
        Duration::from_secs(wait),
    )
}

#[tokio::main(flavor = "current_thread")]
async fn test(
    name: &GateId,
    config: &Config,
    simulated: Option<Arc<Gate>>,
    patience: Duration,
) -> Result<()> {
    let stop = signal::shutdown().context("cannot listen for signals")?;
    refuse_if_in_use(config, simulated.as_deref())?;
    camera::refuse_if_in_use(&config.camera)?;

    let bench = Bench::start(config, simulated.as_deref());
    let person = Person::at_hand().context("cannot start a thread")?;
    let mut script = Script::new(name, config, bench, person, simulated, patience);
    let finished = tokio::select! {
        ended = script.run() => { ended?; true }
        () = stop => false,
    };

    if !finished {
        script.interrupt().await?;
        bail!("interrupted");
    }
    script.conclude()
}

/// Two programs on one port would each hear half of what a device says.
fn refuse_if_in_use(config: &Config, simulated: Option<&Gate>) -> Result<()> {
    let barrier = Some(barrier_path(config, simulated));
    let reader = config.card_reader.as_ref().map(|reader| reader_path(reader, simulated));

    for path in barrier.into_iter().chain(reader) {
        let holders = access::holders(Path::new(&path));
        if !holders.is_empty() {
            bail!(
                "{path} is in use by {}: stop the agent of this gate first, and start it again \
                 afterwards",
                holders.join(", ")
            );
        }
    }

    Ok(())
}
