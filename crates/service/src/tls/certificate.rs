//! What a certificate says: whose it is, and until when.

use jiff::Timestamp;
use x509_parser::{certificate::X509Certificate, error::X509Error, prelude::FromDer};

/// One certificate, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    names: Vec<String>,
    /// The last moment at which it is valid.
    pub expires: Timestamp,
}

/// The bytes are no certificate.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// They do not follow X.509.
    #[error("the certificate cannot be understood")]
    Syntax(#[source] X509Error),
    /// It ends at no time that there is.
    #[error("the certificate expires at no date that can be written")]
    Date(#[source] jiff::Error),
}

/// A certificate does not say whose it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// There is no common name.
    #[error("the certificate has no common name (CN) that would say whose it is")]
    None,
    /// There is more than one.
    #[error("the certificate has several common names (CN): {}", .0.join(", "))]
    Several(Vec<String>),
    /// What is there cannot be a name.
    #[error("the common name (CN) of the certificate is empty or has control characters")]
    Unusable,
}

impl Certificate {
    /// Takes a certificate apart.
    ///
    /// # Errors
    ///
    /// It is not one.
    pub fn read(der: &[u8]) -> Result<Self, CertificateError> {
        let (_, certificate) = X509Certificate::from_der(der)
            .map_err(|error| CertificateError::Syntax(error.into()))?;
        let seconds = certificate.validity().not_after.timestamp();
        let expires = Timestamp::from_second(seconds).map_err(CertificateError::Date)?;
        let names = certificate.subject().iter_common_name();

        // A name in an encoding that is not text counts, and is nobody's.
        Ok(Self {
            names: names.map(|name| name.as_str().unwrap_or_default().to_owned()).collect(),
            expires,
        })
    }

    /// Whose it is: its one common name.
    ///
    /// # Errors
    ///
    /// There is none, or more than one.
    pub fn name(&self) -> Result<&str, NameError> {
        match self.names.as_slice() {
            [] => Err(NameError::None),
            [name] if name.is_empty() || name.contains(char::is_control) => {
                Err(NameError::Unusable)
            }
            [name] => Ok(name),
            several => Err(NameError::Several(several.to_vec())),
        }
    }
}
