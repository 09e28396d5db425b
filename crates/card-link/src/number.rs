//! How a card's number is written, whatever the reader sends.
//!
//! The same card has the same number at every reader of a site, and the one that stands on it or
//! in a list, if each reader is told what it sends ([`Written`], [`ByteOrder`]) and what is wanted
//! ([`Format`], `bytes`).

use serde::Deserialize;

use crate::{MAX_CARD, Noise};

/// The longest number in bytes.
const MAX_BYTES: usize = 16;
/// The low bytes of a number that a 26-bit card shows: one of the site, two of the card.
const WIEGAND: usize = 3;

/// How a card's number is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Number {
    /// What is wanted.
    pub format: Format,
    /// How a reader of text writes; of no account where a reader sends bytes.
    pub sent_as: Written,
    /// Which byte the reader sends first.
    pub byte_order: ByteOrder,
    /// How many bytes the number has; of a longer one, the last ones count. 1 to 16.
    pub bytes: Option<u8>,
}

/// What a number looks like.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// As the reader sends it: text as it is, bytes in hex.
    #[default]
    AsSent,
    /// Two capital hex digits for each byte: `62E3086CED`.
    Hex,
    /// Decimal, with zeros in front, so that all numbers of a size have the same length:
    /// `0006547886` for four bytes, as it is printed on most cards.
    Decimal,
    /// Site and card of the last three bytes, `099-59822`; on a card, `099,59822`.
    Wiegand26,
}

/// How a reader of text writes numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Written {
    /// In hex.
    #[default]
    Hex,
    /// In decimal.
    Decimal,
}

/// Which byte of a number comes first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ByteOrder {
    /// The one that stands first in the number.
    #[default]
    AsSent,
    /// The one that stands last in the number.
    Reversed,
}

impl Number {
    /// Whether text is taken as it comes.
    pub(crate) fn is_as_sent(&self) -> bool {
        self.format == Format::AsSent
    }

    /// The number in a line of text: letters and digits.
    pub(crate) fn of_text(&self, text: &str) -> Result<String, Noise> {
        if text.is_empty() || text.len() > MAX_CARD || !text.bytes().all(is_alphanumeric) {
            return Err(Noise::NotANumber);
        }
        if self.is_as_sent() {
            return Ok(text.to_owned());
        }

        let bytes = match self.sent_as {
            Written::Hex => hex_bytes(text),
            Written::Decimal => self.decimal_bytes(text),
        };
        bytes.map(|bytes| self.of_bytes(bytes)).ok_or(Noise::Digits)
    }

    /// The number in these bytes.
    pub(crate) fn of_bytes(&self, mut bytes: Vec<u8>) -> String {
        if self.byte_order == ByteOrder::Reversed {
            bytes.reverse();
        }
        let bytes = match self.bytes {
            Some(count) => last(&bytes, usize::from(count)),
            None => bytes,
        };

        match self.format {
            Format::AsSent | Format::Hex => hex(&bytes),
            Format::Decimal => decimal(&bytes),
            Format::Wiegand26 => site_and_card(&last(&bytes, WIEGAND)),
        }
    }

    /// As many bytes as are configured; what does not fit is no number.
    fn decimal_bytes(&self, text: &str) -> Option<Vec<u8>> {
        let number: u128 = text.parse().ok()?;
        let bytes = number.to_be_bytes();
        let count = usize::from(self.bytes?);
        let (above, number) = bytes.split_at(bytes.len().checked_sub(count)?);

        above.iter().all(|byte| *byte == 0).then(|| number.to_vec())
    }
}

fn is_alphanumeric(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
}

/// An odd digit stands first and alone.
fn hex_bytes(text: &str) -> Option<Vec<u8>> {
    let padded = if text.len().is_multiple_of(2) { text.to_owned() } else { format!("0{text}") };
    let byte = |pair: &[u8]| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok();
    let bytes: Option<Vec<u8>> = padded.as_bytes().chunks(2).map(byte).collect();

    bytes.filter(|bytes| bytes.len() <= MAX_BYTES)
}

/// The last bytes, with zeros in front where there are not as many.
fn last(bytes: &[u8], count: usize) -> Vec<u8> {
    let missing = count.saturating_sub(bytes.len());
    let kept = &bytes[bytes.len().saturating_sub(count)..];

    [&vec![0; missing], kept].concat()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

fn decimal(bytes: &[u8]) -> String {
    let number = bytes.iter().fold(0_u128, |number, byte| number << 8 | u128::from(*byte));
    let greatest = u128::MAX.checked_shr(128 - 8 * bytes.len() as u32).unwrap_or(0);
    let width = greatest.to_string().len();

    format!("{number:0width$}")
}

fn site_and_card(bytes: &[u8]) -> String {
    let [site, high, low] = bytes else { unreachable!("there are {WIEGAND} bytes") };

    format!("{site:03}-{:05}", u16::from_be_bytes([*high, *low]))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: Number = Number {
        format: Format::Hex,
        sent_as: Written::Hex,
        byte_order: ByteOrder::AsSent,
        bytes: None,
    };

    #[test]
    fn a_number_is_what_is_printed_on_the_card() {
        let card = vec![0x01, 0x00, 0x63, 0xE9, 0xAE];
        let written = |number: Number| number.of_bytes(card.clone());

        assert_eq!(written(HEX), "010063E9AE");
        assert_eq!(written(Number { bytes: Some(4), ..HEX }), "0063E9AE");
        assert_eq!(
            written(Number { bytes: Some(4), format: Format::Decimal, ..HEX }),
            "0006547886"
        );
        assert_eq!(written(Number { format: Format::Decimal, ..HEX }), "0004301515182");
        assert_eq!(written(Number { format: Format::Wiegand26, ..HEX }), "099-59822");
        assert_eq!(written(Number { byte_order: ByteOrder::Reversed, ..HEX }), "AEE9630001");
    }

    #[test]
    fn one_card_has_one_number_however_its_readers_write() {
        let wanted = Number { format: Format::Hex, bytes: Some(4), ..HEX };

        for (sent, number) in [
            ("0063e9ae", wanted),
            ("63E9AE", wanted),
            ("010063E9AE", wanted),
            ("AEE96300", Number { byte_order: ByteOrder::Reversed, ..wanted }),
            ("6547886", Number { sent_as: Written::Decimal, ..wanted }),
            ("0006547886", Number { sent_as: Written::Decimal, ..wanted }),
            (
                "2934530816",
                Number { sent_as: Written::Decimal, byte_order: ByteOrder::Reversed, ..wanted },
            ),
        ] {
            assert_eq!(number.of_text(sent), Ok("0063E9AE".to_owned()), "{sent}");
        }
    }

    #[test]
    fn text_as_it_is_sent_is_letters_and_digits() {
        let number = Number::default();

        assert_eq!(number.of_text("Gate007"), Ok("Gate007".to_owned()));
        for text in ["", "04-A1", "04 A1", "é", "04A1\0", &"1".repeat(65)] {
            assert_eq!(number.of_text(text), Err(Noise::NotANumber), "{text}");
        }
    }

    #[test]
    fn what_is_no_number_is_noise() {
        let decimal = Number { sent_as: Written::Decimal, bytes: Some(2), ..HEX };

        for (text, number) in [
            ("0G", HEX),
            (&"F".repeat(33), HEX),
            ("12A", decimal),
            ("65536", decimal),
            (&"9".repeat(40), decimal),
        ] {
            assert_eq!(number.of_text(text), Err(Noise::Digits), "{text}");
        }
    }
}
