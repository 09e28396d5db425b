//! Where a serial device is.

use serde::Deserialize;
use service::config::ConfigError;

/// The word that stands for a port in `port = "simulated"`.
pub(super) const SIMULATED: &str = "simulated";

/// Where a serial device is.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub enum Port {
    /// Nowhere: it is simulated.
    Simulated,
    /// `/dev/ttyUSB0`, `COM17`.
    Serial(String),
}

impl Port {
    pub(super) fn validate(&self, key: String) -> Result<(), ConfigError> {
        match self {
            Self::Serial(name) if name.trim().is_empty() => Err(ConfigError::Refused {
                key,
                reason: "name a serial port such as /dev/ttyUSB0 or COM17, or say simulated"
                    .to_owned(),
            }),
            Self::Serial(_) | Self::Simulated => Ok(()),
        }
    }
}

impl From<String> for Port {
    fn from(text: String) -> Self {
        if text == SIMULATED { Self::Simulated } else { Self::Serial(text) }
    }
}
