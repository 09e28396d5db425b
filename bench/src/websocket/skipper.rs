//! Where one is in a stream of frames that are not read, only counted.

use super::{Opcode, header};

/// The longest header of a server.
const LONGEST_HEADER: usize = 10;

/// A place in a stream of frames.
#[derive(Debug, Clone, Default)]
pub(crate) struct Skipper {
    /// A header of which only a part has come.
    begun: [u8; LONGEST_HEADER],
    have: u8,
    /// What the current frame began with, and how long it is.
    first: u8,
    len: u64,
    /// How much of it is to come.
    left: u64,
    /// What is in a control frame, as far as it has come.
    control: Vec<u8>,
}

/// A frame that has come to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seen<'a> {
    pub(crate) opcode: Opcode,
    pub(crate) len: u64,
    /// What a control frame says; nothing of others.
    pub(crate) control: &'a [u8],
}

impl Skipper {
    /// Goes on by `bytes`; `each` is told of every frame that ends in them.
    pub(crate) fn feed(&mut self, mut bytes: &[u8], mut each: impl FnMut(Seen<'_>)) {
        loop {
            if self.left > 0 {
                let part = self.left.min(bytes.len() as u64) as usize;
                if self.is_control() {
                    self.control.extend_from_slice(&bytes[..part]);
                }
                self.left -= part as u64;
                bytes = &bytes[part..];
                if self.left > 0 {
                    return;
                }
                self.end(&mut each);
            }
            let Some(header) = self.next_header(bytes) else { return };
            bytes = &bytes[header..];
            if self.left == 0 {
                self.end(&mut each);
            }
        }
    }

    /// Begins a frame: how many of the bytes its header took.
    fn next_header(&mut self, bytes: &[u8]) -> Option<usize> {
        let (begun, took) = if self.have == 0 {
            let Some((start, len)) = header(bytes) else {
                self.keep(bytes);
                return None;
            };
            (bytes[0], (start, len))
        } else {
            let had = usize::from(self.have);
            let more = bytes.len().min(LONGEST_HEADER - had);
            self.begun[had..had + more].copy_from_slice(&bytes[..more]);
            let Some((start, len)) = header(&self.begun[..had + more]) else {
                self.have += more as u8;
                return None;
            };
            self.have = 0;
            (self.begun[0], (start - had, len))
        };

        self.first = begun;
        (self.len, self.left) = (took.1, took.1);
        Some(took.0)
    }

    fn keep(&mut self, bytes: &[u8]) {
        self.begun[..bytes.len()].copy_from_slice(bytes);
        self.have = bytes.len() as u8;
    }

    fn end(&mut self, each: &mut impl FnMut(Seen<'_>)) {
        each(Seen { opcode: Opcode::of(self.first), len: self.len, control: &self.control });
        self.control.clear();
    }

    /// These are short, whatever they say (5.5).
    fn is_control(&self) -> bool {
        self.first & 0x08 != 0 && self.len < 126
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::websocket::{Side, frame};

    proptest! {
        #[test]
        fn every_frame_is_seen_however_the_bytes_come(
            sizes in prop::collection::vec(prop_oneof![0..130_usize, 65_000..66_000_usize], 1..12),
            steps in prop::collection::vec(1..40_000_usize, 1..20),
        ) {
            let mut stream = Vec::new();
            for size in &sizes {
                frame(&mut stream, Opcode::Text, Side::Server, &vec![b'x'; *size]);
                frame(&mut stream, Opcode::Ping, Side::Server, &[b'p'; 5]);
            }

            let (mut skipper, mut seen, mut pings) = (Skipper::default(), Vec::new(), 0);
            let mut rest = &stream[..];
            // The first steps are small, so that headers are cut as well.
            for step in (1..12).chain(steps.into_iter().cycle()) {
                if rest.is_empty() {
                    break;
                }
                let (part, next) = rest.split_at(step.min(rest.len()));
                rest = next;
                skipper.feed(part, |frame| {
                    if frame.opcode == Opcode::Ping {
                        pings += usize::from(frame.control == b"ppppp");
                    } else {
                        seen.push(frame.len as usize);
                    }
                });
            }

            prop_assert_eq!(pings, sizes.len());
            prop_assert_eq!(seen, sizes);
        }
    }

    #[test]
    fn a_frame_counts_when_its_last_byte_has_come() {
        let mut skipper = Skipper::default();
        let mut seen = 0;

        skipper.feed(b"\x81\x05Hell", |_| seen += 1);
        assert_eq!(seen, 0);
        skipper.feed(b"o\x81\0\x81", |_| seen += 1);
        assert_eq!(seen, 2);
    }
}
