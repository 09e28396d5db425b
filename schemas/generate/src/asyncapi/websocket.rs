//! The channels of the gateway.

use schemas::{Kind, MessageType};
use serde_json::{Value, json};

use super::{
    channels::{Action, Channel, Operation, gate_parameter},
    servers::GATEWAY,
};
use crate::{Direction, Message};

const BINDING: &str = "0.1.0";

pub(super) fn channels(messages: &[Message]) -> Vec<Channel> {
    let all = Heard::of(messages);
    let clients = [
        (
            "ws_gate",
            "/ws/{gate_id}",
            "One gate. First `hello`, then its states between `snapshot_begin` and `snapshot_end`, then what happens.",
            gate_parameter(),
            all.reports.iter().chain(&all.greetings).cloned().collect::<Vec<_>>(),
        ),
        (
            "ws_gate_all",
            "/ws/gate_all",
            "All gates that the client may see, and the gateways. Commands name their gate.",
            json!({}),
            all.reports.iter().chain(&all.greetings).cloned().collect(),
        ),
        (
            "ws_admin",
            "/ws/admin",
            "All gates, and besides: commands as they pass, sessions that come and go, messages that were not valid.",
            json!({}),
            [&all.reports[..], &all.shown, &all.greetings, &all.confidential].concat(),
        ),
    ];

    clients
        .into_iter()
        .map(|(name, address, description, parameters, told)| {
            client(name, address, description, parameters, told, &all)
        })
        .chain([controller(&all)])
        .collect()
}

/// The names of messages, by who says them to whom.
struct Heard {
    reports: Vec<String>,
    /// Those of the reports that answer commands.
    answers: Vec<String>,
    commands: Vec<String>,
    /// What clients ask the gateway itself.
    questions: Vec<String>,
    /// Commands, as `admin` is shown them.
    shown: Vec<String>,
    greetings: Vec<String>,
    /// What the gateway says on `admin` alone.
    confidential: Vec<String>,
}

impl Heard {
    fn of(messages: &[Message]) -> Self {
        let names = |wanted: &dyn Fn(&Message) -> bool| -> Vec<String> {
            messages.iter().filter(|message| wanted(message)).map(Message::type_name).collect()
        };
        let is_for_all = |message: &Message| !message.description.starts_with("On `admin`");

        Self {
            reports: names(&|message| message.direction == Direction::Report),
            answers: names(&|message| {
                message.message_type.map(MessageType::kind) == Some(Kind::Answer)
            }),
            commands: names(&|message| message.direction == Direction::Command),
            questions: names(&|message| message.direction == Direction::Question),
            shown: messages
                .iter()
                .filter(|message| message.direction == Direction::Command)
                .map(|message| message.arriving().type_name())
                .collect(),
            greetings: names(&|message| {
                message.direction == Direction::Session && is_for_all(message)
            }),
            confidential: names(&|message| {
                message.direction == Direction::Session && !is_for_all(message)
            }),
        }
    }
}

fn client(
    name: &str,
    address: &str,
    description: &str,
    parameters: Value,
    told: Vec<String>,
    all: &Heard,
) -> Channel {
    let said: Vec<String> = all.commands.iter().chain(&all.questions).cloned().collect();

    Channel {
        name: name.to_owned(),
        address: address.to_owned(),
        description: description.to_owned(),
        servers: &GATEWAY,
        parameters,
        messages: told.iter().chain(&said).cloned().collect(),
        bindings: Some(json!({ "ws": {
            "method": "GET",
            "query": {
                "type": "object",
                "properties": { "after": {
                    "type": "string",
                    "description": "The `id` of the last event that a client that comes back has seen: what it missed comes first, or `hello` says `\"recovered\": false`.",
                } },
            },
            "bindingVersion": BINDING,
        } })),
        operations: vec![
            Operation {
                name: format!("tell_{name}"),
                action: Action::Send,
                summary: "The gateway tells a client what happens.".to_owned(),
                messages: told,
                bindings: None,
                reply: None,
            },
            Operation {
                name: format!("obey_{name}"),
                action: Action::Receive,
                summary: "A client commands. Answers come on the same channel; they are recognised by `command_id`."
                    .to_owned(),
                messages: said,
                bindings: None,
                reply: Some((name.to_owned(), all.answers.clone())),
            },
        ],
    }
}

fn controller(all: &Heard) -> Channel {
    let name = "ws_controller".to_owned();
    let errors = vec!["ErrorMessage".to_owned()];
    let orders: Vec<String> = all.shown.iter().chain(&errors).cloned().collect();

    Channel {
        name: name.clone(),
        address: "/ws/controller/{gate_id}".to_owned(),
        description: "A controller that speaks these messages over WebSocket, in place of an agent: what it says is published over \
                      MQTT byte for byte, and it is sent the commands for its gate."
            .to_owned(),
        servers: &GATEWAY,
        parameters: gate_parameter(),
        messages: all.reports.iter().chain(&all.shown).cloned().collect(),
        bindings: Some(json!({ "ws": { "method": "GET", "bindingVersion": BINDING } })),
        operations: vec![
            Operation {
                name: format!("hear_{name}"),
                action: Action::Receive,
                summary: "A controller says what happens at its gate.".to_owned(),
                messages: all.reports.clone(),
                bindings: None,
                reply: None,
            },
            Operation {
                name: format!("order_{name}"),
                action: Action::Send,
                summary: "The gateway passes commands on, and says what it could not make sense of.".to_owned(),
                messages: orders,
                bindings: None,
                reply: None,
            },
        ],
    }
}
