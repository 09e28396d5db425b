//! Where the broker is, and how to log in there.

mod tls;

use std::{net::SocketAddr, path::PathBuf};

use rumqttc::{MqttOptions, NetworkOptions};
use serde::Deserialize;

use crate::{Secret, config::ConfigError};

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
    /// The user to log in as, where the broker has users. Each agent has one of its own.
    pub username: Option<String>,
    /// The file with the user's password in it. It is read at each connection, so that another
    /// password needs no restart.
    pub password_file: Option<PathBuf>,
    /// The password of a part that logs in to a broker in the same process.
    #[serde(skip)]
    pub password: Option<Secret>,
    /// How it is known that it is the right one. Without this section, MQTT is spoken in the
    /// clear.
    pub tls: Option<Tls>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            host: "127.0.0.1".to_owned(),
            port: None,
            username: None,
            password_file: None,
            password: None,
            tls: None,
        }
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

    /// Checks what a type cannot say, before anything starts.
    ///
    /// # Errors
    ///
    /// There is a password without a user, or a file of the login or of TLS cannot be used.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.login()?;

        self.tls.as_ref().map_or(Ok(()), |tls| tls.validate(&self.host))
    }

    /// The options of a connection with a clean session: nobody queues anything for a client
    /// that is away.
    ///
    /// # Errors
    ///
    /// The password cannot be read.
    pub fn options(&self, client_id: &str) -> Result<MqttOptions, ConfigError> {
        let mut options = MqttOptions::new(client_id, (self.host.as_str(), self.port()));
        options.set_clean_session(true);
        options.set_keep_alive(KEEP_ALIVE);
        options.set_max_packet_size(MAX_PACKET, MAX_PACKET);
        if let Some(tls) = &self.tls {
            tls.secure(&mut options, &self.host);
        }
        if let Some((name, password)) = self.login()? {
            options.set_credentials(name, password.expose().to_owned());
        }

        Ok(options)
    }

    /// `None` where the broker has no users, or knows this one by its certificate.
    fn login(&self) -> Result<Option<(&str, Secret)>, ConfigError> {
        let password = match (&self.password, &self.password_file) {
            (Some(password), _) => Some(password.clone()),
            (None, Some(file)) => Some(Secret::read(file).map_err(|error| {
                let reason = format!("cannot read the password in {}: {error}", file.display());
                refused("mqtt.password_file", reason)
            })?),
            (None, None) => None,
        };

        match (&self.username, password) {
            (Some(name), Some(password)) => Ok(Some((name, password))),
            (_, None) => Ok(None),
            (None, Some(_)) => {
                let reason = "there is a password, and nobody whose it is".to_owned();
                Err(refused("mqtt.username", reason))
            }
        }
    }
}

/// How a connection to the broker is made: what is said leaves at once.
///
/// Without `TCP_NODELAY` the answer to a command waits some 40 ms for the acknowledgement of what
/// was sent before it (RFC 896, and the delayed acknowledgements of RFC 1122, 4.2.3.2).
pub fn network() -> NetworkOptions {
    let mut network = NetworkOptions::new();
    network.set_tcp_nodelay(true);

    network
}

fn refused(key: &str, reason: String) -> ConfigError {
    ConfigError::Refused { key: key.to_owned(), reason }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use rumqttc::ConnectAuth;

    use super::*;

    #[test]
    fn a_password_comes_from_its_file() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"sesame\n").unwrap();
        let config = Config {
            username: Some("gate_in".to_owned()),
            password_file: Some(file.path().to_owned()),
            ..Config::default()
        };

        config.validate().unwrap();
        let options = config.options("client").unwrap();
        let login = ConnectAuth::UsernamePassword {
            username: "gate_in".to_owned(),
            password: "sesame".into(),
        };
        assert_eq!(*options.auth(), login);
    }

    #[test]
    fn without_a_user_there_is_no_login() {
        assert_eq!(*Config::default().options("client").unwrap().auth(), ConnectAuth::None);
    }

    #[test]
    fn a_password_that_is_not_there_is_named() {
        let file = Some("/nowhere/password".into());
        let config = Config { username: Some("x".to_owned()), ..Config::default() };
        let error = Config { password_file: file, ..config }.validate().unwrap_err().to_string();

        assert!(error.contains("`mqtt.password_file`"), "{error}");
        assert!(error.contains("/nowhere/password"), "{error}");
    }

    #[test]
    fn a_password_without_a_user_is_refused() {
        let config = Config { password: Some("x".to_owned().into()), ..Config::default() };

        assert!(config.validate().unwrap_err().to_string().contains("`mqtt.username`"));
    }
}
