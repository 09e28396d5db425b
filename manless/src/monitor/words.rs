//! Messages in words: as they are on the wire, in one line, and without anything that a terminal
//! would take for an order.

use serde::Serialize;
use serde_json::Value;

/// The longest text of one message, in characters.
const LONGEST: usize = 400;

/// What programs need and a person does not.
const LEFT_OUT: [&str; 9] = [
    "event_id",
    "image_id",
    "boot",
    "journal",
    "contract",
    "sha256",
    "url",
    "content_type",
    "started_at",
];

/// The payload of a message: `status=open mode=auto moved_by=command`.
pub(crate) fn of_payload(message: &[u8]) -> String {
    let message: Value = serde_json::from_slice(message).unwrap_or_default();
    let mut words = Vec::new();

    collect("", &message["payload"], &mut words);

    plain(&words.join(" "))
}

/// The word that stands for a value on the wire.
pub(crate) fn of(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(word)) => plain(&word),
        Ok(Value::Null) | Err(_) => String::new(),
        Ok(other) => plain(&other.to_string()),
    }
}

/// Text without control characters, and not too much of it.
pub(crate) fn plain(text: &str) -> String {
    text.chars().take(LONGEST).map(|c| if c.is_control() { '\u{FFFD}' } else { c }).collect()
}

fn collect(name: &str, value: &Value, words: &mut Vec<String>) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(key, value)| {
            if LEFT_OUT.contains(&key.as_str()) {
                return;
            }
            let name = if name.is_empty() { key.clone() } else { format!("{name}.{key}") };
            collect(&name, value, words);
        }),
        Value::String(text) if text.contains(' ') => words.push(format!("{name}={text:?}")),
        Value::String(text) => words.push(format!("{name}={text}")),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => {
            words.push(format!("{name}={value}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_is_its_fields() {
        let message =
            br#"{"type":"x","payload":{"status":"open","n":3,"camera":{"detail":"no signal"}}}"#;

        assert_eq!(of_payload(message), r#"status=open n=3 camera.detail="no signal""#);
    }

    #[test]
    fn nobody_gives_orders_to_the_terminal() {
        let message = br#"{"payload":{"a":"\u001b]0;x\u0007","b":"\u009b2J"}}"#;

        assert!(!of_payload(message).chars().any(char::is_control));
    }
}
