//! What an operator can set.

mod listeners;

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use access::Access;
use serde::Deserialize;
use service::config::ConfigError;

pub use listeners::{Addresses, ClientCertificates, Tls};

use crate::{limits::Limits, listener::Transport, store::Durability};

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
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 1883)).into(),
            listen_tls: Addresses::default(),
            listen_websocket: Addresses::default(),
            listen_websocket_tls: Addresses::default(),
            websocket_origins: Vec::new(),
            metrics: Addresses::default(),
            tls: Tls::default(),
            figures_every: Duration::from_secs(10),
            limits: Limits::default(),
            store: Storage::default(),
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
    /// An address is not a loopback one and there are no logins, nobody could connect, or a limit
    /// cannot be.
    pub fn validate(&self, access: &Access) -> Result<(), ConfigError> {
        self.may_listen(access)?;
        self.validate_tls()?;

        self.limits.validate()
    }

    /// Checks where the broker is to be reached.
    fn may_listen(&self, access: &Access) -> Result<(), ConfigError> {
        if self.listeners().next().is_none() {
            let reason = "nobody could connect: set it, or `broker.listen_tls`, \
                          `broker.listen_websocket` or `broker.listen_websocket_tls`";
            return Err(refused("broker.listen", reason.to_owned()));
        }
        for (key, _, address) in self.listeners() {
            if !address.ip().is_loopback() && !access.has_logins() {
                let reason = format!(
                    "{address} is not a loopback address, and there are no users in {}: whoever \
                     reached it could open the gates. Listen on 127.0.0.1, or make logins: \
                     `manless user add NAME --role ROLE`",
                    access.file().display()
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
