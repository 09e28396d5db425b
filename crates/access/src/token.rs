//! Tokens: what a program shows instead of a name and a password.
//!
//! A token is 256 random bits, so that nobody guesses it and a plain hash of it can be kept: there
//! is nothing to try out, as there is with a password that somebody has thought up.

use std::{collections::BTreeSet, fmt, time::Duration};

use jiff::Timestamp;
use schemas::GateId;
use service::Secret;
use sha2::{Digest as _, Sha256};

/// By which a program that looks for secrets in texts recognises one.
const PREFIX: &str = "manless_";
const RANDOM: usize = 32;

/// What is known about a token: never the token itself.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) name: String,
    /// Whose it is: it opens what that user may do.
    pub(crate) user: String,
    pub(crate) digest: Digest,
    pub(crate) expires: Option<Timestamp>,
    /// The only gates of the user that it opens; all of them where there are none.
    pub(crate) gates: BTreeSet<GateId>,
}

/// The SHA-256 of a token.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Digest([u8; 32]);

/// Nobody is let in with this token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadToken {
    /// It is in no file, or its user is not.
    #[error("the token is not known, or was taken away")]
    Unknown,
    /// It is too late.
    #[error("the token has expired")]
    Expired {
        /// Whose it was.
        user: String,
    },
    /// It is not good, and too many before it were not either.
    #[error("too many tokens from this address were wrong: the next may be tried in {0:?}")]
    TooOften(Duration),
}

impl Token {
    pub(crate) fn has_expired(&self, now: Timestamp) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }
}

impl Digest {
    pub(crate) fn of(token: &[u8]) -> Self {
        Self(Sha256::digest(token).into())
    }

    /// Reads 64 hexadecimal digits.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        for (byte, at) in bytes.iter_mut().zip((0..64).step_by(2)) {
            *byte = u8::from_str_radix(&text[at..at + 2], 16).ok()?;
        }

        Some(Self(bytes))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest")
    }
}

/// Makes a token up.
pub(crate) fn generate() -> Secret {
    let mut bytes = [0; RANDOM];
    getrandom::fill(&mut bytes).expect("the system has random numbers");
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();

    format!("{PREFIX}{digits}").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_long_and_another_each_time() {
        let (one, other) = (generate(), generate());

        assert_eq!(one.expose().len(), PREFIX.len() + 64);
        assert!(one.expose().bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'));
        assert_ne!(one, other);
    }

    #[test]
    fn a_digest_is_written_and_read() {
        let digest = Digest::of(b"sesame");

        assert_eq!(Digest::parse(&digest.to_string()), Some(digest));
        for text in ["", "é", &"x".repeat(64), &"0".repeat(63), &format!("{}é", "0".repeat(62))] {
            assert_eq!(Digest::parse(text), None, "{text}");
        }
    }
}
