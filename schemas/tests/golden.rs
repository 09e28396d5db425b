//! The bytes of the contract, frozen. These files are never edited, only added to.

#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]

use std::{fs, path::PathBuf};

use schemas::{
    Body, CameraStatus, Kind, Message, MessageType, Root, SessionBody, SessionMessage, Topic,
    is_ping,
};
use serde_json::Value;

#[test]
fn the_example_of_the_contract_is_a_hardware_status() {
    let message = decode("gate_in", MessageType::HardwareStatus, &golden("contract-example"));

    let Message::Report(report) = message else { panic!("not a report: {message:?}") };
    let Body::HardwareStatus(status) = &report.body else { panic!("not a status: {report:?}") };
    assert_eq!(status.camera.status, Some(CameraStatus::Ready));
    assert_eq!(status.card_reader.port.as_deref(), Some("COM17"));
    assert_eq!(report.encode(), golden("hardware_status"), "the same message in one line");
}

#[test]
fn every_type_is_written_as_it_always_was() {
    for kind in MessageType::ALL {
        if kind.kind() == Kind::Picture {
            continue;
        }
        let frozen = golden(kind.as_str());
        let gate = if kind == MessageType::ParkingExit { "gate_out" } else { "gate_in" };
        let written = match decode(gate, kind, &frozen) {
            Message::Report(report) => report.encode(),
            Message::Command(command) => command.encode(),
            Message::Picture(picture) => panic!("a picture: {picture:?}"),
        };

        assert_eq!(text(&written), text(&frozen), "{kind}");
    }
}

#[test]
fn the_gateway_says_what_it_always_said() {
    for name in [
        "hello",
        "snapshot_begin",
        "snapshot_end",
        "error-of-a-channel",
        "pong",
        "session_opened",
        "session_opened-by-a-user",
        "session_closed",
        "invalid_message",
    ] {
        let frozen = golden(name);
        let fields: Value = serde_json::from_slice(&frozen).unwrap();
        let body: SessionBody = serde_json::from_value(fields.clone()).unwrap();
        let message = SessionMessage {
            body,
            gate_id: fields["gate_id"].as_str().unwrap().to_owned(),
            timestamp: fields["timestamp"].as_str().unwrap().parse().unwrap(),
            id: fields["id"].as_str().map(|id| id.parse().unwrap()),
        };

        assert_eq!(message.encode(), text(&frozen), "{name}");
    }
}

#[test]
fn what_a_page_asks_is_what_it_always_asked() {
    assert!(is_ping(text(&golden("ping"))));
}

fn decode(gate: &str, kind: MessageType, bytes: &[u8]) -> Message {
    let topic = Topic::parse(&Root::default(), &format!("parking/{gate}/{kind}")).unwrap();

    Message::decode(&topic, bytes).unwrap()
}

fn golden(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/{name}.json"));

    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn text(bytes: &[u8]) -> &str {
    str::from_utf8(bytes).unwrap()
}
