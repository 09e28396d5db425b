//! What a worker says to its agent: words with their length before them.
//!
//! | bytes | |
//! |---|---|
//! | 4 | the length of the rest, big endian |
//! | 1 | `O` opened, `F` frame, `M` the camera is missing, `E` it fails |
//! | … | of a frame: JPEG, and what the driver left behind it; of the others: text for a person |

use std::io::{self, Write};

use bytes::{Buf, Bytes};
use tokio_util::codec::LengthDelimitedCodec;

#[derive(Debug, PartialEq, Eq)]
pub(in crate::camera) enum Word {
    /// The camera is open, in this mode.
    Opened(String),
    Frame(Bytes),
    Missing(String),
    Failed(String),
}

pub(in crate::camera) fn codec(max_bytes: usize) -> LengthDelimitedCodec {
    LengthDelimitedCodec::builder().max_frame_length(max_bytes + 1).new_codec()
}

impl Word {
    pub(in crate::camera) fn decode(mut word: Bytes) -> Option<Self> {
        let kind = word.try_get_u8().ok()?;
        let text = |word: &Bytes| String::from_utf8_lossy(word).into_owned();

        Some(match kind {
            b'O' => Self::Opened(text(&word)),
            b'F' => Self::Frame(word),
            b'M' => Self::Missing(text(&word)),
            b'E' => Self::Failed(text(&word)),
            _ => return None,
        })
    }

    pub(super) fn write(&self, out: &mut impl Write) -> io::Result<()> {
        match self {
            Self::Opened(text) => write(out, b'O', text.as_bytes()),
            Self::Frame(picture) => write(out, b'F', picture),
            Self::Missing(text) => write(out, b'M', text.as_bytes()),
            Self::Failed(text) => write(out, b'E', text.as_bytes()),
        }
    }

    /// Without a copy of the frame.
    pub(super) fn write_frame(out: &mut impl Write, picture: &[u8]) -> io::Result<()> {
        write(out, b'F', picture)
    }
}

fn write(out: &mut impl Write, kind: u8, bytes: &[u8]) -> io::Result<()> {
    let length = u32::try_from(bytes.len() + 1).unwrap_or(u32::MAX);

    out.write_all(&length.to_be_bytes())?;
    out.write_all(&[kind])?;
    out.write_all(bytes)?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use tokio_util::codec::Decoder;

    use super::*;

    #[test]
    fn a_word_is_read_as_it_was_written() {
        for word in [
            Word::Opened("MJPG 1280x720".to_owned()),
            Word::Frame(Bytes::from_static(&[0xff, 0xd8, 0, 1])),
            Word::Missing(String::new()),
            Word::Failed("no space".to_owned()),
        ] {
            let mut wire = Vec::new();
            word.write(&mut wire).unwrap();

            let read = codec(1000).decode(&mut wire.as_slice().into()).unwrap().unwrap();
            assert_eq!(Word::decode(read.freeze()), Some(word));
        }
        assert_eq!(Word::decode(Bytes::new()), None);
        assert_eq!(Word::decode(Bytes::from_static(b"?x")), None);
    }
}
