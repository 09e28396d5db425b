//! TLS of clients: the certificate of the broker, which may change while it runs, and whose
//! certificate a client has shown.

use std::{io, sync::Arc};

use rustls::{
    pki_types::CertificateDer,
    server::{ClientCertVerifierBuilder, WebPkiClientVerifier, danger::ClientCertVerifier},
    sign::SingleCertAndKey,
};
use service::{
    config::ConfigError,
    tls::{self, Certificate, CertificateError, Current, Files, Loaded, NameError, TlsError},
};
use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use crate::config::{ClientCertificates, Tls};

/// What clients may agree on with the broker, if they ask (RFC 7301).
const PROTOCOLS: [&[u8]; 2] = [b"mqtt", b"http/1.1"];

/// A connection does not get as far as MQTT.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AcceptError {
    #[error("the TLS handshake failed")]
    Handshake(#[source] io::Error),
    #[error("the client's certificate cannot be read")]
    Certificate(#[from] CertificateError),
    #[error("the client's certificate names nobody")]
    Name(#[from] NameError),
}

/// Shakes hands, and reads the name in the client's certificate.
pub(crate) async fn accept(
    stream: TcpStream,
    current: &Current,
) -> Result<(TlsStream<TcpStream>, Option<Arc<str>>), AcceptError> {
    let acceptor = TlsAcceptor::from(Arc::clone(&current.borrow()));
    let stream = acceptor.accept(stream).await.map_err(AcceptError::Handshake)?;
    let shown = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
    let name = shown.map(name).transpose()?;

    Ok((stream, name))
}

fn name(certificate: &CertificateDer<'_>) -> Result<Arc<str>, AcceptError> {
    Ok(Certificate::read(certificate)?.name()?.into())
}

/// Reads the files for the first time.
///
/// # Errors
///
/// They cannot be used.
pub(crate) fn open(config: &Tls) -> Result<Files, ConfigError> {
    let paths = [Some(&config.certificate), Some(&config.key), config.client_ca.as_ref()];
    let paths = paths.into_iter().flatten().cloned().collect();
    let config = config.clone();

    Files::open(paths, move || load(&config))
        .map_err(|error| error.refused("broker.tls", "client_ca"))
}

/// Reads the files.
fn load(config: &Tls) -> Result<Loaded, TlsError> {
    let identity = tls::identity(&config.certificate, &config.key)?;
    let expires = tls::expiry(&identity, &config.certificate)?;
    let verifier = verifier(config)?;
    let mut server = tls::server()
        .with_client_cert_verifier(verifier)
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(identity)));
    server.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();

    Ok(Loaded { server, expires })
}

fn verifier(config: &Tls) -> Result<Arc<dyn ClientCertVerifier>, TlsError> {
    let Some(path) = &config.client_ca else { return Ok(WebPkiClientVerifier::no_client_auth()) };
    let roots = Arc::new(tls::authorities(path)?);
    let builder = WebPkiClientVerifier::builder_with_provider(roots, tls::provider());
    let builder = match config.client_certificates {
        ClientCertificates::None => return Ok(WebPkiClientVerifier::no_client_auth()),
        ClientCertificates::Optional => builder.allow_unauthenticated(),
        ClientCertificates::Required => builder,
    };

    Ok(build(builder))
}

fn build(builder: ClientCertVerifierBuilder) -> Arc<dyn ClientCertVerifier> {
    builder.build().expect("there is an authority, and no list of revoked certificates")
}
