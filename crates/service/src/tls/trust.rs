//! Whom to believe where devices make their own certificates.

use std::{path::Path, sync::Arc};

use rustls::{
    ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
};

use super::{Item, TlsError, certificates, client, provider};

/// A client that believes a server with one of the certificates in `path`, whatever name and time
/// are in it, and those whom one of them vouches for.
///
/// Cameras sign their own certificates, for no name that they are reached under and for a time
/// that has often passed: the certificate itself is what one of them is recognised by.
///
/// # Errors
///
/// The file cannot be read, or holds no certificate.
pub fn trusting(path: &Path) -> Result<ClientConfig, TlsError> {
    let known = certificates(path, Item::Authority)?;
    let mut roots = RootCertStore::empty();
    // One that cannot vouch for anybody can still be recognised.
    roots.add_parsable_certificates(known.iter().cloned());
    let authority =
        WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider()).build();
    let trust = Trust { known, authority: authority.ok(), provider: provider() };

    Ok(client().dangerous().with_custom_certificate_verifier(Arc::new(trust)).with_no_client_auth())
}

#[derive(Debug)]
struct Trust {
    known: Vec<CertificateDer<'static>>,
    authority: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Trust {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        stapled: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if self.known.contains(certificate) {
            return Ok(ServerCertVerified::assertion());
        }

        match &self.authority {
            Some(authority) => {
                authority.verify_server_cert(certificate, between, name, stapled, now)
            }
            None => Err(rustls::CertificateError::UnknownIssuer.into()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;

        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;

        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
