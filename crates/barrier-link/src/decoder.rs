//! Bytes to lines and back: ends, lengths and checksums.

use std::{fmt, marker::PhantomData, str::FromStr};

use crate::MAX_LINE;

/// Why a line is not one of the protocol's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// It is well formed and says something that is not known here.
    #[error("unknown line `{0}`")]
    Unknown(String),
    /// A part of it is not what belongs there.
    #[error("malformed `{0}`")]
    Malformed(String),
    /// A key that has to be there is not.
    #[error("no `{0}=`")]
    Missing(&'static str),
    /// The checksum is not that of the line.
    #[error("wrong checksum")]
    Checksum,
    /// There is no checksum where there has to be one.
    #[error("no checksum")]
    Unchecked,
    /// It contains bytes other than printable ASCII.
    #[error("not ASCII text")]
    NotText,
    /// It is longer than [`MAX_LINE`].
    #[error("longer than {MAX_LINE} bytes")]
    TooLong,
}

/// Whether lines without a checksum are accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checksums {
    /// Never: only programs send on this line.
    Required,
    /// Until the first line with a good one: a person may type on this line.
    Optional,
}

/// What has arrived so far.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Good lines.
    pub good: u64,
    /// Lines that say something that is not known here.
    pub unknown: u64,
    /// Lines that are damaged or make no sense.
    pub garbled: u64,
    /// Lines that were too long.
    pub too_long: u64,
}

/// Turns bytes, as they arrive, into [`Order`](crate::Order)s or [`Report`](crate::Report)s.
///
/// Holds at most one line; a longer one is discarded up to its end.
#[derive(Debug)]
pub struct LineDecoder<T> {
    line: Vec<u8>,
    fit: Fit,
    policy: Checksums,
    checksums: Checksums,
    counts: Counts,
    item: PhantomData<fn() -> T>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fit {
    Fits,
    TooLong,
}

impl<T: FromStr<Err = LineError>> LineDecoder<T> {
    /// A decoder for a line that was just opened.
    pub fn new(checksums: Checksums) -> Self {
        Self {
            line: Vec::with_capacity(MAX_LINE + 1),
            fit: Fit::Fits,
            policy: checksums,
            checksums,
            counts: Counts::default(),
            item: PhantomData,
        }
    }

    /// Decodes what has arrived. Bytes after the last item taken from the iterator are lost.
    pub fn feed(&mut self, bytes: &[u8]) -> impl Iterator<Item = Result<T, LineError>> {
        bytes.iter().filter_map(|byte| self.push(*byte))
    }

    /// Takes one byte; the one that ends a line answers with the line.
    pub fn push(&mut self, byte: u8) -> Option<Result<T, LineError>> {
        match byte {
            b'\n' => self.end_line(),
            // One more than the limit: room for the CR.
            _ if self.line.len() > MAX_LINE => {
                self.fit = Fit::TooLong;
                None
            }
            _ => {
                self.line.push(byte);
                None
            }
        }
    }

    /// Forgets half a line, and that the other side knows checksums: it may be another one.
    pub fn reset(&mut self) {
        self.line.clear();
        self.fit = Fit::Fits;
        self.checksums = self.policy;
    }

    /// What has arrived so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    fn end_line(&mut self) -> Option<Result<T, LineError>> {
        let result = self.decode();

        self.line.clear();
        self.fit = Fit::Fits;
        if let Some(result) = &result {
            self.counts.count(result);
        }

        result
    }

    fn decode(&mut self) -> Option<Result<T, LineError>> {
        let line = self.line.strip_suffix(b"\r").unwrap_or(&self.line);

        if self.fit == Fit::TooLong || line.len() > MAX_LINE {
            return Some(Err(LineError::TooLong));
        }
        if line.is_empty() {
            return None;
        }

        let body = unwrap(line, self.checksums);
        if let Ok((_, Seal::Checked)) = body {
            self.checksums = Checksums::Required;
        }

        Some(body.and_then(|(text, _)| text.parse()))
    }
}

impl Counts {
    fn count<T>(&mut self, result: &Result<T, LineError>) {
        let count = match result {
            Ok(_) => &mut self.good,
            Err(LineError::Unknown(_)) => &mut self.unknown,
            Err(LineError::TooLong) => &mut self.too_long,
            Err(
                LineError::Malformed(_)
                | LineError::Missing(_)
                | LineError::Checksum
                | LineError::Unchecked
                | LineError::NotText,
            ) => &mut self.garbled,
        };

        *count = count.saturating_add(1);
    }
}

/// An order or a report as it goes over the wire: with checksum and line end.
pub fn to_line(body: &impl fmt::Display) -> String {
    let body = body.to_string();
    let checksum = checksum(body.as_bytes());

    format!("{body}*{checksum:02X}\n")
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seal {
    Checked,
    Unchecked,
}

/// Verifies and takes off the checksum.
fn unwrap(line: &[u8], checksums: Checksums) -> Result<(&str, Seal), LineError> {
    let text = str::from_utf8(line).map_err(|_| LineError::NotText)?;
    if !text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return Err(LineError::NotText);
    }

    match (text.split_once('*'), checksums) {
        (Some((body, digits)), _) if hex(digits) == Some(checksum(body.as_bytes())) => {
            Ok((body, Seal::Checked))
        }
        (Some(_), _) => Err(LineError::Checksum),
        (None, Checksums::Optional) => Ok((text, Seal::Unchecked)),
        (None, Checksums::Required) => Err(LineError::Unchecked),
    }
}

fn checksum(body: &[u8]) -> u8 {
    body.iter().fold(0, |sum, byte| sum ^ byte)
}

fn hex(digits: &str) -> Option<u8> {
    let hex = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());

    hex.then(|| u8::from_str_radix(digits, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Order, OrderKind, Report, Seq};

    const OPEN: Order = Order { kind: OrderKind::Open, seq: Some(Seq::FIRST) };

    #[test]
    fn an_order_goes_out_with_its_checksum() {
        assert_eq!(to_line(&OPEN), "OPEN 1*05\n");
    }

    #[test]
    fn lines_arrive_in_pieces_with_any_end_and_empty_ones_between() {
        let mut decoder = LineDecoder::<Order>::new(Checksums::Optional);

        assert_eq!(decoder.feed(b"OP").count(), 0);
        assert_eq!(decoder.feed(b"EN 1\r\n\r\n\nOPEN 1").collect::<Vec<_>>(), [Ok(OPEN)]);
        assert_eq!(decoder.feed(b"\n").collect::<Vec<_>>(), [Ok(OPEN)]);
    }

    #[test]
    fn an_over_long_line_is_discarded_up_to_its_end() {
        let mut decoder = LineDecoder::<Order>::new(Checksums::Optional);
        let noise = [b'x'; 1000];

        assert_eq!(decoder.feed(&noise).count(), 0);
        assert!(decoder.line.len() <= MAX_LINE + 1);
        let lines: Vec<_> = decoder.feed(b"\nOPEN 1\n").collect();
        assert_eq!(lines, [Err(LineError::TooLong), Ok(OPEN)]);
        assert_eq!(decoder.counts(), Counts { good: 1, too_long: 1, ..Counts::default() });
    }

    #[test]
    fn a_line_of_the_greatest_length_fits() {
        let mut decoder = LineDecoder::<Order>::new(Checksums::Optional);
        let line = format!("OPEN 1{}\r\n", " ".repeat(MAX_LINE - 6));

        assert_eq!(decoder.feed(line.as_bytes()).collect::<Vec<_>>(), [Ok(OPEN)]);
    }

    #[test]
    fn a_checksum_is_verified_where_there_is_one() {
        let mut decoder = LineDecoder::<Order>::new(Checksums::Optional);

        for line in ["OPEN 1*04\n", "OPEN 1*5\n", "OPEN 1*+5\n", "OPEN 1*\n", "OPEN 1*05*05\n"] {
            let lines: Vec<_> = decoder.feed(line.as_bytes()).collect();
            assert_eq!(lines, [Err(LineError::Checksum)], "{line}");
        }
    }

    #[test]
    fn whoever_has_sent_a_checksum_has_to_go_on() {
        let mut decoder = LineDecoder::<Order>::new(Checksums::Optional);
        let lines: Vec<_> = decoder.feed(b"OPEN 1\nOPEN 1*05\nOPEN 1\n").collect();
        assert_eq!(lines, [Ok(OPEN), Ok(OPEN), Err(LineError::Unchecked)]);

        decoder.reset();
        assert_eq!(decoder.feed(b"OPEN 1\n").collect::<Vec<_>>(), [Ok(OPEN)]);
    }

    #[test]
    fn unknown_lines_and_noise_are_counted() {
        let mut decoder = LineDecoder::<Report>::new(Checksums::Optional);
        let lines = decoder.feed(b"LOAD 17\n\xff\xfe\nOK x\nOK 1\n").count();

        assert_eq!(lines, 4);
        assert_eq!(decoder.counts(), Counts { good: 1, unknown: 1, garbled: 2, too_long: 0 });
    }
}
