//! The HTTP server in a camera.

use std::{
    net::SocketAddr,
    path::Path,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use http_auth::parse_challenges;
use md5::{Digest, Md5};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::Notify,
    task::JoinSet,
};
use tokio_rustls::TlsAcceptor;

/// What a camera does with a request.
#[derive(Debug, Clone)]
pub(super) enum Does {
    Answers(&'static str, &'static str, Bytes),
    /// Sends less than it has announced.
    BreaksOff(Bytes),
    Sends(Bytes),
    WantsBasic(Bytes),
    WantsDigest(Bytes),
    Streams(Vec<Bytes>),
    Hangs,
}

/// A camera on a port of this machine. Dropping it closes everything.
pub(super) struct Server {
    address: SocketAddr,
    tls: bool,
    shared: Arc<Shared>,
    _tasks: JoinSet<()>,
}

struct Shared {
    does: Mutex<Does>,
    next_part: Notify,
}

impl Server {
    pub(super) async fn start(does: Does) -> Self {
        Self::at("127.0.0.1:0".parse().unwrap(), does).await
    }

    pub(super) async fn at(address: SocketAddr, does: Does) -> Self {
        Self::listen(address, None, does).await
    }

    /// Writes its certificate to `file`: made by itself, for another name.
    pub(super) async fn with_tls(file: &Path, does: Does) -> Self {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::new(vec!["ipcam.local".to_owned()]).unwrap();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).unwrap();
        std::fs::write(file, certificate.pem()).unwrap();
        let key = rustls::pki_types::PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let config = service::tls::server()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();

        let acceptor = TlsAcceptor::from(Arc::new(config));
        Self::listen("127.0.0.1:0".parse().unwrap(), Some(acceptor), does).await
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn url(&self) -> String {
        let scheme = if self.tls { "https" } else { "http" };

        format!("{scheme}://{}/picture.jpg", self.address)
    }

    /// From now on.
    pub(super) fn does(&self, does: Does) {
        *self.shared.does.lock().unwrap() = does;
    }

    /// Sends the next part of a stream.
    pub(super) fn goes_on(&self) {
        self.shared.next_part.notify_one();
    }

    async fn listen(address: SocketAddr, tls: Option<TlsAcceptor>, does: Does) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared { does: Mutex::new(does), next_part: Notify::new() });
        let mut tasks = JoinSet::new();
        let (here, secure) = (Arc::clone(&shared), tls.is_some());
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(connection(stream, tls.clone(), Arc::clone(&here)));
            }
        });

        Self { address, tls: secure, shared, _tasks: tasks }
    }
}

async fn connection(stream: TcpStream, tls: Option<TlsAcceptor>, shared: Arc<Shared>) {
    match tls {
        None => serve(stream, &shared).await,
        Some(acceptor) => {
            // A client that does not believe it goes away.
            if let Ok(stream) = acceptor.accept(stream).await {
                serve(stream, &shared).await;
            }
        }
    }
}

async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin, shared: &Shared) {
    let mut stream = BufReader::new(stream);

    while let Some((target, login)) = request(&mut stream).await {
        let does = shared.does.lock().unwrap().clone();
        let goes_on = match does {
            Does::Answers(status, kind, body) => answer(&mut stream, status, kind, &body).await,
            Does::Sends(bytes) => {
                let _ = stream.write_all(&bytes).await;
                false
            }
            Does::BreaksOff(body) => {
                let head =
                    "HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: 9999\r\n\r\n";
                let _ = stream.write_all(&[head.as_bytes(), &body].concat()).await;
                false
            }
            Does::WantsBasic(body) => {
                // admin:sesame
                if login.as_deref() == Some("Basic YWRtaW46c2VzYW1l") {
                    answer(&mut stream, "200 OK", "image/jpeg", &body).await
                } else {
                    challenge(&mut stream, "Basic realm=\"cam\"").await
                }
            }
            Does::WantsDigest(body) => {
                if login.is_some_and(|login| is_digest_of_admin(&login, "GET", &target)) {
                    answer(&mut stream, "200 OK", "image/jpeg", &body).await
                } else {
                    let wants = "Basic realm=\"cam\"\r\nWWW-Authenticate: Digest realm=\"cam\", \
                                 qop=\"auth\", nonce=\"abc\", algorithm=MD5";
                    challenge(&mut stream, wants).await
                }
            }
            Does::Streams(parts) => {
                send_parts(&mut stream, parts, shared).await;
                false
            }
            Does::Hangs => std::future::pending().await,
        };
        if !goes_on || stream.flush().await.is_err() {
            let _ = stream.shutdown().await;
            return;
        }
    }
}

/// The target of a request, and the login that came with it.
async fn request(stream: &mut (impl AsyncBufReadExt + Unpin)) -> Option<(String, Option<String>)> {
    let (mut target, mut login) = (None, None);
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.ok().filter(|read| *read > 0)?;
        let line = line.trim_end();
        if line.is_empty() {
            return target.map(|target| (target, login));
        } else if let Some(value) = line.strip_prefix("authorization: ") {
            login = Some(value.to_owned());
        } else if target.is_none() {
            target = Some(line.split(' ').nth(1)?.to_owned());
        }
    }
}

async fn answer(
    stream: &mut (impl AsyncWrite + Unpin),
    status: &str,
    kind: &str,
    body: &[u8],
) -> bool {
    let length = body.len();
    let head =
        format!("HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n");

    stream.write_all(&[head.as_bytes(), body].concat()).await.is_ok()
}

async fn challenge(stream: &mut (impl AsyncWrite + Unpin), wants: &str) -> bool {
    let head = format!(
        "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: {wants}\r\nContent-Length: 4\r\n\r\nnope"
    );

    stream.write_all(head.as_bytes()).await.is_ok()
}

/// Each part but the first when it is told to; the headers are as careless as those of cameras.
async fn send_parts(stream: &mut (impl AsyncWrite + Unpin), parts: Vec<Bytes>, shared: &Shared) {
    let head = "HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace;boundary=--x\r\n\r\n";
    let _ = stream.write_all(head.as_bytes()).await;
    for part in parts {
        let head = b"--x\r\nContent-type: image/jpeg\r\n\r\n";
        let _ = stream.write_all(&[head, &part[..], b"\r\n"].concat()).await;
        let _ = stream.flush().await;
        shared.next_part.notified().await;
    }
}

/// As RFC 7616, section 3.4, has it.
pub(super) fn is_digest_of_admin(login: &str, method: &str, target: &str) -> bool {
    let Ok(parsed) = parse_challenges(login) else { return false };
    let value = |name: &str| {
        let params = &parsed[0].params;
        let found = params.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.to_unescaped()).unwrap_or_default()
    };
    let secret = hash("admin:cam:sesame");
    let asked = hash(&format!("{method}:{target}"));
    let expected = hash(&format!(
        "{secret}:{}:{}:{}:auth:{asked}",
        value("nonce"),
        value("nc"),
        value("cnonce")
    ));

    value("uri") == target && value("response") == expected
}

fn hash(text: &str) -> String {
    Md5::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}
