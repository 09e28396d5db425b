//! `gates.*.barrier`: the controller that moves the boom.

use serde::Deserialize;
use service::config::ConfigError;

use super::{BAUD, Port, within};

/// The controller that moves the boom.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Barrier {
    /// Its serial port, best as `/dev/serial/by-id/…`, or `simulated`.
    pub port: Port,
    /// In bits a second.
    #[serde(default = "baud")]
    pub baud: u32,
}

impl Barrier {
    pub(super) fn simulated() -> Self {
        Self { port: Port::Simulated, baud: baud() }
    }

    pub(super) fn validate(&self, key: &str) -> Result<(), ConfigError> {
        within(format!("{key}.baud"), &self.baud, BAUD)?;
        self.port.validate(format!("{key}.port"))
    }
}

fn baud() -> u32 {
    115_200
}
