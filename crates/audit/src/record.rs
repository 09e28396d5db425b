//! What is recorded.

use std::net::IpAddr;

use schemas::Timestamp;
use serde::{Deserialize, Serialize};

/// One thing that happened. What does not apply is absent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// When it was seen.
    pub time: Timestamp,
    /// What it was.
    pub what: What,
    /// The gateway that saw it.
    pub gateway: String,
    /// At which gate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate: Option<String>,
    /// What was wanted, in the words of the contract.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// By which a command and its answers are recognised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command_id: Option<String>,
    /// Which way it came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<Via>,
    /// Who, where somebody has logged in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// From where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<IpAddr>,
    /// The number of the session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<u64>,
    /// Who it is by the command's own words, where nobody vouches for them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requested_by: Option<String>,
    /// Why, in the words of whoever wanted or refused it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What became of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// The code of a failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Milliseconds from the command to this answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elapsed_ms: Option<u64>,
    /// How many records before this one are missing: the disk took none, or too many came at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost: Option<u64>,
    /// What a power cut has left of the record before this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub torn: Option<String>,
}

/// The kinds of record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// A gateway started to write.
    Started,
    /// It stopped, in order.
    Stopped,
    /// Somebody sent a command.
    Command,
    /// A gate answered it.
    Answer,
    /// The gateway answered it itself: nothing was sent, or nobody answered.
    Refusal,
    /// Somebody logged in.
    Login,
    /// Somebody tried to.
    LoginFailed,
    /// Somebody logged out.
    Logout,
    /// One that this version does not know.
    #[serde(other)]
    Unknown,
}

/// Ways to the gateway, or past it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Via {
    /// A channel of this gateway.
    Websocket,
    /// A request to this gateway.
    Http,
    /// The broker: another program sent it there, which is not known.
    Mqtt,
    /// One that this version does not know.
    #[serde(other)]
    Unknown,
}

impl Record {
    /// Something that happened, of which no more is known.
    pub fn new(time: Timestamp, what: What, gateway: &str) -> Self {
        Self {
            time,
            what,
            gateway: gateway.to_owned(),
            gate: None,
            action: None,
            command_id: None,
            via: None,
            user: None,
            address: None,
            session: None,
            requested_by: None,
            reason: None,
            status: None,
            code: None,
            elapsed_ms: None,
            lost: None,
            torn: None,
        }
    }
}
