//! WebSocket as the load speaks it: frames are made ahead, and counted by skipping from header to header.

mod skipper;
mod talk;

pub(crate) use skipper::Skipper;
pub(crate) use talk::Talk;

/// Every client of the load sends this key. It is the one of the standard (RFC 6455, 1.3), so that
/// what has to be answered is known without hashing anything.
pub(crate) const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
/// What has to be answered to it.
pub(crate) const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// What a frame is (RFC 6455, 5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Opcode {
    Continuation,
    Text,
    Binary,
    Close,
    Ping,
    Pong,
    Other,
}

/// Who made a frame: those of clients are masked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Client,
    Server,
}

impl Opcode {
    fn of(first: u8) -> Self {
        match first & 0x0f {
            0 => Self::Continuation,
            1 => Self::Text,
            2 => Self::Binary,
            8 => Self::Close,
            9 => Self::Ping,
            10 => Self::Pong,
            _ => Self::Other,
        }
    }

    fn number(self) -> u8 {
        match self {
            Self::Continuation => 0,
            Self::Text => 1,
            Self::Binary => 2,
            Self::Close => 8,
            Self::Ping => 9,
            Self::Pong => 10,
            Self::Other => 15,
        }
    }
}

/// The request for a WebSocket.
pub(crate) fn request(host: &str, path: &str, protocol: Option<&str>) -> Vec<u8> {
    let protocol =
        protocol.map(|name| format!("Sec-WebSocket-Protocol: {name}\r\n")).unwrap_or_default();

    format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n{protocol}\r\n"
    )
    .into_bytes()
}

/// The answer to [`request`].
pub(crate) fn acceptance() -> String {
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Accept: {ACCEPT}\r\n\r\n"
    )
}

/// How long the head of a request or an answer is, once all of it is there.
pub(crate) fn head_len(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4)
}

/// Whether this head says yes to [`request`].
pub(crate) fn is_accepted(head: &[u8]) -> bool {
    let head = String::from_utf8_lossy(head);

    head.starts_with("HTTP/1.1 101 ") && head.contains(ACCEPT)
}

/// Appends a whole frame.
pub(crate) fn frame(out: &mut Vec<u8>, opcode: Opcode, side: Side, payload: &[u8]) {
    announce(out, opcode, side, payload.len() as u64);
    out.extend_from_slice(payload);
}

/// Appends the header of a frame of `len` bytes.
///
/// The mask of a client is all zeros: it is one like any other, and leaves the payload as it is.
pub(crate) fn announce(out: &mut Vec<u8>, opcode: Opcode, side: Side, len: u64) {
    let masked = if side == Side::Client { 0x80 } else { 0 };
    out.push(0x80 | opcode.number());
    match len {
        0..126 => out.push(masked | len as u8),
        126..=0xffff => {
            out.push(masked | 126);
            out.extend((len as u16).to_be_bytes());
        }
        _ => {
            out.push(masked | 127);
            out.extend(len.to_be_bytes());
        }
    }
    if side == Side::Client {
        out.extend([0; 4]);
    }
}

/// Where the payload begins and how long it is, once the header is there.
pub(crate) fn header(bytes: &[u8]) -> Option<(usize, u64)> {
    let second = *bytes.get(1)?;
    let (mut start, len) = match second & 0x7f {
        126 => (4, u64::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?))),
        127 => (10, u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?)),
        len => (2, u64::from(len)),
    };
    if second & 0x80 != 0 {
        start += 4;
    }

    (bytes.len() >= start).then_some((start, len))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_those_of_the_standard() {
        let made = |opcode, side, payload: &[u8]| {
            let mut out = Vec::new();
            frame(&mut out, opcode, side, payload);
            out
        };

        assert_eq!(made(Opcode::Text, Side::Server, b"Hello"), b"\x81\x05Hello");
        assert_eq!(made(Opcode::Ping, Side::Client, b"Hi"), b"\x89\x82\0\0\0\0Hi");
        assert_eq!(made(Opcode::Binary, Side::Server, &[0; 256])[..4], [0x82, 126, 1, 0]);
        assert_eq!(made(Opcode::Binary, Side::Server, &[0; 65_536])[..6], [0x82, 127, 0, 0, 0, 0]);
    }

    #[test]
    fn only_the_right_answer_is_a_yes() {
        let yes = acceptance();

        assert_eq!(head_len(yes.as_bytes()), Some(yes.len()));
        assert!(is_accepted(yes.as_bytes()));
        assert!(!is_accepted(yes.replace("101", "403").as_bytes()));
        assert!(!is_accepted(yes.replace(ACCEPT, KEY).as_bytes()));
        assert_eq!(head_len(&yes.as_bytes()[..yes.len() - 1]), None);
    }
}
