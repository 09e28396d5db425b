//! The `[gates.*]` sections: the devices of a gate and how its lane behaves.

mod barrier;
mod camera;
mod card_reader;
mod home_assistant;
mod keep_pictures;
mod lane;
mod port;

use std::{ops::RangeInclusive, path::PathBuf, time::Duration};

use schemas::{GateId, Root};
use serde::Deserialize;
use service::config::ConfigError;

pub use barrier::{
    Barrier, Dialect, LoopReport, MoverReport, Pattern, PositionReport, Protocol, RefusalReport,
    Report, Wire,
};
pub use camera::{Camera, Device, Fitted, Login, Network, Source, Wanted};
pub use card_reader::{CardReader, ReaderPort};
pub use home_assistant::HomeAssistant;
pub use keep_pictures::KeepPictures;
pub use lane::{AntiPassback, Ask, Cards, Lane, Otherwise, PassbackRule};
pub use port::Port;
use port::SIMULATED;

/// As in a command (`docs/contract.md`, section 4).
const OPEN_FOR: RangeInclusive<Duration> = seconds(1)..=seconds(3600);
const TRAVEL: RangeInclusive<Duration> = seconds(1)..=seconds(300);
const COMMAND_LIFE: RangeInclusive<Duration> = seconds(1)..=seconds(3600);
const KEEP_EVENTS: RangeInclusive<Duration> = seconds(0)..=seconds(100 * 365 * 24 * 3600);
const KEEP_BYTES: RangeInclusive<u64> = 1_000_000..=1_000_000_000_000;
const MOVES: RangeInclusive<usize> = 1..=600;
const BAUD: RangeInclusive<u32> = 300..=4_000_000;

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// What the gates of one site have in common.
#[derive(Debug, Clone)]
pub struct Site {
    /// The root of the topics.
    pub root: Root,
    /// Where journals and simulated devices are kept.
    pub data_dir: PathBuf,
    /// Where the broker is.
    pub mqtt: service::mqtt::Config,
    /// Whether gates make themselves known to Home Assistant.
    pub home_assistant: HomeAssistant,
}

/// One gate: `[gates.gate_in]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Which way vehicles go. Absent: out where the gate's name has `out` or `exit` in it.
    pub direction: Option<Direction>,
    /// The controller that moves the boom.
    pub barrier: Barrier,
    /// The card reader. Absent: none is fitted.
    pub card_reader: Option<CardReader>,
    /// The camera.
    #[serde(default)]
    pub camera: Camera,
    /// How long the boom stays fully open where a command does not say.
    #[serde(default = "open_for", with = "humantime_serde")]
    pub open_for: Duration,
    /// The longest that a movement of the boom may take.
    #[serde(default = "travel", with = "humantime_serde")]
    pub travel: Duration,
    /// Who decides on cards, and what the lane makes of loops.
    #[serde(default)]
    pub lane: Lane,
    /// How many movements commands may order in a minute.
    #[serde(default = "moves_per_minute")]
    pub moves_per_minute: usize,
    /// How long a command lives that does not say when it expires.
    #[serde(default = "command_life", with = "humantime_serde")]
    pub command_life: Duration,
    /// How long events are kept after the broker has them.
    #[serde(default = "keep_events", with = "humantime_serde")]
    pub keep_events: Duration,
    /// How many bytes the journal may take up before events that the broker has are dropped
    /// sooner. Those that it has not are kept beyond. Lower it where the disk is small.
    #[serde(default = "keep_bytes")]
    pub keep_bytes: u64,
    /// Which pictures are kept on disk.
    #[serde(default)]
    pub keep_pictures: KeepPictures,
}

/// Which way vehicles go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// In.
    Entry,
    /// Out.
    Exit,
}

impl Config {
    /// A gate whose devices are all simulated.
    pub fn simulated() -> Self {
        Self {
            direction: None,
            barrier: Barrier::simulated(),
            card_reader: Some(CardReader::simulated()),
            camera: Camera::Simulated,
            lane: Lane::default(),
            open_for: open_for(),
            travel: travel(),
            moves_per_minute: moves_per_minute(),
            command_life: command_life(),
            keep_events: keep_events(),
            keep_bytes: keep_bytes(),
            keep_pictures: KeepPictures::default(),
        }
    }

    /// Whether any device is simulated.
    pub fn is_simulated(&self) -> bool {
        let reader = self.card_reader.as_ref().map(|reader| &reader.port);

        self.barrier.port == Port::Simulated
            || reader == Some(&ReaderPort::Simulated)
            || self.camera == Camera::Simulated
    }

    /// Which way vehicles go through `gate`.
    pub fn direction(&self, gate: &GateId) -> Direction {
        let by_name = if ["out", "exit"].iter().any(|word| gate.as_str().contains(word)) {
            Direction::Exit
        } else {
            Direction::Entry
        };

        self.direction.unwrap_or(by_name)
    }

    /// Checks what a type cannot say.
    ///
    /// # Errors
    ///
    /// A value is out of its range, or a port has no name.
    pub fn validate(&self, gate: &GateId) -> Result<(), ConfigError> {
        let key = |name: &str| format!("gates.{gate}.{name}");

        within(key("open_for"), &self.open_for, OPEN_FOR)?;
        within(key("travel"), &self.travel, TRAVEL)?;
        within(key("command_life"), &self.command_life, COMMAND_LIFE)?;
        within(key("keep_events"), &self.keep_events, KEEP_EVENTS)?;
        within(key("keep_bytes"), &self.keep_bytes, KEEP_BYTES)?;
        within(key("moves_per_minute"), &self.moves_per_minute, MOVES)?;
        self.lane.validate(|name| key(&format!("lane.{name}")))?;
        self.barrier.validate(&key("barrier"), self.travel)?;
        self.camera.validate(&key("camera"))?;
        self.keep_pictures.validate(&key("keep_pictures"))?;
        self.card_reader.iter().try_for_each(|reader| reader.validate(&key("card_reader")))
    }

    pub(crate) fn lane(&self) -> ::lane::Config {
        ::lane::Config {
            open_for: self.open_for,
            travel: self.travel,
            moves_per_minute: self.moves_per_minute,
            arming: self.lane.arming(),
            anti_passback: self.lane.anti_passback(),
            loop_stuck_after: self.lane.loop_stuck_after,
            ..::lane::Config::default()
        }
    }
}

fn within<T: PartialOrd + std::fmt::Debug>(
    key: String,
    value: &T,
    range: RangeInclusive<T>,
) -> Result<(), ConfigError> {
    if range.contains(value) {
        return Ok(());
    }

    let reason = format!("{value:?} is not between {:?} and {:?}", range.start(), range.end());
    Err(ConfigError::Refused { key, reason })
}

fn open_for() -> Duration {
    Duration::from_secs(10)
}

fn travel() -> Duration {
    Duration::from_secs(10)
}

fn moves_per_minute() -> usize {
    30
}

fn command_life() -> Duration {
    Duration::from_secs(10)
}

fn keep_events() -> Duration {
    Duration::from_secs(90 * 24 * 3600)
}

fn keep_bytes() -> u64 {
    1_000_000_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_direction_is_in_the_name_unless_it_is_said() {
        let config = Config::simulated();
        let direction = |name: &str| config.direction(&name.parse().unwrap());

        assert_eq!(direction("gate_in"), Direction::Entry);
        assert_eq!(direction("gate_out"), Direction::Exit);
        assert_eq!(direction("north-exit-2"), Direction::Exit);
        let said = Config { direction: Some(Direction::Entry), ..config.clone() };
        assert_eq!(said.direction(&"gate_out".parse().unwrap()), Direction::Entry);
    }

    #[test]
    fn what_is_out_of_range_is_refused_by_its_key() {
        let good = Config::simulated();
        let gate = "gate_in".parse().unwrap();
        assert!(good.validate(&gate).is_ok());

        for (bad, key) in [
            (Config { open_for: Duration::ZERO, ..good.clone() }, "open_for"),
            (Config { travel: Duration::from_secs(3600), ..good.clone() }, "travel"),
            (Config { keep_events: Duration::MAX, ..good.clone() }, "keep_events"),
            (Config { keep_bytes: 1000, ..good.clone() }, "keep_bytes"),
            (Config { moves_per_minute: 0, ..good.clone() }, "moves_per_minute"),
            (
                Config { lane: Lane { cards: Cards::Ask, ..Lane::default() }, ..good.clone() },
                "lane.ask",
            ),
            (
                Config {
                    lane: Lane { loop_stuck_after: Duration::ZERO, ..Lane::default() },
                    ..good.clone()
                },
                "lane.loop_stuck_after",
            ),
            (Config { barrier: Barrier::at(Port::Serial(" ".to_owned())), ..good }, "barrier.port"),
        ] {
            let error = bad.validate(&gate).unwrap_err().to_string();
            assert!(error.contains(&format!("gates.gate_in.{key}")), "{error}");
        }
    }
}
