//! HTTP as it is on the wire.

use std::net::SocketAddr;

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time,
};

use super::PATIENCE;

#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(": ")?;
            found.eq_ignore_ascii_case(name).then_some(value)
        })
    }
}

pub(crate) async fn get(gateway: SocketAddr, path: &str, headers: &[(&str, &str)]) -> Reply {
    request(gateway, "GET", path, headers).await
}

pub(crate) async fn request(
    gateway: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
) -> Reply {
    answer(send(gateway, method, path, headers).await).await
}

/// Posts a body.
pub(crate) async fn post(
    gateway: SocketAddr,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Reply {
    let length = body.len().to_string();
    let headers = [&[("Host", "localhost"), ("Content-Length", &length)], headers].concat();
    let mut socket = send(gateway, "POST", path, &headers).await;
    // Who refuses it at once need not read it.
    let _ = socket.write_all(body.as_bytes()).await;

    answer(socket).await
}

async fn answer(mut socket: TcpStream) -> Reply {
    let mut bytes = Vec::new();
    time::timeout(PATIENCE, socket.read_to_end(&mut bytes)).await.expect("no answer").unwrap();

    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();

    Reply { status, head, body: bytes[end + 4..].to_vec() }
}

/// Sends a request and leaves the answer to be read.
pub(crate) async fn send(
    gateway: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
) -> TcpStream {
    let mut socket = TcpStream::connect(gateway).await.unwrap();
    socket.write_all(spelled(method, path, headers).as_bytes()).await.unwrap();

    socket
}

/// A request without a body, as it is on the wire.
pub(crate) fn spelled(method: &str, path: &str, headers: &[(&str, &str)]) -> String {
    let lines: String =
        headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let connection = if lines.contains("Upgrade:") { "" } else { "Connection: close\r\n" };

    format!("{method} {path} HTTP/1.1\r\n{lines}{connection}\r\n")
}
