//! Lines and what holds them together. Nothing here knows a file.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::Record;

/// Stands between what is hashed and the hash.
const SEAL: &str = r#","hash":""#;
const END: &str = "\"}";
const HEX: usize = 64;

/// The last line that was written: what the next one hangs on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Its number.
    pub n: u64,
    /// Its hash, in hexadecimal digits.
    pub hash: String,
}

/// A line that vouches for itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its number and hash.
    pub link: Link,
    /// The hash of the line before.
    pub prev: String,
    /// What it says.
    pub record: Record,
}

/// A line that does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// It is something else.
    #[error("it is not a record")]
    NotARecord,
    /// It was written otherwise.
    #[error("it was changed: its hash is that of another line")]
    Changed,
    /// It does not hang on the line before.
    #[error("it does not follow the line before: record {found}, where {wanted} was to follow")]
    OutOfOrder {
        /// Its number.
        found: u64,
        /// The number that belongs there.
        wanted: u64,
    },
    /// The number is right, the line before another one.
    #[error("the line before it was replaced: it vouches for another one")]
    Replaced,
}

#[derive(Serialize)]
struct Body<'a> {
    n: u64,
    #[serde(flatten)]
    record: &'a Record,
    prev: &'a str,
}

#[derive(Deserialize)]
struct Read {
    n: u64,
    prev: String,
    #[serde(flatten)]
    record: Record,
}

impl Link {
    /// What the first line hangs on.
    pub fn none() -> Self {
        Self { n: 0, hash: "0".repeat(HEX) }
    }

    /// The next line with its end, and what the one after it hangs on.
    pub(crate) fn forge(&self, record: &Record) -> (String, Self) {
        let n = self.n + 1;
        let body = Body { n, record, prev: &self.hash };
        let mut line =
            serde_json::to_string(&body).expect("these types have no map keys but strings");
        line.pop();
        let hash = sha256(line.as_bytes());

        (format!("{line}{SEAL}{hash}{END}\n"), Self { n, hash })
    }
}

impl Line {
    /// Reads a line without its end, and checks that nobody changed it.
    ///
    /// # Errors
    ///
    /// It is not a record, or another one than was written.
    pub fn read(bytes: &[u8]) -> Result<Self, Broken> {
        let text = str::from_utf8(bytes).map_err(|_| Broken::NotARecord)?;
        let sealed = text.strip_suffix(END).ok_or(Broken::NotARecord)?;
        let at = sealed.len().checked_sub(HEX + SEAL.len()).ok_or(Broken::NotARecord)?;
        let (body, seal) = sealed.split_at_checked(at).ok_or(Broken::NotARecord)?;
        let hash = seal.strip_prefix(SEAL).ok_or(Broken::NotARecord)?;
        if sha256(body.as_bytes()) != hash {
            return Err(Broken::Changed);
        }

        let Read { n, prev, record } =
            serde_json::from_str(&format!("{body}}}")).map_err(|_| Broken::NotARecord)?;
        Ok(Self { link: Link { n, hash: hash.to_owned() }, prev, record })
    }

    /// Checks that it hangs on `last`.
    ///
    /// # Errors
    ///
    /// It hangs on another line.
    pub fn follows(&self, last: &Link) -> Result<(), Broken> {
        if self.link.n != last.n + 1 {
            return Err(Broken::OutOfOrder { found: self.link.n, wanted: last.n + 1 });
        }

        if self.prev == last.hash { Ok(()) } else { Err(Broken::Replaced) }
    }
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::What;

    #[test]
    fn a_line_is_what_the_documentation_says() {
        let (line, link) = Link::none().forge(&record("gate_in"));

        let expected = format!(
            r#"{{"n":1,"time":"2024-01-20T12:00:00Z","what":"command","gateway":"bridge","gate":"gate_in","prev":"{}","#,
            "0".repeat(64)
        );
        let body = expected.strip_suffix(',').unwrap();
        let hash: String = Sha256::digest(body).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(line, format!("{expected}\"hash\":\"{hash}\"}}\n"));
        assert_eq!(link, Link { n: 1, hash });
    }

    #[test]
    fn lines_hang_on_each_other() {
        let (first, after_first) = Link::none().forge(&record("gate_in"));
        let (second, _) = after_first.forge(&record("gate_out"));
        let (first, second) = (read(&first).unwrap(), read(&second).unwrap());

        first.follows(&Link::none()).unwrap();
        second.follows(&first.link).unwrap();
        assert_eq!(second.record, record("gate_out"));
        assert_eq!(second.follows(&Link::none()), Err(Broken::OutOfOrder { found: 2, wanted: 1 }));
        let (other, other_link) = Link::none().forge(&record("gate_x"));
        assert!(read(&other).is_ok());
        assert_eq!(second.follows(&other_link), Err(Broken::Replaced));
    }

    #[test]
    fn whoever_changes_a_byte_is_seen() {
        let (line, _) = Link::none().forge(&record("gate_in"));

        for at in 0..line.len() - 1 {
            let mut changed = line.clone().into_bytes();
            changed[at] ^= 1;
            assert!(Line::read(&changed[..changed.len() - 1]).is_err(), "byte {at}");
        }
    }

    fn read(line: &str) -> Result<Line, Broken> {
        Line::read(line.trim_end().as_bytes())
    }

    fn record(gate: &str) -> Record {
        let time = "2024-01-20T12:00:00Z".parse().unwrap();

        Record { gate: Some(gate.to_owned()), ..Record::new(time, What::Command, "bridge") }
    }
}
