//! Every message of the contract: its type, whence it comes, and what its envelope looks like.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use schemars::{
    JsonSchema,
    generate::{SchemaGenerator, SchemaSettings},
    transform::Transform,
};
use schemas::{Body, CommandBody, Durability, GateId, MessageType, SessionBody};
use serde_json::{Map, Value, json};

use crate::{Folder, examples, open::Open};

/// A message of the contract that is JSON. (Pictures are not.)
#[derive(Debug, Clone)]
pub struct Message {
    /// The `type` of its envelope.
    pub name: String,
    /// Who says it to whom.
    pub direction: Direction,
    /// The type of the contract, where it is published over MQTT.
    pub message_type: Option<MessageType>,
    /// What it is.
    pub description: String,
    /// The envelope with its payload. What it refers to is in [`Message::definitions`].
    pub schema: Value,
    /// What the schema refers to, by name.
    pub definitions: Map<String, Value>,
    /// Messages of this type.
    pub examples: Vec<Value>,
}

/// Who says something to whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// An agent or a controller to everybody: states, events, answers.
    Report,
    /// Somebody to an agent or a controller.
    Command,
    /// A gateway to one of its WebSocket clients.
    Session,
    /// A WebSocket client to its gateway, which keeps it to itself.
    Question,
}

/// Every message, in the order of the contract.
pub fn messages(folder: &Folder) -> Result<Vec<Message>> {
    let mut words = Words::default();
    let reports = words.bodies::<Body>(Direction::Report)?;
    let commands = words.bodies::<CommandBody>(Direction::Command)?;
    let sessions = words.bodies::<SessionBody>(Direction::Session)?;
    let descriptions = words.descriptions()?;
    let mut definitions = words.definitions();
    let mut bodies = [reports, commands, sessions].concat();
    for (name, _, body) in &mut bodies {
        name_payload(name, body, &mut definitions);
    }

    let mut messages: Vec<Message> = Vec::new();
    for (name, direction, mut body) in bodies {
        // A fault on a channel is the same message as one of an agent.
        if messages.iter().any(|message| message.name == name) {
            continue;
        }
        if let Some(description) = descriptions.get(&name) {
            body["description"] = description.clone();
        }
        messages.push(Message {
            message_type: name.parse().ok(),
            description: body["description"].as_str().unwrap_or_default().to_owned(),
            schema: envelope(&name, direction, &body),
            definitions: definitions.clone(),
            examples: examples::of(folder, &name)?,
            name,
            direction,
        });
    }

    messages.push(ping(folder, definitions)?);

    Ok(messages)
}

/// What a client says that only asks whether it is heard. Its type is all that is looked at.
fn ping(folder: &Folder, definitions: Map<String, Value>) -> Result<Message> {
    let (name, direction) = ("ping".to_owned(), Direction::Question);
    let description = "Asks whether the gateway hears the client: it is answered with `pong`.";
    let body = json!({
        "description": description,
        "properties": { "payload": { "description": "Nothing.", "type": "object" } },
    });

    Ok(Message {
        direction,
        message_type: None,
        description: description.to_owned(),
        schema: envelope(&name, direction, &body),
        definitions,
        examples: examples::of(folder, &name)?,
        name,
    })
}

impl Message {
    /// What the type is called where types have names: `GateStatusMessage`, `GateControlCommand`.
    pub fn type_name(&self) -> String {
        match self.direction {
            Direction::Report | Direction::Session | Direction::Question => {
                capitalized(&self.name) + "Message"
            }
            Direction::Command => capitalized(&self.name) + "Command",
        }
    }

    /// The message as it arrives. Of a command, that is the whole envelope: `admin` is shown it.
    pub(crate) fn arriving(&self) -> Self {
        let body = json!({
            "description": self.description,
            "properties": { "payload": self.schema["properties"]["payload"] },
        });

        match self.direction {
            Direction::Report | Direction::Session | Direction::Question => self.clone(),
            Direction::Command => Self {
                schema: envelope(&self.name, Direction::Report, &body),
                direction: Direction::Report,
                ..self.clone()
            },
        }
    }
}

/// `GateStatus`, of `gate_status`.
pub(crate) fn capitalized(name: &str) -> String {
    name.split('_')
        .map(|word| {
            let (first, rest) = word.split_at(1);
            first.to_uppercase() + rest
        })
        .collect()
}

/// Gives a payload that is described in place a name, as all the others have.
fn name_payload(name: &str, body: &mut Value, definitions: &mut Map<String, Value>) {
    let payload = &mut body["properties"]["payload"];

    if payload.get("properties").is_some() {
        let type_name = capitalized(name);
        let reference = json!({ "$ref": format!("#/$defs/{type_name}") });
        definitions.insert(type_name, std::mem::replace(payload, reference));
    }
}

/// The envelope of contract.md, section 1.
fn envelope(name: &str, direction: Direction, body: &Value) -> Value {
    let mut fields = Map::new();
    let mut field = |name: &str, schema: Value| fields.insert(name.to_owned(), schema);
    let message_type: Option<MessageType> = name.parse().ok();

    field("type", json!({ "const": name }));
    field("payload", body["properties"]["payload"].clone());
    field("gate_id", gate_id(message_type, direction));
    field("timestamp", timestamp(direction));
    field("id", optional("Duplicates are recognised by it."));
    if message_type.is_some_and(|kind| kind.delivery().durability == Durability::Journaled) {
        field("journal", optional("The journal that has the event."));
        field(
            "seq",
            json!({
                "description": "The event's number in the journal: 1, 2, 3, … never reused, never skipped.",
                "type": ["integer", "null"],
                "minimum": 0,
            }),
        );
    }
    if matches!(direction, Direction::Report | Direction::Command) {
        field("cause", optional("The `id` of the command or event that led to this one."));
    }

    let required: &[&str] = match direction {
        Direction::Report | Direction::Session => &["type", "payload", "gate_id", "timestamp"],
        Direction::Command => &["type", "payload"],
        Direction::Question => &["type"],
    };
    json!({
        "description": body["description"],
        "type": "object",
        "properties": fields,
        "required": required,
    })
}

fn gate_id(message_type: Option<MessageType>, direction: Direction) -> Value {
    let gate = json!({ "$ref": "#/$defs/GateId" });

    match (message_type, direction) {
        (Some(MessageType::SystemStatus), _) => json!({
            "description": "The gate, or the gateway.",
            "anyOf": [gate, { "$ref": "#/$defs/BridgeId" }],
        }),
        (Some(MessageType::Error), _) => json!({
            "description": "The gate; the channel, where the gateway says it to a client.",
            "anyOf": [gate, { "$ref": "#/$defs/Channel" }],
        }),
        (_, Direction::Report) => json!({ "description": "The gate.", "$ref": "#/$defs/GateId" }),
        (_, Direction::Command) => json!({
            "description": "The gate. Absent: the one of the topic, the channel or the payload.",
            "anyOf": [gate, { "type": "null" }],
        }),
        (_, Direction::Session) => {
            json!({ "description": "The client's channel.", "$ref": "#/$defs/Channel" })
        }
        (_, Direction::Question) => json!({
            "description": "The client's channel.",
            "anyOf": [{ "$ref": "#/$defs/Channel" }, { "type": "null" }],
        }),
    }
}

fn timestamp(direction: Direction) -> Value {
    match direction {
        Direction::Report => json!({
            "description": "When it happened, at the source: RFC 3339, UTC, `Z`.",
            "type": "string",
            "format": "date-time",
        }),
        Direction::Session => json!({
            "description": "When it was said: RFC 3339, UTC, `Z`.",
            "type": "string",
            "format": "date-time",
        }),
        Direction::Command => json!({
            "description": "When it was sent: RFC 3339, UTC, `Z`. A command lives 10 s from then, unless \
                            `expires_at` says less.",
            "type": ["string", "null"],
            "format": "date-time",
        }),
        Direction::Question => json!({
            "description": "When it was sent: RFC 3339, UTC, `Z`.",
            "type": ["string", "null"],
            "format": "date-time",
        }),
    }
}

fn optional(description: &str) -> Value {
    json!({ "description": description, "anyOf": [{ "$ref": "#/$defs/Id" }, { "type": "null" }] })
}

/// What the types say of themselves.
struct Words(SchemaGenerator);

impl Default for Words {
    fn default() -> Self {
        Self(SchemaSettings::draft2020_12().with_transform(Open).into_generator())
    }
}

impl Words {
    /// The variants of an enum that has the type of a message in `type`, and the rest in `payload`.
    fn bodies<T: JsonSchema>(
        &mut self,
        direction: Direction,
    ) -> Result<Vec<(String, Direction, Value)>> {
        let mut schema = T::json_schema(&mut self.0);
        Open.transform(&mut schema);
        let variants = schema.get("oneOf").and_then(Value::as_array);

        variants
            .context("an enum has variants")?
            .iter()
            .map(|variant| {
                let name = variant["properties"]["type"]["const"].as_str();
                Ok((name.context("a variant has a type")?.to_owned(), direction, variant.clone()))
            })
            .collect()
    }

    /// What each type of message is.
    fn descriptions(&mut self) -> Result<BTreeMap<String, Value>> {
        let schema = MessageType::json_schema(&mut self.0);
        let types = schema.get("oneOf").and_then(Value::as_array).context("there are types")?;

        Ok(types
            .iter()
            .map(|kind| {
                (kind["const"].as_str().unwrap_or_default().to_owned(), kind["description"].clone())
            })
            .collect())
    }

    /// What all these refer to.
    fn definitions(mut self) -> Map<String, Value> {
        self.0.subschema_for::<GateId>();
        self.0.subschema_for::<schemas::BridgeId>();
        let mut definitions = self.0.take_definitions(true);
        definitions.insert("Channel".to_owned(), json!({
            "description": "A WebSocket channel: a gate, `gate_all` or `admin`; `controller/{gate_id}`, of a controller.",
            "type": "string",
        }));

        definitions
    }
}
