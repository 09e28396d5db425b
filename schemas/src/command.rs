//! A command, in whichever of its three shapes it came.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::{
    CameraControl, GateControl, GateId, Id, MessageType, RequestEvents, RequestStatus, Timestamp,
    Topic,
};

/// What somebody wants done at a gate.
///
/// It came as the envelope, as the bare payload or as the bare word; past this type there is no
/// difference.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Command {
    /// What is wanted.
    #[serde(flatten)]
    pub body: CommandBody,
    /// Of which gate.
    #[serde(rename = "gate_id")]
    pub gate: GateId,
    /// When it was sent. Only an envelope says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<Timestamp>,
    /// By which the message is recognised.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Id>,
    /// The command or event that led to this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<Id>,
    /// What this version does not know of the envelope, kept as it came.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// What is wanted, by the type of the command.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(tag = "type", content = "payload", rename_all = "snake_case")]
pub enum CommandBody {
    /// See [`MessageType::GateControl`].
    GateControl(GateControl),
    /// See [`MessageType::CameraControl`].
    CameraControl(CameraControl),
    /// See [`MessageType::RequestStatus`].
    RequestStatus(RequestStatus),
    /// See [`MessageType::RequestEvents`].
    RequestEvents(RequestEvents),
}

/// What could be read of a command that is not valid: enough to answer its sender.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Salvaged {
    /// The id of the command.
    pub command_id: Option<Id>,
    /// What it wanted, in its own words.
    pub action: Option<String>,
}

impl Command {
    /// Where it is published.
    pub fn topic(&self) -> Topic {
        Topic::Gate(self.gate.clone(), self.body.message_type())
    }

    /// The bytes that are published: the envelope in one line of JSON, its fields in the order of
    /// the contract.
    pub fn encode(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("these types have no map keys but strings")
    }

    /// By which the command is recognised: its `command_id`, or else the `id` of its envelope.
    pub fn command_id(&self) -> Option<&Id> {
        self.body.command_id().or(self.id.as_ref())
    }

    /// When the command is no longer wanted, where it says so.
    pub fn expires_at(&self) -> Option<Timestamp> {
        match &self.body {
            CommandBody::GateControl(control) => control.expires_at,
            CommandBody::CameraControl(control) => control.expires_at,
            CommandBody::RequestStatus(_) | CommandBody::RequestEvents(_) => None,
        }
    }
}

impl CommandBody {
    /// The type of the command.
    pub fn message_type(&self) -> MessageType {
        match self {
            Self::GateControl(_) => MessageType::GateControl,
            Self::CameraControl(_) => MessageType::CameraControl,
            Self::RequestStatus(_) => MessageType::RequestStatus,
            Self::RequestEvents(_) => MessageType::RequestEvents,
        }
    }

    /// The gate that the payload names.
    pub fn gate_id(&self) -> Option<&GateId> {
        match self {
            Self::GateControl(control) => control.gate_id.as_ref(),
            Self::CameraControl(control) => control.gate_id.as_ref(),
            Self::RequestStatus(request) => request.gate_id.as_ref(),
            Self::RequestEvents(request) => request.gate_id.as_ref(),
        }
    }

    /// Who wants it, where it says so.
    pub fn requested_by(&self) -> Option<&str> {
        match self {
            Self::GateControl(control) => control.requested_by.as_deref(),
            Self::CameraControl(control) => control.requested_by.as_deref(),
            Self::RequestStatus(request) => request.requested_by.as_deref(),
            Self::RequestEvents(request) => request.requested_by.as_deref(),
        }
    }

    /// The action in the words of the contract; the type, where there is no action.
    pub fn action(&self) -> String {
        match self {
            Self::GateControl(control) => control.action.to_string(),
            Self::CameraControl(control) => control.action.to_string(),
            Self::RequestStatus(_) | Self::RequestEvents(_) => self.message_type().to_string(),
        }
    }

    fn command_id(&self) -> Option<&Id> {
        match self {
            Self::GateControl(control) => control.command_id.as_ref(),
            Self::CameraControl(control) => control.command_id.as_ref(),
            Self::RequestStatus(request) => request.command_id.as_ref(),
            Self::RequestEvents(request) => request.command_id.as_ref(),
        }
    }
}
