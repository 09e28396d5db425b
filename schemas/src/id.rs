//! The ids by which messages, commands, events and pictures are recognised.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

const MAX_LEN: usize = 128;

/// An opaque id: 1 to 128 printable ASCII characters without spaces.
///
/// What this system makes is a UUIDv7; what others send may be anything of this shape.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Id(String);

/// The text cannot be an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an id is 1 to 128 printable ASCII characters without spaces")]
pub struct IdError;

impl Id {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Id {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        text.to_owned().try_into()
    }
}

impl TryFrom<String> for Id {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        let printable = text.bytes().all(|b| b.is_ascii_graphic());

        if printable && (1..=MAX_LEN).contains(&text.len()) { Ok(Self(text)) } else { Err(IdError) }
    }
}

impl From<Id> for String {
    fn from(id: Id) -> Self {
        id.0
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_short_and_printable() {
        assert!("0190a5b2-7c3e-7d4f-8a9b-0c1d2e3f4a5b".parse::<Id>().is_ok());
        assert!("order:17".parse::<Id>().is_ok());

        for text in ["", "a b", "a\n", "é", &"x".repeat(129)] {
            assert_eq!(text.parse::<Id>(), Err(IdError), "accepted `{text}`");
        }
    }
}
