//! Where the broker listens, and with which certificates.

use std::{
    fmt,
    net::{AddrParseError, SocketAddr},
    path::PathBuf,
    str::FromStr,
};

use serde::{
    Deserialize, Deserializer,
    de::{Error, SeqAccess, Unexpected, Visitor},
};

const NOWHERE: &str = "none";

/// Any number of addresses: `"127.0.0.1:1883"`, a list of such, or `"none"`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Addresses(Vec<SocketAddr>);

/// The section `[broker.tls]`: needed by every listener with TLS.
///
/// The files are PEM. They are looked at every second and read again when they change; nobody is
/// disconnected for it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tls {
    /// The certificate of the broker, followed by those between it and its authority.
    pub certificate: PathBuf,
    /// The key of the certificate, without a password.
    pub key: PathBuf,
    /// Who vouches for the certificates of clients.
    pub client_ca: Option<PathBuf>,
    /// Whether clients show certificates of their own. The common name (CN) of one is the name of
    /// the client.
    pub client_certificates: ClientCertificates,
}

/// Whether clients show certificates.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClientCertificates {
    /// They are not asked.
    #[default]
    None,
    /// Who has one shows it.
    Optional,
    /// Who has none is turned away.
    Required,
}

impl Addresses {
    /// The addresses, in the order of the configuration.
    pub fn iter(&self) -> impl Iterator<Item = SocketAddr> {
        self.0.iter().copied()
    }

    fn one(address: SocketAddr) -> Self {
        Self(vec![address])
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<SocketAddr> for Addresses {
    fn from(address: SocketAddr) -> Self {
        Self::one(address)
    }
}

impl FromStr for Addresses {
    type Err = AddrParseError;

    fn from_str(text: &str) -> Result<Self, AddrParseError> {
        if text == NOWHERE { Ok(Self::default()) } else { text.parse().map(Self::one) }
    }
}

impl<'de> Deserialize<'de> for Addresses {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OneOrMany)
    }
}

struct OneOrMany;

impl<'de> Visitor<'de> for OneOrMany {
    type Value = Addresses;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an address such as \"127.0.0.1:1883\", a list of such, or \"none\"")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Addresses, E> {
        text.parse().map_err(|_| E::invalid_value(Unexpected::Str(text), &self))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Addresses, A::Error> {
        let mut addresses = Vec::new();
        while let Some(address) = list.next_element()? {
            addresses.push(address);
        }

        Ok(Addresses(addresses))
    }
}

#[cfg(test)]
mod tests {
    use access::Access;
    use schemas::Root;

    use crate::config::Config;

    fn config(toml: &str) -> Result<Config, toml::de::Error> {
        toml::from_str(toml)
    }

    fn open_to_all() -> Access {
        Access::without_logins(&Root::default())
    }

    #[test]
    fn there_may_be_no_address_one_or_several() {
        for (toml, count) in [
            ("listen = 'none'", 0),
            ("listen = []", 0),
            ("listen = '127.0.0.1:0'", 1),
            ("listen = ['127.0.0.1:0', '[::1]:0']", 2),
            ("", 1),
        ] {
            assert_eq!(config(toml).unwrap().listen.iter().count(), count, "{toml}");
        }
    }

    #[test]
    fn what_is_no_address_is_told_what_one_is() {
        for toml in ["listen = 'nobody'", "listen = ''", "listen = '127.0.0.1'"] {
            let error = config(toml).unwrap_err().to_string();
            assert!(error.contains("an address such as"), "{error}");
        }
        assert!(config("listen = ['none']").is_err());
    }

    #[test]
    fn somebody_has_to_be_able_to_connect() {
        let error =
            config("listen = 'none'").unwrap().validate(&open_to_all()).unwrap_err().to_string();

        assert!(error.contains("nobody could connect"), "{error}");
    }

    #[test]
    fn no_listener_leaves_this_machine_without_logins() {
        for key in ["listen", "listen_tls", "listen_websocket", "listen_websocket_tls"] {
            let error = config(&format!("{key} = '0.0.0.0:1'"))
                .unwrap()
                .validate(&open_to_all())
                .unwrap_err();
            assert!(error.to_string().contains(&format!("`broker.{key}` is refused")), "{error}");
        }
    }
}
