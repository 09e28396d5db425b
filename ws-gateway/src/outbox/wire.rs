//! Text frames as bytes: the one place where frames are spelled without tungstenite.
//!
//! Frames of a server are not masked (RFC 6455, 5.1), so a message has the same bytes for every
//! client. Tungstenite would make them anew for each; here they are made once, next to each other,
//! shared by all and handed to the sockets in one write. Everything else of the protocol, what
//! clients send and all control frames, is tungstenite's.

use bytes::{BufMut, Bytes, BytesMut};

use super::Frame;

/// A text in one frame.
const FIN_TEXT: u8 = 0x81;
/// An empty ping.
pub(super) const PING: [u8; 2] = [0x89, 0];
/// The longest payload whose length is in the second byte.
const SHORT: usize = 125;
/// Says that the length is in the two bytes that follow, or in eight.
const TWO_BYTES: u8 = 126;
const EIGHT_BYTES: u8 = 127;

/// How many bytes a text has as a frame.
pub(crate) fn length(text: &Frame) -> usize {
    let payload = text.len();
    let header = if payload <= SHORT {
        2
    } else if u16::try_from(payload).is_ok() {
        4
    } else {
        10
    };

    header + payload
}

/// Texts as the frames that carry them.
pub(crate) fn texts<'a>(texts: impl Iterator<Item = &'a Frame> + Clone) -> Bytes {
    let mut bytes = BytesMut::with_capacity(texts.clone().map(length).sum());
    for text in texts {
        put(&mut bytes, text.as_str());
    }

    bytes.freeze()
}

fn put(bytes: &mut BytesMut, text: &str) {
    bytes.put_u8(FIN_TEXT);
    match (u8::try_from(text.len()), u16::try_from(text.len())) {
        (Ok(length), _) if usize::from(length) <= SHORT => bytes.put_u8(length),
        (_, Ok(length)) => {
            bytes.put_u8(TWO_BYTES);
            bytes.put_u16(length);
        }
        _ => {
            bytes.put_u8(EIGHT_BYTES);
            bytes.put_u64(text.len() as u64);
        }
    }
    bytes.put_slice(text.as_bytes());
}

/// The texts of these frames, as tungstenite reads them.
#[cfg(test)]
pub(crate) fn read_texts(frames: &[u8]) -> Vec<String> {
    use tokio_tungstenite::tungstenite::protocol::frame::FrameSocket;

    let mut socket = FrameSocket::new(frames);
    let read = || socket.read(None).unwrap();

    std::iter::from_fn(read)
        .map(|frame| frame.into_text().unwrap().to_string())
        .filter(|text| !text.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use std::io;

    use tokio_tungstenite::tungstenite::{
        Message,
        protocol::{Role, WebSocket},
    };

    use super::*;

    #[test]
    fn texts_of_every_length_are_spelled_as_tungstenite_spells_them() {
        for length in [0, 1, 125, 126, 127, 255, 256, 65_535, 65_536, 100_000] {
            let text: Frame = "é".repeat(length).into();
            let ours = texts(std::iter::once(&text));

            let mut theirs =
                WebSocket::from_raw_socket(io::Cursor::new(Vec::new()), Role::Server, None);
            theirs.send(Message::Text(text.clone())).unwrap();

            assert_eq!(ours, theirs.get_ref().get_ref(), "{length}");
            assert_eq!(ours.len(), super::length(&text));
        }
    }
}
