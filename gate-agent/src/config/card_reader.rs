//! `gates.*.card_reader`: the card reader.

use std::{fmt, ops::RangeInclusive, time::Duration};

use card_link::{ByteOrder, Format, Framing, LineSettings, Number, Settings, Written};
use serde::Deserialize;
use service::config::ConfigError;

use super::{BAUD, SIMULATED, seconds, within};

const SAME_CARD_WITHIN: RangeInclusive<Duration> = seconds(0)..=seconds(60);

/// The card reader. `docs/card-readers.md` says how to find out what a reader needs.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CardReader {
    /// Where it is.
    pub port: ReaderPort,
    /// In bits a second; of no account where it is a keyboard.
    #[serde(default = "baud")]
    pub baud: u32,
    /// How it shows where a card begins and ends.
    #[serde(default)]
    pub framing: Framing,
    /// What stands before the number in a line.
    #[serde(default)]
    pub prefix: String,
    /// What stands after the number in a line.
    #[serde(default)]
    pub suffix: String,
    /// What ends a line, where it is not CR, LF or ETX.
    #[serde(default)]
    pub line_end: String,
    /// How many characters the number in a line has, where all have the same.
    pub length: Option<u8>,
    /// How the number is to be written.
    #[serde(default)]
    pub number: Format,
    /// How the reader writes it, where it sends lines and `number` says that another form is
    /// wanted.
    #[serde(default)]
    pub sent_as: Written,
    /// Which byte of the number it sends first.
    #[serde(default)]
    pub byte_order: ByteOrder,
    /// How many bytes the number has; of a longer one, the last ones count.
    pub bytes: Option<u8>,
    /// A card that is read again within this time is still held to the reader.
    #[serde(default = "same_card_within", with = "humantime_serde")]
    pub same_card_within: Duration,
}

/// Where a card reader is.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "Place")]
pub enum ReaderPort {
    /// Nowhere: it is simulated.
    Simulated,
    /// A serial port: `/dev/serial/by-id/…`, `COM17`.
    Serial(String),
    /// A reader that types like a keyboard: `/dev/input/by-id/…-event-kbd`. On Linux alone.
    Hid(String),
}

/// As it is written.
#[derive(Debug, Deserialize)]
#[serde(
    untagged,
    deny_unknown_fields,
    expecting = "a port is a name such as \"/dev/ttyUSB0\" or \"COM17\", the word \"simulated\", \
                 or { hid = \"/dev/input/by-id/…-event-kbd\" }"
)]
enum Place {
    Text(String),
    Hid { hid: String },
}

impl CardReader {
    /// A reader that sends lines at 9600 baud.
    pub fn at(port: ReaderPort) -> Self {
        let Settings { framing, lines, number } = Settings::default();

        Self {
            port,
            baud: baud(),
            framing,
            prefix: lines.prefix,
            suffix: lines.suffix,
            line_end: lines.line_end,
            length: lines.length,
            number: number.format,
            sent_as: number.sent_as,
            byte_order: number.byte_order,
            bytes: number.bytes,
            same_card_within: same_card_within(),
        }
    }

    pub(super) fn simulated() -> Self {
        Self::at(ReaderPort::Simulated)
    }

    /// What it sends, and what is wanted of it.
    pub fn settings(&self) -> Settings {
        Settings {
            framing: self.framing,
            lines: LineSettings {
                prefix: self.prefix.clone(),
                suffix: self.suffix.clone(),
                line_end: self.line_end.clone(),
                length: self.length,
            },
            number: Number {
                format: self.number,
                sent_as: self.sent_as,
                byte_order: self.byte_order,
                bytes: self.bytes,
            },
        }
    }

    pub(super) fn validate(&self, key: &str) -> Result<(), ConfigError> {
        within(format!("{key}.baud"), &self.baud, BAUD)?;
        within(format!("{key}.same_card_within"), &self.same_card_within, SAME_CARD_WITHIN)?;
        let refuse = |name: &str, reason: &str| {
            Err(ConfigError::Refused { key: format!("{key}.{name}"), reason: reason.to_owned() })
        };

        match &self.port {
            ReaderPort::Serial(name) if name.trim().is_empty() => {
                refuse("port", "name a serial port such as /dev/ttyUSB0 or COM17, or say simulated")
            }
            ReaderPort::Hid(_) if !cfg!(target_os = "linux") => refuse(
                "port",
                "readers that type like a keyboard are read on Linux alone: take one with a serial port",
            ),
            ReaderPort::Hid(path) if !path.starts_with('/') => refuse(
                "port.hid",
                "name the reader by its path, such as /dev/input/by-id/usb-…-event-kbd; `manless devices` lists them",
            ),
            ReaderPort::Hid(_) if self.framing != Framing::Lines => {
                refuse("framing", "a reader that types like a keyboard types lines")
            }
            ReaderPort::Simulated | ReaderPort::Serial(_) | ReaderPort::Hid(_) => {
                self.settings().check().or_else(|error| refuse(error.key, error.reason))
            }
        }
    }
}

impl From<Place> for ReaderPort {
    fn from(place: Place) -> Self {
        match place {
            Place::Text(text) if text == SIMULATED => Self::Simulated,
            Place::Text(text) => Self::Serial(text),
            Place::Hid { hid } => Self::Hid(hid),
        }
    }
}

impl fmt::Display for ReaderPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Simulated => f.pad(SIMULATED),
            Self::Serial(path) | Self::Hid(path) => f.pad(path),
        }
    }
}

fn baud() -> u32 {
    9600
}

fn same_card_within() -> Duration {
    Duration::from_secs(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_that_says_nothing_else_sends_lines() {
        let reader = read(r#"port = "COM17""#).unwrap();

        assert_eq!(reader, CardReader::at(ReaderPort::Serial("COM17".to_owned())));
        assert!(reader.validate("reader").is_ok());
        assert_eq!(read(r#"port = "simulated""#).unwrap().port, ReaderPort::Simulated);
    }

    #[test]
    fn what_makes_no_sense_together_is_refused_by_its_key() {
        for (toml, key) in [
            (r#"port = """#, "port"),
            (r#"port = { hid = "keyboard" }"#, "port.hid"),
            (r#"port = { hid = "/dev/input/event3" }, framing = "rdm6300""#, "framing"),
            (r#"port = "COM17", baud = 1"#, "baud"),
            (r#"port = "COM17", same_card_within = "2h""#, "same_card_within"),
            (r#"port = "COM17", framing = "rdm6300", prefix = "A""#, "framing"),
            (r#"port = "COM17", framing = "wiegand26", sent_as = "decimal""#, "sent_as"),
            (r#"port = "COM17", prefix = "\u0002""#, "prefix"),
            (r#"port = "COM17", length = 0"#, "length"),
            (r#"port = "COM17", line_end = "12345""#, "line_end"),
            (r#"port = "COM17", bytes = 4"#, "number"),
            (r#"port = "COM17", number = "hex", bytes = 17"#, "bytes"),
            (r#"port = "COM17", number = "hex", sent_as = "decimal""#, "bytes"),
        ] {
            let error = read(toml).unwrap().validate("reader").unwrap_err().to_string();
            assert!(error.contains(&format!("`reader.{key}`")), "{toml}: {error}");
        }
    }

    #[test]
    fn what_is_no_port_is_told_what_one_is() {
        for toml in ["port = 17", r#"port = { usb = "x" }"#, r#"port = { hid = "/x", usb = "y" }"#]
        {
            let error = read(toml).unwrap_err().to_string();
            assert!(error.contains("/dev/input/by-id/"), "{toml}: {error}");
        }
    }

    fn read(toml: &str) -> Result<CardReader, toml::de::Error> {
        toml::from_str::<Gate>(&format!("card_reader = {{ {toml} }}")).map(|gate| gate.card_reader)
    }

    #[derive(Debug, Deserialize)]
    struct Gate {
        card_reader: CardReader,
    }
}
