//! What the gateway adds to a command, and what it answers itself.

use std::time::Duration;

use schemas::{
    Answer, AnswerCode, AnswerStatus, Body, CameraAction, CameraControl, Command, CommandBody,
    GateId, Id, Report, Source, Timestamp,
};
use serde::{Deserialize, de::IgnoredAny};
use service::stamp;

use crate::uplink::BrokerUnavailable;

/// How long a command is wanted.
const LIFETIME: Duration = Duration::from_secs(10);

/// A command that is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: AnswerStatus,
    pub(crate) code: AnswerCode,
    pub(crate) message: String,
}

impl Refusal {
    pub(crate) fn failed(code: AnswerCode, message: impl Into<String>) -> Self {
        Self { status: AnswerStatus::Failed, code, message: message.into() }
    }

    pub(crate) fn rejected(code: AnswerCode, message: impl Into<String>) -> Self {
        Self { status: AnswerStatus::Rejected, code, message: message.into() }
    }

    pub(crate) fn expired(message: impl Into<String>) -> Self {
        let code = AnswerCode::Expired;

        Self { status: AnswerStatus::Expired, code, message: message.into() }
    }

    pub(crate) fn no_broker() -> Self {
        Self::failed(
            AnswerCode::BrokerUnavailable,
            format!("{BrokerUnavailable}: nothing was sent; try again when it is back"),
        )
    }

    /// The answer, where commands of this type have one.
    pub(crate) fn answer(&self, command: &Command, now: Timestamp) -> Option<Report> {
        let answer = Answer {
            command_id: command.command_id()?.clone(),
            action: command.body.action(),
            status: self.status,
            success: self.status.is_success(),
            code: Some(self.code),
            message: Some(self.message.clone()),
            gate_status: None,
            image_id: None,
            sha256: None,
            elapsed_ms: None,
        };
        let body = match &command.body {
            CommandBody::GateControl(_) => Body::GateControlResponse(answer),
            CommandBody::CameraControl(_) => Body::CameraControlResponse(answer),
            CommandBody::RequestStatus(_) | CommandBody::RequestEvents(_) => return None,
        };

        Some(Report {
            source: Source::Gate(command.gate.clone()),
            timestamp: now,
            id: Some(stamp::new_id()),
            journal: None,
            cause: command.id.clone(),
            body,
        })
    }
}

/// Makes a client's command one that a gate acts on: what it is, who wants it, until when.
///
/// Who wants it is what the gateway knows, whatever the client said. The client may want less
/// time than the gateway gives, never more.
pub(crate) fn stamp(mut command: Command, requested_by: String, now: Timestamp) -> Command {
    let command_id = command.command_id().cloned().unwrap_or_else(stamp::new_id);
    let last = now + LIFETIME;
    let until = command.expires_at().map_or(last, |wanted| wanted.min(last));

    command.id.get_or_insert_with(stamp::new_id);
    command.timestamp = Some(now);
    match &mut command.body {
        CommandBody::GateControl(control) => {
            control.requested_by = Some(requested_by);
            control.expires_at = Some(until);
        }
        CommandBody::CameraControl(control) => {
            control.requested_by = Some(requested_by);
            control.expires_at = Some(until);
        }
        CommandBody::RequestStatus(request) => {
            request.requested_by = Some(requested_by);
        }
        CommandBody::RequestEvents(request) => {
            request.requested_by = Some(requested_by);
        }
    }

    recognisable(command, command_id)
}

/// The command with what a controller that knows nothing but the envelope needs: the gate in the
/// payload, the time, and an id to answer with.
pub(crate) fn spelled_out(mut command: Command, now: Timestamp) -> Command {
    let command_id = command.command_id().cloned().unwrap_or_else(stamp::new_id);
    let gate = command.gate.clone();

    command.timestamp.get_or_insert(now);
    match &mut command.body {
        CommandBody::GateControl(control) => control.gate_id = Some(gate),
        CommandBody::CameraControl(control) => control.gate_id = Some(gate),
        CommandBody::RequestStatus(request) => request.gate_id = Some(gate),
        CommandBody::RequestEvents(request) => request.gate_id = Some(gate),
    }

    recognisable(command, command_id)
}

/// What the gateway itself wants of a camera.
pub(crate) fn camera_control(action: CameraAction, command_id: Id) -> CameraControl {
    CameraControl {
        action,
        gate_id: None,
        command_id: Some(command_id),
        image_id: None,
        fps: None,
        max_seconds: None,
        requested_by: None,
        expires_at: None,
        extra: serde_json::Map::new(),
    }
}

/// A command to the camera of a gate, still without a stamp.
pub(crate) fn to_camera(gate: &GateId, control: CameraControl) -> Command {
    Command {
        body: CommandBody::CameraControl(CameraControl { gate_id: Some(gate.clone()), ..control }),
        gate: gate.clone(),
        timestamp: None,
        id: None,
        cause: None,
        extra: serde_json::Map::new(),
    }
}

/// When a command is no longer wanted. `None`: it carries no time at all.
pub(crate) fn wanted_until(command: &Command) -> Option<Timestamp> {
    command.expires_at().or_else(|| command.timestamp.map(|sent| sent + LIFETIME))
}

/// The bytes by which `admin` is shown a command: as they came, if that was the whole envelope.
pub(crate) fn shown(command: Command, bytes: &[u8], now: Timestamp) -> Vec<u8> {
    #[derive(Deserialize)]
    #[expect(dead_code, reason = "what counts is that the fields are there")]
    struct Envelope {
        r#type: IgnoredAny,
        payload: IgnoredAny,
        gate_id: IgnoredAny,
        timestamp: IgnoredAny,
    }

    if serde_json::from_slice::<Envelope>(bytes).is_ok() {
        return bytes.to_vec();
    }

    Command { timestamp: command.timestamp.or(Some(now)), ..command }.encode()
}

fn recognisable(mut command: Command, id: Id) -> Command {
    let place = match &mut command.body {
        CommandBody::GateControl(control) => &mut control.command_id,
        CommandBody::CameraControl(control) => &mut control.command_id,
        CommandBody::RequestStatus(request) => &mut request.command_id,
        CommandBody::RequestEvents(request) => &mut request.command_id,
    };
    place.get_or_insert(id);

    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forged_sender_is_overwritten_and_the_rest_survives() {
        let command = from_client(
            r#"{"type":"gate_control","payload":{"action":"open","gate_id":"g","requested_by":"boss","lane":7},"trace":"t"}"#,
        );

        let json = encoded(stamp(command, "bridge:1@here".to_owned(), noon()));

        assert_eq!(json["payload"]["requested_by"], "bridge:1@here");
        assert_eq!(json["payload"]["lane"], 7);
        assert_eq!(json["payload"]["expires_at"], "2024-01-20T12:00:10Z");
        assert_eq!(json["timestamp"], "2024-01-20T12:00:00Z");
        assert_eq!(json["trace"], "t");
        assert!(json["payload"]["command_id"].is_string() && json["id"].is_string());
    }

    #[test]
    fn a_forged_sender_of_a_request_is_overwritten_too() {
        let command = from_client(
            r#"{"type":"request_status","payload":{"gate_id":"g","requested_by":"boss"}}"#,
        );

        let json = encoded(stamp(command, "me".to_owned(), noon()));

        assert_eq!(json["payload"]["requested_by"], "me");
    }

    #[test]
    fn a_client_may_want_less_time_and_never_more() {
        for (wanted, expected) in [
            ("2024-01-20T12:00:03Z", "2024-01-20T12:00:03Z"),
            ("2024-01-20T11:00:00Z", "2024-01-20T11:00:00Z"),
            ("2034-01-20T12:00:00Z", "2024-01-20T12:00:10Z"),
        ] {
            let command = from_client(&format!(
                r#"{{"type":"gate_control","payload":{{"action":"open","gate_id":"g","command_id":"c1","expires_at":"{wanted}"}}}}"#
            ));

            let json = encoded(stamp(command, "me".to_owned(), noon()));

            assert_eq!(json["payload"]["expires_at"], expected);
            assert_eq!(json["payload"]["command_id"], "c1");
        }
    }

    #[test]
    fn a_bare_word_is_spelled_out_for_an_old_controller() {
        let gate = "gate_in".parse().unwrap();
        let command = Command::decode(&gate, schemas::MessageType::GateControl, b"open").unwrap();

        let json = encoded(spelled_out(command, noon()));

        assert_eq!(json["type"], "gate_control");
        assert_eq!(json["payload"]["action"], "open");
        assert_eq!(json["payload"]["gate_id"], "gate_in");
        assert!(json["payload"]["command_id"].is_string());
    }

    #[test]
    fn a_whole_envelope_is_shown_as_it_came() {
        let whole = br#"{ "type":"gate_control","payload":{"action":"open"},"gate_id":"g","timestamp":"2024-01-20T12:00:00Z" }"#;
        let gate = "g".parse().unwrap();
        let decode =
            |bytes| Command::decode(&gate, schemas::MessageType::GateControl, bytes).unwrap();

        assert_eq!(shown(decode(&whole[..]), whole, noon()), whole);
        let word: serde_json::Value =
            serde_json::from_slice(&shown(decode(b"open"), b"open", noon())).unwrap();
        assert_eq!(word["timestamp"], "2024-01-20T12:00:00Z");
    }

    fn from_client(text: &str) -> Command {
        Command::from_client(None, text).unwrap()
    }

    fn encoded(command: Command) -> serde_json::Value {
        serde_json::from_slice(&command.encode()).unwrap()
    }

    fn noon() -> Timestamp {
        "2024-01-20T12:00:00Z".parse().unwrap()
    }
}
