//! What one client, and all of them, may take up.

use std::{num::NonZeroU16, ops::Range, time::Duration};

use serde::Deserialize;
use service::config::ConfigError;

use crate::codec::Version;

/// Below, nothing works; above, MQTT has no number for it (MQTT 5.0, 1.5.5).
const PACKET_SIZE: Range<u32> = 1 << 10..1 << 28;

/// The section `[broker.limits]`. What is beyond a bound is refused, counted, and nobody else's
/// problem.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Connected clients. Raise it, and the limit of open files with it, for large sites.
    pub connections: usize,
    /// Connections of one address, those included that have not said who they are. Lower it where
    /// clients come from many addresses.
    pub connections_per_address: usize,
    /// Connections of one user. Lower it where each client has a user of its own.
    pub connections_per_user: usize,
    /// Connections that have not yet said who they are. When there are more, the one that has been
    /// silent for longest is closed.
    pub handshakes: usize,
    /// How long a connection may take to say it.
    #[serde(with = "humantime_serde")]
    pub connect_within: Duration,
    /// The longest silence of a client; one of MQTT 5 that asks for more is told so, an older one
    /// is let do as it says. `0s` leaves it to the clients.
    #[serde(with = "humantime_serde")]
    pub keep_alive: Duration,
    /// Bytes of a packet in either direction. Has to hold the largest picture.
    pub packet_size: u32,
    /// Subscriptions of one client.
    pub subscriptions: usize,
    /// Levels of a topic filter or name.
    pub topic_levels: usize,
    /// Messages of QoS 1 and 2 to one client that it has not acknowledged.
    pub in_flight: NonZeroU16,
    /// Messages of QoS 1 and 2 from one client that have not been acknowledged.
    pub receive_maximum: NonZeroU16,
    /// How many messages a second one client may publish; one that is faster is read from more
    /// slowly. 0 is no limit.
    pub publishes_per_second: u32,
    /// Messages that wait for one client. One that is connected and lets more wait is
    /// disconnected; for one that is away the newest are dropped.
    pub queued_messages: usize,
    /// Bytes that wait for one client, likewise.
    pub queued_bytes: usize,
    /// Topic aliases of one client, in each direction.
    pub topic_aliases: u16,
    /// Bytes of a client identifier.
    pub client_id_bytes: usize,
    /// Sessions whose client is away.
    pub sessions: usize,
    /// How long a session may outlive its connection. For clients before MQTT 5 that do not ask
    /// for a clean session it always does, for so long.
    #[serde(with = "humantime_serde")]
    pub session_expiry: Duration,
    /// How long clients may take to come back to a broker that was started again before their wills
    /// are published.
    #[serde(with = "humantime_serde")]
    pub return_within: Duration,
    /// Retained messages.
    pub retained_messages: usize,
    /// Bytes of all retained messages.
    pub retained_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 1_000,
            connections_per_address: 1_000,
            connections_per_user: 1_000,
            handshakes: 1_000,
            connect_within: Duration::from_secs(5),
            keep_alive: Duration::from_secs(60),
            packet_size: 1 << 20,
            subscriptions: 1_000,
            topic_levels: 64,
            in_flight: NonZeroU16::new(100).expect("is not 0"),
            receive_maximum: NonZeroU16::new(100).expect("is not 0"),
            publishes_per_second: 0,
            queued_messages: 10_000,
            queued_bytes: 16 << 20,
            topic_aliases: 32,
            client_id_bytes: 256,
            sessions: 1_000,
            session_expiry: Duration::from_secs(7 * 24 * 3600),
            return_within: Duration::from_secs(15),
            retained_messages: 10_000,
            retained_bytes: 64 << 20,
        }
    }
}

impl Limits {
    /// Checks what a type cannot say.
    pub(crate) fn validate(&self) -> Result<(), ConfigError> {
        let refused = |key: &str, reason: String| {
            Err(ConfigError::Refused { key: format!("broker.limits.{key}"), reason })
        };

        if !PACKET_SIZE.contains(&self.packet_size) {
            let reason = format!("{} is not between 1024 and 268435455", self.packet_size);
            return refused("packet_size", reason);
        }
        let counts = [
            ("connections", self.connections),
            ("connections_per_address", self.connections_per_address),
            ("connections_per_user", self.connections_per_user),
            ("handshakes", self.handshakes),
            ("topic_levels", self.topic_levels),
            ("queued_messages", self.queued_messages),
        ];
        if let Some((key, _)) = counts.into_iter().find(|(_, count)| *count == 0) {
            return refused(key, "with 0 nothing works; 1 is the least".to_owned());
        }
        if self.topic_levels > MOST_LEVELS {
            let reason = format!("{} is more than {MOST_LEVELS}", self.topic_levels);
            return refused("topic_levels", reason);
        }

        Ok(())
    }

    /// For how many seconds a session outlives its connection if its client asks for `asked`.
    pub(crate) fn session_seconds(&self, asked: u32) -> u32 {
        let most = u32::try_from(self.session_expiry.as_secs()).unwrap_or(u32::MAX);
        asked.min(most)
    }

    /// After how many seconds a client has to be heard from that asks for `asked`; 0 is never.
    pub(crate) fn keep_alive_seconds(&self, version: Version, asked: u16) -> u16 {
        let most = u16::try_from(self.keep_alive.as_secs()).unwrap_or(u16::MAX);
        match (version, most, asked) {
            // 3.1.2.10: only MQTT 5 has a way to tell the client.
            (Version::V31 | Version::V311, _, asked) | (Version::V5, 0, asked) => asked,
            (Version::V5, most, 0) => most,
            (Version::V5, most, asked) => asked.min(most),
        }
    }
}

/// The index of subscriptions walks down the levels one call deep each.
const MOST_LEVELS: usize = 1_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_that_would_be_silent_for_longer_is_told_if_it_can_be() {
        let limits = Limits::default();

        for (asked, granted) in [(0, 60), (10, 10), (60, 60), (120, 60)] {
            assert_eq!(limits.keep_alive_seconds(Version::V5, asked), granted);
            assert_eq!(limits.keep_alive_seconds(Version::V311, asked), asked);
        }
        let limits = Limits { keep_alive: Duration::ZERO, ..Limits::default() };
        assert_eq!(limits.keep_alive_seconds(Version::V5, 0), 0);
        assert_eq!(limits.keep_alive_seconds(Version::V5, 65_535), 65_535);
    }

    #[test]
    fn no_session_lasts_longer_than_it_may() {
        let limits = Limits { session_expiry: Duration::from_secs(100), ..Limits::default() };

        for (asked, granted) in [(0, 0), (99, 99), (101, 100), (u32::MAX, 100)] {
            assert_eq!(limits.session_seconds(asked), granted);
        }
    }
}
