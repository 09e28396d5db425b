//! The data types of the standard (1.5), read from the front of a packet.

use bytes::{Buf, Bytes};
use bytestring::ByteString;

use super::{DecodeError, PacketId};

type Result<T> = std::result::Result<T, DecodeError>;

/// What of a packet is still to be read.
#[derive(Debug)]
pub(super) struct Reader {
    rest: Bytes,
}

impl Reader {
    pub(super) fn new(rest: Bytes) -> Self {
        Self { rest }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// All that is left: the payload of a PUBLISH.
    pub(super) fn into_rest(self) -> Bytes {
        self.rest
    }

    /// What the standard says nothing of may not be there.
    pub(super) fn finish(self) -> Result<()> {
        match self.rest.is_empty() {
            true => Ok(()),
            false => Err(DecodeError::Malformed("bytes after the end of the packet")),
        }
    }

    pub(super) fn byte(&mut self) -> Result<u8> {
        self.rest.try_get_u8().map_err(cut_short)
    }

    pub(super) fn two_bytes(&mut self) -> Result<u16> {
        self.rest.try_get_u16().map_err(cut_short)
    }

    pub(super) fn four_bytes(&mut self) -> Result<u32> {
        self.rest.try_get_u32().map_err(cut_short)
    }

    /// A byte that may only be 0 or 1.
    pub(super) fn flag(&mut self) -> Result<bool> {
        match self.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(DecodeError::Protocol("a property that may be 0 or 1 is neither")),
        }
    }

    pub(super) fn variable(&mut self) -> Result<u32> {
        let mut value = 0;

        for at in 0..4 {
            let byte = self.byte()?;
            value |= u32::from(byte & 0x7f) << (7 * at);
            if byte & 0x80 == 0 {
                return match (at, byte) {
                    (1.., 0) => Err(DecodeError::Malformed("an integer with needless bytes")),
                    _ => Ok(value),
                };
            }
        }

        Err(DecodeError::Malformed("an integer of more than four bytes"))
    }

    pub(super) fn binary(&mut self) -> Result<Bytes> {
        let length = self.two_bytes()?.into();
        self.take(length)
    }

    /// A UTF-8 string; 1.5.4 forbids U+0000, and UTF-8 itself the surrogates.
    pub(super) fn text(&mut self) -> Result<ByteString> {
        let text = ByteString::try_from(self.binary()?)
            .map_err(|_| DecodeError::Malformed("a string that is not UTF-8"))?;

        match text.contains('\0') {
            true => Err(DecodeError::Malformed("a string with U+0000")),
            false => Ok(text),
        }
    }

    /// 2.2.1: a packet identifier is never 0.
    pub(super) fn packet_id(&mut self) -> Result<PacketId> {
        PacketId::new(self.two_bytes()?).ok_or(DecodeError::Protocol("packet identifier 0"))
    }

    pub(super) fn take(&mut self, length: usize) -> Result<Bytes> {
        match length <= self.rest.len() {
            true => Ok(self.rest.split_to(length)),
            false => Err(DecodeError::Malformed("a length beyond the end of the packet")),
        }
    }

    /// The bytes that `read` reads, as they stand.
    pub(super) fn verbatim(&mut self, read: impl FnOnce(&mut Self) -> Result<()>) -> Result<Bytes> {
        let before = self.rest.clone();
        read(self)?;

        Ok(before.slice(..before.len() - self.rest.len()))
    }
}

fn cut_short(_: bytes::TryGetError) -> DecodeError {
    DecodeError::Malformed("the packet ends too early")
}
