//! A message of the contract, once it is known to be valid.

use serde::Serialize;

use crate::{
    Answer, BridgeId, CardDetected, Command, Fault, GateId, GateStatus, HardwareStatus, Id,
    ImageCaptured, MessageType, ParkingEvent, Passage, SystemStatus, Timestamp, Topic,
};

/// What arrived on a topic.
#[derive(Debug, Clone, PartialEq)]
pub enum Message {
    /// A state, an event or an answer.
    Report(Report),
    /// A command.
    Command(Command),
    /// A picture.
    Picture(Picture),
}

/// A state, an event or an answer: what an agent or a gateway says.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// Whom it is about.
    pub source: Source,
    /// When it happened, at the source.
    pub timestamp: Timestamp,
    /// By which duplicates are recognised.
    pub id: Option<Id>,
    /// Where it is in the journal. Only journaled events have it.
    pub journal: Option<JournalPosition>,
    /// The command or event that led to this one.
    pub cause: Option<Id>,
    /// What it says.
    pub body: Body,
}

/// Whom a report is about: the middle level of its topic.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(untagged)]
pub enum Source {
    /// A gate.
    Gate(GateId),
    /// A gateway.
    Bridge(BridgeId),
}

/// Where an event is in its agent's journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalPosition {
    /// The journal's id.
    pub journal: Id,
    /// 1, 2, 3, … in it, never reused, never skipped.
    pub seq: u64,
}

/// What a report says, by its type.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(tag = "type", content = "payload", rename_all = "snake_case")]
pub enum Body {
    /// See [`MessageType::SystemStatus`].
    SystemStatus(SystemStatus),
    /// See [`MessageType::HardwareStatus`].
    HardwareStatus(HardwareStatus),
    /// See [`MessageType::GateStatus`].
    GateStatus(GateStatus),
    /// See [`MessageType::CardDetected`].
    CardDetected(CardDetected),
    /// See [`MessageType::ParkingEntry`].
    ParkingEntry(Passage),
    /// See [`MessageType::ParkingExit`].
    ParkingExit(Passage),
    /// See [`MessageType::ParkingEvent`].
    ParkingEvent(ParkingEvent),
    /// See [`MessageType::ImageCaptured`].
    ImageCaptured(ImageCaptured),
    /// See [`MessageType::Error`].
    Error(Fault),
    /// See [`MessageType::GateControlResponse`].
    GateControlResponse(Answer),
    /// See [`MessageType::CameraControlResponse`].
    CameraControlResponse(Answer),
}

/// A picture: a JPEG, from its first marker to its last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// The gate that it shows.
    pub gate: GateId,
    /// [`MessageType::Image`], [`MessageType::Stream`] or [`MessageType::Picture`].
    pub message_type: MessageType,
}

impl Report {
    /// Where it is published.
    pub fn topic(&self) -> Topic {
        match &self.source {
            Source::Gate(gate) => Topic::Gate(gate.clone(), self.body.message_type()),
            Source::Bridge(bridge) => Topic::Bridge(bridge.clone()),
        }
    }

    /// The bytes that are published: one line of JSON, its fields in the order of the contract.
    pub fn encode(&self) -> Vec<u8> {
        #[derive(Serialize)]
        struct Envelope<'a> {
            #[serde(flatten)]
            body: &'a Body,
            gate_id: &'a Source,
            timestamp: Timestamp,
            #[serde(skip_serializing_if = "Option::is_none")]
            id: Option<&'a Id>,
            #[serde(skip_serializing_if = "Option::is_none")]
            journal: Option<&'a Id>,
            #[serde(skip_serializing_if = "Option::is_none")]
            seq: Option<u64>,
            #[serde(skip_serializing_if = "Option::is_none")]
            cause: Option<&'a Id>,
        }

        let envelope = Envelope {
            body: &self.body,
            gate_id: &self.source,
            timestamp: self.timestamp,
            id: self.id.as_ref(),
            journal: self.journal.as_ref().map(|position| &position.journal),
            seq: self.journal.as_ref().map(|position| position.seq),
            cause: self.cause.as_ref(),
        };

        serde_json::to_vec(&envelope).expect("these types have no map keys but strings")
    }
}

impl Body {
    /// The type of the message.
    pub fn message_type(&self) -> MessageType {
        match self {
            Self::SystemStatus(_) => MessageType::SystemStatus,
            Self::HardwareStatus(_) => MessageType::HardwareStatus,
            Self::GateStatus(_) => MessageType::GateStatus,
            Self::CardDetected(_) => MessageType::CardDetected,
            Self::ParkingEntry(_) => MessageType::ParkingEntry,
            Self::ParkingExit(_) => MessageType::ParkingExit,
            Self::ParkingEvent(_) => MessageType::ParkingEvent,
            Self::ImageCaptured(_) => MessageType::ImageCaptured,
            Self::Error(_) => MessageType::Error,
            Self::GateControlResponse(_) => MessageType::GateControlResponse,
            Self::CameraControlResponse(_) => MessageType::CameraControlResponse,
        }
    }
}
