//! Where the broker is, and how to log in there.

mod tls;

use std::net::SocketAddr;

use rumqttc::MqttOptions;
use serde::Deserialize;

use crate::config::ConfigError;

pub use tls::Tls;

/// Seconds after which an idle connection is checked.
const KEEP_ALIVE: u16 = 10;
/// The longest packet in either direction: the contract's messages and pictures fit.
const MAX_PACKET: usize = 4 * 1024 * 1024;
const PORT: u16 = 1883;
const TLS_PORT: u16 = 8883;

/// The `[mqtt]` section: where agents and gateways find the broker.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Its name or address.
    pub host: String,
    /// Its TCP port: 1883, or 8883 with TLS, unless said otherwise.
    pub port: Option<u16>,
    /// How it is known that it is the right one. Without this section, MQTT is spoken in the
    /// clear.
    pub tls: Option<Tls>,
}

impl Default for Config {
    fn default() -> Self {
        Self { host: "127.0.0.1".to_owned(), port: None, tls: None }
    }
}

impl Config {
    /// A broker on this address, in the clear.
    pub fn at(address: SocketAddr) -> Self {
        Self { host: address.ip().to_string(), port: Some(address.port()), ..Self::default() }
    }

    /// Its TCP port.
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(if self.tls.is_some() { TLS_PORT } else { PORT })
    }

    /// Checks what a type cannot say: the files of TLS.
    ///
    /// # Errors
    ///
    /// One of them cannot be used.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.tls.as_ref().map_or(Ok(()), |tls| tls.validate(&self.host))
    }

    /// The options of a connection with a clean session: nobody queues anything for a client
    /// that is away.
    pub fn options(&self, client_id: &str) -> MqttOptions {
        let mut options = MqttOptions::new(client_id, (self.host.as_str(), self.port()));
        options.set_clean_session(true);
        options.set_keep_alive(KEEP_ALIVE);
        options.set_max_packet_size(MAX_PACKET, MAX_PACKET);
        if let Some(tls) = &self.tls {
            tls.secure(&mut options, &self.host);
        }

        options
    }
}
