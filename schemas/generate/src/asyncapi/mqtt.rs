//! The topics.

use schemas::{Kind, MessageType, Qos, Retention};
use serde_json::{Value, json};

use super::{
    channels::{Action, Channel, Operation, gate_parameter},
    components::{PICTURE, bare_name, word_name},
    servers::MQTT,
};
use crate::Message;

const BINDING: &str = "0.2.0";
/// How long a command lives, in seconds: a broker need not keep it for longer.
const COMMAND_LIVES: u32 = 10;

pub(super) fn channels(messages: &[Message]) -> Vec<Channel> {
    let gates = MessageType::ALL.into_iter().map(|kind| match kind.kind() {
        Kind::Command => command(kind, messages),
        Kind::State | Kind::Event | Kind::Answer | Kind::Picture => said(kind, messages),
    });

    gates.chain([of_a_gateway()]).collect()
}

/// A topic that agents publish on.
fn said(kind: MessageType, messages: &[Message]) -> Channel {
    let name = message_name(kind, messages);

    Channel {
        name: kind.to_string(),
        address: format!("parking/{{gate_id}}/{kind}"),
        description: description(kind),
        servers: &MQTT,
        parameters: gate_parameter(),
        messages: vec![name.clone()],
        bindings: None,
        operations: vec![Operation {
            name: format!("publish_{kind}"),
            action: Action::Send,
            summary: format!("A gate publishes `{kind}`."),
            messages: vec![name],
            bindings: Some(bindings(kind)),
            reply: None,
        }],
    }
}

/// A topic that agents are commanded on.
fn command(kind: MessageType, messages: &[Message]) -> Channel {
    let shapes = vec![message_name(kind, messages), bare_name(kind), word_name(kind)];
    let answer: Option<MessageType> = format!("{kind}_response").parse().ok();

    Channel {
        name: kind.to_string(),
        address: format!("parking/{{gate_id}}/{kind}"),
        description: description(kind),
        servers: &MQTT,
        parameters: gate_parameter(),
        messages: shapes.clone(),
        bindings: None,
        operations: vec![Operation {
            name: format!("obey_{kind}"),
            action: Action::Receive,
            summary: format!("A gate is sent `{kind}`, in any of three shapes."),
            messages: shapes,
            bindings: Some(bindings(kind)),
            reply: answer.map(|answer| (answer.to_string(), vec![message_name(answer, messages)])),
        }],
    }
}

/// What a gateway says of itself.
fn of_a_gateway() -> Channel {
    let kind = MessageType::SystemStatus;
    let name = "SystemStatusMessage".to_owned();

    Channel {
        name: "bridge_system_status".to_owned(),
        address: format!("parking/{{bridge_id}}/{kind}"),
        description: "A gateway's own state: birth, and last will. Retained.".to_owned(),
        servers: &MQTT,
        parameters: json!({ "bridge_id": {
            "description": "The name of the gateway: `bridge`, or `bridge-2` where several run.",
            "examples": ["bridge"],
        } }),
        messages: vec![name.clone()],
        bindings: None,
        operations: vec![Operation {
            name: "publish_bridge_system_status".to_owned(),
            action: Action::Send,
            summary: "A gateway publishes its own state.".to_owned(),
            messages: vec![name],
            bindings: Some(bindings(kind)),
            reply: None,
        }],
    }
}

fn message_name(kind: MessageType, messages: &[Message]) -> String {
    messages
        .iter()
        .find(|message| message.message_type == Some(kind))
        .map_or_else(|| PICTURE.to_owned(), Message::type_name)
}

fn description(kind: MessageType) -> String {
    let delivery = kind.delivery();
    let kept = match (kind.kind(), delivery.retention) {
        (Kind::Command, _) => {
            "Never retained: a retained command is refused. Never queued: agents use clean sessions."
        }
        (_, Retention::Retained) => "Retained: whoever subscribes is told the latest at once.",
        (_, Retention::Transient) => "Not retained: nothing old looks new.",
    };
    let journaled = match delivery.durability {
        schemas::Durability::Journaled => {
            " On the gate's disk before it is published, and published until the broker has acknowledged it."
        }
        schemas::Durability::Volatile => "",
    };

    format!("{kept}{journaled}")
}

/// Message expiry is of MQTT 5; before it, `expires_at` alone says when a command is no longer wanted.
fn bindings(kind: MessageType) -> Value {
    let delivery = kind.delivery();
    let mut mqtt = json!({
        "qos": match delivery.qos { Qos::AtMostOnce => 0, Qos::AtLeastOnce => 1 },
        "retain": delivery.retention == Retention::Retained,
    });
    if kind.is_command() {
        mqtt["messageExpiryInterval"] = json!(COMMAND_LIVES);
    }
    mqtt["bindingVersion"] = json!(BINDING);

    json!({ "mqtt": mqtt })
}
