//! Commands: what somebody wants done. Never retained, never stored.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{GateId, Id, Timestamp};

/// Moves a boom or changes the mode of its lane.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct GateControl {
    /// What to do.
    pub action: GateAction,
    /// The gate, where the sender says it once more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gate_id: Option<GateId>,
    /// Seconds for which the boom stays fully open before it closes by itself. Absent: as long as
    /// the gate is configured to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration: Option<OpenSeconds>,
    /// By which the command is recognised. The same id again moves nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command_id: Option<Id>,
    /// Why, for a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Who wants it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requested_by: Option<String>,
    /// When it is no longer wanted. Absent: 10 s after it was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// Until when `hold_open` or `hold_closed` lasts. Absent: until `auto`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// The card that `open` or `close` decides on. When nobody waits for that, nothing moves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub card_id: Option<String>,
    /// What this version does not know, kept as it came.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// What a boom or its lane is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum GateAction {
    /// Open, and close again after a while.
    Open,
    /// Close, as soon as nothing is under the boom.
    Close,
    /// Stand still.
    Stop,
    /// Open and stay open.
    HoldOpen,
    /// Close and stay closed.
    HoldClosed,
    /// Work by itself again.
    Auto,
    /// Open and stay open, whatever else is wanted.
    EmergencyOpen,
    /// End the emergency.
    EmergencyReset,
}

/// How long a boom stays fully open: 1 to 3600 whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "u16")]
pub struct OpenSeconds(u16);

/// Takes a picture, or starts or stops a stream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct CameraControl {
    /// What to do.
    pub action: CameraAction,
    /// The gate, where the sender says it once more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gate_id: Option<GateId>,
    /// By which the command is recognised.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command_id: Option<Id>,
    /// The picture that is wanted, of `fetch`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_id: Option<Id>,
    /// Frames a second of the stream.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fps: Option<u32>,
    /// After how many seconds the stream ends unless it is started anew. Absent: 60.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_seconds: Option<u32>,
    /// Who wants it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requested_by: Option<String>,
    /// When it is no longer wanted. Absent: 10 s after it was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// What this version does not know, kept as it came.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// What a camera is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum CameraAction {
    /// Take one picture.
    Capture,
    /// Publish pictures, one after the other.
    StartStream,
    /// End that.
    StopStream,
    /// Publish a picture that was kept once more.
    Fetch,
}

/// Asks a gate for all its states anew.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct RequestStatus {
    /// The gate, where the sender says it once more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gate_id: Option<GateId>,
    /// By which the command is recognised.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command_id: Option<Id>,
    /// Who wants it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requested_by: Option<String>,
    /// What this version does not know, kept as it came.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// Asks a gate for journaled events again, byte for byte.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct RequestEvents {
    /// The gate, where the sender says it once more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gate_id: Option<GateId>,
    /// By which the command is recognised.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command_id: Option<Id>,
    /// The journal that the numbers are of. Absent: the current one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub journal: Option<Id>,
    /// The first one wanted.
    pub from_seq: u64,
    /// The last one wanted. Absent: the newest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to_seq: Option<u64>,
    /// Who wants it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requested_by: Option<String>,
    /// What this version does not know, kept as it came.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// The number is not a time for which a boom may stay open.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("`duration` is a whole number of seconds from 1 to 3600, not {0}")]
pub struct OpenSecondsError(f64);

impl OpenSeconds {
    /// The same as a [`Duration`].
    pub fn duration(self) -> Duration {
        Duration::from_secs(self.0.into())
    }
}

impl TryFrom<f64> for OpenSeconds {
    type Error = OpenSecondsError;

    fn try_from(seconds: f64) -> Result<Self, OpenSecondsError> {
        let whole = seconds.fract() == 0.0;

        if whole && (1.0..=3600.0).contains(&seconds) {
            Ok(Self(seconds as u16))
        } else {
            Err(OpenSecondsError(seconds))
        }
    }
}

impl From<OpenSeconds> for u16 {
    fn from(seconds: OpenSeconds) -> Self {
        seconds.0
    }
}

impl fmt::Display for GateAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

impl fmt::Display for CameraAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_boom_stays_open_for_one_second_to_one_hour() {
        for (text, expected) in [("1", 1), ("10", 10), ("10.0", 10), ("3600", 3600)] {
            let seconds: OpenSeconds = serde_json::from_str(text).unwrap();
            assert_eq!(seconds.duration(), Duration::from_secs(expected));
        }
        for text in ["0", "-1", "0.5", "2.5", "3601", "1e9", "1e300", "\"10\"", "true", "null"] {
            assert!(serde_json::from_str::<OpenSeconds>(text).is_err(), "accepted {text}");
        }
    }
}
