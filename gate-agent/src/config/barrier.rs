//! `gates.*.barrier`: the controller that moves the boom.

mod dialect;
mod wire;

use std::{fmt, time::Duration};

use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, Visitor, value::MapAccessDeserializer},
};
use service::config::ConfigError;

pub use dialect::{Dialect, LoopReport, MoverReport, PositionReport, RefusalReport, Report};
pub use wire::{Pattern, Wire};

use super::{BAUD, Port, within};

/// The word that stands for the protocol of this repository.
const MANLESS: &str = "manless";

/// The controller that moves the boom.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Barrier {
    /// Its serial port, best as `/dev/serial/by-id/…`, or `simulated`.
    pub port: Port,
    /// In bits a second.
    #[serde(default = "baud")]
    pub baud: u32,
    /// What it speaks.
    #[serde(default)]
    pub protocol: Protocol,
}

/// What a barrier controller speaks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Protocol {
    /// That of `firmware/barrier`.
    #[default]
    Manless,
    /// Another one, as configured.
    Other(Box<Dialect>),
}

impl Barrier {
    /// A controller with the firmware of this repository.
    pub fn at(port: Port) -> Self {
        Self { port, baud: baud(), protocol: Protocol::Manless }
    }

    pub(super) fn simulated() -> Self {
        Self::at(Port::Simulated)
    }

    /// Checks what a type cannot say; `travel` is how long the lane waits for a movement.
    pub(super) fn validate(&self, key: &str, travel: Duration) -> Result<(), ConfigError> {
        within(format!("{key}.baud"), &self.baud, BAUD)?;
        self.port.validate(format!("{key}.port"))?;

        match &self.protocol {
            Protocol::Manless => Ok(()),
            Protocol::Other(_) if self.port == Port::Simulated => Err(ConfigError::Refused {
                key: format!("{key}.protocol"),
                reason: "a simulated barrier speaks `manless` alone".to_owned(),
            }),
            Protocol::Other(dialect) => dialect.validate(&format!("{key}.protocol"), travel),
        }
    }
}

impl<'de> Deserialize<'de> for Protocol {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(WordOrTable)
    }
}

struct WordOrTable;

impl<'de> Visitor<'de> for WordOrTable {
    type Value = Protocol;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"manless\", or a table of orders and reports")
    }

    fn visit_str<E: de::Error>(self, word: &str) -> Result<Protocol, E> {
        if word == MANLESS {
            Ok(Protocol::Manless)
        } else {
            Err(E::invalid_value(de::Unexpected::Str(word), &self))
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Protocol, A::Error> {
        Dialect::deserialize(MapAccessDeserializer::new(map))
            .map(|dialect| Protocol::Other(Box::new(dialect)))
    }
}

fn baud() -> u32 {
    115_200
}

#[cfg(test)]
mod tests;
