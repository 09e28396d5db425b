//! Certificates, keys and authorities: read from PEM files, or refused with a reason; those of a server
//! again when they change.
//!
//! The one TLS of the workspace is rustls with ring, in its versions 1.2 and 1.3.

mod certificate;
mod files;
mod trust;

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use jiff::Timestamp;
use rustls::{
    ClientConfig, ConfigBuilder, RootCertStore, ServerConfig, WantsVerifier,
    crypto::{CryptoProvider, ring},
    pki_types::{
        CertificateDer, PrivateKeyDer,
        pem::{self, PemObject},
    },
    sign::CertifiedKey,
};

pub use certificate::{Certificate, CertificateError, NameError};
pub use files::{Current, Files, LOOK_EVERY, Loaded};
pub use trust::trusting;

use crate::config::ConfigError;

/// A file cannot be used for TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The file cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// What the file should have held.
        item: Item,
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is not PEM.
    #[error("{} is not PEM", path.display())]
    Damaged {
        /// What the file should have held.
        item: Item,
        /// Which file.
        path: PathBuf,
        /// Why.
        source: pem::Error,
    },
    /// The file holds something else.
    #[error("there is no {item} in {}", path.display())]
    Missing {
        /// What the file should have held.
        item: Item,
        /// Which file.
        path: PathBuf,
    },
    /// The key needs a password, and nobody is there to type one.
    #[error(
        "the key in {} is encrypted: write it without a password, \
         with `openssl pkey -in OLD -out NEW`, into a file that only this program can read",
        path.display()
    )]
    Encrypted {
        /// Which file.
        path: PathBuf,
    },
    /// The certificate is about another key.
    #[error("the key in {} does not fit the certificate in {}", key.display(), certificate.display())]
    Unfit {
        /// The file of the certificate.
        certificate: PathBuf,
        /// The file of the key.
        key: PathBuf,
        /// What is wrong.
        source: rustls::Error,
    },
    /// The certificate does not follow X.509.
    #[error("the certificate in {} cannot be used", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: CertificateError,
    },
    /// The certificate vouches for nobody, or the key is of a kind that rustls does not know.
    #[error("the {item} in {} cannot be used", path.display())]
    Unusable {
        /// What the file holds.
        item: Item,
        /// Which file.
        path: PathBuf,
        /// Why.
        source: rustls::Error,
    },
}

/// What a file is read for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Item {
    /// A certificate, followed by those between it and its authority.
    Certificate,
    /// The key of a certificate.
    Key,
    /// Those whose certificates are believed.
    Authority,
}

impl std::fmt::Display for Item {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Certificate | Self::Authority => "certificate",
            Self::Key => "key",
        })
    }
}

impl TlsError {
    /// The file is one of the configuration: `section` has the keys `certificate` and `key`, and
    /// `authority` under this name.
    pub fn refused(self, section: &str, authority: &str) -> ConfigError {
        let key = match &self {
            Self::Read { item, .. }
            | Self::Damaged { item, .. }
            | Self::Missing { item, .. }
            | Self::Unusable { item, .. } => *item,
            Self::Unreadable { .. } => Item::Certificate,
            Self::Encrypted { .. } | Self::Unfit { .. } => Item::Key,
        };
        let key = match key {
            Item::Certificate => "certificate",
            Item::Key => "key",
            Item::Authority => authority,
        };

        ConfigError::Refused { key: format!("{section}.{key}"), reason: chain(&self) }
    }
}

/// An error and what is behind it, in one line.
pub fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());

    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

/// The cryptography of every connection.
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

/// The beginning of what a server does.
pub fn server() -> ConfigBuilder<ServerConfig, WantsVerifier> {
    ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .expect("ring knows both versions")
}

/// The beginning of what a client does.
pub fn client() -> ConfigBuilder<ClientConfig, WantsVerifier> {
    ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .expect("ring knows both versions")
}

/// Reads a certificate with its chain and its key, and sees that they belong together.
///
/// # Errors
///
/// A file cannot be read, does not hold what it should, or the two do not fit.
pub fn identity(certificate: &Path, key: &Path) -> Result<CertifiedKey, TlsError> {
    let chain = certificates(certificate, Item::Certificate)?;
    let der = private_key(key)?;

    CertifiedKey::from_der(chain, der, &provider()).map_err(|source| {
        if matches!(source, rustls::Error::InconsistentKeys(_)) {
            let (certificate, key) = (certificate.to_owned(), key.to_owned());
            TlsError::Unfit { certificate, key, source }
        } else if matches!(source, rustls::Error::InvalidCertificate(_)) {
            TlsError::Unusable { item: Item::Certificate, path: certificate.to_owned(), source }
        } else {
            TlsError::Unusable { item: Item::Key, path: key.to_owned(), source }
        }
    })
}

/// When a certificate that was read from `path` expires.
///
/// # Errors
///
/// It cannot be understood.
pub fn expiry(identity: &CertifiedKey, path: &Path) -> Result<Timestamp, TlsError> {
    let certificate = identity.end_entity_cert().map_err(|source| TlsError::Unusable {
        item: Item::Certificate,
        path: path.to_owned(),
        source,
    })?;

    Certificate::read(certificate)
        .map(|certificate| certificate.expires)
        .map_err(|source| TlsError::Unreadable { path: path.to_owned(), source })
}

/// Reads those whose certificates are believed.
///
/// # Errors
///
/// The file cannot be read, or holds a certificate that cannot vouch for anybody.
pub fn authorities(path: &Path) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path, Item::Authority)? {
        roots.add(certificate).map_err(|source| TlsError::Unusable {
            item: Item::Authority,
            path: path.to_owned(),
            source,
        })?;
    }

    Ok(roots)
}

fn certificates(path: &Path, item: Item) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let text = read(path, item)?;
    let found = CertificateDer::pem_slice_iter(&text)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|source| TlsError::Damaged { item, path: path.to_owned(), source })?;
    if found.is_empty() {
        return Err(TlsError::Missing { item, path: path.to_owned() });
    }

    Ok(found)
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    let (item, text) = (Item::Key, read(path, Item::Key)?);
    warn_if_exposed(path);
    if String::from_utf8_lossy(&text).contains("ENCRYPTED") {
        return Err(TlsError::Encrypted { path: path.to_owned() });
    }

    PrivateKeyDer::from_pem_slice(&text).map_err(|error| {
        if matches!(error, pem::Error::NoItemsFound) {
            TlsError::Missing { item, path: path.to_owned() }
        } else {
            TlsError::Damaged { item, path: path.to_owned(), source: error }
        }
    })
}

fn read(path: &Path, item: Item) -> Result<Vec<u8>, TlsError> {
    fs::read(path).map_err(|source| TlsError::Read { item, path: path.to_owned(), source })
}

/// Says so where everybody on this machine can read the key.
fn warn_if_exposed(path: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;

        use tracing::warn;

        let everybody = |mode: u32| mode & 0o007 != 0;
        if fs::metadata(path).is_ok_and(|file| everybody(file.permissions().mode())) {
            warn!(file = %path.display(), "Everybody on this machine can read this key: chmod 600");
        }
    }
    #[cfg(not(unix))]
    let _ = path;
}
