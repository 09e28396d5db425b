//! Somebody who speaks HTTP, more or less.

use arbitrary::Arbitrary;

use super::{Act, Entry, PICTURE, abort_on_panic, contains, visit};

const METHODS: [&str; 6] = ["GET", "HEAD", "POST", "OPTIONS", "PUT", "G\u{0}T"];
/// Those that need a login come first.
const PATHS: [&str; 16] = [
    "/session",
    "/status",
    "/metrics",
    "/gates/gate_in/image.jpg",
    "/gates/gate_in/images/",
    "/gates/gate_in/stream.mjpg",
    "/gates/",
    "/gates/gate_in/images/../image.jpg",
    "/gates/gate_in/images/..%2f..%2fetc%2fpasswd",
    "/",
    "/healthz",
    "/login",
    "/logout",
    "/docs",
    "/ws/gate_in",
    "/ws/admin",
];
const PROTECTED: usize = 9;
const HEADERS: [(&str, &str); 14] = [
    ("Host", "localhost"),
    ("Host", "evil.example"),
    ("Connection", "Upgrade"),
    ("Upgrade", "websocket"),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ("Sec-WebSocket-Protocol", "bearer, "),
    ("Authorization", "Bearer "),
    ("Authorization", "Basic "),
    ("Cookie", "manless="),
    ("Origin", "http://localhost"),
    ("Transfer-Encoding", "chunked"),
    ("Content-Length", ""),
    ("Content-Type", "application/json"),
];
/// What no answer has in it whose reader is not known.
const SECRETS: [&[u8]; 3] = [PICTURE, b"manless_gateway_", b"\"started_at\""];

/// What somebody sends, one after the other, and whether he has to log in.
#[derive(Debug, Arbitrary)]
pub struct Caller {
    is_free: bool,
    pieces: Vec<Piece>,
}

#[derive(Debug, Arbitrary)]
enum Piece {
    Request { method: u8, path: u8, tail: String, headers: Vec<(u8, String)>, body: Vec<u8> },
    Raw(Vec<u8>),
    Pause,
}

/// Sends all of it.
///
/// # Panics
///
/// The gateway told what it must not tell, or did not come to an end.
pub fn call(caller: &Caller) {
    abort_on_panic();
    let entry = if caller.is_free { Entry::Free } else { Entry::Login };
    let said = visit(entry, caller.pieces.iter().map(Piece::act).collect());

    assert!(said.is_empty() || said.starts_with(b"HTTP/1."), "no HTTP");
    assert!(!contains(&said, b"root:x:0"), "a file of this machine");
    if entry == Entry::Free {
        return;
    }
    for secret in SECRETS {
        assert!(!contains(&said, secret), "somebody unknown was told what is for others");
    }
    if let Some(Piece::Request { path, .. }) = caller.pieces.first()
        && usize::from(*path) % PATHS.len() < PROTECTED
    {
        assert!(!said.starts_with(b"HTTP/1.1 20") && !said.starts_with(b"HTTP/1.0 20"));
    }
}

impl Piece {
    fn act(&self) -> Act {
        match self {
            Self::Pause => Act::Pause,
            Self::Raw(bytes) => Act::Send(bytes.clone()),
            Self::Request { method, path, tail, headers, body } => {
                let method = METHODS[usize::from(*method) % METHODS.len()];
                let path = PATHS[usize::from(*path) % PATHS.len()];
                let mut text = format!("{method} {path}{tail} HTTP/1.1\r\n");
                for (name, more) in headers {
                    let (name, value) = HEADERS[usize::from(*name) % HEADERS.len()];
                    text += &format!("{name}: {value}{more}\r\n");
                }

                Act::Send([text.as_bytes(), b"\r\n", body].concat())
            }
        }
    }
}
