//! Bytes on a line, and patterns for them, as they stand in a configuration.

use std::fmt;

use regex::bytes::{Regex, RegexBuilder};
use serde::{Deserialize, Deserializer, de};

/// More than any pattern for a line of a barrier controller needs; a slip of the pen is refused.
const PATTERN_SIZE: usize = 1 << 20;

/// Bytes: ASCII text with the escapes `\r`, `\n`, `\t`, `\\` and `\xHH`.
#[derive(Clone, PartialEq, Eq)]
pub struct Wire(Vec<u8>);

/// A regular expression for bytes: `.` is any of them but LF, and `\xHH` is one.
#[derive(Clone)]
pub struct Pattern(Regex);

impl Wire {
    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Reads text with escapes; the error says what is wrong with it.
    fn parse(text: &str) -> Result<Self, String> {
        let mut bytes = Vec::with_capacity(text.len());
        let mut rest = text.chars();

        while let Some(sign) = rest.next() {
            bytes.push(match sign {
                '\\' => escape(&mut rest)?,
                sign if sign.is_ascii() => sign as u8,
                sign => {
                    return Err(format!(
                        "`{sign}` is not ASCII: write bytes as '\\xHH', between single quotes"
                    ));
                }
            });
        }

        Ok(Self(bytes))
    }
}

fn escape(rest: &mut impl Iterator<Item = char>) -> Result<u8, String> {
    match rest.next() {
        Some('r') => Ok(b'\r'),
        Some('n') => Ok(b'\n'),
        Some('t') => Ok(b'\t'),
        Some('\\') => Ok(b'\\'),
        Some('x') => {
            let digits: String = rest.take(2).collect();
            let hex = digits.len() == 2 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
            hex.then(|| u8::from_str_radix(&digits, 16).ok())
                .flatten()
                .ok_or_else(|| format!("`\\x{digits}` has to have two hexadecimal digits"))
        }
        Some(sign) => Err(format!("`\\{sign}` is none of \\r \\n \\t \\\\ \\xHH")),
        None => Err("a single `\\` at the end: write `\\\\`".to_owned()),
    }
}

impl Pattern {
    /// Whether it is somewhere in these bytes.
    pub fn is_in(&self, bytes: &[u8]) -> bool {
        self.0.is_match(bytes)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

impl Eq for Pattern {}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.escape_ascii())
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/{}/", self.0.as_str())
    }
}

impl<'de> Deserialize<'de> for Wire {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let regex = RegexBuilder::new(&text).unicode(false).size_limit(PATTERN_SIZE).build();

        regex.map(Self).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_stand_for_bytes() {
        let wire = Wire::parse(r"\x02OPEN\r\n\t\\\xfF").unwrap();

        assert_eq!(wire.as_bytes(), b"\x02OPEN\r\n\t\\\xff");
        assert_eq!(format!("{wire:?}"), r#""\x02OPEN\r\n\t\\\xff""#);
    }

    #[test]
    fn what_is_no_byte_is_refused_with_the_reason() {
        for (text, reason) in [
            ("Ö", "not ASCII"),
            (r"\x", "two hexadecimal digits"),
            (r"\x1", "two hexadecimal digits"),
            (r"\x+1", "two hexadecimal digits"),
            (r"\q", "none of"),
            ("OPEN\\", "at the end"),
        ] {
            let error = Wire::parse(text).unwrap_err();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }
}
