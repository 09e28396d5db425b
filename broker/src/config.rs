//! What an operator can set.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use access::Access;
use serde::Deserialize;
use service::config::ConfigError;

use crate::{limits::Limits, store::Durability};

/// The section `[broker]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where clients connect. As long as there are no logins this has to be a loopback address.
    /// Port 0 takes any that is free.
    pub listen: SocketAddr,
    /// How often `$SYS/broker/…` is published; `0s` is never.
    #[serde(with = "humantime_serde")]
    pub figures_every: Duration,
    /// What one client, and all of them, may take up.
    pub limits: Limits,
    /// What outlives the broker.
    pub store: Storage,
}

/// The section `[broker.store]`: retained messages, and sessions that outlive their connection.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Storage {
    /// Where it is; `broker.db` in `data_dir` unless said otherwise.
    pub path: Option<PathBuf>,
    /// What the acknowledgement of a message promises.
    pub durability: Durability,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: (Ipv4Addr::LOCALHOST, 1883).into(),
            figures_every: Duration::from_secs(10),
            limits: Limits::default(),
            store: Storage::default(),
        }
    }
}

impl Config {
    /// Checks what a type cannot say.
    ///
    /// # Errors
    ///
    /// The address is not a loopback one and there are no logins, or a packet may be too small or
    /// too large.
    pub fn validate(&self, access: &Access) -> Result<(), ConfigError> {
        let refused =
            |key: &str, reason: String| Err(ConfigError::Refused { key: key.to_owned(), reason });

        if !self.listen.ip().is_loopback() && !access.has_logins() {
            return refused(
                "broker.listen",
                format!(
                    "{} is not a loopback address, and there are no users in {}: whoever reached \
                     it could open the gates. Listen on 127.0.0.1, or make logins: \
                     `manless user add NAME --role ROLE`",
                    self.listen,
                    access.file().display()
                ),
            );
        }
        self.limits.validate()
    }
}
