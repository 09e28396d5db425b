//! What the framings make of the bytes of a card, and what the configuration should say.

use std::{fmt, time::Instant};

use card_link::{
    ByteOrder, Decoder, Format, Framing, LineSettings, Noise, Number, Settings, Written,
};
use gate_agent::{CardReader, ReaderPort};

use super::place::Place;

/// So many bytes stand in a row.
const ROW: usize = 16;
/// A framing that verifies more comes first.
const BY_TRUST: [Framing; 5] = [
    Framing::Rdm6300,
    Framing::BinaryModule,
    Framing::Lines,
    Framing::Wiegand26,
    Framing::Wiegand34,
];
/// Numbers as they may be printed on a card, in the words of the configuration.
const FORMS: [(&str, Format, Option<u8>, ByteOrder); 6] = [
    (r#"number = "hex""#, Format::Hex, None, ByteOrder::AsSent),
    (r#"number = "hex", bytes = 4"#, Format::Hex, Some(4), ByteOrder::AsSent),
    (r#"number = "decimal", bytes = 4"#, Format::Decimal, Some(4), ByteOrder::AsSent),
    (r#"number = "decimal", bytes = 3"#, Format::Decimal, Some(3), ByteOrder::AsSent),
    (r#"number = "wiegand26""#, Format::Wiegand26, None, ByteOrder::AsSent),
    (
        r#"number = "decimal", bytes = 4, byte_order = "reversed""#,
        Format::Decimal,
        Some(4),
        ByteOrder::Reversed,
    ),
];

/// The bytes of one card, and what they may be.
#[derive(Debug)]
pub(crate) struct Judgement {
    bytes: Vec<u8>,
    configured: Option<Result<Vec<String>, Noise>>,
    tried: Vec<(Framing, Result<Vec<String>, Noise>)>,
    best: Option<Best>,
}

/// The framing that fits best.
#[derive(Debug)]
struct Best {
    settings: Settings,
    card: String,
    /// The same card in other forms.
    forms: Vec<(String, String)>,
}

impl Judgement {
    pub(crate) fn of(bytes: &[u8], place: &Place) -> Self {
        let tried: Vec<_> = BY_TRUST
            .iter()
            .map(|framing| {
                (*framing, read(bytes, &Settings { framing: *framing, ..Settings::default() }))
            })
            .collect();
        let fits = tried.iter().find_map(|(framing, cards)| {
            let card = cards.as_ref().ok()?.first()?.clone();
            Some((Settings { framing: *framing, ..Settings::default() }, card))
        });
        let best =
            fits.or_else(|| around(bytes)).map(|(settings, card)| Best::new(bytes, settings, card));

        Self {
            bytes: bytes.to_vec(),
            configured: place.configured.as_ref().map(|settings| read(bytes, settings)),
            tried,
            best,
        }
    }

    /// What to put into the configuration; nothing, where nothing fits.
    pub(crate) fn suggestion(&self, reader: &CardReader) -> String {
        let Some(Best { settings, card, .. }) = &self.best else { return String::new() };
        let port = match &reader.port {
            ReaderPort::Hid(path) => format!("{{ hid = {path:?} }}"),
            ReaderPort::Serial(_) | ReaderPort::Simulated => {
                format!("{:?}", reader.port.to_string())
            }
        };
        let baud = match (&reader.port, reader.baud) {
            (ReaderPort::Hid(_), _) | (_, 9600) => String::new(),
            (_, baud) => format!(", baud = {baud}"),
        };
        let framing = if settings.framing == Framing::Lines {
            line_keys(&settings.lines, card)
        } else {
            format!(", framing = \"{}\"", settings.framing.as_str())
        };

        format!(
            "\nIn [gates.NAME], with the form of the number that is printed on the card, or none of them:\n\n  \
             card_reader = {{ port = {port}{baud}{framing} }}\n\n"
        )
    }
}

impl Best {
    fn new(bytes: &[u8], settings: Settings, card: String) -> Self {
        // Nobody can tell whether digits alone are decimal; most readers that send them mean so.
        let is_decimal =
            settings.framing == Framing::Lines && card.bytes().all(|byte| byte.is_ascii_digit());
        let (sent_as, before) = match is_decimal {
            true => (Written::Decimal, "sent_as = \"decimal\", "),
            false => (Written::Hex, ""),
        };
        let mut forms: Vec<(String, String)> = Vec::new();

        for (words, format, count, byte_order) in FORMS {
            let number = Number { format, sent_as, byte_order, bytes: count };
            let cards = read(bytes, &Settings { number, ..settings.clone() });
            let Some(form) = cards.ok().and_then(|cards| cards.first().cloned()) else { continue };
            if form != card && !forms.iter().any(|(_, known)| *known == form) {
                forms.push((format!("{before}{words}"), form));
            }
        }

        Self { settings, card, forms }
    }
}

impl fmt::Display for Judgement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\n{} bytes", self.bytes.len())?;
        for row in self.bytes.chunks(ROW) {
            let hex: String = row.iter().map(|byte| format!("{byte:02x} ")).collect();
            let text: String = row.iter().map(|byte| shown(*byte)).collect();
            writeln!(f, "  {hex:<48} {text}")?;
        }

        if let Some(configured) = &self.configured {
            writeln!(f, "  {:<15}{}", "as configured", Made(configured))?;
        }
        for (framing, made) in &self.tried {
            writeln!(f, "  {:<15}{}", framing.as_str(), Made(made))?;
        }

        match &self.best {
            None => writeln!(
                f,
                "  Nothing fits. If the bytes differ each time for the same card, try another --baud: 4800, 19200, 38400, 57600, 115200."
            ),
            Some(Best { forms, .. }) => forms
                .iter()
                .try_for_each(|(words, form)| writeln!(f, "    {form:<24} with {words}")),
        }
    }
}

/// What a framing made of the bytes.
struct Made<'a>(&'a Result<Vec<String>, Noise>);

impl fmt::Display for Made<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Ok(cards) => write!(f, "card {}", cards.join(", ")),
            Err(noise) => write!(f, "no: {noise}"),
        }
    }
}

/// The cards in these bytes, each once, where there is nothing else in them.
fn read(bytes: &[u8], settings: &Settings) -> Result<Vec<String>, Noise> {
    let mut decoder = Decoder::new(settings.clone());
    let mut cards: Vec<String> = Vec::new();

    for found in decoder.feed(bytes, Instant::now()) {
        let card = found?;
        if !cards.contains(&card) {
            cards.push(card);
        }
    }

    if cards.is_empty() || decoder.pending() > 0 { Err(Noise::Cut) } else { Ok(cards) }
}

/// A line with words around its number: the last group of letters and digits with a digit in it.
fn around(bytes: &[u8]) -> Option<(Settings, String)> {
    let text = str::from_utf8(bytes).ok()?;
    let line =
        text.split(['\r', '\n', '\u{2}', '\u{3}']).find(|line| !line.trim().is_empty())?.trim();
    let is_sign = |c: char| !c.is_ascii_alphanumeric();
    let number = line
        .split(is_sign)
        .rfind(|part| part.len() >= 4 && part.contains(|c: char| c.is_ascii_digit()))?;
    let at = line.rfind(number)?;
    let lines = LineSettings {
        prefix: line[..at].to_owned(),
        suffix: line[at + number.len()..].to_owned(),
        ..LineSettings::default()
    };
    let settings = Settings { lines, ..Settings::default() };

    let card = read(bytes, &settings).ok()?.first()?.clone();
    settings.check().is_ok().then_some((settings, card))
}

fn line_keys(lines: &LineSettings, card: &str) -> String {
    let part = |key: &str, text: &str| match text {
        "" => String::new(),
        text => format!(", {key} = {text:?}"),
    };

    format!(
        "{}{}, length = {}",
        part("prefix", &lines.prefix),
        part("suffix", &lines.suffix),
        card.len()
    )
}

fn shown(byte: u8) -> char {
    if byte.is_ascii_graphic() || byte == b' ' { char::from(byte) } else { '.' }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_rdm6300_is_told_from_a_line_by_its_checksum() {
        let judgement = judge(b"\x02010063E9AE25\x03\x02010063E9AE25\x03");
        let text = judgement.to_string();

        assert!(text.contains("rdm6300        card 010063E9AE\n"), "{text}");
        assert!(
            text.contains("0006547886               with number = \"decimal\", bytes = 4"),
            "{text}"
        );
        assert!(text.contains("099-59822                with number = \"wiegand26\""), "{text}");
        let suggestion = judgement.suggestion(&reader());
        assert!(
            suggestion.contains(r#"card_reader = { port = "/dev/ttyUSB1", framing = "rdm6300" }"#),
            "{suggestion}"
        );
    }

    #[test]
    fn a_line_is_suggested_with_its_length() {
        let suggestion = judge(b"04A1B2C3\r\n").suggestion(&reader());

        assert!(suggestion.contains(r#"{ port = "/dev/ttyUSB1", length = 8 }"#), "{suggestion}");
    }

    #[test]
    fn words_around_a_number_are_found() {
        let judgement = judge(b"ID=<04A1B2C3> ok\r\n");
        let suggestion = judgement.suggestion(&reader());

        assert!(
            suggestion.contains(r#"prefix = "ID=<", suffix = "> ok", length = 8"#),
            "{suggestion}"
        );
    }

    #[test]
    fn a_wiegand_in_bytes_is_known() {
        let suggestion = judge(b"\x03\xA8\x37\x02").suggestion(&reader());

        assert!(suggestion.contains(r#"framing = "wiegand26""#), "{suggestion}");
    }

    #[test]
    fn where_nothing_fits_another_baud_rate_is_advised() {
        let judgement = judge(b"\xF8\x00\x80\xFE");

        assert!(judgement.to_string().contains("try another --baud"), "{judgement}");
        assert_eq!(judgement.suggestion(&reader()), "");
    }

    #[test]
    fn a_reader_that_types_is_suggested_as_one() {
        let reader = CardReader::at(ReaderPort::Hid("/dev/input/by-id/x".to_owned()));
        let suggestion = judge(b"0006547886\n").suggestion(&reader);

        assert!(
            suggestion.contains(r#"{ port = { hid = "/dev/input/by-id/x" }, length = 10 }"#),
            "{suggestion}"
        );
    }

    #[test]
    fn digits_alone_are_taken_for_decimal() {
        let text = judge(b"0006547886\r\n").to_string();

        assert!(
            text.contains(
                "0063E9AE                 with sent_as = \"decimal\", number = \"hex\", bytes = 4"
            ),
            "{text}"
        );
    }

    fn judge(bytes: &[u8]) -> Judgement {
        Judgement::of(bytes, &Place { reader: reader(), configured: None })
    }

    fn reader() -> CardReader {
        CardReader::at(ReaderPort::Serial("/dev/ttyUSB1".to_owned()))
    }
}
