//! The message contract of Manless: every topic, every payload, once.
//!
//! | `parking/{gate_id}/…` | kind | payload |
//! |---|---|---|
//! | `system_status` | state, last will | [`SystemStatus`] |
//! | `hardware_status` | state | [`HardwareStatus`] |
//! | `gate_status` | state | [`GateStatus`] |
//! | `card_detected` | event | [`CardDetected`] |
//! | `parking_entry`, `parking_exit` | event | [`Passage`] |
//! | `parking_event` | event | [`ParkingEvent`] |
//! | `image_captured` | event | [`ImageCaptured`] |
//! | `image`, `stream` | picture | raw JPEG, [`Picture`] |
//! | `error` | event | [`Fault`] |
//! | `gate_control_response`, `camera_control_response` | answer | [`Answer`] |
//! | `gate_control` | command | [`GateControl`] |
//! | `camera_control` | command | [`CameraControl`] |
//! | `request_status`, `request_events` | command | [`RequestStatus`], [`RequestEvents`] |
//!
//! How each is delivered (quality of service, retained, journaled) is [`MessageType::delivery`].
//!
//! Bytes become a [`Message`] in [`Message::decode`] and nowhere else, and a topic is spelled in
//! [`Topic`] and nowhere else; past these lines the workspace handles only values that are known
//! to be valid. This crate knows no client library, no clock and no file: it is safe to use from
//! a daemon, a test or a code generator.
//!
//! A published message gains optional fields and never loses or re-types one. Changing a payload
//! breaks `tests/golden.rs`: leave those files alone and add an optional field instead.

mod command;
mod decode;
mod gate_id;
mod home_assistant;
mod id;
#[cfg(feature = "json-schema")]
mod json_schema;
mod message;
mod message_type;
mod payload;
mod session;
mod topic;

pub use command::{Command, CommandBody, Salvaged};
pub use decode::{DecodeError, MAX_MESSAGE};
pub use gate_id::{BridgeId, GateId, GateIdError};
pub use home_assistant::{DISCOVERY_PREFIX, birth_topic, device_id, discovery_topic};
pub use id::{Id, IdError};
pub use message::{Body, JournalPosition, Message, Picture, Report, Source};
pub use message_type::{Delivery, Durability, Kind, MessageType, Qos, Retention, UnknownType};
pub use payload::{
    answer::{Answer, AnswerCode, AnswerStatus},
    command::{
        CameraAction, CameraControl, GateAction, GateControl, OpenSeconds, OpenSecondsError,
        RequestEvents, RequestStatus,
    },
    event::{
        CardDetected, Confirmation, Decision, EventName, Fault, ImageCaptured, ParkingEvent,
        Passage, PassageTrigger,
    },
    status::{
        Arduino, BarrierStatus, Camera, CameraStatus, CardReader, GateFault, GateStatus,
        HardwareStatus, LaneMode, MovedBy, SystemState, SystemStatus,
    },
};
pub use session::{Hello, SessionBody, SessionMessage, is_ping};
pub use topic::{Root, RootError, Topic, TopicError};

/// An instant on the wire: RFC 3339, written in UTC with `Z`.
pub use jiff::Timestamp;

/// The version of the contract that this crate is.
pub const CONTRACT: &str = "1.0";
