//! An authority of a test, and what it vouches for, in files of a directory of its own.

use std::{fs, path::PathBuf, sync::Arc};

use broker::{Addresses, ClientCertificates, Config, Limits, Tls};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, DnValue, IsCa, KeyPair};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject},
};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::site::{Site, anywhere, config};

pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    dir: TempDir,
}

/// A certificate and its key, in PEM.
pub(crate) struct Papers {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "authority of a test");
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let authority = Self { issuer, dir: TempDir::new().unwrap() };

        authority.write("ca.pem", &authority.issuer.pem());
        authority.write_server(&authority.papers(&["a broker"]));
        authority
    }

    /// Papers with these common names, for a server of this machine or for a client.
    pub(crate) fn papers(&self, names: &[&str]) -> Papers {
        let hosts = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let mut params = CertificateParams::new(hosts).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        // rcgen keeps one of each kind, and does not know that this is the same.
        let kinds = [DnType::CommonName, DnType::CustomDnType(vec![2, 5, 4, 3])];
        for (kind, name) in kinds.into_iter().zip(names) {
            params.distinguished_name.push(kind, DnValue::Utf8String((*name).into()));
        }
        self.sign(&params)
    }

    pub(crate) fn sign(&self, params: &CertificateParams) -> Papers {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap().pem();

        Papers { certificate, key: key.serialize_pem() }
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.dir.path().join(name);
        fs::write(&path, text).unwrap();
        path
    }

    pub(crate) fn write_server(&self, papers: &Papers) {
        self.write("certificate.pem", &papers.certificate);
        self.write("key.pem", &papers.key);
    }

    /// The section of a broker with the certificate of this authority.
    pub(crate) fn tls(&self, client_certificates: ClientCertificates) -> Tls {
        let path = |name: &str| self.dir.path().join(name);

        Tls {
            certificate: path("certificate.pem"),
            key: path("key.pem"),
            client_ca: Some(path("ca.pem")),
            client_certificates,
        }
    }

    /// A broker with TLS alone.
    pub(crate) async fn site(&self, client_certificates: ClientCertificates) -> Site {
        self.site_with(client_certificates, Limits::default()).await
    }

    pub(crate) async fn site_with(
        &self,
        client_certificates: ClientCertificates,
        limits: Limits,
    ) -> Site {
        let config = Config {
            listen: Addresses::default(),
            listen_tls: anywhere(),
            listen_websocket_tls: anywhere(),
            tls: self.tls(client_certificates),
            ..config(limits)
        };

        Site::of(config).await
    }

    /// Connects as somebody who believes this authority, with papers of his own or without.
    pub(crate) async fn connect(
        &self,
        stream: TcpStream,
        papers: Option<&Papers>,
    ) -> std::io::Result<TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        roots.add(self.issuer.der().clone()).unwrap();
        let builder = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let config = match papers {
            Some(Papers { certificate, key }) => {
                let certificate = CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap();
                let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
                builder.with_client_auth_cert(vec![certificate], key).unwrap()
            }
            None => builder.with_no_client_auth(),
        };
        let name = ServerName::try_from("localhost").unwrap();

        TlsConnector::from(Arc::new(config)).connect(name, stream).await
    }
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}
