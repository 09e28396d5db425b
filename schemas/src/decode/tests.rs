use super::*;
use crate::{GateAction, Root};

#[test]
fn a_command_is_the_envelope_the_payload_or_the_word() {
    let envelope =
        br#"{"type":"gate_control","payload":{"action":"open","gate_id":"gate_in","duration":10}}"#;
    for bytes in [
        envelope.as_slice(),
        br#"{"payload":{"action":"open","duration":10}}"#,
        br#"{"action":"open","duration":10}"#,
        b"open",
        b"  open\n",
    ] {
        let command = gate_control(bytes).unwrap();

        let CommandBody::GateControl(control) = command.body else { panic!("not a gate_control") };
        assert_eq!(control.action, GateAction::Open);
    }
}

#[test]
fn a_request_needs_no_payload() {
    for bytes in [b"".as_slice(), b"{}", br#"{"type":"request_status","payload":{}}"#] {
        assert!(Command::decode(&gate(), MessageType::RequestStatus, bytes).is_ok());
    }
}

#[test]
fn what_a_command_says_beyond_the_contract_survives() {
    let bytes = br#"{"type":"gate_control","payload":{"action":"open","ticket":{"n":[1,2]}},"gate_id":"gate_in","shift":"night"}"#;

    let written = gate_control(bytes).unwrap().encode();

    assert_eq!(String::from_utf8(written).unwrap(), str::from_utf8(bytes).unwrap());
}

#[test]
fn a_command_that_is_not_valid_is_refused() {
    for bytes in [
        b"OPEN".as_slice(),
        b"fly",
        b"",
        b"\xff",
        b"[]",
        b"[\"open\"]",
        b"\"open\"",
        b"null",
        b"1",
        b"{",
        br#"{"action":"fly"}"#,
        br#"{"action":["open"]}"#,
        br#"{"action":"open","duration":-1}"#,
        br#"{"action":"open","duration":1e9}"#,
        br#"{"action":"open","duration":"10"}"#,
        br#"{"action":"open","gate_id":"gate_out"}"#,
        br#"{"action":"open","gate_id":"../"}"#,
        br#"{"action":"open","command_id":""}"#,
        br#"{"action":"open","expires_at":"tomorrow"}"#,
        br#"{"type":"gate_status","payload":{"action":"open"}}"#,
        br#"{"type":"gate_control","payload":{"action":"open"},"gate_id":"gate_out"}"#,
        br#"{"type":"gate_control","payload":{"action":"open"},"timestamp":"2024-01-20 10:30"}"#,
        br#"{"type":"gate_control","payload":["open"]}"#,
        br#"{"type":"gate_control"}"#,
        br#"{"action":"open","action":"close","gate_id":"gate_in"}"#,
    ] {
        assert!(gate_control(bytes).is_err(), "accepted {}", String::from_utf8_lossy(bytes));
    }
}

#[test]
fn a_message_of_more_than_64_kib_is_refused_by_its_length() {
    let bytes = format!(r#"{{"action":"open","reason":"{}"}}"#, "x".repeat(MAX_MESSAGE));

    assert!(matches!(gate_control(bytes.as_bytes()), Err(DecodeError::TooLong(_))));
}

#[test]
fn a_report_says_what_its_topic_says() {
    let status = r#"{"type":"gate_status","payload":{"status":"open","mode":"auto"},"gate_id":"gate_in","timestamp":"2024-01-20T10:30:00Z"}"#;

    assert!(report("parking/gate_in/gate_status", status).is_ok());
    assert!(matches!(
        report("parking/gate_out/gate_status", status),
        Err(DecodeError::WrongGate { .. })
    ));
    assert!(matches!(
        report("parking/gate_in/hardware_status", status),
        Err(DecodeError::WrongType { .. })
    ));
}

#[test]
fn an_unknown_value_is_unknown_and_an_unknown_field_is_ignored() {
    let status = r#"{"type":"gate_status","payload":{"status":"folded","mode":"lunch","since":1},"gate_id":"gate_in","timestamp":"2024-01-20T10:30:00Z","v":2}"#;

    let Ok(Message::Report(report)) = report("parking/gate_in/gate_status", status) else {
        panic!("refused")
    };

    let Body::GateStatus(status) = report.body else { panic!("not a gate_status") };
    assert_eq!(status.status, crate::BarrierStatus::Unknown);
    assert_eq!(status.mode, crate::LaneMode::Unknown);
}

#[test]
fn a_report_without_a_field_of_the_envelope_is_refused_by_its_name() {
    let error = report("parking/gate_in/gate_status", r#"{"type":"gate_status","payload":{}}"#);

    let DecodeError::Envelope(source) = error.unwrap_err() else { panic!("not the envelope") };
    assert!(source.to_string().contains("gate_id"), "{source}");
}

#[test]
fn a_picture_is_a_jpeg() {
    let topic = Topic::Gate(gate(), MessageType::Image);

    assert!(Message::decode(&topic, b"\xFF\xD8\xFF\xE0").is_ok());
    assert!(matches!(Message::decode(&topic, b"GIF89a"), Err(DecodeError::NotAPicture)));
    assert!(matches!(Message::decode(&topic, b""), Err(DecodeError::NotAPicture)));
}

#[test]
fn a_client_names_the_gate_where_its_channel_has_several() {
    let bare = r#"{"type":"gate_control","payload":{"action":"open"}}"#;
    let named = r#"{"type":"gate_control","payload":{"action":"open","gate_id":"gate_in"}}"#;

    assert_eq!(Command::from_client(Some(&gate()), bare).unwrap().gate, gate());
    assert_eq!(Command::from_client(None, named).unwrap().gate, gate());
    assert!(matches!(Command::from_client(None, bare), Err(DecodeError::NoGate)));
    let other = "gate_out".parse().unwrap();
    assert!(matches!(
        Command::from_client(Some(&other), named),
        Err(DecodeError::WrongGate { .. })
    ));
    assert!(matches!(
        Command::from_client(Some(&other), r#"{"type":"gate_status","payload":{}}"#),
        Err(DecodeError::NotACommand(_))
    ));
}

#[test]
fn a_refused_command_still_says_whom_to_answer() {
    let salvaged =
        Salvaged::from(br#"{"type":"gate_control","payload":{"action":"fly","command_id":"c-1"}}"#);
    assert_eq!(salvaged.action.as_deref(), Some("fly"));
    assert_eq!(salvaged.command_id, Some("c-1".parse().unwrap()));

    assert_eq!(Salvaged::from(b"fly").action.as_deref(), Some("fly"));
    assert_eq!(Salvaged::from(b"\xff"), Salvaged::default());
    assert_eq!(Salvaged::from(b""), Salvaged::default());
}

fn gate() -> GateId {
    "gate_in".parse().unwrap()
}

fn gate_control(bytes: &[u8]) -> Result<Command, DecodeError> {
    Command::decode(&gate(), MessageType::GateControl, bytes)
}

fn report(topic: &str, text: &str) -> Result<Message, DecodeError> {
    let topic = Topic::parse(&Root::default(), topic).map_err(|_| DecodeError::NotAnObject)?;

    Message::decode(&topic, text.as_bytes())
}
