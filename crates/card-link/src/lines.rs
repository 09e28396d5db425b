//! A line of text for each card.

use crate::{MAX_CARD, Noise};

const STX: u8 = 0x02;
const ETX: u8 = 0x03;
/// What may stand around a number.
const AROUND: usize = 32;
const MAX_LINE: usize = MAX_CARD + 2 * AROUND;

/// What a line looks like, besides the number in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LineSettings {
    /// What stands before the number, and is no part of it. At most 32 bytes.
    pub prefix: String,
    /// What stands after it. At most 32 bytes.
    pub suffix: String,
    /// What ends a line: CR, LF or ETX, where nothing is said. At most 4 bytes.
    pub line_end: String,
    /// How many characters the number has, where all have the same: a line that was cut has
    /// another length.
    pub length: Option<u8>,
}

#[derive(Debug, Clone)]
pub(crate) struct Lines {
    settings: LineSettings,
    line: Vec<u8>,
}

impl LineSettings {
    pub(crate) const LONGEST_PART: usize = AROUND;
    pub(crate) const LONGEST_END: usize = 4;

    /// The text between prefix and suffix, if the line has both.
    fn number<'a>(&self, line: &'a str) -> Result<&'a str, Noise> {
        let from = self.after_prefix(line).ok_or(Noise::Prefix)?;
        let number = line[from..].strip_suffix(self.suffix.trim_ascii_end());
        let number = number.ok_or(Noise::Suffix)?.trim_ascii();

        match self.length {
            Some(length) if number.len() != usize::from(length) => Err(Noise::Length),
            Some(_) | None => Ok(number),
        }
    }

    /// A prefix that no number can contain is found wherever it is: what stands before it is the
    /// beginning of a line that was cut.
    fn after_prefix(&self, line: &str) -> Option<usize> {
        let prefix = self.prefix.trim_ascii_start();
        let at = match prefix.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            true => line.starts_with(prefix).then_some(0),
            false => line.rfind(prefix),
        };

        at.map(|at| at + prefix.len())
    }
}

impl Lines {
    pub(crate) fn new(settings: LineSettings) -> Self {
        Self { settings, line: Vec::with_capacity(MAX_LINE + LineSettings::LONGEST_END) }
    }

    pub(crate) fn push(&mut self, byte: u8, found: &mut Vec<Result<String, Noise>>) {
        if byte == STX {
            found.extend(self.cut().map(Err));
            return;
        }
        // One byte more than fits shows that the line is too long; its end is still to be seen.
        if self.line.len() == MAX_LINE + 1 + self.settings.line_end.len().max(1) {
            self.line.remove(MAX_LINE + 1);
        }
        self.line.push(byte);

        if let Some(length) = self.ended() {
            self.line.truncate(length);
            found.extend(self.take());
        }
    }

    /// Forgets a line that has begun.
    pub(crate) fn cut(&mut self) -> Option<Noise> {
        let begun = !self.line.trim_ascii().is_empty();
        self.line.clear();

        begun.then_some(Noise::Cut)
    }

    pub(crate) fn pending(&self) -> usize {
        self.line.len()
    }

    /// The length of the line, if its end has come.
    fn ended(&self) -> Option<usize> {
        let end = self.settings.line_end.as_bytes();
        let length = match self.line.as_slice() {
            [line @ .., b'\r' | b'\n' | ETX] if end.is_empty() => line.len(),
            _ if end.is_empty() => return None,
            line => line.strip_suffix(end)?.len(),
        };

        Some(length)
    }

    /// `None` where the line is empty, as between CR and LF.
    fn take(&mut self) -> Option<Result<String, Noise>> {
        let line = std::mem::take(&mut self.line);
        self.line.reserve(MAX_LINE);
        let text = line.trim_ascii();

        if line.len() > MAX_LINE {
            return Some(Err(Noise::TooLong));
        }
        if text.is_empty() {
            return None;
        }

        let text = str::from_utf8(text).map_err(|_| Noise::NotANumber);
        Some(text.and_then(|text| self.settings.number(text)).map(str::to_owned))
    }
}
