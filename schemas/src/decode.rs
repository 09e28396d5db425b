//! The one door for bytes.

use std::borrow::Cow;

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value, value::RawValue};

use crate::{
    Body, Command, CommandBody, GateId, Id, JournalPosition, Kind, Message, MessageType, Picture,
    Report, Salvaged, Source, Timestamp, Topic, gate_id::excerpt,
};

/// The longest JSON message: 64 KiB.
pub const MAX_MESSAGE: usize = 64 * 1024;

/// The first two bytes of every JPEG (ISO/IEC 10918-1, B.1.1.3: start of image).
const START_OF_IMAGE: [u8; 2] = [0xFF, 0xD8];

/// The bytes are not a message of this contract.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// It is longer than [`MAX_MESSAGE`].
    #[error("the message has {0} bytes, more than the 65536 that are allowed")]
    TooLong(usize),
    /// It is something else than one JSON object in UTF-8.
    #[error("the message is not a JSON object")]
    NotAnObject,
    /// The envelope lacks a field, or has one of the wrong shape.
    #[error("the envelope is not valid")]
    Envelope(#[source] serde_json::Error),
    /// The payload lacks a field, or has one of the wrong shape.
    #[error("the payload is not a valid `{expected}`")]
    Payload {
        /// What belongs there.
        expected: MessageType,
        /// What the parser says.
        source: serde_json::Error,
    },
    /// Its `type` is not that of its topic.
    #[error("`type` is `{found}`, and the topic says `{expected}`")]
    WrongType {
        /// What the topic says.
        expected: MessageType,
        /// What the message says.
        found: String,
    },
    /// It names another gate than its topic.
    #[error("`gate_id` is `{found}`, and the topic says `{expected}`")]
    WrongGate {
        /// What the topic says.
        expected: String,
        /// What the message says.
        found: String,
    },
    /// A client sent something that is not a command.
    #[error("`{0}` is not a command")]
    NotACommand(String),
    /// A command that does not say which gate it is for.
    #[error("`payload.gate_id` is missing: this channel has several gates")]
    NoGate,
    /// The bytes on a picture's topic are no JPEG.
    #[error("the picture is not a JPEG")]
    NotAPicture,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    r#type: Cow<'a, str>,
    #[serde(borrow)]
    payload: &'a RawValue,
    #[serde(borrow)]
    gate_id: Cow<'a, str>,
    timestamp: Timestamp,
    id: Option<Id>,
    journal: Option<Id>,
    seq: Option<u64>,
    cause: Option<Id>,
}

#[derive(Deserialize)]
struct CommandEnvelope<'a> {
    #[serde(borrow)]
    r#type: Option<Cow<'a, str>>,
    #[serde(borrow)]
    payload: &'a RawValue,
    #[serde(borrow)]
    gate_id: Option<Cow<'a, str>>,
    timestamp: Option<Timestamp>,
    id: Option<Id>,
    cause: Option<Id>,
    #[serde(skip)]
    extra: Map<String, Value>,
}

/// The fields of an envelope that [`CommandEnvelope`] reads.
const KNOWN: [&str; 6] = ["type", "payload", "gate_id", "timestamp", "id", "cause"];

impl Message {
    /// Turns the bytes that arrived on a topic into a message: the only way in.
    pub fn decode(topic: &Topic, bytes: &[u8]) -> Result<Self, DecodeError> {
        match topic {
            Topic::Gate(gate, kind) if kind.kind() == Kind::Picture => {
                Picture::decode(gate, *kind, bytes).map(Self::Picture)
            }
            Topic::Gate(gate, kind) if kind.is_command() => {
                Command::decode(gate, *kind, bytes).map(Self::Command)
            }
            Topic::Gate(gate, _) => {
                Report::decode(topic, Source::Gate(gate.clone()), bytes).map(Self::Report)
            }
            Topic::Bridge(bridge) => {
                Report::decode(topic, Source::Bridge(bridge.clone()), bytes).map(Self::Report)
            }
        }
    }
}

impl Picture {
    fn decode(gate: &GateId, kind: MessageType, bytes: &[u8]) -> Result<Self, DecodeError> {
        if bytes.starts_with(&START_OF_IMAGE) {
            Ok(Self { gate: gate.clone(), message_type: kind })
        } else {
            Err(DecodeError::NotAPicture)
        }
    }
}

impl Report {
    fn decode(topic: &Topic, source: Source, bytes: &[u8]) -> Result<Self, DecodeError> {
        let envelope: Envelope<'_> =
            serde_json::from_slice(object(bytes)?).map_err(DecodeError::Envelope)?;
        expect_type(topic.message_type(), &envelope.r#type)?;
        expect_gate(topic.name(), &envelope.gate_id)?;

        Ok(Self {
            source,
            timestamp: envelope.timestamp,
            id: envelope.id,
            journal: envelope
                .journal
                .zip(envelope.seq)
                .map(|(journal, seq)| JournalPosition { journal, seq }),
            cause: envelope.cause,
            body: Body::decode(topic.message_type(), envelope.payload.get())?,
        })
    }
}

impl Body {
    fn decode(kind: MessageType, payload: &str) -> Result<Self, DecodeError> {
        Ok(match kind {
            MessageType::SystemStatus => Self::SystemStatus(read(kind, payload)?),
            MessageType::HardwareStatus => Self::HardwareStatus(read(kind, payload)?),
            MessageType::GateStatus => Self::GateStatus(read(kind, payload)?),
            MessageType::CardDetected => Self::CardDetected(read(kind, payload)?),
            MessageType::ParkingEntry => Self::ParkingEntry(read(kind, payload)?),
            MessageType::ParkingExit => Self::ParkingExit(read(kind, payload)?),
            MessageType::ParkingEvent => Self::ParkingEvent(read(kind, payload)?),
            MessageType::ImageCaptured => Self::ImageCaptured(read(kind, payload)?),
            MessageType::Error => Self::Error(read(kind, payload)?),
            MessageType::GateControlResponse => Self::GateControlResponse(read(kind, payload)?),
            MessageType::CameraControlResponse => Self::CameraControlResponse(read(kind, payload)?),
            MessageType::Image
            | MessageType::Stream
            | MessageType::Picture
            | MessageType::GateControl
            | MessageType::CameraControl
            | MessageType::RequestStatus
            | MessageType::RequestEvents => return Err(DecodeError::NotAnObject),
        })
    }
}

impl Command {
    /// Reads a command that came for `gate` as the envelope, the bare payload or the bare word.
    ///
    /// A request needs no payload at all.
    pub fn decode(gate: &GateId, kind: MessageType, bytes: &[u8]) -> Result<Self, DecodeError> {
        let text = text(bytes)?.trim();

        match text {
            "" => Self::bare(gate, kind, "{}"),
            object if object.starts_with('{') => Self::from_object(gate, kind, object),
            word if word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_') => {
                Self::bare(gate, kind, &format!(r#"{{"action":"{word}"}}"#))
            }
            _ => Err(DecodeError::NotAnObject),
        }
    }

    /// Reads what a client sent on a channel: the envelope, in which all but `type` and `payload`
    /// may be absent. On the channel of one gate, `channel` is that gate.
    pub fn from_client(channel: Option<&GateId>, text: &str) -> Result<Self, DecodeError> {
        #[derive(Deserialize)]
        struct Addressee {
            gate_id: Option<String>,
        }

        let envelope = CommandEnvelope::read(text)?;
        let name = envelope.r#type.as_deref().unwrap_or_default();
        let kind = name
            .parse()
            .ok()
            .filter(|kind: &MessageType| kind.is_command())
            .ok_or_else(|| DecodeError::NotACommand(excerpt(name)))?;
        let named = read::<Addressee>(kind, envelope.payload.get())?.gate_id;
        let gate = match (channel, named.as_deref().or(envelope.gate_id.as_deref())) {
            (Some(gate), _) => gate.clone(),
            (None, Some(name)) => name.parse().map_err(|_| DecodeError::WrongGate {
                expected: "the name of a gate".to_owned(),
                found: excerpt(name),
            })?,
            (None, None) => return Err(DecodeError::NoGate),
        };

        Self::from_envelope(&gate, kind, envelope)
    }

    fn from_object(gate: &GateId, kind: MessageType, text: &str) -> Result<Self, DecodeError> {
        let fields: Map<String, Value> =
            serde_json::from_str(text).map_err(DecodeError::Envelope)?;

        if fields.contains_key("payload") || fields.contains_key("type") {
            Self::from_envelope(gate, kind, CommandEnvelope::read(text)?)
        } else {
            Self::bare(gate, kind, text)
        }
    }

    fn from_envelope(
        gate: &GateId,
        kind: MessageType,
        envelope: CommandEnvelope<'_>,
    ) -> Result<Self, DecodeError> {
        expect_type(kind, envelope.r#type.as_deref().unwrap_or(kind.as_str()))?;
        expect_gate(gate.as_str(), envelope.gate_id.as_deref().unwrap_or(gate.as_str()))?;

        Ok(Self {
            gate: gate.clone(),
            timestamp: envelope.timestamp,
            id: envelope.id,
            cause: envelope.cause,
            extra: envelope.extra,
            body: CommandBody::decode(gate, kind, envelope.payload.get())?,
        })
    }

    fn bare(gate: &GateId, kind: MessageType, payload: &str) -> Result<Self, DecodeError> {
        Ok(Self {
            gate: gate.clone(),
            timestamp: None,
            id: None,
            cause: None,
            extra: Map::new(),
            body: CommandBody::decode(gate, kind, payload)?,
        })
    }
}

impl<'a> CommandEnvelope<'a> {
    /// Reads an envelope; what it has beyond the contract is kept in `extra`.
    fn read(text: &'a str) -> Result<Self, DecodeError> {
        object(text.as_bytes())?;
        let mut envelope: Self = serde_json::from_str(text).map_err(DecodeError::Envelope)?;
        envelope.extra = serde_json::from_str(text).map_err(DecodeError::Envelope)?;
        envelope.extra.retain(|name, _| !KNOWN.contains(&name.as_str()));

        Ok(envelope)
    }
}

impl CommandBody {
    fn decode(gate: &GateId, kind: MessageType, payload: &str) -> Result<Self, DecodeError> {
        let body = match kind {
            MessageType::GateControl => Self::GateControl(read(kind, payload)?),
            MessageType::CameraControl => Self::CameraControl(read(kind, payload)?),
            MessageType::RequestStatus => Self::RequestStatus(read(kind, payload)?),
            MessageType::RequestEvents => Self::RequestEvents(read(kind, payload)?),
            MessageType::SystemStatus
            | MessageType::HardwareStatus
            | MessageType::GateStatus
            | MessageType::CardDetected
            | MessageType::ParkingEntry
            | MessageType::ParkingExit
            | MessageType::ParkingEvent
            | MessageType::ImageCaptured
            | MessageType::Image
            | MessageType::Stream
            | MessageType::Picture
            | MessageType::Error
            | MessageType::GateControlResponse
            | MessageType::CameraControlResponse => {
                return Err(DecodeError::NotACommand(kind.to_string()));
            }
        };
        expect_gate(gate.as_str(), body.gate_id().unwrap_or(gate).as_str())?;

        Ok(body)
    }
}

impl Salvaged {
    /// What can be read of bytes that [`Message::decode`] refused.
    pub fn from(bytes: &[u8]) -> Self {
        let Ok(Value::Object(fields)) =
            serde_json::from_slice(&bytes[..bytes.len().min(MAX_MESSAGE)])
        else {
            let word = str::from_utf8(bytes).ok().map(str::trim).filter(|word| !word.is_empty());
            return Self { command_id: None, action: word.map(excerpt) };
        };
        let payload = fields.get("payload").and_then(Value::as_object).unwrap_or(&fields);
        let word = |name: &str| payload.get(name).and_then(Value::as_str);

        Self {
            command_id: word("command_id").and_then(|id| id.parse().ok()),
            action: word("action").map(excerpt),
        }
    }
}

/// The text, if it is short enough and UTF-8.
fn text(bytes: &[u8]) -> Result<&str, DecodeError> {
    if bytes.len() > MAX_MESSAGE {
        return Err(DecodeError::TooLong(bytes.len()));
    }

    str::from_utf8(bytes).map_err(|_| DecodeError::NotAnObject)
}

/// The bytes, if they can only be one JSON object: serde would take an array for a struct as well.
fn object(bytes: &[u8]) -> Result<&[u8], DecodeError> {
    let text = text(bytes)?;

    if text.trim_start().starts_with('{') { Ok(bytes) } else { Err(DecodeError::NotAnObject) }
}

fn read<T: DeserializeOwned>(kind: MessageType, payload: &str) -> Result<T, DecodeError> {
    object(payload.as_bytes())?;

    serde_json::from_str(payload).map_err(|source| DecodeError::Payload { expected: kind, source })
}

fn expect_type(expected: MessageType, found: &str) -> Result<(), DecodeError> {
    if found == expected.as_str() {
        Ok(())
    } else {
        Err(DecodeError::WrongType { expected, found: excerpt(found) })
    }
}

fn expect_gate(expected: &str, found: &str) -> Result<(), DecodeError> {
    if found == expected {
        Ok(())
    } else {
        Err(DecodeError::WrongGate { expected: expected.to_owned(), found: excerpt(found) })
    }
}

#[cfg(test)]
mod tests;
