//! What the agents have said: every journaled event of every gate, in the order of its number.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

/// The events of all gates, and what was wrong with how they came.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    gates: BTreeMap<String, Pages>,
    /// The final answer to each command.
    answers: HashMap<String, String>,
    wrong: Vec<String>,
}

/// The journal of one gate, as it was published.
#[derive(Debug, Default)]
pub(crate) struct Pages {
    journal: Option<String>,
    /// The event with the number `index + 1`, and how often it came.
    events: Vec<(Vec<u8>, u64)>,
    came_again: u64,
}

/// What counts of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Event {
    /// `card_detected`, `parking_entry`, …, and for a `parking_event` which one.
    pub(crate) name: String,
    pub(crate) card: Option<String>,
    pub(crate) event_id: Option<String>,
}

impl Ledger {
    /// Enters a message of a gate. One without a number is no event.
    pub(crate) fn enter(&mut self, gate: &str, bytes: &[u8], message: &Value) {
        if let Some(number) = message["seq"].as_u64() {
            let journal = message["journal"].as_str().unwrap_or_default();
            let pages = self.gates.entry(gate.to_owned()).or_default();
            if let Err(wrong) = pages.enter(journal, number, bytes) {
                self.wrong.push(format!("{gate}: {wrong}"));
            }
        } else if message["type"] == "gate_control_response" {
            self.enter_answer(gate, message);
        }
    }

    pub(crate) fn pages(&self, gate: &str) -> Option<&Pages> {
        self.gates.get(gate)
    }

    /// What was wrong with how the events came.
    pub(crate) fn wrong(&self) -> &[String] {
        &self.wrong
    }

    fn enter_answer(&mut self, gate: &str, message: &Value) {
        let payload = &message["payload"];
        let text = |key: &str| payload[key].as_str().unwrap_or_default().to_owned();
        let (id, status) = (text("command_id"), text("status"));
        if matches!(status.as_str(), "accepted" | "executing") {
            return;
        }

        // An answer that was not acknowledged when the broker went away comes again.
        let first = self.answers.entry(id.clone()).or_insert_with(|| status.clone());
        if *first != status {
            self.wrong.push(format!("{gate}: command {id} {first}, and then {status}"));
        }
    }
}

impl Pages {
    fn enter(&mut self, journal: &str, number: u64, bytes: &[u8]) -> Result<(), String> {
        let known = self.journal.get_or_insert_with(|| journal.to_owned());
        if known != journal {
            return Err(format!("event {number} is of another journal"));
        }

        let next = self.last() + 1;
        let place = number.checked_sub(1).ok_or("an event has the number 0")?;
        let place = usize::try_from(place).map_err(|error| error.to_string())?;
        match self.events.get_mut(place) {
            Some((known, times)) => {
                *times += 1;
                self.came_again += u64::from(*times == 2);
                let same = known == bytes;
                same.then_some(()).ok_or_else(|| format!("event {number} came again, changed"))
            }
            None if number == next => {
                self.events.push((bytes.to_vec(), 1));
                Ok(())
            }
            None => {
                // Told once, rather than at every event from here on.
                self.events.resize(place, (Vec::new(), 0));
                self.events.push((bytes.to_vec(), 1));
                Err(format!("after event {} came {number}", next - 1))
            }
        }
    }

    /// The number of the last event.
    pub(crate) fn last(&self) -> u64 {
        self.events.len() as u64
    }

    /// How many events came more than once.
    pub(crate) fn came_again(&self) -> u64 {
        self.came_again
    }

    pub(crate) fn events(&self) -> impl Iterator<Item = Event> {
        self.events.iter().filter_map(|(bytes, _)| Event::read(bytes))
    }
}

impl Event {
    fn read(bytes: &[u8]) -> Option<Self> {
        let message: Value = serde_json::from_slice(bytes).ok()?;
        let payload = &message["payload"];
        let text = |value: &Value| value.as_str().map(ToOwned::to_owned);
        let kind = text(&message["type"])?;
        let name = match kind.as_str() {
            "parking_event" => text(&payload["event"])?,
            "card_detected" => text(&payload["decision"])?,
            _ => kind,
        };

        Some(Self { name, card: text(&payload["card_id"]), event_id: text(&payload["event_id"]) })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn events_in_order_are_fine_and_so_is_one_that_comes_again() {
        let ledger = told(&[(1, "a"), (2, "b"), (1, "a"), (3, "c")]);

        assert_eq!(ledger.wrong(), [""; 0]);
        let pages = ledger.pages("gate_in_1").unwrap();
        assert_eq!((pages.last(), pages.came_again()), (3, 1));
    }

    #[test]
    fn a_gap_is_told_of_once() {
        let ledger = told(&[(1, "a"), (4, "d"), (5, "e")]);

        assert_eq!(ledger.wrong(), ["gate_in_1: after event 1 came 4"]);
    }

    #[test]
    fn an_event_that_changes_is_told_of() {
        let ledger = told(&[(1, "a"), (1, "b")]);

        assert_eq!(ledger.wrong(), ["gate_in_1: event 1 came again, changed"]);
    }

    #[test]
    fn a_second_outcome_of_a_command_is_told_of() {
        let mut ledger = Ledger::default();
        let answer = |status| {
            json!({
                "type": "gate_control_response",
                "payload": { "command_id": "c", "status": status },
            })
        };

        for status in ["accepted", "executing", "succeeded", "succeeded"] {
            ledger.enter("gate_in_1", b"", &answer(status));
        }
        assert_eq!(ledger.wrong(), [""; 0]);
        ledger.enter("gate_in_1", b"", &answer("failed"));
        assert_eq!(ledger.wrong(), ["gate_in_1: command c succeeded, and then failed"]);
    }

    /// A ledger of one gate with these events: type or name, and card.
    pub(crate) fn ledger_of(events: &[(&str, &str)]) -> Ledger {
        let mut ledger = Ledger::default();
        for (index, (name, card)) in events.iter().enumerate() {
            let kind = match *name {
                "granted" | "denied_card" => "card_detected",
                "parking_entry" => "parking_entry",
                _ => "parking_event",
            };
            let id = format!("id of {card}");
            let message = json!({
                "type": kind,
                "journal": "j",
                "seq": index + 1,
                "payload": { "event": name, "decision": name, "card_id": card, "event_id": id },
            });
            ledger.enter("gate_in_1", message.to_string().as_bytes(), &message);
        }

        ledger
    }

    fn told(events: &[(u64, &str)]) -> Ledger {
        let mut ledger = Ledger::default();
        for (seq, bytes) in events {
            let message = json!({ "type": "parking_event", "journal": "j", "seq": seq });
            ledger.enter("gate_in_1", bytes.as_bytes(), &message);
        }

        ledger
    }
}
