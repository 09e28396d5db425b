//! What has been read from a socket: whole packets are taken out of it, by skipping lengths.

use std::{
    io::{self, ErrorKind},
    ops::Range,
};

use super::Version;

/// Bytes that have come, and room for more.
#[derive(Debug)]
pub(crate) struct Inbox {
    bytes: Vec<u8>,
    from: usize,
    to: usize,
}

/// One packet, borrowed from the inbox.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Frame<'a> {
    whole: &'a [u8],
    body: &'a [u8],
}

/// The packets that matter here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Connect,
    ConnAck,
    Publish,
    PubAck,
    Subscribe,
    SubAck,
    PingResp,
    Disconnect,
    Other,
}

impl Inbox {
    pub(crate) fn with_room(bytes: usize) -> Self {
        Self { bytes: vec![0; bytes], from: 0, to: 0 }
    }

    /// Makes it as large as a fast connection deserves.
    pub(crate) fn grow(&mut self, bytes: usize) {
        self.bytes.resize(bytes.max(self.bytes.len()), 0);
    }

    /// Where the next bytes go. Never empty: a packet that does not fit makes the inbox grow.
    pub(crate) fn room(&mut self) -> &mut [u8] {
        self.bytes.copy_within(self.from..self.to, 0);
        self.to -= self.from;
        self.from = 0;
        if self.to == self.bytes.len() {
            self.bytes.resize(self.to * 2, 0);
        }

        &mut self.bytes[self.to..]
    }

    /// So many bytes were put there.
    pub(crate) fn filled(&mut self, bytes: usize) -> io::Result<()> {
        self.to += bytes;
        if bytes == 0 {
            return Err(io::Error::new(
                ErrorKind::UnexpectedEof,
                "the broker closed the connection",
            ));
        }

        Ok(())
    }

    /// Whether a whole packet is there.
    pub(crate) fn is_ready(&self) -> bool {
        cut(&self.bytes[self.from..self.to]).is_some()
    }

    /// The next whole packet.
    pub(crate) fn next(&mut self) -> Option<Frame<'_>> {
        let waiting = &self.bytes[self.from..self.to];
        let body = cut(waiting)?;
        let frame = Frame { whole: &waiting[..body.end], body: &waiting[body.clone()] };
        self.from += body.end;

        Some(frame)
    }
}

impl<'a> Frame<'a> {
    pub(crate) fn kind(self) -> Kind {
        match self.first() >> 4 {
            1 => Kind::Connect,
            2 => Kind::ConnAck,
            3 => Kind::Publish,
            4 => Kind::PubAck,
            8 => Kind::Subscribe,
            9 => Kind::SubAck,
            13 => Kind::PingResp,
            14 => Kind::Disconnect,
            _ => Kind::Other,
        }
    }

    /// All of it, as it came.
    pub(crate) fn whole(self) -> &'a [u8] {
        self.whole
    }

    /// What comes after the fixed header.
    pub(crate) fn body(self) -> &'a [u8] {
        self.body
    }

    /// The id that a PUBLISH wants acknowledged.
    pub(crate) fn to_acknowledge(self) -> Option<u16> {
        if self.first() & 0b0110 == 0 {
            return None;
        }

        number(self.body, 2 + usize::from(number(self.body, 0)?))
    }

    /// The id that a PUBACK acknowledges.
    pub(crate) fn acknowledged(self) -> Option<u16> {
        number(self.body, 0)
    }

    /// Where a PUBLISH went.
    pub(crate) fn topic(self) -> Option<&'a str> {
        let end = 2 + usize::from(number(self.body, 0)?);

        std::str::from_utf8(self.body.get(2..end)?).ok()
    }

    /// What a PUBLISH carries. Its properties, if any, are expected to be shorter than 128 bytes.
    pub(crate) fn payload(self, version: Version) -> Option<&'a [u8]> {
        let mut start = 2 + usize::from(number(self.body, 0)?);
        if self.first() & 0b0110 != 0 {
            start += 2;
        }
        if version == Version::V5 {
            start += 1 + usize::from(*self.body.get(start)?);
        }

        self.body.get(start..)
    }

    /// The type of the packet and its flags.
    fn first(self) -> u8 {
        self.whole[0]
    }
}

/// Where the body of the first packet is, if all of it is there.
fn cut(bytes: &[u8]) -> Option<Range<usize>> {
    let mut len = 0;
    for (n, byte) in bytes.get(1..)?.iter().take(4).enumerate() {
        len |= usize::from(byte & 0x7f) << (7 * n);
        if byte & 0x80 == 0 {
            let body = n + 2..n + 2 + len;
            return (body.end <= bytes.len()).then_some(body);
        }
    }

    None
}

fn number(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::wire::{Qos, Retain, puback};

    proptest! {
        #[test]
        fn every_packet_is_found_however_the_bytes_come(
            sizes in prop::collection::vec(0..600_usize, 1..20),
            steps in prop::collection::vec(1..400_usize, 1..20),
        ) {
            let mut stream = Vec::new();
            for (n, size) in (1..).zip(&sizes) {
                let payload = vec![n as u8; *size];
                stream.extend(Version::V5.publish("a/b", (Qos::AtLeastOnce, n), Retain::No, &payload));
                stream.extend(puback(n));
            }

            let mut inbox = Inbox::with_room(16);
            let (mut published, mut acknowledged) = (Vec::new(), Vec::new());
            let mut rest = &stream[..];
            for step in steps.into_iter().cycle() {
                if rest.is_empty() {
                    break;
                }
                let room = inbox.room();
                let step = step.min(room.len()).min(rest.len());
                room[..step].copy_from_slice(&rest[..step]);
                rest = &rest[step..];
                inbox.filled(step).unwrap();
                while let Some(frame) = inbox.next() {
                    if frame.kind() == Kind::PubAck {
                        acknowledged.push(frame.acknowledged().unwrap());
                        continue;
                    }
                    prop_assert_eq!(frame.topic(), Some("a/b"));
                    let payload = frame.payload(Version::V5).unwrap();
                    published.push((frame.to_acknowledge(), payload.len()));
                }
            }

            let expected: Vec<_> = (1..).zip(sizes).map(|(n, size)| (Some(n), size)).collect();
            prop_assert_eq!(acknowledged.len(), expected.len());
            prop_assert_eq!(published, expected);
        }
    }
}
