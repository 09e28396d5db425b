//! Bytes to reports of a controller with another protocol: by what ends them, or by their length.

use crate::config::Dialect;

/// A report that is longer is none; what has arrived of it is dropped.
const LONGEST: usize = 256;

#[derive(Debug)]
pub(crate) struct Frames {
    framing: Framing,
    buffer: Vec<u8>,
    /// The rest of a report that was too long is still to come.
    skipping: bool,
}

#[derive(Debug)]
enum Framing {
    End(Vec<u8>),
    Length { start: Vec<u8>, length: usize },
}

impl Frames {
    pub(crate) fn new(dialect: &Dialect) -> Self {
        let bytes = |wire: &Option<_>| {
            wire.as_ref().map(|wire: &crate::config::Wire| wire.as_bytes().to_vec())
        };
        let framing = match dialect.report_length {
            Some(length) => {
                Framing::Length { start: bytes(&dialect.report_start).unwrap_or_default(), length }
            }
            None => Framing::End(bytes(&dialect.report_end).unwrap_or_else(|| b"\n".to_vec())),
        };

        Self { framing, buffer: Vec::with_capacity(LONGEST), skipping: false }
    }

    /// Forgets half a report.
    pub(crate) fn reset(&mut self) {
        self.buffer.clear();
        self.skipping = false;
    }

    /// Takes one byte; the one that ends a report answers with the report, without its end.
    pub(crate) fn push(&mut self, byte: u8) -> Option<Vec<u8>> {
        self.buffer.push(byte);

        match &self.framing {
            Framing::End(end) => {
                if self.buffer.ends_with(end) {
                    let length = self.buffer.len() - end.len();
                    let report = self.buffer[..length].to_vec();
                    let whole = !std::mem::take(&mut self.skipping);
                    self.buffer.clear();
                    return (whole && !report.is_empty()).then_some(report);
                }
                if self.buffer.len() > LONGEST {
                    // What may be the beginning of the end stays.
                    let kept = end.len() - 1;
                    self.buffer.drain(..self.buffer.len() - kept);
                    self.skipping = true;
                }
                None
            }
            Framing::Length { start, length } => {
                while !self.buffer.is_empty() && !begins(&self.buffer, start) {
                    self.buffer.remove(0);
                }
                (self.buffer.len() >= *length).then(|| std::mem::take(&mut self.buffer))
            }
        }
    }
}

/// Whether `bytes` are, as far as they go, what a report begins with.
fn begins(bytes: &[u8], start: &[u8]) -> bool {
    let shared = bytes.len().min(start.len());

    bytes[..shared] == start[..shared]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_what_lies_between_two_ends() {
        let mut frames = frames(r"report_end = '\r\n'");

        assert_eq!(feed(&mut frames, b"A=1\r\n\r\nB\r=2\r\nC"), ["A=1", "B\r=2"]);
        assert_eq!(feed(&mut frames, b"=3\r\n"), ["C=3"]);
    }

    #[test]
    fn a_report_that_is_too_long_is_dropped_to_its_end() {
        let mut frames = frames(r"report_end = '\r\n'");
        let noise = [b'x'; 1000];

        assert_eq!(feed(&mut frames, &noise), [""; 0]);
        assert!(frames.buffer.len() <= LONGEST);
        assert_eq!(feed(&mut frames, b"y\r\nA=1\r\n"), ["A=1"]);
    }

    #[test]
    fn a_report_of_fixed_length_is_found_by_what_it_begins_with() {
        let mut frames = frames(
            r"report_length = 4
            report_start = '\x02S'",
        );

        assert_eq!(feed(&mut frames, b"xx\x02x\x02S12yy\x02\x02S34"), ["\x02S12", "\x02S34"]);
    }

    #[test]
    fn a_report_of_fixed_length_may_begin_with_anything() {
        let mut frames = frames("report_length = 2");

        assert_eq!(feed(&mut frames, b"A1B2C"), ["A1", "B2"]);
    }

    fn frames(framing: &str) -> Frames {
        let dialect = format!("open = 'O'\nclose = 'C'\n{framing}");

        Frames::new(&toml::from_str(&dialect).unwrap())
    }

    fn feed(frames: &mut Frames, bytes: &[u8]) -> Vec<String> {
        let reports = bytes.iter().filter_map(|byte| frames.push(*byte));

        reports.map(|report| String::from_utf8(report).unwrap()).collect()
    }
}
