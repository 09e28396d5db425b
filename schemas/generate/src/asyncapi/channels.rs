//! Channels, and what is done on them.

use serde_json::{Map, Value, json};

use super::{mqtt, reference, websocket};
use crate::Message;

/// A topic, or a path of the gateway.
pub(super) struct Channel {
    pub(super) name: String,
    pub(super) address: String,
    pub(super) description: String,
    pub(super) servers: &'static [&'static str],
    pub(super) parameters: Value,
    /// By the names that they have among the components.
    pub(super) messages: Vec<String>,
    pub(super) bindings: Option<Value>,
    pub(super) operations: Vec<Operation>,
}

/// What the site does on a channel.
pub(super) struct Operation {
    pub(super) name: String,
    pub(super) action: Action,
    pub(super) summary: String,
    pub(super) messages: Vec<String>,
    pub(super) bindings: Option<Value>,
    /// The channel and the messages that answer it.
    pub(super) reply: Option<(String, Vec<String>)>,
}

/// From the side of the site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    Send,
    Receive,
}

pub(super) fn all(messages: &[Message]) -> Vec<Channel> {
    mqtt::channels(messages).into_iter().chain(websocket::channels(messages)).collect()
}

pub(super) fn described(channels: &[Channel]) -> Map<String, Value> {
    channels
        .iter()
        .map(|channel| {
            let mut described = json!({
                "address": channel.address,
                "description": channel.description,
                "servers": channel.servers.iter().map(|name| reference(&format!("servers/{name}"))).collect::<Value>(),
                "messages": channel.messages.iter().map(|name| (name.clone(), reference(&format!("components/messages/{name}")))).collect::<Map<_, _>>(),
            });
            if let Some(parameters) = channel.parameters.as_object().filter(|all| !all.is_empty()) {
                described["parameters"] = json!(parameters);
            }
            if let Some(bindings) = &channel.bindings {
                described["bindings"] = bindings.clone();
            }
            (channel.name.clone(), described)
        })
        .collect()
}

pub(super) fn operations(channels: &[Channel]) -> Map<String, Value> {
    let all = channels.iter().flat_map(|channel| {
        channel
            .operations
            .iter()
            .map(|operation| (operation.name.clone(), operation.described(&channel.name)))
    });

    all.collect()
}

impl Operation {
    fn described(&self, channel: &str) -> Value {
        let messages = |channel: &str, names: &[String]| -> Value {
            names
                .iter()
                .map(|name| reference(&format!("channels/{channel}/messages/{name}")))
                .collect()
        };
        let mut described = json!({
            "action": match self.action { Action::Send => "send", Action::Receive => "receive" },
            "channel": reference(&format!("channels/{channel}")),
            "summary": self.summary,
            "messages": messages(channel, &self.messages),
        });
        if let Some(bindings) = &self.bindings {
            described["bindings"] = bindings.clone();
        }
        if let Some((channel, names)) = &self.reply {
            described["reply"] = json!({
                "channel": reference(&format!("channels/{channel}")),
                "messages": messages(channel, names),
            });
        }

        described
    }
}

/// The gate in an address.
pub(super) fn gate_parameter() -> Value {
    json!({ "gate_id": {
        "description": "The gate: 1 to 63 of a-z, 0-9, `_` and `-`.",
        "examples": ["gate_in", "gate_out"],
    } })
}
