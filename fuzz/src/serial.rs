//! Bytes of a serial line, in pieces as they happen to arrive.

use std::{
    fmt::{Debug, Display},
    str::FromStr,
    time::{Duration, Instant},
};

use arbitrary::Arbitrary;
use barrier_link::{Checksums, LineDecoder, LineError, Order, Report, to_line};
use card_link::{
    ByteOrder, Decoder, Format, Framing, LineSettings, MAX_CARD, MAX_PENDING, Number, Settings,
    Written,
};

/// What a line brings, and how the reader at its end is set up.
#[derive(Debug, Arbitrary)]
pub struct Line {
    framing: u8,
    format: u8,
    order: bool,
    decimal: bool,
    bytes: Option<u8>,
    length: Option<u8>,
    prefix: Option<u8>,
    pieces: Vec<(Vec<u8>, u16)>,
}

/// Reads the line as that of a card reader and as that of a barrier controller.
///
/// # Panics
///
/// A decoder grows, depends on where the pieces were cut, or does not read what it writes.
pub fn check(line: &Line) {
    check_cards(line);
    check_lines::<Report>(line);
    check_lines::<Order>(line);
}

fn check_cards(line: &Line) {
    let settings = line.settings();
    if settings.check().is_err() {
        return;
    }
    let (mut whole, mut split) = (Decoder::new(settings.clone()), Decoder::new(settings));
    let mut now = Instant::now();

    for (piece, pause) in &line.pieces {
        now += Duration::from_millis(u64::from(*pause));
        if piece.is_empty() {
            continue;
        }
        let found = whole.feed(piece, now);
        let mut found_split = Vec::new();
        for byte in piece.chunks(1) {
            found_split.extend(split.feed(byte, now));
        }

        assert_eq!(found, found_split, "it matters where the bytes were cut");
        assert!(whole.pending() <= MAX_PENDING);
        assert!(found.len() <= piece.len() + 1);
        for card in found.iter().flatten() {
            assert!((1..=MAX_CARD).contains(&card.chars().count()), "{card:?}");
            assert!(!card.chars().any(char::is_control), "{card:?}");
        }
    }
}

fn check_lines<T>(line: &Line)
where
    T: FromStr<Err = LineError> + Display + PartialEq + Debug,
{
    let mut decoder = LineDecoder::<T>::new(Checksums::Required);

    for (piece, _) in &line.pieces {
        for body in decoder.feed(piece).flatten() {
            let written = to_line(&body);
            let mut reader = LineDecoder::new(Checksums::Required);
            let again: Vec<Result<T, _>> = reader.feed(written.as_bytes()).collect();

            assert_eq!(again, [Ok(body)], "{written:?}");
        }
    }
}

impl Line {
    fn settings(&self) -> Settings {
        let framing = Framing::ALL[usize::from(self.framing) % Framing::ALL.len()];
        let is_text = framing == Framing::Lines;
        let formats = [Format::AsSent, Format::Hex, Format::Decimal, Format::Wiegand26];

        Settings {
            framing,
            lines: LineSettings {
                prefix: self
                    .prefix
                    .filter(|_| is_text)
                    .map(|c| char::from(c).to_string())
                    .unwrap_or_default(),
                length: self.length.filter(|_| is_text),
                ..LineSettings::default()
            },
            number: Number {
                format: formats[usize::from(self.format) % formats.len()],
                sent_as: if self.decimal { Written::Decimal } else { Written::Hex },
                byte_order: if self.order { ByteOrder::Reversed } else { ByteOrder::default() },
                bytes: self.bytes,
            },
        }
    }
}
