//! What arrived and is no card.

use crate::MAX_CARD;

/// Why what arrived is no card, in words for a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Noise {
    /// A frame has not ended.
    #[error("a frame was cut")]
    Cut,
    /// A frame is longer than any card.
    #[error("longer than any card")]
    TooLong,
    /// A line has not as many characters as it should.
    #[error("not the configured length")]
    Length,
    /// A line does not begin as it should.
    #[error("not the configured prefix")]
    Prefix,
    /// A line does not end as it should.
    #[error("not the configured suffix")]
    Suffix,
    /// There are characters that no number has.
    #[error("not 1 to {MAX_CARD} letters and digits")]
    NotANumber,
    /// The number is no hexadecimal or decimal one, or too large for its bytes.
    #[error("not a number as configured")]
    Digits,
    /// The checksum is not that of the frame.
    #[error("wrong checksum")]
    Checksum,
    /// A parity bit of Wiegand is not that of the frame.
    #[error("wrong parity")]
    Parity,
    /// Bytes that belong to no frame: often a wrong baud rate, or another framing.
    #[error("bytes outside of any frame: check baud and framing")]
    Stray,
}
