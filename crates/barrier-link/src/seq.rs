//! The number that ties an answer to its order.

use std::{fmt, num::NonZeroU16, str::FromStr};

use crate::LineError;

/// The number of an order: 1 to 65535, then 1 again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Seq(NonZeroU16);

impl Seq {
    /// The first number on a fresh line.
    pub const FIRST: Self = Self(NonZeroU16::MIN);

    /// The number after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.checked_add(1).unwrap_or(NonZeroU16::MIN))
    }
}

impl From<NonZeroU16> for Seq {
    fn from(number: NonZeroU16) -> Self {
        Self(number)
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Seq {
    type Err = LineError;

    fn from_str(text: &str) -> Result<Self, LineError> {
        // `str::parse` alone would take `+17`.
        text.parse()
            .ok()
            .filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))
            .map(Self)
            .ok_or_else(|| LineError::Malformed(text.to_owned()))
    }
}

/// Writes ` 17`, or nothing where an order had no number.
pub(crate) struct Numbered(pub(crate) Option<Seq>);

impl fmt::Display for Numbered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |seq| write!(f, " {seq}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_after_the_last_is_the_first() {
        assert_eq!("65535".parse::<Seq>().unwrap().next(), Seq::FIRST);
    }

    #[test]
    fn refuses_what_is_no_number_of_an_order() {
        for text in ["", "0", "65536", "-1", "+1", "1.0", "0x1", "one"] {
            assert!(text.parse::<Seq>().is_err(), "accepted `{text}`");
        }
    }
}
