//! Answers: what became of a command.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{BarrierStatus, Id};

/// What became of a command: the payload of `gate_control_response` and `camera_control_response`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct Answer {
    /// The command that it answers.
    pub command_id: Id,
    /// What the command wanted, as it was sent: an unknown action is answered as well.
    pub action: String,
    /// How far it got.
    pub status: AnswerStatus,
    /// True on `succeeded` and, as the first answer, on `accepted`.
    pub success: bool,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<AnswerCode>,
    /// The same, for a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Where the boom is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gate_status: Option<BarrierStatus>,
    /// The picture that was taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_id: Option<Id>,
    /// The SHA-256 of the picture that was fetched, as in `image_captured`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Milliseconds since the command arrived.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub elapsed_ms: Option<u64>,
}

/// How far a command got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum AnswerStatus {
    /// It will be carried out.
    Accepted,
    /// It is being carried out.
    Executing,
    /// It was carried out.
    Succeeded,
    /// It could not be carried out.
    Failed,
    /// It was refused.
    Rejected,
    /// It came too late.
    Expired,
    /// A status that this version does not know: not a success.
    #[serde(other)]
    Unknown,
}

/// Why a command failed or was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum AnswerCode {
    /// It was retained by a broker: not a live command.
    RetainedCommand,
    /// It came too late.
    Expired,
    /// Its id was seen before.
    Duplicate,
    /// It is not a command of the contract.
    Invalid,
    /// Its sender may not command this gate.
    Unauthorized,
    /// Too many movements in too short a time.
    RateLimited,
    /// The lane is held, or out of service.
    ModeLocked,
    /// A vehicle is, or may be, under the boom.
    VehiclePresent,
    /// The lane is latched open.
    EmergencyActive,
    /// The device does not answer.
    HardwareOffline,
    /// The boom did not reach its end position within the travel time.
    MovementTimeout,
    /// The gate's agent is not there.
    GateOffline,
    /// The gateway has no broker.
    BrokerUnavailable,
    /// Nobody answered in time.
    Timeout,
    /// A code that this version does not know.
    #[serde(other)]
    Unknown,
}

impl AnswerStatus {
    /// Whether no further answer follows.
    pub fn is_final(self) -> bool {
        !matches!(self, Self::Accepted | Self::Executing)
    }

    /// What belongs into `success`.
    pub fn is_success(self) -> bool {
        matches!(self, Self::Accepted | Self::Succeeded)
    }
}

impl fmt::Display for AnswerCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}
