//! Events: what happened. Each one counts, and none is retained.

use serde::{Deserialize, Serialize};

use crate::Id;

/// A card was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct CardDetected {
    /// What the reader read.
    pub card_id: String,
    /// Which reader read it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reader: Option<String>,
    /// What was decided.
    pub decision: Decision,
    /// Why, for a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What was decided on a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// The boom opens.
    Granted,
    /// It does not.
    Denied,
    /// Somebody else decides.
    Pending,
    /// A decision that this version does not know: not a grant.
    #[serde(other)]
    Unknown,
}

/// A vehicle went in or out: the business record, once per vehicle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct Passage {
    /// Shared with the `parking_event` about the same vehicle.
    pub event_id: Id,
    /// The card that was granted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub card_id: Option<String>,
    /// The picture that was taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_id: Option<Id>,
    /// What opened the gate.
    pub trigger: PassageTrigger,
    /// How it is known that the vehicle went through.
    pub passage: Confirmation,
}

/// What opened the gate for a vehicle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum PassageTrigger {
    /// A granted card.
    Card,
    /// A command.
    Command,
    /// Somebody at the barrier.
    Manual,
    /// A trigger that this version does not know.
    #[serde(other)]
    Unknown,
}

/// How it is known that a vehicle went through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Confirmation {
    /// The loop saw it.
    Confirmed,
    /// No loop is fitted: the barrier was open.
    Assumed,
    /// A confirmation that this version does not know.
    #[serde(other)]
    Unknown,
}

/// Something notable in the lane. Every entry and exit has one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct ParkingEvent {
    /// What happened.
    pub event: EventName,
    /// Shared with the passage about the same vehicle.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_id: Option<Id>,
    /// The card it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub card_id: Option<String>,
    /// The picture that was taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_id: Option<Id>,
    /// The command it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command_id: Option<Id>,
    /// More, for a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// What happened in the lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum EventName {
    /// A vehicle came in.
    Entry,
    /// A vehicle went out.
    Exit,
    /// A card was refused.
    Denied,
    /// Granted, and nobody went through.
    NoPassage,
    /// Two vehicles on one grant.
    Tailgate,
    /// Somebody opened the barrier by hand.
    ManualOpen,
    /// The boom left its closed position and nobody had ordered it.
    ForcedOpen,
    /// The boom did not reach its end position within the travel time.
    MovementTimeout,
    /// The lane is held open.
    HeldOpen,
    /// The lane is held closed.
    HeldClosed,
    /// The lane is latched open.
    EmergencyOpen,
    /// The emergency is over.
    EmergencyReset,
    /// The lane works by itself again.
    Auto,
    /// Events could not be kept: `detail` says how many.
    EventsLost,
    /// An event that this version does not know.
    #[serde(other)]
    Unknown,
}

/// A picture was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct ImageCaptured {
    /// The id under which the gateway serves it.
    pub image_id: Id,
    /// `image/jpeg`.
    pub content_type: String,
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// In bytes.
    pub size: u64,
    /// The SHA-256 of its bytes, 64 lower-case hexadecimal digits.
    pub sha256: String,
    /// What it was taken for: `start`, `command`, `open` (before the boom goes up), `entry` or
    /// `exit`.
    pub trigger: String,
    /// The event that it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_id: Option<Id>,
    /// Its path on the gateway.
    pub url: String,
}

/// A fault that somebody should know of: the payload of `error`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct Fault {
    /// Stable, in lower snake case.
    pub code: String,
    /// For a person: what, where, and what to do.
    pub message: String,
    /// The command that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command_id: Option<Id>,
    /// More, for a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}
