//! TLS to the broker.

use std::{io, path::PathBuf, sync::Arc};

use rumqttc::{MqttOptions, NetworkOptions, default_socket_connect};
use rustls::{
    ClientConfig,
    pki_types::{InvalidDnsNameError, ServerName},
    sign::SingleCertAndKey,
};
use serde::Deserialize;
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::{
    config::ConfigError,
    tls::{self, TlsError},
};

/// The section `[mqtt.tls]`: whom to believe, and who we are.
///
/// The files are PEM. They are read at each connection, so that they can be replaced.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// Who vouches for the broker.
    pub ca: PathBuf,
    /// Our own certificate, if the broker asks for one, followed by those between it and its
    /// authority.
    pub certificate: Option<PathBuf>,
    /// The key of our certificate, without a password.
    pub key: Option<PathBuf>,
    /// The name in the certificate of the broker, where it is not `mqtt.host`.
    pub server_name: Option<String>,
}

impl Tls {
    pub(super) fn validate(&self, host: &str) -> Result<(), ConfigError> {
        let refused = |key: &str, reason: &str| {
            Err(ConfigError::Refused { key: key.to_owned(), reason: reason.to_owned() })
        };

        if self.certificate.is_some() && self.key.is_none() {
            return refused("mqtt.tls.key", "a certificate needs its key: name a PEM file");
        }
        if self.certificate.is_none() && self.key.is_some() {
            return refused("mqtt.tls.certificate", "a key needs its certificate: name a PEM file");
        }
        if self.name(host).is_err() {
            return refused("mqtt.tls.server_name", "it is neither a host name nor an address");
        }

        self.read().map(drop).map_err(|error| error.refused("mqtt.tls", "ca"))
    }

    /// Makes every connection of a client one with TLS.
    pub(super) fn secure(&self, options: &mut MqttOptions, host: &str) {
        let (tls, host) = (self.clone(), host.to_owned());

        options.set_socket_connector(move |address, network| {
            tls.clone().connect(host.clone(), address, network)
        });
    }

    async fn connect(
        self,
        host: String,
        address: String,
        network: NetworkOptions,
    ) -> io::Result<TlsStream<TcpStream>> {
        let config = self.read().map_err(|error| io::Error::other(tls::chain(&error)))?;
        let name = self.name(&host).map_err(io::Error::other)?;
        let stream = default_socket_connect(address, network).await?;

        TlsConnector::from(Arc::new(config)).connect(name, stream).await
    }

    fn read(&self) -> Result<ClientConfig, TlsError> {
        let builder = tls::client().with_root_certificates(tls::authorities(&self.ca)?);
        let (Some(certificate), Some(key)) = (&self.certificate, &self.key) else {
            return Ok(builder.with_no_client_auth());
        };
        let identity = tls::identity(certificate, key)?;

        Ok(builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(identity))))
    }

    fn name(&self, host: &str) -> Result<ServerName<'static>, InvalidDnsNameError> {
        ServerName::try_from(self.server_name.as_deref().unwrap_or(host).to_owned())
    }
}
