//! A message in one line.

use jiff::tz::TimeZone;
use schemas::{Command, Kind, MessageType, Topic};
use serde::Serialize;
use serde_json::value::RawValue;

use super::{Direction, feed::Message};
use crate::monitor::{of_payload, plain};

/// How a line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    Coloured,
    Plain,
    Json,
}

/// A line for a program.
#[derive(Serialize)]
struct Json<'a> {
    time: String,
    topic: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    gate_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    r#type: Option<&'static str>,
    retained: bool,
    size: usize,
    /// As it came, where it is JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Box<RawValue>>,
    /// As it came, where it is other text.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    /// Why it is not one of the contract.
    #[serde(skip_serializing_if = "Option::is_none")]
    invalid: Option<String>,
}

impl Style {
    pub(crate) fn line(self, message: &Message) -> String {
        match self {
            Self::Json => json(message),
            Self::Plain => text(message),
            Self::Coloured => format!("\u{1b}[{}m{}\u{1b}[0m", colour(message), text(message)),
        }
    }
}

/// `12:03:04.123 ◀ gate_in  gate_status  status=open mode=auto`
fn text(message: &Message) -> String {
    let time = message.time.to_zoned(TimeZone::system()).strftime("%H:%M:%S%.3f").to_string();
    let (arrow, name, kind) = match &message.sorted {
        Some(topic) => (arrow(topic.message_type()), topic.name(), topic.message_type().as_str()),
        None => ("?", "-", message.topic.as_str()),
    };
    let retained = if message.is_retained { "  (retained)" } else { "" };

    plain(&format!("{time} {arrow} {name:<10} {kind:<22} {}{retained}", words(message)))
}

fn words(message: &Message) -> String {
    let Message { sorted, bytes, .. } = message;
    if bytes.is_empty() {
        return "(cleared)".to_owned();
    }

    match (sorted, invalid(message)) {
        (Some(topic), _) if topic.message_type().kind() == Kind::Picture => {
            format!("{} bytes", bytes.len())
        }
        (_, Some(reason)) => format!("not valid, {} bytes: {reason}", bytes.len()),
        // Bare words and payloads are shown as the envelope that they stand for.
        (Some(Topic::Gate(gate, kind)), None) if kind.kind() == Kind::Command => {
            Command::decode(gate, *kind, bytes)
                .map_or_else(|_| of_payload(bytes), |command| of_payload(&command.encode()))
        }
        (_, None) => of_payload(bytes),
    }
}

fn json(message: &Message) -> String {
    let Message { time, topic, sorted, is_retained, bytes } = message;
    let is_picture =
        sorted.as_ref().is_some_and(|topic| topic.message_type().kind() == Kind::Picture);
    let text = str::from_utf8(bytes).ok().filter(|_| !is_picture);
    let message_json = text.and_then(|text| RawValue::from_string(one_line(text)?).ok());
    let line = Json {
        time: time.to_string(),
        topic,
        gate_id: sorted.as_ref().map(Topic::name),
        r#type: sorted.as_ref().map(|topic| topic.message_type().as_str()),
        retained: *is_retained,
        size: bytes.len(),
        text: text.filter(|text| message_json.is_none() && !text.is_empty()),
        message: message_json,
        invalid: invalid(message),
    };

    serde_json::to_string(&line).expect("these types have no map keys but strings")
}

/// JSON that was written on several lines is one, too, without them: in strings they are escaped.
fn one_line(text: &str) -> Option<String> {
    let is_json = serde_json::from_str::<&RawValue>(text.trim()).is_ok();

    is_json.then(|| text.trim().replace(['\r', '\n'], " "))
}

fn invalid(message: &Message) -> Option<String> {
    let Some(topic) = &message.sorted else {
        return Some("not a topic of the contract".to_owned());
    };
    if message.bytes.is_empty() {
        return None;
    }

    schemas::Message::decode(topic, &message.bytes).err().map(|error| error.to_string())
}

fn arrow(kind: MessageType) -> &'static str {
    match Direction::of(kind) {
        Direction::From => "◀",
        Direction::To => "▶",
    }
}

/// What a terminal is told: red for what is wrong, and a colour for each kind.
fn colour(message: &Message) -> &'static str {
    if invalid(message).is_some() {
        return "31";
    }

    match message.sorted.as_ref().map(Topic::message_type) {
        Some(MessageType::Error) | None => "31",
        Some(kind) => match kind.kind() {
            Kind::State => "36",
            Kind::Event => "32",
            Kind::Answer => "33",
            Kind::Command => "35",
            Kind::Picture => "2",
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATE: &str = r#"{"type":"gate_status","payload":{"status":"open","mode":"auto"},"gate_id":"gate_in","timestamp":"2024-01-20T10:30:00Z"}"#;

    #[test]
    fn a_message_is_its_way_its_gate_its_type_and_its_payload() {
        let state = message("gate_in/gate_status", STATE.as_bytes());
        let command = message("gate_in/gate_control", b"open");

        assert!(
            text(&state).ends_with("◀ gate_in    gate_status            status=open mode=auto")
        );
        assert!(text(&command).contains("▶ gate_in    gate_control           action=open"));
    }

    #[test]
    fn of_a_picture_one_sees_how_large_it_is() {
        let picture = message("gate_in/image", b"\xFF\xD8 a picture");

        assert!(text(&picture).ends_with("image                  12 bytes"));
        assert_eq!(
            json(&picture),
            r#"{"time":"2024-01-20T10:30:00Z","topic":"parking/gate_in/image","gate_id":"gate_in","type":"image","retained":false,"size":12}"#
        );
    }

    #[test]
    fn what_is_not_valid_says_so_and_gives_no_orders_to_the_terminal() {
        for (topic, bytes) in [
            ("gate_in/gate_status", &b"{\x1b[31m"[..]),
            ("elsewhere\u{1b}", b"x"),
            ("gate_in/image", b"x"),
        ] {
            let message = message(topic, bytes);
            let line = Style::Plain.line(&message);
            assert!(!line.chars().any(char::is_control), "{line}");
            assert!(json(&message).contains("\"invalid\":"), "{topic}");
            assert_eq!(colour(&message), "31");
        }
    }

    #[test]
    fn for_programs_a_message_is_as_it_came_in_one_line() {
        let spaced = STATE.replace(":{", ":\n  {");
        let line = json(&message("gate_in/gate_status", spaced.as_bytes()));

        assert_eq!(line.lines().count(), 1);
        let read: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(read["message"], serde_json::from_str::<serde_json::Value>(STATE).unwrap());
        assert!(json(&message("gate_in/gate_control", b"open")).contains(r#""text":"open""#));
    }

    fn message(topic: &str, bytes: &[u8]) -> Message {
        let topic = format!("parking/{topic}");

        Message {
            time: "2024-01-20T10:30:00Z".parse().unwrap(),
            sorted: Topic::parse(&schemas::Root::default(), &topic).ok(),
            topic,
            is_retained: false,
            bytes: bytes.to_vec(),
        }
    }
}
