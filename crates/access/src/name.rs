//! The names of users and tokens.

use std::{fmt, str::FromStr};

const MAX_LEN: usize = 64;

/// The name of a user or a token in its file: 1 to 64 of `a-z`, `A-Z`, `0-9`, `.`, `_`, `-` and `@`, the first
/// of them a letter or digit.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UserName(String);

/// The text cannot be the name of a user or a token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` cannot be the name of a user or a token: use 1 to 64 of a-z, A-Z, 0-9, `.`, `_`, `-` and `@`, \
     the first of them a letter or digit"
)]
pub struct NameError(String);

impl UserName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for UserName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b".-_@".contains(&b);
        let well_formed = text.len() <= MAX_LEN
            && text.bytes().next().is_some_and(|first| first.is_ascii_alphanumeric())
            && text.bytes().all(allowed);

        if well_formed {
            Ok(Self(text.to_owned()))
        } else {
            Err(NameError(text.chars().take(MAX_LEN).collect()))
        }
    }
}

impl fmt::Display for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_fits_into_a_topic_and_into_a_line_of_a_log() {
        for name in ["gate_in", "Anna", "anna@example.com", "7", &"x".repeat(64)] {
            assert!(name.parse::<UserName>().is_ok(), "{name}");
        }
        for name in ["", "@gateway", "-x", "a b", "a/b", "a+", "#", "é", "a\n", &"x".repeat(65)] {
            assert!(name.parse::<UserName>().is_err(), "{name}");
        }
    }
}
