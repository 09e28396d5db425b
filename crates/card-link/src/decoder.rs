//! Bytes to numbers: the framing puts frames together, the number is written as it is wanted.

use std::time::Instant;

use crate::{
    Format, Framing, LineSettings, Noise, Number, Written, lines::Lines, module::Module,
    rdm6300::Rdm6300, wiegand::Wiegand,
};

/// What a reader sends, and what is wanted of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// How the reader shows where a card begins and ends.
    pub framing: Framing,
    /// What a line looks like; of no account in other framings.
    pub lines: LineSettings,
    /// How the number is written.
    pub number: Number,
}

/// Each setting is possible, and together they make no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct SettingsError {
    /// The setting.
    pub key: &'static str,
    /// What is wrong with it, and what to do.
    pub reason: &'static str,
}

/// Turns the bytes of one reader, as they arrive, into numbers of cards.
#[derive(Debug, Clone)]
pub struct Decoder {
    settings: Settings,
    framer: Framer,
    last: Option<Instant>,
}

#[derive(Debug, Clone)]
enum Framer {
    Lines(Lines),
    Rdm6300(Rdm6300),
    Module(Module),
    Wiegand(Wiegand),
}

impl Settings {
    /// Checks what a type cannot say.
    ///
    /// # Errors
    ///
    /// A setting has no effect beside the others, or cannot have any.
    pub fn check(&self) -> Result<(), SettingsError> {
        let refuse = |key, reason| Err(SettingsError { key, reason });
        let Self { framing, lines, number } = self;
        let is_text = *framing == Framing::Lines;

        if !is_text && *lines != LineSettings::default() {
            return refuse(
                "framing",
                "prefix, suffix, line_end and length are for lines alone: take them away, or set framing = \"lines\"",
            );
        }
        for (key, part, longest) in [
            ("prefix", &lines.prefix, LineSettings::LONGEST_PART),
            ("suffix", &lines.suffix, LineSettings::LONGEST_PART),
            ("line_end", &lines.line_end, LineSettings::LONGEST_END),
        ] {
            if part.len() > longest {
                return refuse(key, "at most 32 bytes, and 4 for line_end");
            }
            if key != "line_end" && part.bytes().any(|byte| byte.is_ascii_control()) {
                return refuse(key, "no control characters: STX, ETX, CR and LF are known anyway");
            }
        }
        if lines.length.is_some_and(|length| !(1..=64).contains(&length)) {
            return refuse("length", "1 to 64 characters");
        }
        if number.bytes.is_some_and(|bytes| !(1..=16).contains(&bytes)) {
            return refuse("bytes", "1 to 16 bytes");
        }

        number.check(is_text)
    }
}

impl Number {
    fn check(&self, is_text: bool) -> Result<(), SettingsError> {
        let refuse = |key, reason| Err(SettingsError { key, reason });

        if is_text && self.format == Format::AsSent && *self != Self::default() {
            return refuse(
                "number",
                "sent_as, byte_order and bytes change nothing while a line is taken as it is sent: say what is wanted, number = \"hex\", \"decimal\" or \"wiegand26\"",
            );
        }
        if is_text && self.sent_as == Written::Decimal && self.bytes.is_none() {
            return refuse(
                "bytes",
                "say how many bytes the decimal number has: 3 for 8 digits, 4 for 10",
            );
        }
        if !is_text && self.sent_as != Written::default() {
            return refuse("sent_as", "it is for lines alone: other readers send bytes");
        }

        Ok(())
    }
}

impl Decoder {
    /// For a line that was just opened.
    pub fn new(settings: Settings) -> Self {
        let framer = Framer::new(&settings);

        Self { settings, framer, last: None }
    }

    /// The cards that these bytes complete, and what among them is none, in order.
    pub fn feed(&mut self, bytes: &[u8], now: Instant) -> Vec<Result<String, Noise>> {
        let mut found = Vec::new();
        let pause = self.settings.framing.pause();
        if self.last.is_some_and(|last| now.saturating_duration_since(last) >= pause) {
            found.extend(self.framer.cut().map(Err));
        }
        if !bytes.is_empty() {
            self.last = Some(now);
        }

        for byte in bytes {
            self.framer.push(*byte, &self.settings.number, &mut found);
        }

        found
    }

    /// Forgets half a frame: another reader may be at the other end.
    pub fn reset(&mut self) {
        *self = Self::new(self.settings.clone());
    }

    /// How many bytes wait for the end of their frame; at most [`MAX_PENDING`](crate::MAX_PENDING).
    pub fn pending(&self) -> usize {
        match &self.framer {
            Framer::Lines(lines) => lines.pending(),
            Framer::Rdm6300(frame) => frame.pending(),
            Framer::Module(frame) => frame.pending(),
            Framer::Wiegand(frame) => frame.pending(),
        }
    }
}

impl Framer {
    fn new(settings: &Settings) -> Self {
        match settings.framing {
            Framing::Lines => Self::Lines(Lines::new(settings.lines.clone())),
            Framing::Rdm6300 => Self::Rdm6300(Rdm6300::default()),
            Framing::BinaryModule => Self::Module(Module::default()),
            Framing::Wiegand26 => Self::Wiegand(Wiegand::of_26()),
            Framing::Wiegand34 => Self::Wiegand(Wiegand::of_34()),
        }
    }

    fn push(&mut self, byte: u8, number: &Number, found: &mut Vec<Result<String, Noise>>) {
        let mut bytes = Vec::new();
        match self {
            Self::Lines(lines) => {
                let mut texts = Vec::new();
                lines.push(byte, &mut texts);
                let numbers =
                    texts.into_iter().map(|text| text.and_then(|text| number.of_text(&text)));
                return found.extend(numbers);
            }
            Self::Rdm6300(frame) => frame.push(byte, &mut bytes),
            Self::Module(frame) => frame.push(byte, &mut bytes),
            Self::Wiegand(frame) => frame.push(byte, &mut bytes),
        }

        found.extend(bytes.into_iter().map(|bytes| bytes.map(|bytes| number.of_bytes(bytes))));
    }

    fn cut(&mut self) -> Option<Noise> {
        match self {
            Self::Lines(lines) => lines.cut(),
            Self::Rdm6300(frame) => frame.cut(),
            Self::Module(frame) => frame.cut(),
            Self::Wiegand(frame) => frame.cut(),
        }
    }
}
