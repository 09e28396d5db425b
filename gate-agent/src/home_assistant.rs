//! What a gate tells Home Assistant: itself as a device, in one retained message.
//!
//! It is published on every connection, and again whenever Home Assistant says that it has come.
//! States and commands go the ways of the contract: all that is said here is how to read them.

mod components;

use bytes::Bytes;
use schemas::{GateId, MessageType, Root, Topic, birth_topic, device_id, discovery_topic};
use serde_json::{Value, json};

use crate::config::{Camera, Config, HomeAssistant};

/// What Home Assistant says when it has come.
const BIRTH: &[u8] = b"online";

/// What is published for Home Assistant, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Discovery {
    /// Where it is published.
    pub(crate) topic: String,
    /// The description of the gate; empty, where it is taken back.
    pub(crate) bytes: Bytes,
    /// Where Home Assistant says that it has come.
    pub(crate) birth: String,
}

/// What a description is made of.
struct Described<'a> {
    root: &'a Root,
    gate: &'a GateId,
    config: &'a Config,
}

impl Discovery {
    /// `None` where nobody has asked for it.
    pub(crate) fn of(
        home_assistant: &HomeAssistant,
        root: &Root,
        gate: &GateId,
        config: &Config,
    ) -> Option<Self> {
        let bytes = if home_assistant.discovery? {
            let described = Described { root, gate, config };
            serde_json::to_vec(&described.device()).expect("JSON can be written").into()
        } else {
            Bytes::new()
        };

        Some(Self {
            topic: discovery_topic(home_assistant.prefix.as_str(), root, gate),
            bytes,
            birth: birth_topic(home_assistant.prefix.as_str()),
        })
    }

    /// Whether Home Assistant has just come, and wants to be told.
    pub(crate) fn is_wanted(&self, topic: &str, payload: &[u8]) -> bool {
        topic == self.birth && payload == BIRTH && !self.bytes.is_empty()
    }
}

impl Described<'_> {
    fn device(&self) -> Value {
        let id = device_id(self.root, self.gate);
        let version = env!("CARGO_PKG_VERSION");

        json!({
            "device": {
                "identifiers": [id],
                "name": self.gate,
                "manufacturer": "Manless",
                "model": "Gate of a car park",
                "sw_version": version,
            },
            "origin": { "name": "Manless", "sw_version": version },
            "availability": [{
                "topic": self.topic(MessageType::SystemStatus),
                // A gate that lacks a device is there, and says so.
                "value_template":
                    "{{ 'online' if value_json.payload.state in ['online', 'degraded'] else 'offline' }}",
            }],
            "qos": 1,
            "components": self.components(&id),
        })
    }

    fn topic(&self, kind: MessageType) -> String {
        Topic::Gate(self.gate.clone(), kind).below(self.root)
    }

    fn has_camera(&self) -> bool {
        self.config.camera != Camera::None
    }
}

#[cfg(test)]
mod tests;
