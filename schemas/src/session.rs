//! What the gateway itself says to a WebSocket client. None of it is published over MQTT.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::{Fault, Id, Timestamp};

/// A message of the gateway to one client.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SessionMessage {
    /// What it says.
    #[serde(flatten)]
    pub body: SessionBody,
    /// The client's channel: a gate, `gate_all` or `admin`.
    pub gate_id: String,
    /// When it was said.
    pub timestamp: Timestamp,
    /// By which it is recognised.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Id>,
}

/// What the gateway says to a client, by its type.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(tag = "type", content = "payload", rename_all = "snake_case")]
pub enum SessionBody {
    /// The first message on every connection.
    Hello(Hello),
    /// The current states follow.
    SnapshotBegin {},
    /// The current states are told; what follows happens from here on.
    SnapshotEnd {},
    /// What the client sent was not understood or not possible.
    Error(Fault),
    /// The answer to a client's `ping`: it is heard.
    Pong {},
    /// On `admin`: a client came.
    SessionOpened {
        /// By which the gateway tells its clients apart.
        session: u64,
        /// The channel.
        channel: String,
        /// Where the client is.
        address: String,
        /// Who it is, where there are logins: the user, or whose the token is.
        #[serde(skip_serializing_if = "Option::is_none")]
        user: Option<String>,
    },
    /// On `admin`: a client left.
    SessionClosed {
        /// By which the gateway tells its clients apart.
        session: u64,
        /// The channel.
        channel: String,
        /// Why, for a person.
        reason: String,
    },
    /// On `admin`: something arrived that is not a message of the contract.
    InvalidMessage {
        /// Where it came from: an MQTT topic or a channel.
        origin: String,
        /// Its length in bytes.
        size: usize,
        /// What is wrong with it.
        reason: String,
    },
}

/// The first message on every connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct Hello {
    /// The gateway's clock.
    pub server_time: Timestamp,
    /// The version of the contract.
    pub contract: String,
    /// The client's channel.
    pub channel: String,
    /// What the client may do.
    pub role: String,
    /// For a client that came back: whether it now gets all that it missed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recovered: Option<bool>,
    /// The last event before this moment, if one is kept: a client that is cut off before it has
    /// seen an event resumes after this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_event: Option<Id>,
}

/// Whether a client only asks if anybody hears it: `{"type":"ping"}`.
///
/// A page does not see the pings of WebSocket, and cannot tell silence from a dead connection.
pub fn is_ping(text: &str) -> bool {
    #[derive(Deserialize)]
    struct Asked<'a> {
        #[serde(borrow)]
        r#type: Cow<'a, str>,
    }

    serde_json::from_str::<Asked<'_>>(text).is_ok_and(|asked| asked.r#type == "ping")
}

impl SessionMessage {
    /// The text of the frame.
    pub fn encode(&self) -> String {
        serde_json::to_string(self).expect("these types have no map keys but strings")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ping_is_told_from_commands_and_from_nonsense() {
        for ping in [
            r#"{"type":"ping"}"#,
            r#"{"payload":{"timestamp":"2024-01-20T10:30:00Z"},"type":"p\u0069ng","more":[1]}"#,
        ] {
            assert!(is_ping(ping), "{ping}");
        }
        for other in
            [r#"{"type":"gate_control","payload":{"action":"ping"}}"#, r#"{"type":1}"#, "ping", ""]
        {
            assert!(!is_ping(other), "{other}");
        }
    }
}
