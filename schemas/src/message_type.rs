//! The types of message, and what is promised about the delivery of each.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// The type of a message: the last level of its topic and the `type` of its envelope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum MessageType {
    /// The birth of an agent or a gateway, and its last will.
    SystemStatus,
    /// Which devices are there.
    HardwareStatus,
    /// Where the boom is and who rules it.
    GateStatus,
    /// A card was read.
    CardDetected,
    /// A vehicle came in: the business record.
    ParkingEntry,
    /// A vehicle went out: the business record.
    ParkingExit,
    /// Everything notable in the lane.
    ParkingEvent,
    /// A picture was taken.
    ImageCaptured,
    /// The latest picture: raw JPEG.
    Image,
    /// A frame of a running stream: raw JPEG.
    Stream,
    /// A picture that was asked for by `camera_control` `fetch`: raw JPEG.
    Picture,
    /// A fault that somebody should know of.
    Error,
    /// What became of a `gate_control`.
    GateControlResponse,
    /// What became of a `camera_control`.
    CameraControlResponse,
    /// Moves a boom or changes the mode of its lane.
    GateControl,
    /// Takes a picture, or starts or stops a stream.
    CameraControl,
    /// Asks for all states anew.
    RequestStatus,
    /// Asks for journaled events again.
    RequestEvents,
}

/// The five kinds of message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// What is the case; the latest one counts.
    State,
    /// What happened; each one counts.
    Event,
    /// What became of a command.
    Answer,
    /// What somebody wants done.
    Command,
    /// Raw JPEG.
    Picture,
}

/// How a message travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delivery {
    /// The MQTT quality of service.
    pub qos: Qos,
    /// Whether the broker keeps it for those who subscribe later.
    pub retention: Retention,
    /// Whether the agent writes it to its journal before it publishes it.
    pub durability: Durability,
}

/// The MQTT quality of service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Qos {
    /// 0: at most once.
    AtMostOnce,
    /// 1: at least once.
    AtLeastOnce,
}

/// Whether the broker keeps a message for those who subscribe later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retention {
    /// The retain flag is set.
    Retained,
    /// The retain flag is clear.
    Transient,
}

/// Whether a message outlives a power cut of its sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Written to the journal before it is published, and published until acknowledged.
    Journaled,
    /// Gone with the process.
    Volatile,
}

/// The word is not a type of message in this contract.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown message type")]
pub struct UnknownType;

impl MessageType {
    /// Every type, in the order of the contract.
    pub const ALL: [Self; 18] = [
        Self::SystemStatus,
        Self::HardwareStatus,
        Self::GateStatus,
        Self::CardDetected,
        Self::ParkingEntry,
        Self::ParkingExit,
        Self::ParkingEvent,
        Self::ImageCaptured,
        Self::Image,
        Self::Stream,
        Self::Picture,
        Self::Error,
        Self::GateControlResponse,
        Self::CameraControlResponse,
        Self::GateControl,
        Self::CameraControl,
        Self::RequestStatus,
        Self::RequestEvents,
    ];

    /// The type as it is written on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SystemStatus => "system_status",
            Self::HardwareStatus => "hardware_status",
            Self::GateStatus => "gate_status",
            Self::CardDetected => "card_detected",
            Self::ParkingEntry => "parking_entry",
            Self::ParkingExit => "parking_exit",
            Self::ParkingEvent => "parking_event",
            Self::ImageCaptured => "image_captured",
            Self::Image => "image",
            Self::Stream => "stream",
            Self::Picture => "picture",
            Self::Error => "error",
            Self::GateControlResponse => "gate_control_response",
            Self::CameraControlResponse => "camera_control_response",
            Self::GateControl => "gate_control",
            Self::CameraControl => "camera_control",
            Self::RequestStatus => "request_status",
            Self::RequestEvents => "request_events",
        }
    }

    /// Which of the five kinds it is.
    pub fn kind(self) -> Kind {
        match self {
            Self::SystemStatus | Self::HardwareStatus | Self::GateStatus => Kind::State,
            Self::CardDetected
            | Self::ParkingEntry
            | Self::ParkingExit
            | Self::ParkingEvent
            | Self::ImageCaptured
            | Self::Error => Kind::Event,
            Self::Image | Self::Stream | Self::Picture => Kind::Picture,
            Self::GateControlResponse | Self::CameraControlResponse => Kind::Answer,
            Self::GateControl | Self::CameraControl | Self::RequestStatus | Self::RequestEvents => {
                Kind::Command
            }
        }
    }

    /// Whether it wants something done. Commands are never retained.
    pub fn is_command(self) -> bool {
        self.kind() == Kind::Command
    }

    /// How it travels.
    pub fn delivery(self) -> Delivery {
        use Durability::{Journaled, Volatile};
        use Qos::{AtLeastOnce, AtMostOnce};
        use Retention::{Retained, Transient};

        let (qos, retention, durability) = match self {
            Self::SystemStatus | Self::HardwareStatus | Self::GateStatus | Self::Image => {
                (AtLeastOnce, Retained, Volatile)
            }
            Self::CardDetected | Self::ParkingEntry | Self::ParkingExit | Self::ParkingEvent => {
                (AtLeastOnce, Transient, Journaled)
            }
            Self::Stream => (AtMostOnce, Transient, Volatile),
            Self::ImageCaptured
            | Self::Picture
            | Self::Error
            | Self::GateControlResponse
            | Self::CameraControlResponse
            | Self::GateControl
            | Self::CameraControl
            | Self::RequestStatus
            | Self::RequestEvents => (AtLeastOnce, Transient, Volatile),
        };

        Delivery { qos, retention, durability }
    }
}

impl fmt::Display for MessageType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for MessageType {
    type Err = UnknownType;

    fn from_str(text: &str) -> Result<Self, UnknownType> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or(UnknownType)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_never_retained() {
        for kind in MessageType::ALL.into_iter().filter(|kind| kind.is_command()) {
            assert_eq!(kind.delivery().retention, Retention::Transient, "{kind}");
        }
    }

    #[test]
    fn states_are_retained_and_events_never_are() {
        for kind in MessageType::ALL {
            match kind.kind() {
                Kind::State => assert_eq!(kind.delivery().retention, Retention::Retained),
                Kind::Event | Kind::Answer => {
                    assert_eq!(kind.delivery().retention, Retention::Transient);
                }
                Kind::Command | Kind::Picture => {}
            }
        }
    }

    #[test]
    fn serde_and_display_spell_a_type_the_same() {
        for kind in MessageType::ALL {
            assert_eq!(serde_json::to_string(&kind).unwrap(), format!("\"{kind}\""));
            assert_eq!(kind.as_str().parse(), Ok(kind));
        }
    }
}
