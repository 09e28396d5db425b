//! What an operator can set.

use std::{
    net::{Ipv4Addr, SocketAddr},
    num::NonZeroU16,
    ops::Range,
    time::Duration,
};

use serde::Deserialize;
use service::config::ConfigError;

/// Below, nothing works; above, MQTT has no number for it (MQTT 5.0, 1.5.5).
const PACKET_SIZE: Range<u32> = 1 << 10..1 << 28;

/// The section `[broker]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where clients connect. As long as the broker knows no logins this has to be a loopback
    /// address. Port 0 takes any that is free.
    pub listen: SocketAddr,
    /// How often `$SYS/broker/…` is published; `0s` is never.
    #[serde(with = "humantime_serde")]
    pub figures_every: Duration,
    /// What one client, and all of them, may take up.
    pub limits: Limits,
}

/// Bounds: what is beyond them is refused, counted, and nobody else's problem.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Connected clients. Raise it, and the limit of open files with it, for large sites.
    pub connections: usize,
    /// Connections that have not yet said who they are.
    pub handshakes: usize,
    /// How long a connection may take to say it.
    #[serde(with = "humantime_serde")]
    pub connect_within: Duration,
    /// Bytes of a packet in either direction. Has to hold the largest picture.
    pub packet_size: u32,
    /// Subscriptions of one client.
    pub subscriptions: usize,
    /// QoS 1 messages to one client that it has not acknowledged.
    pub in_flight: NonZeroU16,
    /// Messages that wait for one client. One that lets more wait is disconnected.
    pub queued_messages: usize,
    /// Bytes that wait for one client. One that lets more wait is disconnected.
    pub queued_bytes: usize,
    /// Topic aliases of one client.
    pub topic_aliases: u16,
    /// Bytes of a client identifier.
    pub client_id_bytes: usize,
    /// Retained messages.
    pub retained_messages: usize,
    /// Bytes of all retained messages.
    pub retained_bytes: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: (Ipv4Addr::LOCALHOST, 1883).into(),
            figures_every: Duration::from_secs(10),
            limits: Limits::default(),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 1_000,
            handshakes: 1_000,
            connect_within: Duration::from_secs(5),
            packet_size: 1 << 20,
            subscriptions: 1_000,
            in_flight: NonZeroU16::new(100).expect("is not 0"),
            queued_messages: 10_000,
            queued_bytes: 16 << 20,
            topic_aliases: 32,
            client_id_bytes: 256,
            retained_messages: 10_000,
            retained_bytes: 64 << 20,
        }
    }
}

impl Config {
    /// Checks what a type cannot say.
    ///
    /// # Errors
    ///
    /// The address is not a loopback one, or a packet may be too small or too large.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let refused =
            |key: &str, reason: String| Err(ConfigError::Refused { key: key.to_owned(), reason });

        if !self.listen.ip().is_loopback() {
            return refused(
                "broker.listen",
                format!(
                    "{} is not a loopback address, and the broker knows no logins yet: \
                     whoever reached it could open the gates. Listen on 127.0.0.1",
                    self.listen
                ),
            );
        }
        if !PACKET_SIZE.contains(&self.limits.packet_size) {
            let reason = format!("{} is not between 1024 and 268435455", self.limits.packet_size);
            return refused("broker.limits.packet_size", reason);
        }

        Ok(())
    }
}
