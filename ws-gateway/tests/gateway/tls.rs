//! HTTPS and WSS on the port itself, and those who keep it waiting.

use std::{fs, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use futures_util::StreamExt;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::{ClientConfig, RootCertStore, pki_types::ServerName};
use schemas::Root;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time,
};
use tokio_rustls::{TlsConnector, client::TlsStream};
use tokio_tungstenite::client_async;
use tokio_util::sync::CancellationToken;
use ws_gateway::{Config, Gateway, Limits, Tls};

use crate::rig::{PATIENCE, People, Site, config, eventually, password};

#[tokio::test]
async fn with_a_certificate_everything_goes_by_tls() {
    let (people, authority) = (People::new(), Authority::new());
    people.set_password("ada", "open sesame");
    let site = TlsSite::start(&people, authority.config()).await;

    let body = password("ada", "open sesame");
    let reply = site
        .ask(
            &authority,
            &format!(
                "POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
             Origin: https://localhost\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            ),
        )
        .await;
    assert!(reply.starts_with("HTTP/1.1 200"), "{reply}");
    assert!(reply.contains("strict-transport-security: max-age=31536000"), "{reply}");
    let cookie = reply.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap();
    assert!(cookie.starts_with("__Host-manless=") && cookie.contains("; Secure"), "{cookie}");

    let stream = authority.connect(site.address).await.unwrap();
    let mut request =
        tokio_tungstenite::tungstenite::client::IntoClientRequest::into_client_request(format!(
            "wss://localhost:{}/ws/admin",
            site.address.port()
        ))
        .unwrap();
    let cookie = cookie.split(';').next().unwrap();
    request.headers_mut().insert("cookie", cookie.parse().unwrap());
    let (mut socket, _) = client_async(request, stream).await.unwrap();
    let hello = time::timeout(PATIENCE, socket.next()).await.unwrap().unwrap().unwrap();
    assert!(hello.to_text().unwrap().contains(r#""role":"admin""#), "{hello}");

    // In the clear nobody is told anything.
    let mut plain = TcpStream::connect(site.address).await.unwrap();
    plain.write_all(b"GET /status HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let mut bytes = Vec::new();
    let _ = time::timeout(PATIENCE, plain.read_to_end(&mut bytes)).await.unwrap();
    assert!(!bytes.starts_with(b"HTTP"), "{bytes:?}");
}

#[tokio::test]
async fn a_certificate_is_replaced_while_clients_stay() {
    let (people, authority, next) = (People::new(), Authority::new(), Authority::new());
    let site = TlsSite::start(&people, authority.config()).await;
    let mut before = authority.connect(site.address).await.unwrap();

    authority.write(&next.papers());

    eventually(async || next.connect(site.address).await.ok()).await;
    assert!(authority.connect(site.address).await.is_err());
    before
        .write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut text = String::new();
    time::timeout(PATIENCE, before.read_to_string(&mut text)).await.unwrap().unwrap();
    assert!(text.starts_with("HTTP/1.1 200"), "{text}");
}

#[tokio::test]
async fn who_is_silent_keeps_nobody_waiting() {
    let (people, authority) = (People::new(), Authority::new());
    let limits = Limits { handshakes: 3, ..Limits::default() };
    let site = TlsSite::start(&people, Config { limits, ..authority.config() }).await;

    let mut silent = Vec::new();
    for _ in 0..20 {
        silent.push(TcpStream::connect(site.address).await.unwrap());
    }
    let ask = "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    assert!(site.ask(&authority, ask).await.starts_with("HTTP/1.1 200"));

    // Those who waited longest had to go, long before they were out of time.
    for stream in &mut silent[..10] {
        let end = time::timeout(Duration::from_secs(4), stream.read(&mut [0])).await;
        assert!(matches!(end, Ok(Ok(0) | Err(_))), "{end:?}");
    }
}

#[tokio::test]
async fn an_address_has_so_many_connections_and_no_more() {
    let limits = Limits { connections_per_address: 4, ..Limits::default() };
    let site = Site::start_with(Config { limits, ..config() }).await;
    let mut clients = Vec::new();
    for _ in 0..4 {
        let client = eventually(async || connected(site.gateway).await).await;
        clients.push(client);
    }

    let mut turned_away = TcpStream::connect(site.gateway).await.unwrap();
    let end = time::timeout(PATIENCE, turned_away.read(&mut [0])).await.unwrap();
    assert!(matches!(end, Ok(0) | Err(_)), "{end:?}");
    drop(clients.pop());
    eventually(async || connected(site.gateway).await).await;
}

#[tokio::test]
async fn half_a_certificate_is_refused_by_name() {
    for (tls, key) in [
        (Tls { certificate: "/x.pem".into(), ..Tls::default() }, "gateway.tls.key"),
        (Tls { key: "/x.pem".into(), ..Tls::default() }, "gateway.tls.certificate"),
        (
            Tls { certificate: "/nowhere.pem".into(), key: "/nowhere.pem".into() },
            "gateway.tls.certificate",
        ),
    ] {
        let access = access::Access::without_logins(&Root::default());
        let config = Config { tls, ..config() };
        let error = Gateway::bind(config, Default::default(), Root::default(), access).await;

        let text = service::tls::chain(&error.unwrap_err());
        assert!(text.contains(&format!("`{key}` is refused")), "{text}");
    }
}

/// A client that was let in, if it was.
async fn connected(gateway: SocketAddr) -> Option<impl Sized> {
    let tcp = TcpStream::connect(gateway).await.unwrap();

    client_async(format!("ws://{gateway}/ws/gate_in"), tcp).await.ok()
}

/// A gateway with TLS, and no broker: nobody asks for one.
struct TlsSite {
    address: SocketAddr,
    stop: CancellationToken,
    _task: tokio::task::JoinSet<()>,
}

impl TlsSite {
    async fn start(people: &People, config: Config) -> Self {
        let mqtt = service::mqtt::Config::at(([127, 0, 0, 1], 1).into());
        let gateway = Gateway::bind(config, mqtt, Root::default(), people.access()).await.unwrap();
        let (address, stop) = (gateway.local_addr(), CancellationToken::new());
        let mut task = tokio::task::JoinSet::new();
        let cancel = stop.clone();
        task.spawn(async move { gateway.run(cancel).await.unwrap() });

        Self { address, stop, _task: task }
    }

    async fn ask(&self, authority: &Authority, request: &str) -> String {
        let mut stream = authority.connect(self.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut text = String::new();
        time::timeout(PATIENCE, stream.read_to_string(&mut text)).await.unwrap().unwrap();

        text
    }
}

impl Drop for TlsSite {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Somebody who vouches for a gateway, and the files that it reads.
struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    dir: TempDir,
}

/// A certificate and its key, in PEM.
struct Papers {
    certificate: String,
    key: String,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let authority = Self { issuer, dir: TempDir::new().unwrap() };
        authority.write(&authority.papers());

        authority
    }

    fn papers(&self) -> Papers {
        let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap().pem();

        Papers { certificate, key: key.serialize_pem() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn write(&self, papers: &Papers) {
        fs::write(self.path("certificate.pem"), &papers.certificate).unwrap();
        fs::write(self.path("key.pem"), &papers.key).unwrap();
    }

    fn config(&self) -> Config {
        let tls = Tls { certificate: self.path("certificate.pem"), key: self.path("key.pem") };

        Config { tls, ..config() }
    }

    /// Connects as somebody who believes this authority and no other.
    async fn connect(&self, address: SocketAddr) -> std::io::Result<TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        roots.add(self.issuer.der().clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let client = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let stream = TcpStream::connect(address).await?;
        let name = ServerName::try_from("localhost").unwrap();

        TlsConnector::from(Arc::new(client)).connect(name, stream).await
    }
}
