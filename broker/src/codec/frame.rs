//! One packet's bytes off the front of what a client has sent (2.1).

use bytes::{Buf, Bytes, BytesMut};

use super::DecodeError;

/// A packet that is complete and not yet understood: its first byte, and all after its length.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) first: u8,
    pub(crate) body: Bytes,
}

/// Takes one frame off the front of `received`; `None` until it is complete.
///
/// A packet that is longer than `max` is refused as soon as its length is known.
pub(crate) fn cut(received: &mut BytesMut, max: usize) -> Result<Option<Frame>, DecodeError> {
    let Some((header, body)) = measure(received)? else { return Ok(None) };

    if header + body > max {
        return Err(DecodeError::TooLarge { length: header + body, max });
    }
    if received.len() < header + body {
        return Ok(None);
    }

    let first = received[0];
    received.advance(header);

    Ok(Some(Frame { first, body: received.split_to(body).freeze() }))
}

/// How long the fixed header is, and what it says of the rest.
fn measure(received: &[u8]) -> Result<Option<(usize, usize)>, DecodeError> {
    let mut length = 0;

    for (at, byte) in received.iter().skip(1).take(4).enumerate() {
        length |= usize::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            // 1.5.5: the minimum number of bytes.
            return match (at, byte) {
                (1.., 0) => Err(DecodeError::Malformed("a remaining length with needless bytes")),
                (at, _) => Ok(Some((at + 2, length))),
            };
        }
    }

    if received.len() > 4 {
        return Err(DecodeError::Malformed("a remaining length of more than four bytes"));
    }
    Ok(None)
}
