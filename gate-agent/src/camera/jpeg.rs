//! Whole pictures in what cameras send: found by the markers of JPEG, from the start.
//!
//! Neither the length that a camera announces nor the last `FFD9` in a buffer can be relied on:
//! buffers end in what an earlier frame left there, and thumbnails end before the picture does.
//! See ITU-T T.81, annex B.

mod huffman;

use bytes::{Buf, Bytes, BytesMut};

use super::{CameraError, Frame};

/// How many bad pictures in a row are forgotten.
const FORGIVEN: u32 = 9;
const START: [u8; 3] = [0xff, 0xd8, 0xff];
const END_OF_IMAGE: u8 = 0xd9;
const START_OF_SCAN: u8 = 0xda;
const HUFFMAN_TABLES: u8 = 0xc4;

/// Finds the pictures in a stream of bytes, whatever else is between them.
#[derive(Debug)]
pub(crate) struct Finder {
    buffer: BytesMut,
    max_bytes: usize,
    walk: Walk,
}

/// Lets whole pictures through, and a few that are not be forgotten: a cable with a bad contact
/// costs a frame now and then.
#[derive(Debug)]
pub(crate) struct Inspector {
    max_bytes: usize,
    bad: u32,
}

/// How far the markers of a picture have been followed.
#[derive(Debug, Default, Clone, Copy)]
struct Walk {
    /// Everything before has been looked at.
    at: usize,
    /// In the entropy-coded data of a scan, which has no length.
    in_scan: bool,
    size: Option<(u32, u32)>,
    /// Where Huffman tables belong, as long as none has come.
    tables_missing_at: Option<usize>,
    has_tables: bool,
}

/// What is at the place that was looked at.
enum Step {
    Goes(Walk),
    Ends(usize),
    NeedsMore,
    Wrong,
}

impl Finder {
    pub(crate) fn new(max_bytes: usize) -> Self {
        Self { buffer: BytesMut::new(), max_bytes, walk: Walk::default() }
    }

    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next picture that is all there. Call it until it has none.
    ///
    /// # Errors
    ///
    /// A picture is larger than it may be, or has no size.
    pub(crate) fn next_frame(&mut self) -> Result<Option<Frame>, CameraError> {
        loop {
            if self.walk.at == 0 && !self.skip_to_start() {
                return Ok(None);
            }

            match self.walk.step(&self.buffer) {
                Step::Goes(walk) => self.walk = walk,
                Step::Ends(length) => return self.take(length).map(Some),
                // What looked like the start of a picture was not: look behind it.
                Step::Wrong => {
                    self.buffer.advance(START.len() - 1);
                    self.walk = Walk::default();
                }
                Step::NeedsMore if self.buffer.len() > self.max_bytes => {
                    return Err(CameraError::TooLarge { max_bytes: self.max_bytes });
                }
                Step::NeedsMore => return Ok(None),
            }
        }
    }

    /// Whether something has begun that is not all there.
    pub(crate) fn is_between(&self) -> bool {
        self.walk.at > 0
    }

    fn skip_to_start(&mut self) -> bool {
        let start = self.buffer.windows(START.len()).position(|window| window == START);
        let skipped = start.unwrap_or(self.buffer.len().saturating_sub(START.len() - 1));
        self.buffer.advance(skipped);
        if start.is_some() {
            self.walk = Walk { at: 2, ..Walk::default() };
        }

        start.is_some()
    }

    fn take(&mut self, length: usize) -> Result<Frame, CameraError> {
        let Walk { size, tables_missing_at, .. } = std::mem::take(&mut self.walk);
        let picture = self.buffer.split_to(length).freeze();
        if length > self.max_bytes {
            return Err(CameraError::TooLarge { max_bytes: self.max_bytes });
        }
        let Some((width, height)) = size else { return Err(CameraError::NotAPicture) };

        let jpeg = match tables_missing_at {
            None => picture,
            Some(at) => [&picture[..at], &huffman::TABLES, &picture[at..]].concat().into(),
        };
        Ok(Frame { jpeg, width, height })
    }
}

impl Inspector {
    pub(crate) fn new(max_bytes: usize) -> Self {
        Self { max_bytes, bad: 0 }
    }

    /// # Errors
    ///
    /// Too many in a row are not whole, or one is too large: the next one will be, too.
    pub(crate) fn pass(&mut self, bytes: &Bytes) -> Result<Option<Frame>, CameraError> {
        match only(bytes, self.max_bytes) {
            Ok(frame) => {
                self.bad = 0;
                Ok(Some(frame))
            }
            Err(CameraError::CutShort | CameraError::NotAPicture) if self.bad < FORGIVEN => {
                self.bad += 1;
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

/// The one picture that `bytes` begin with; what comes behind it is cut off.
///
/// # Errors
///
/// They do not begin with a picture, it is cut short, or too large.
pub(crate) fn only(bytes: &Bytes, max_bytes: usize) -> Result<Frame, CameraError> {
    if !bytes.starts_with(&START) {
        return Err(CameraError::NotAPicture);
    }
    let mut finder = Finder::new(max_bytes);
    finder.feed(bytes);

    finder.next_frame()?.ok_or(if finder.is_between() {
        CameraError::CutShort
    } else {
        CameraError::NotAPicture
    })
}

impl Walk {
    fn step(self, picture: &[u8]) -> Step {
        if self.in_scan { self.scan(picture) } else { self.segment(picture) }
    }

    /// Over entropy-coded data to the next marker: `FF00` is data, `FFD0` to `FFD7` resynchronise.
    fn scan(self, picture: &[u8]) -> Step {
        let data = &picture[self.at..];
        let marker = data
            .windows(2)
            .position(|pair| pair[0] == 0xff && !matches!(pair[1], 0x00 | 0xd0..=0xd7));

        match marker {
            Some(length) => Step::Goes(Self { at: self.at + length, in_scan: false, ..self }),
            None if data.len() < 2 => Step::NeedsMore,
            // Nothing is looked at twice but the last byte, which may be half a marker.
            None => Step::Goes(Self { at: picture.len() - 1, ..self }),
        }
    }

    fn segment(self, picture: &[u8]) -> Step {
        let at = self.at;
        let &[fill, marker, ref rest @ ..] = &picture[at..] else { return Step::NeedsMore };

        match (fill, marker) {
            (0xff, 0xff) => Step::Goes(Self { at: at + 1, ..self }),
            (0xff, END_OF_IMAGE) => Step::Ends(at + 2),
            (0xff, 0x01 | 0xd0..=0xd7) => Step::Goes(Self { at: at + 2, ..self }),
            (0xff, 0x00 | 0xd8) | (0x00..=0xfe, _) => Step::Wrong,
            (0xff, marker) => {
                let &[high, low, ..] = rest else { return Step::NeedsMore };
                let length = usize::from(u16::from_be_bytes([high, low]));
                match rest.get(2..length) {
                    _ if length < 2 => Step::Wrong,
                    None => Step::NeedsMore,
                    Some(body) => Step::Goes(self.past(marker, body)),
                }
            }
        }
    }

    fn past(self, marker: u8, body: &[u8]) -> Self {
        // The marker and the length come before the body.
        let next = Self { at: self.at + 4 + body.len(), ..self };

        match marker {
            HUFFMAN_TABLES => Self { has_tables: true, ..next },
            // Frames of webcams leave out the tables that all of them have.
            START_OF_SCAN => Self {
                in_scan: true,
                tables_missing_at: next
                    .tables_missing_at
                    .or_else(|| (!next.has_tables).then_some(self.at)),
                ..next
            },
            0xc0..=0xcf if !matches!(marker, 0xc8 | 0xcc) => Self { size: size(body), ..next },
            _ => next,
        }
    }
}

fn size(frame_header: &[u8]) -> Option<(u32, u32)> {
    let &[_, h1, h0, w1, w0, ..] = frame_header else { return None };
    let (width, height) = (u16::from_be_bytes([w1, w0]), u16::from_be_bytes([h1, h0]));

    (width > 0 && height > 0).then(|| (width.into(), height.into()))
}

#[cfg(test)]
mod tests;
