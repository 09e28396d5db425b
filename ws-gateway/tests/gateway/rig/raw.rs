//! WebSocket byte by byte: whatever a client may put on the wire.

use std::net::SocketAddr;

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time,
};

use super::{PATIENCE, web};

pub(crate) const CONTINUATION: u8 = 0x0;
pub(crate) const TEXT: u8 = 0x1;
pub(crate) const BINARY: u8 = 0x2;
pub(crate) const CLOSE: u8 = 0x8;
pub(crate) const PING: u8 = 0x9;
pub(crate) const PONG: u8 = 0xa;

const FIN: u8 = 0x80;
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// A client without a library.
pub(crate) struct Raw {
    pub(crate) socket: TcpStream,
    /// What the gateway answered to the upgrade.
    pub(crate) head: String,
}

/// A frame of the gateway: its first byte, and what it carries.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Received {
    pub(crate) first: u8,
    pub(crate) payload: Vec<u8>,
}

impl Raw {
    /// Upgrades, and offers compression, as browsers do.
    pub(crate) async fn connect(gateway: SocketAddr, path: &str) -> Self {
        Self::connect_saying(gateway, path, b"").await
    }

    /// The same by a client that does not wait for the answer before it says something.
    pub(crate) async fn connect_saying(gateway: SocketAddr, path: &str, frames: &[u8]) -> Self {
        let headers = [
            ("Host", "localhost"),
            ("Connection", "Upgrade"),
            ("Upgrade", "websocket"),
            ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
            ("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits"),
        ];
        let mut request = web::spelled("GET", path, &headers).into_bytes();
        request.extend(frames);
        let mut socket = TcpStream::connect(gateway).await.unwrap();
        socket.write_all(&request).await.unwrap();

        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(time::timeout(PATIENCE, socket.read_u8()).await.unwrap().unwrap());
        }
        Self { socket, head: String::from_utf8(head).unwrap() }
    }

    /// Connects, and reads its greeting.
    pub(crate) async fn greeted(gateway: SocketAddr, path: &str) -> Self {
        let mut raw = Self::connect(gateway, path).await;
        while !raw.text().await.contains(r#""type":"snapshot_end""#) {}

        raw
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        // The gateway may have hung up already: what it said before is still to be read.
        let _ = self.socket.write_all(bytes).await;
    }

    /// One packet for each byte, if the system lets us.
    pub(crate) async fn send_in_octets(&mut self, bytes: &[u8]) {
        self.send_in_chops(bytes, 1).await;
    }

    pub(crate) async fn send_in_chops(&mut self, bytes: &[u8], length: usize) {
        self.socket.set_nodelay(true).unwrap();
        for chop in bytes.chunks(length) {
            self.send(chop).await;
            tokio::task::yield_now().await;
        }
    }

    /// The next frame, or `None` at the end of the connection.
    pub(crate) async fn frame(&mut self) -> Option<Received> {
        let read = async {
            let first = self.socket.read_u8().await.ok()?;
            let length = match self.socket.read_u8().await.ok()? {
                126 => self.socket.read_u16().await.ok()?.into(),
                127 => self.socket.read_u64().await.ok()?,
                short => short.into(),
            };
            let mut payload = vec![0; length as usize];
            self.socket.read_exact(&mut payload).await.ok()?;
            Some(Received { first, payload })
        };

        time::timeout(PATIENCE, read).await.expect("nothing came")
    }

    pub(crate) async fn text(&mut self) -> String {
        let frame = self.frame().await.expect("the connection ended");
        assert_eq!(frame.first, FIN | TEXT, "{frame:?}");

        String::from_utf8(frame.payload).unwrap()
    }

    pub(crate) async fn json(&mut self) -> Value {
        serde_json::from_str(&self.text().await).unwrap()
    }

    /// The gateway understood a message, and answers to what was in it.
    pub(crate) async fn is_answered(&mut self, id: &str) {
        let answer = self.json().await;

        assert_eq!(answer["type"], "error", "{id}");
        assert_eq!(answer["payload"]["command_id"], id, "{answer}");
    }

    /// The gateway read a message, which is none of the contract, and stays.
    pub(crate) async fn is_heard(&mut self, case: &str) {
        assert_eq!(self.json().await["type"], "error", "{case}");
    }

    pub(crate) async fn is_ponged(&mut self, payload: &[u8]) {
        let frame = self.frame().await.expect("the connection ended");

        assert_eq!(frame, Received { first: FIN | PONG, payload: payload.to_vec() });
    }

    /// The gateway closes with a code, and hangs up.
    pub(crate) async fn is_closed(&mut self, case: &str, code: u16) {
        let frame = self.frame().await.unwrap_or_else(|| panic!("{case}: no close frame"));

        assert_eq!(frame.first, FIN | CLOSE, "{case}: {frame:?}");
        assert_eq!(frame.payload.get(..2), Some(&code.to_be_bytes()[..]), "{case}: {frame:?}");
        self.is_over(case).await;
    }

    pub(crate) async fn is_over(&mut self, case: &str) {
        assert_eq!(self.frame().await, None, "{case}: something came after the close");
    }
}

/// A whole message, or the last part of one.
pub(crate) fn fin(opcode: u8, payload: &[u8]) -> Vec<u8> {
    spelled(FIN | opcode, payload)
}

/// A part of a message, of which more comes.
pub(crate) fn part(opcode: u8, payload: &[u8]) -> Vec<u8> {
    spelled(opcode, payload)
}

/// A frame with this first byte, masked as clients have to.
pub(crate) fn spelled(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = head(first, 0x80, payload.len());
    frame.extend(MASK);
    frame.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));

    frame
}

/// A frame that is not masked, which clients may not send.
pub(crate) fn unmasked(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = head(first, 0, payload.len());
    frame.extend(payload);

    frame
}

fn head(first: u8, mask: u8, length: usize) -> Vec<u8> {
    let mut head = vec![first];
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short), _) if short < 126 => head.push(mask | short),
        (_, Ok(length)) => {
            head.push(mask | 126);
            head.extend(length.to_be_bytes());
        }
        _ => {
            head.push(mask | 127);
            head.extend((length as u64).to_be_bytes());
        }
    }

    head
}
