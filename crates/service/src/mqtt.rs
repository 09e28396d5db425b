//! Where the broker is, and how to log in there.

use std::time::Duration;

use rumqttc::MqttOptions;
use serde::Deserialize;

/// How often an idle connection is checked.
const KEEP_ALIVE: Duration = Duration::from_secs(10);
/// The longest packet in either direction: the contract's messages and pictures fit.
const MAX_PACKET: usize = 4 * 1024 * 1024;

/// The `[mqtt]` section: where agents and gateways find the broker.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Its name or address.
    pub host: String,
    /// Its TCP port.
    pub port: u16,
}

impl Default for Config {
    fn default() -> Self {
        Self { host: "127.0.0.1".to_owned(), port: 1883 }
    }
}

impl Config {
    /// The options of a connection with a clean session: nobody queues anything for a client
    /// that is away.
    pub fn options(&self, client_id: &str) -> MqttOptions {
        let mut options = MqttOptions::new(client_id, &self.host, self.port);
        options.set_clean_session(true);
        options.set_keep_alive(KEEP_ALIVE);
        options.set_max_packet_size(MAX_PACKET, MAX_PACKET);

        options
    }
}
