//! The `[gates.*]` sections: the devices of a gate and how its lane behaves.

use std::{path::PathBuf, time::Duration};

use schemas::{GateId, Root};
use serde::Deserialize;

/// The word that stands for a port in `port = "simulated"`.
const SIMULATED: &str = "simulated";

/// What the gates of one site have in common.
#[derive(Debug, Clone)]
pub struct Site {
    /// The root of the topics.
    pub root: Root,
    /// Where journals and simulated devices are kept.
    pub data_dir: PathBuf,
    /// Where the broker is.
    pub mqtt: service::mqtt::Config,
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
    /// How many movements commands may order in a minute.
    #[serde(default = "moves_per_minute")]
    pub moves_per_minute: usize,
    /// How long a command lives that does not say when it expires.
    #[serde(default = "command_life", with = "humantime_serde")]
    pub command_life: Duration,
    /// How long events are kept after the broker has them.
    #[serde(default = "keep_events", with = "humantime_serde")]
    pub keep_events: Duration,
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

/// The controller that moves the boom.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Barrier {
    /// Its serial port, best as `/dev/serial/by-id/…`, or `simulated`.
    pub port: Port,
    /// In bits a second.
    #[serde(default = "barrier_baud")]
    pub baud: u32,
}

/// The card reader.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CardReader {
    /// Its serial port, or `simulated`.
    pub port: Port,
    /// In bits a second.
    #[serde(default = "reader_baud")]
    pub baud: u32,
}

/// The camera.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Camera {
    /// None is fitted.
    #[default]
    None,
    /// A drawing of the gate.
    Simulated,
}

/// Where a serial device is.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub enum Port {
    /// Nowhere: it is simulated.
    Simulated,
    /// `/dev/ttyUSB0`, `COM17`.
    Serial(String),
}

impl Config {
    /// A gate whose devices are all simulated.
    pub fn simulated() -> Self {
        Self {
            direction: None,
            barrier: Barrier { port: Port::Simulated, baud: barrier_baud() },
            card_reader: Some(CardReader { port: Port::Simulated, baud: reader_baud() }),
            camera: Camera::Simulated,
            open_for: open_for(),
            travel: travel(),
            moves_per_minute: moves_per_minute(),
            command_life: command_life(),
            keep_events: keep_events(),
        }
    }

    /// Whether any device is simulated.
    pub fn is_simulated(&self) -> bool {
        let reader = self.card_reader.as_ref().map(|reader| &reader.port);

        self.barrier.port == Port::Simulated
            || reader == Some(&Port::Simulated)
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

    pub(crate) fn lane(&self) -> lane::Config {
        lane::Config {
            open_for: self.open_for,
            travel: self.travel,
            moves_per_minute: self.moves_per_minute,
            ..lane::Config::default()
        }
    }
}

impl From<String> for Port {
    fn from(text: String) -> Self {
        if text == SIMULATED { Self::Simulated } else { Self::Serial(text) }
    }
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

fn barrier_baud() -> u32 {
    115_200
}

fn reader_baud() -> u32 {
    9600
}
