//! States: what is the case. The latest one counts, and the broker keeps it.

use serde::{Deserialize, Serialize};

use crate::{Id, Timestamp};

/// The birth of an agent or gateway, its end, and what is known of it in between.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct SystemStatus {
    /// Whether it runs.
    pub state: SystemState,
    /// New at each start. An `offline` whose boot is not the current one is stale.
    pub boot: Id,
    /// The version of the program.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// When it started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// Some of its devices are simulated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub simulated: Option<bool>,
    /// The version of the contract it speaks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contract: Option<String>,
    /// The id of its journal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub journal: Option<Id>,
    /// The last sequence number in its journal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_seq: Option<u64>,
    /// How many events of its journal no broker has acknowledged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unsent: Option<u64>,
    /// Its clock, where something is wrong with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock: Option<String>,
    /// Why it is in this state, for a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Whether an agent or gateway runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum SystemState {
    /// It runs and has all its devices.
    Online,
    /// It runs, and a device is missing.
    Degraded,
    /// It was stopped on purpose.
    Stopped,
    /// It is gone: the broker says so by its last will.
    Offline,
    /// A state that this version does not know.
    #[serde(other)]
    Unknown,
}

/// Which devices of a gate are there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct HardwareStatus {
    /// The camera.
    pub camera: Camera,
    /// The card reader.
    pub card_reader: CardReader,
    /// The controller that moves the boom.
    pub arduino: Arduino,
}

/// The camera of a gate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct Camera {
    /// Whether it answers.
    pub connected: bool,
    /// What it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<CameraStatus>,
    /// What is wrong, for a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// What a camera does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum CameraStatus {
    /// It can take a picture.
    Ready,
    /// Its stream runs.
    Streaming,
    /// It is there and fails.
    Error,
    /// It is not there.
    Disconnected,
    /// A status that this version does not know.
    #[serde(other)]
    Unknown,
}

/// The card reader of a gate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct CardReader {
    /// Whether its port is open.
    pub connected: bool,
    /// The serial port: `COM17`, `/dev/serial/by-id/…`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<String>,
    /// What it does: `ready`, `disconnected` or `not_fitted`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// What is wrong, for a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// The controller that moves the boom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct Arduino {
    /// Whether it answers.
    pub connected: bool,
    /// Where the boom is.
    pub gate_status: BarrierStatus,
    /// The serial port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<String>,
    /// Whether a vehicle stands on the closing loop. Absent where none is fitted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vehicle_present: Option<bool>,
    /// What the controller calls its firmware.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub firmware: Option<String>,
    /// What is wrong, for a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// Where the boom of a gate is, and who rules it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct GateStatus {
    /// Where the boom is.
    pub status: BarrierStatus,
    /// Who rules it.
    pub mode: LaneMode,
    /// Whether a vehicle stands on the closing loop. Absent where none is fitted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vehicle_present: Option<bool>,
    /// Whether a vehicle stands on the arming loop, in front of the boom. Absent where none is fitted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vehicle_waiting: Option<bool>,
    /// What keeps the gate from working.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<GateFault>,
    /// The last command that was carried out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_command_id: Option<Id>,
    /// What the last movement was made for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub moved_by: Option<MovedBy>,
    /// Who wanted the mode.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode_owner: Option<String>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode_reason: Option<String>,
    /// When it ends by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode_until: Option<Timestamp>,
}

/// Where the boom is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum BarrierStatus {
    /// Down.
    Closed,
    /// Going up.
    Opening,
    /// Up.
    Open,
    /// Going down.
    Closing,
    /// Standing between its end positions.
    Stopped,
    /// Nobody knows.
    #[serde(other)]
    Unknown,
}

impl BarrierStatus {
    /// Whether the boom is known not to move.
    pub fn stands_still(self) -> bool {
        matches!(self, Self::Closed | Self::Open | Self::Stopped)
    }
}

/// Who rules the boom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum LaneMode {
    /// Cards and commands open, time closes.
    Auto,
    /// It stays open until `auto`.
    HeldOpen,
    /// It stays closed until `auto`.
    HeldClosed,
    /// Latched open: only `emergency_reset` ends it.
    EmergencyOpen,
    /// Nothing moves until a person acts.
    OutOfService,
    /// A mode that this version does not know.
    #[serde(other)]
    Unknown,
}

/// What keeps a gate from working.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum GateFault {
    /// The boom did not reach its end position within the travel time.
    MovementTimeout,
    /// The barrier controller does not answer.
    ControllerLost,
    /// The loop reports a vehicle that does not leave.
    LoopStuck,
    /// A fault that this version does not know.
    #[serde(other)]
    Unknown,
}

/// What a movement was made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum MovedBy {
    /// A `gate_control` command.
    Command,
    /// A granted card.
    Card,
    /// The closing timer.
    Timer,
    /// Somebody at the barrier.
    Manual,
    /// The protection of whoever is under the boom.
    Safety,
    /// A cause that this version does not know.
    #[serde(other)]
    Unknown,
}
