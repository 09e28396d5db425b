//! What holds for any bytes, every card and every damage to its frame.

#![expect(clippy::disallowed_methods, reason = "an instant to count from")]

use std::time::{Duration, Instant};

use card_link::{
    ByteOrder, Decoder, Format, Framing, LineSettings, MAX_PENDING, Noise, Number, Settings,
};
use proptest::{
    collection::vec,
    prelude::*,
    sample::{Index, select},
};

proptest! {
    #[test]
    fn no_bytes_make_a_decoder_panic_or_grow(
        settings in any_settings(),
        chunks in vec((vec(byte(), 0..200), 0..1500_u64), 0..12),
    ) {
        let mut decoder = Decoder::new(settings);
        let mut now = Instant::now();

        for (bytes, pause) in chunks {
            now += Duration::from_millis(pause);
            let found = decoder.feed(&bytes, now);

            prop_assert!(decoder.pending() <= MAX_PENDING);
            prop_assert!(found.len() <= bytes.len() + 1);
        }
    }

    #[test]
    fn a_card_is_read_however_its_bytes_arrive(card in cards(), at in vec(any::<Index>(), 0..4)) {
        let mut decoder = Decoder::new(card.settings.clone());
        let now = Instant::now();
        let mut cuts: Vec<usize> = at.into_iter().map(|at| at.index(card.frame.len())).collect();
        cuts.sort_unstable();
        cuts.push(card.frame.len());

        let mut from = 0;
        let mut found = Vec::new();
        for to in cuts {
            found.extend(decoder.feed(&card.frame[from..to], now));
            from = to;
        }
        prop_assert_eq!(found, [Ok(card.number)]);
        prop_assert_eq!(decoder.pending(), 0);
    }

    #[test]
    fn a_frame_that_was_cut_is_not_the_beginning_of_the_next(
        [first, second] in pairs(&KINDS), at in any::<Index>(),
    ) {
        let mut decoder = Decoder::new(first.settings.clone());
        let now = Instant::now();
        let pause = first.settings.framing.pause();

        let lost = decoder.feed(first.cut(at), now);
        prop_assert!(numbers(&lost).is_empty(), "{lost:?}");
        let found = decoder.feed(&second.frame, now + pause);
        prop_assert_eq!(numbers(&found), [&second.number]);
    }

    #[test]
    fn where_a_beginning_can_be_seen_no_pause_is_needed(
        [first, second] in pairs(&[Kind::Rdm6300, Kind::Module, Kind::Stx, Kind::Sign]),
        at in any::<Index>(),
    ) {
        let bytes = [first.cut(at), &second.frame].concat();
        prop_assume!(!is_ambiguous(&bytes));
        let mut decoder = Decoder::new(first.settings);

        let found = decoder.feed(&bytes, Instant::now());
        prop_assert_eq!(numbers(&found), [&second.number]);
    }

    #[test]
    fn a_frame_without_its_beginning_is_no_card(
        [first, second] in pairs(&[Kind::Rdm6300, Kind::Module]), at in any::<Index>(),
    ) {
        let rest = &first.frame[1 + at.index(first.frame.len() - 1)..];
        let bytes = [rest, &second.frame].concat();
        prop_assume!(!is_ambiguous(&bytes));
        let mut decoder = Decoder::new(first.settings);

        let found = decoder.feed(&bytes, Instant::now());
        prop_assert_eq!(numbers(&found), [&second.number]);
    }

    #[test]
    fn a_flipped_bit_is_never_another_card(
        card in select(&KINDS[..4]).prop_flat_map(card),
    ) {
        for at in 0..card.frame.len() * 8 {
            let mut frame = card.frame.clone();
            frame[at / 8] ^= 1 << (at % 8);
            let found = Decoder::new(card.settings.clone()).feed(&frame, Instant::now());

            // A small letter may have become a capital one.
            prop_assert!(numbers(&found).iter().all(|number| **number == card.number), "{found:?}");
        }
    }
}

/// A card, as a reader that is set up so sends it.
#[derive(Debug, Clone)]
struct Card {
    settings: Settings,
    frame: Vec<u8>,
    number: String,
}

/// Readers that are there; the first four have something that is verified.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Rdm6300,
    Module,
    Wiegand26,
    Wiegand34,
    Plain,
    Stx,
    Sign,
}

const KINDS: [Kind; 7] = [
    Kind::Rdm6300,
    Kind::Module,
    Kind::Wiegand26,
    Kind::Wiegand34,
    Kind::Plain,
    Kind::Stx,
    Kind::Sign,
];

impl Card {
    /// Its frame, cut before it was whole.
    fn cut(&self, at: Index) -> &[u8] {
        let end = self.frame.iter().position(|byte| *byte == b'\r').unwrap_or(self.frame.len());

        &self.frame[..at.index(if self.settings.framing == Framing::Lines {
            end
        } else {
            self.frame.len()
        })]
    }
}

fn cards() -> impl Strategy<Value = Card> {
    select(&KINDS[..]).prop_flat_map(card)
}

/// Two cards at the same reader.
fn pairs(kinds: &'static [Kind]) -> impl Strategy<Value = [Card; 2]> {
    select(kinds).prop_flat_map(|kind| [card(kind), card(kind)])
}

fn card(kind: Kind) -> BoxedStrategy<Card> {
    match kind {
        Kind::Rdm6300 => any::<[u8; 5]>().prop_map(rdm6300).boxed(),
        Kind::Module => prop_oneof![
            any::<[u8; 5]>().prop_map(|number| module(0x02, &number)),
            any::<[u8; 4]>().prop_map(|number| module(0x01, &number)),
            any::<[u8; 7]>().prop_map(|number| module(0x01, &number)),
        ]
        .boxed(),
        Kind::Wiegand26 => {
            (0..1_u64 << 24).prop_map(|number| wiegand(Framing::Wiegand26, number, 24)).boxed()
        }
        Kind::Wiegand34 => {
            (0..1_u64 << 32).prop_map(|number| wiegand(Framing::Wiegand34, number, 32)).boxed()
        }
        Kind::Plain => "[0-9A-F]{8}".prop_map(|number| line("", &number, "\r\n")).boxed(),
        Kind::Stx => "[0-9A-F]{8}".prop_map(|number| line("\u{2}", &number, "\r\n\u{3}")).boxed(),
        Kind::Sign => "[0-9A-F]{8}".prop_map(|number| line("<", &number, ">\r")).boxed(),
    }
}

fn rdm6300(number: [u8; 5]) -> Card {
    let checksum = number.iter().fold(0, |sum, byte| sum ^ byte);
    let number = hex(&number);

    Card {
        settings: Settings { framing: Framing::Rdm6300, ..Settings::default() },
        frame: format!("\u{2}{number}{checksum:02x}\u{3}").into_bytes(),
        number,
    }
}

fn module(kind: u8, number: &[u8]) -> Card {
    let mut frame = vec![0x02, number.len() as u8 + 5, kind];
    frame.extend(number);
    frame.push(frame[1..].iter().fold(0, |sum, byte| sum ^ byte));
    frame.push(0x03);

    Card {
        settings: Settings { framing: Framing::BinaryModule, ..Settings::default() },
        frame,
        number: hex(number),
    }
}

fn wiegand(framing: Framing, number: u64, bits: u32) -> Card {
    let half = bits / 2;
    let (high, low) = (number >> half, number & ((1 << half) - 1));
    let even = u64::from(high.count_ones() % 2);
    let odd = u64::from(low.count_ones() % 2 == 0);
    let frame = (even << (bits + 1) | number << 1 | odd).to_be_bytes();
    let bytes = bits as usize / 8;

    Card {
        settings: Settings { framing, ..Settings::default() },
        frame: frame[8 - bytes - 1..].to_vec(),
        number: hex(&number.to_be_bytes()[8 - bytes..]),
    }
}

fn line(before: &str, number: &str, after: &str) -> Card {
    let lines = match before {
        "<" => LineSettings { prefix: "<".into(), suffix: ">".into(), ..LineSettings::default() },
        _ => LineSettings::default(),
    };

    Card {
        settings: Settings { lines, ..Settings::default() },
        frame: format!("{before}{number}{after}").into_bytes(),
        number: number.to_owned(),
    }
}

fn any_settings() -> impl Strategy<Value = Settings> {
    let lines = ("[<A]{0,2}", "[>Z]{0,2}", "[\r;]{0,4}", prop::option::of(1..65_u8)).prop_map(
        |(prefix, suffix, line_end, length)| LineSettings { prefix, suffix, line_end, length },
    );
    const FORMATS: [Format; 4] = [Format::AsSent, Format::Hex, Format::Decimal, Format::Wiegand26];
    let number = (select(&FORMATS[..]), any::<bool>(), prop::option::of(1..17_u8)).prop_map(
        |(format, reversed, bytes)| Number {
            format,
            byte_order: if reversed { ByteOrder::Reversed } else { ByteOrder::AsSent },
            bytes,
            ..Number::default()
        },
    );

    (select(&Framing::ALL[..]), lines, number).prop_map(|(framing, lines, number)| Settings {
        framing,
        lines,
        number,
    })
}

/// Any byte, and those that mean something more often.
fn byte() -> impl Strategy<Value = u8> {
    prop_oneof![any::<u8>(), select(&b"\x02\x03\r\n0123456789ABCDEF<>;\x05\x09\x0A\x01"[..])]
}

/// Whether there is more than one whole frame of a binary module in these bytes: a checksum of
/// eight bits fits by chance, now and then, where one frame runs into another.
fn is_ambiguous(bytes: &[u8]) -> bool {
    let is_whole = |frame: &[u8]| {
        let [0x02, _, 0x01 | 0x02, number @ .., _, 0x03] = frame else { return false };
        let checked = &frame[1..frame.len() - 1];
        frame[1] as usize == frame.len()
            && [4, 5, 7].contains(&number.len())
            && checked.iter().fold(0, |sum, byte| sum ^ byte) == 0
    };
    let frames = (0..bytes.len())
        .flat_map(|from| (from..=bytes.len()).map(move |to| &bytes[from..to]))
        .filter(|frame| is_whole(frame));

    frames.count() > 1
}

fn numbers(found: &[Result<String, Noise>]) -> Vec<&String> {
    found.iter().flatten().collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}
