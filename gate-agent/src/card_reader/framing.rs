//! Bytes of a reader to cards: one line of text is one card.

/// The longest number that a reader writes; what is longer is noise.
const MAX_CARD: usize = 64;

/// Cuts lines, ended by CR, LF or both.
#[derive(Debug, Default)]
pub(crate) struct Framing {
    line: Vec<u8>,
    /// Lines that cannot be a card.
    garbage: u64,
}

impl Framing {
    /// The cards that these bytes complete.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Vec<String> {
        bytes.iter().filter_map(|byte| self.push(*byte)).collect()
    }

    fn push(&mut self, byte: u8) -> Option<String> {
        if !matches!(byte, b'\r' | b'\n') {
            // One more than fits shows that the line is too long.
            if self.line.len() <= MAX_CARD {
                self.line.push(byte);
            }
            return None;
        }

        let line = std::mem::take(&mut self.line);
        let card = line.trim_ascii();
        if card.is_empty() {
            return None;
        }
        if line.len() > MAX_CARD || !card.iter().all(u8::is_ascii_alphanumeric) {
            self.garbage += 1;
            tracing::debug!(garbage = self.garbage, "Noise from the card reader");
            return None;
        }

        String::from_utf8(card.to_vec()).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_card_however_it_ends_and_arrives() {
        for bytes in [b"04A1B2\r\n".as_slice(), b"04A1B2\n", b"\r\n04A1B2\r", b" 04A1B2 \n"] {
            let mut framing = Framing::default();
            let cards: Vec<String> = bytes.iter().flat_map(|byte| framing.feed(&[*byte])).collect();

            assert_eq!(cards, ["04A1B2"]);
        }
    }

    #[test]
    fn garbage_is_counted_and_is_never_a_card() {
        let mut framing = Framing::default();

        let long = "1".repeat(65);
        for noise in ["\u{1}\u{2}\u{3}", "04-A1", "04 A1", "é", "04A1\0", &long] {
            assert_eq!(framing.feed(format!("{noise}\n").as_bytes()), Vec::<String>::new());
        }
        assert_eq!(framing.garbage, 6);
        assert_eq!(framing.feed(b"0009\n"), ["0009"]);
    }
}
