//! What an operator can set.

mod listeners;

use std::{
    net::{Ipv4Addr, SocketAddr},
    num::NonZeroU16,
    ops::Range,
    time::Duration,
};

use serde::Deserialize;
use service::config::ConfigError;

pub use listeners::{Addresses, ClientCertificates, Tls};

use crate::listener::Transport;

/// Below, nothing works; above, MQTT has no number for it (MQTT 5.0, 1.5.5).
const PACKET_SIZE: Range<u32> = 1 << 10..1 << 28;

/// The section `[broker]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where clients connect in the clear; `"none"` where only TLS is wanted. As long as the
    /// broker knows no logins this has to be a loopback address. Port 0 takes any that is free.
    pub listen: Addresses,
    /// Where clients connect with TLS; customary is port 8883. Needs `[broker.tls]`.
    pub listen_tls: Addresses,
    /// Where browsers connect with MQTT over WebSocket; customary is port 9001.
    pub listen_websocket: Addresses,
    /// Where browsers connect with MQTT over WebSocket and TLS. Needs `[broker.tls]`.
    pub listen_websocket_tls: Addresses,
    /// Pages that may use the broker through a browser, such as `"https://dash.example.org"`.
    /// Pages of this machine may without being listed.
    pub websocket_origins: Vec<String>,
    /// Where monitors ask for figures over HTTP; customary is port 9100. Always a loopback address.
    pub metrics: Addresses,
    /// Certificates and their keys.
    pub tls: Tls,
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
    /// Connections that have not yet said who they are. When there are more, whoever has waited
    /// longest has to go.
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
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 1883)).into(),
            listen_tls: Addresses::default(),
            listen_websocket: Addresses::default(),
            listen_websocket_tls: Addresses::default(),
            websocket_origins: Vec::new(),
            metrics: Addresses::default(),
            tls: Tls::default(),
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
    /// Every address where MQTT is spoken: by which key it was set, and over what.
    pub(crate) fn listeners(&self) -> impl Iterator<Item = (&'static str, Transport, SocketAddr)> {
        [
            ("broker.listen", Transport::Tcp, &self.listen),
            ("broker.listen_tls", Transport::Tls, &self.listen_tls),
            ("broker.listen_websocket", Transport::WebSocket, &self.listen_websocket),
            ("broker.listen_websocket_tls", Transport::WebSocketTls, &self.listen_websocket_tls),
        ]
        .into_iter()
        .flat_map(|(key, transport, addresses)| {
            addresses.iter().map(move |address| (key, transport, address))
        })
    }

    /// Whether a listener needs a certificate.
    pub(crate) fn needs_tls(&self) -> bool {
        !self.listen_tls.is_empty() || !self.listen_websocket_tls.is_empty()
    }

    /// Checks what a type cannot say.
    ///
    /// # Errors
    ///
    /// An address is not a loopback one, nobody could connect, or a packet may be too small or too
    /// large.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.may_listen()?;
        self.validate_tls()?;

        if !PACKET_SIZE.contains(&self.limits.packet_size) {
            let reason = format!("{} is not between 1024 and 268435455", self.limits.packet_size);
            return Err(refused("broker.limits.packet_size", reason));
        }

        Ok(())
    }

    /// Checks where the broker is to be reached.
    fn may_listen(&self) -> Result<(), ConfigError> {
        if self.listeners().next().is_none() {
            let reason = "nobody could connect: set it, or `broker.listen_tls`, \
                          `broker.listen_websocket` or `broker.listen_websocket_tls`";
            return Err(refused("broker.listen", reason.to_owned()));
        }
        for (key, _, address) in self.listeners() {
            if !address.ip().is_loopback() {
                let reason = format!(
                    "{address} is not a loopback address, and the broker knows no logins yet: \
                     whoever reached it could open the gates. Listen on 127.0.0.1"
                );
                return Err(refused(key, reason));
            }
        }
        if let Some(address) = self.metrics.iter().find(|address| !address.ip().is_loopback()) {
            let reason = format!(
                "{address} is not a loopback address, and the page of figures knows no logins: \
                 listen on 127.0.0.1, and let a reverse proxy with a login pass it on"
            );
            return Err(refused("broker.metrics", reason));
        }

        Ok(())
    }

    fn validate_tls(&self) -> Result<(), ConfigError> {
        let missing = |key: &str, reason: &str| Err(refused(key, reason.to_owned()));
        let wanted = self.needs_tls();

        if wanted && self.tls.certificate.as_os_str().is_empty() {
            return missing(
                "broker.tls.certificate",
                "a listener with TLS needs a certificate: name a PEM file, \
                 or make one with `manless tls init`",
            );
        }
        if wanted && self.tls.key.as_os_str().is_empty() {
            return missing("broker.tls.key", "a certificate needs its key: name a PEM file");
        }
        if self.tls.client_certificates != ClientCertificates::None && self.tls.client_ca.is_none()
        {
            return missing(
                "broker.tls.client_ca",
                "certificates of clients are wanted: say who vouches for them, with a PEM file",
            );
        }

        Ok(())
    }
}

fn refused(key: &str, reason: String) -> ConfigError {
    ConfigError::Refused { key: key.to_owned(), reason }
}
