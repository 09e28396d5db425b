//! What is known of the gates: the latest states, and what happened.

use std::collections::{BTreeMap, VecDeque};

use schemas::{
    Body, GateStatus, HardwareStatus, MessageType, Report, Source, SystemState, SystemStatus,
    Timestamp,
};

use super::{feed::Update, words};

/// Older events are forgotten.
const EVENTS: usize = 500;
/// More gates than this are no site, and are not shown.
const GATES: usize = 1000;

/// What is known of a site.
#[derive(Debug, Default)]
pub(crate) struct Site {
    pub(crate) gates: BTreeMap<String, Gate>,
    /// The newest last.
    pub(crate) events: VecDeque<Entry>,
    /// Why the broker is not there; `None` where it is.
    pub(crate) lost: Option<String>,
    pub(crate) connected: bool,
}

/// The latest states of a gate.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    pub(crate) system: Option<SystemStatus>,
    pub(crate) status: Option<GateStatus>,
    pub(crate) hardware: Option<HardwareStatus>,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) time: Timestamp,
    pub(crate) gate: String,
    pub(crate) kind: MessageType,
    pub(crate) text: String,
}

impl Site {
    /// Takes something new; what is worth a line of its own comes back.
    pub(crate) fn take(&mut self, update: Update) -> Option<Entry> {
        match update {
            Update::Connected => {
                (self.connected, self.lost) = (true, None);
                None
            }
            Update::Lost(reason) => {
                (self.connected, self.lost) = (false, Some(reason));
                None
            }
            Update::Said(report, text) => self.hear(*report, text),
        }
    }

    fn hear(&mut self, report: Report, text: String) -> Option<Entry> {
        let Source::Gate(gate) = &report.source else { return None };
        let name = gate.to_string();
        if self.gates.len() == GATES && !self.gates.contains_key(&name) {
            return None;
        }

        let kind = report.topic().message_type();
        let text =
            if let Body::HardwareStatus(status) = &report.body { devices(status) } else { text };
        let is_news = self.gates.entry(name.clone()).or_default().hear(report.body);
        let entry = Entry { time: report.timestamp, gate: name, kind, text };
        if is_news {
            if self.events.len() == EVENTS {
                self.events.pop_front();
            }
            self.events.push_back(entry.clone());
        }

        is_news.then_some(entry)
    }
}

impl Gate {
    /// Whether it was something new, and not the same state once more.
    fn hear(&mut self, body: Body) -> bool {
        match body {
            Body::SystemStatus(status) => {
                // What an agent that is gone left behind says nothing about the one that is there.
                let is_stale = status.state == SystemState::Offline
                    && self.system.as_ref().is_some_and(|known| known.boot != status.boot);
                let is_new = !is_stale
                    && self.system.as_ref().is_none_or(|known| known.state != status.state);
                if !is_stale {
                    self.system = Some(status);
                }
                is_new
            }
            Body::HardwareStatus(status) => {
                let is_new = self.hardware.as_ref().is_none_or(|known| has_changed(known, &status));
                self.hardware = Some(status);
                is_new
            }
            Body::GateStatus(status) => replace(&mut self.status, status),
            Body::CardDetected(_)
            | Body::ParkingEntry(_)
            | Body::ParkingExit(_)
            | Body::ParkingEvent(_)
            | Body::ImageCaptured(_)
            | Body::Error(_)
            | Body::GateControlResponse(_)
            | Body::CameraControlResponse(_) => true,
        }
    }
}

/// Which devices are there, and what is wrong with them.
fn devices(status: &HardwareStatus) -> String {
    let HardwareStatus { camera, card_reader, arduino } = status;
    let device = |name: &str, connected: bool, detail: &Option<String>| {
        let there = if connected { "there" } else { "missing" };
        let detail = detail.as_ref().map(|detail| format!(" ({})", words::plain(detail)));
        format!("{name} {there}{}", detail.unwrap_or_default())
    };

    [
        device("barrier", arduino.connected, &arduino.detail),
        device("reader", card_reader.connected, &card_reader.detail),
        device("camera", camera.connected, &camera.detail),
    ]
    .join(", ")
}

/// Whether anything has changed that `gate_status` does not say as well.
fn has_changed(known: &HardwareStatus, latest: &HardwareStatus) -> bool {
    let mut known = known.clone();
    known.arduino.gate_status = latest.arduino.gate_status;
    known.arduino.vehicle_present = latest.arduino.vehicle_present;

    known != *latest
}

fn replace<T: PartialEq>(known: &mut Option<T>, latest: T) -> bool {
    let is_new = known.as_ref() != Some(&latest);
    *known = Some(latest);

    is_new
}

#[cfg(test)]
mod tests {
    use super::*;
    use schemas::{Message, Topic};

    #[test]
    fn a_state_that_is_said_again_is_no_news() {
        let mut site = Site::default();
        let closed = r#"{"status":"closed","mode":"auto"}"#;

        assert!(site.take(said("gate_status", closed)).is_some());
        assert!(site.take(said("gate_status", closed)).is_none());
        assert!(site.take(said("gate_status", r#"{"status":"open","mode":"auto"}"#)).is_some());
        assert_eq!(site.events.len(), 2);
    }

    #[test]
    fn the_last_will_of_another_boot_is_not_believed() {
        let mut site = Site::default();

        site.take(said("system_status", r#"{"state":"online","boot":"b2"}"#));
        assert!(site.take(said("system_status", r#"{"state":"offline","boot":"b1"}"#)).is_none());
        let state = site.gates["gate_in"].system.as_ref().map(|system| system.state);
        assert_eq!(state, Some(SystemState::Online));
        assert!(site.take(said("system_status", r#"{"state":"offline","boot":"b2"}"#)).is_some());
    }

    #[test]
    fn few_events_are_kept() {
        let mut site = Site::default();

        for n in 0..2 * EVENTS {
            let card = format!(r#"{{"card_id":"{n}","decision":"granted"}}"#);
            site.take(said("card_detected", &card));
        }
        assert_eq!(site.events.len(), EVENTS);
    }

    fn said(kind: &str, payload: &str) -> Update {
        let topic = format!("parking/gate_in/{kind}");
        let message = format!(
            r#"{{"type":"{kind}","payload":{payload},"gate_id":"gate_in","timestamp":"2026-01-01T00:00:00Z"}}"#
        );
        let topic = Topic::parse(&schemas::Root::default(), &topic).unwrap();
        let Ok(Message::Report(report)) = Message::decode(&topic, message.as_bytes()) else {
            panic!("{message}")
        };

        Update::Said(Box::new(report), String::new())
    }
}
