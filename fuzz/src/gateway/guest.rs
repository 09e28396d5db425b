//! Somebody who has a session, and sends frames, more or less.

use arbitrary::Arbitrary;

use super::{Act, Entry, abort_on_panic, visit};

const HANDSHAKE: &[u8] = b"GET /ws/gate_in HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n\
    Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
/// Texts that mean something, and those that nearly do.
const TEXTS: [&str; 6] = [
    r#"{"type":"ping"}"#,
    r#"{"type":"request_status","payload":{}}"#,
    r#"{"type":"gate_control","payload":{"action":"open","command_id":"c1"}}"#,
    r#"{"type":"gate_control","payload":{"action":"explode"}}"#,
    r#"{"type":"request_events","payload":{"after_seq":1}}"#,
    "",
];
/// Why a gateway may say that a session ends (`ws-gateway/src/session/end.rs`), and those that a
/// client has said itself.
const CLOSES: [u16; 9] = [1000, 1001, 1002, 1007, 1008, 1009, 4008, 4401, 4403];

/// What somebody sends once he has a session.
#[derive(Debug, Arbitrary)]
pub struct Guest {
    pieces: Vec<Piece>,
}

#[derive(Debug, Arbitrary)]
enum Piece {
    /// A frame as the standard has it, but for what it says of itself.
    Frame {
        head: u8,
        mask: Option<[u8; 4]>,
        length: Option<u64>,
        payload: Vec<u8>,
    },
    Text {
        text: u8,
        more: String,
    },
    Long {
        head: u8,
        length: u32,
    },
    Raw(Vec<u8>),
    Pause,
}

/// Sends all of it.
///
/// # Panics
///
/// The gateway said what no server may say, or did not come to an end.
pub fn listen(guest: &Guest) {
    abort_on_panic();
    let greeting = Act::Send(HANDSHAKE.to_vec());
    // Whoever hangs up before he is answered has no session.
    let acts =
        [greeting, Act::Pause].into_iter().chain(guest.pieces.iter().map(Piece::act)).collect();
    let said = visit(Entry::Free, acts);

    assert!(said.starts_with(b"HTTP/1.1 101 "), "no session");
    let end = said.windows(4).position(|part| part == b"\r\n\r\n").expect("an end of the headers");
    check(&said[end + 4..]);
}

/// Reads what a server says, frame by frame.
fn check(mut frames: &[u8]) {
    let mut is_closed = false;

    while let [first, second, rest @ ..] = frames {
        assert!(!is_closed, "a word after the last one");
        assert_eq!(first & 0xF0, 0x80, "whole frames, and no extension");
        assert!(second & 0x80 == 0, "a server does not mask");
        let (length, rest) = match second {
            126 => (usize::from(u16::from_be_bytes([rest[0], rest[1]])), &rest[2..]),
            127 => {
                let length = rest[..8].try_into().expect("eight bytes");
                (u64::from_be_bytes(length) as usize, &rest[8..])
            }
            short => (usize::from(*short), rest),
        };
        // The last frame may be torn where the client has hung up.
        let Some((payload, rest)) = rest.split_at_checked(length) else { return };
        match first & 0x0F {
            0x1 => {
                let json: serde_json::Value = serde_json::from_slice(payload).expect("JSON");
                assert!(json["type"].is_string(), "{json}");
            }
            0x8 => {
                is_closed = true;
                check_close(payload);
            }
            0x9 | 0xA => assert!(length <= 125, "a control frame is short"),
            other => panic!("a frame of kind {other}"),
        }
        frames = rest;
    }
}

fn check_close(payload: &[u8]) {
    let [high, low, reason @ ..] = payload else {
        assert!(payload.is_empty(), "half a code");
        return;
    };
    let code = u16::from_be_bytes([*high, *low]);

    assert!(payload.len() <= 125, "a control frame is short");
    // A client that closes is told its own words.
    let is_legal = CLOSES.contains(&code)
        || (1000..5000).contains(&code) && ![1004, 1005, 1006, 1015].contains(&code);
    assert!(is_legal, "a close with {code}");
    assert!(str::from_utf8(reason).is_ok(), "a reason that is no text");
}

impl Piece {
    fn act(&self) -> Act {
        match self {
            Self::Pause => Act::Pause,
            Self::Raw(bytes) => Act::Send(bytes.clone()),
            Self::Text { text, more } => {
                let text = TEXTS[usize::from(*text) % TEXTS.len()].to_owned() + more;
                Act::Send(frame(0x81, Some([7; 4]), None, text.as_bytes()))
            }
            Self::Long { head, length } => {
                let payload = vec![b'a'; *length as usize % (80 * 1024)];
                Act::Send(frame(*head, Some([0; 4]), None, &payload))
            }
            Self::Frame { head, mask, length, payload } => {
                Act::Send(frame(*head, *mask, *length, payload))
            }
        }
    }
}

fn frame(head: u8, mask: Option<[u8; 4]>, lie: Option<u64>, payload: &[u8]) -> Vec<u8> {
    let length = lie.unwrap_or(payload.len() as u64);
    let masked = if mask.is_some() { 0x80 } else { 0 };
    let mut bytes = vec![head];
    match length {
        0..126 => bytes.push(masked | length as u8),
        126..65_536 => {
            bytes.push(masked | 126);
            bytes.extend((length as u16).to_be_bytes());
        }
        _ => {
            bytes.push(masked | 127);
            bytes.extend(length.to_be_bytes());
        }
    }
    let mask = mask.inspect(|mask| bytes.extend(mask)).unwrap_or_default();
    bytes.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));

    bytes
}
