//! What is published: an event of a gate as the contract has it, of a certain length, with a new id each time.

/// Digits of the number in the id of a message.
const DIGITS: usize = 12;

/// An event of one gate.
#[derive(Debug, Clone)]
pub(super) struct Message {
    topic: String,
    payload: Vec<u8>,
    id_at: usize,
}

impl Message {
    /// An event of `gate` that has `len` bytes; at least those that it needs.
    pub(super) fn of(gate: &str, len: usize) -> Self {
        let around = |detail: &str| {
            format!(
                r#"{{"type":"parking_event","payload":{{"event":"entry","card_id":"04A1B2C3","detail":"{detail}"}},"gate_id":"{gate}","timestamp":"2024-01-20T10:30:00Z","id":"0190a5b2-7c3e-7d4f-8a9b-000000000000"}}"#
            )
        };
        let bare = around("").len();
        let payload = around(&"x".repeat(len.saturating_sub(bare))).into_bytes();
        let id_at = payload.len() - DIGITS - 2;

        Self { topic: format!("parking/{gate}/parking_event"), payload, id_at }
    }

    pub(super) fn topic(&self) -> &str {
        &self.topic
    }

    pub(super) fn len(&self) -> usize {
        self.payload.len()
    }

    /// The same with the id number `n`.
    pub(super) fn numbered(&mut self, n: u64) -> &[u8] {
        let digits = format!("{n:0DIGITS$}");
        self.payload[self.id_at..self.id_at + DIGITS].copy_from_slice(digits.as_bytes());

        &self.payload
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_has_the_length_and_the_id_that_it_should() {
        let mut message = Message::of("gate_in", 300);
        let text = String::from_utf8(message.numbered(42).to_vec()).unwrap();
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();

        assert_eq!(text.len(), 300);
        assert_eq!(json["id"], "0190a5b2-7c3e-7d4f-8a9b-000000000042");
        assert_eq!(json["gate_id"], "gate_in");
        assert_eq!(message.topic(), "parking/gate_in/parking_event");
    }
}
