//! What card readers send, free of I/O: bytes as they arrive become the numbers of cards.
//!
//! | [`Framing`] | on the line | what is verified |
//! |---|---|---|
//! | `lines` | text, ended by CR, LF or ETX; STX begins anew | prefix, suffix, length, where they are set |
//! | `rdm6300` | STX, 10 hex digits, 2 hex digits, ETX | the last two digits: XOR of the five bytes |
//! | `binary_module` | `02` LEN TYPE SNR… BCC `03` | BCC: XOR of LEN to SNR; LEN and TYPE fit |
//! | `wiegand26` | 26 bits in 4 bytes, the highest first | both parities; the 6 bits above are 0 |
//! | `wiegand34` | 34 bits in 5 bytes, the highest first | both parities; the 6 bits above are 0 |
//!
//! A [`Decoder`] puts frames together and writes each number as [`Number`] says, so that a card
//! has one number at every reader. What is not a card is [`Noise`], which is to be counted. It
//! holds at most [`MAX_PENDING`] bytes, whatever arrives. [`Held`] tells a card that is held to
//! the reader from one that comes again.
//!
//! # What was cut
//!
//! A frame that stops in the middle, because a cable was pulled, must not become the beginning of
//! the next card. `lines` and the framings with a checksum forget it after [`Framing::pause`], and
//! as soon as STX says that another one begins. Wiegand has no beginning at all: after a damaged
//! frame, everything up to the next pause is noise. Plain text cannot show that its *beginning* is
//! missing: that takes a length, or a prefix with a sign in it.

mod decoder;
mod framing;
mod held;
mod lines;
mod module;
mod noise;
mod number;
mod rdm6300;
mod stray;
mod wiegand;

pub use decoder::{Decoder, Settings, SettingsError};
pub use framing::Framing;
pub use held::Held;
pub use lines::LineSettings;
pub use noise::Noise;
pub use number::{ByteOrder, Format, Number, Written};

/// The longest number in characters.
pub const MAX_CARD: usize = 64;

/// The most bytes that a decoder keeps of a frame that has not ended.
pub const MAX_PENDING: usize = 160;
