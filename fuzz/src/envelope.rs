//! What comes over MQTT and WebSocket, as the contract reads it.

use schemas::{Command, Message, Root, Salvaged, Topic};

/// Takes `bytes` for a topic, a line end and what was published there; and the rest for what a
/// client sent.
///
/// # Panics
///
/// What was understood is not what is written of it.
pub fn check(bytes: &[u8]) {
    let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else { return };
    let (topic, payload) = (&bytes[..end], &bytes[end + 1..]);
    let _ = Salvaged::from(payload);
    if let Ok(text) = str::from_utf8(payload)
        && let Ok(command) = Command::from_client(None, text)
    {
        // A client may leave out what the gateway adds.
        reads_back(&command.topic(), &command.encode(), &Message::Command(command.clone()));
    }

    let Ok(topic) = str::from_utf8(topic) else { return };
    let Ok(topic) = Topic::parse(&Root::default(), topic) else { return };
    match Message::decode(&topic, payload) {
        Ok(Message::Report(report)) => {
            assert_eq!(report.topic(), topic);
            reads_back(&topic, &report.encode(), &Message::Report(report));
        }
        Ok(Message::Command(command)) => {
            assert_eq!(command.topic(), topic);
            reads_back(&topic, &command.encode(), &Message::Command(command));
        }
        Ok(Message::Picture(_)) | Err(_) => {}
    }
}

fn reads_back(topic: &Topic, bytes: &[u8], message: &Message) {
    let again = Message::decode(topic, bytes);

    assert_eq!(again.as_ref().ok(), Some(message), "{}", String::from_utf8_lossy(bytes));
}
