//! Messages and schemas, each once.

use schemas::{Kind, MessageType};
use serde_json::{Map, Value, json};

use super::{reference, servers};
use crate::{Direction, Message, messages::capitalized};

/// What a picture is called among the messages.
pub(super) const PICTURE: &str = "PictureMessage";

pub(super) fn all(messages: &[Message]) -> Value {
    json!({
        "securitySchemes": servers::security_schemes(),
        "messages": described(messages),
        "schemas": schemas_of(messages),
    })
}

/// What a command is called that is its bare payload.
pub(super) fn bare_name(kind: MessageType) -> String {
    capitalized(kind.as_str()) + "Payload"
}

/// What a command is called that is a bare word, or nothing.
pub(super) fn word_name(kind: MessageType) -> String {
    capitalized(kind.as_str()) + "Word"
}

fn described(messages: &[Message]) -> Map<String, Value> {
    let mut all = Map::new();

    for message in messages {
        all.insert(message.type_name(), envelope(message));
        if let (Direction::Command, Some(kind)) = (message.direction, message.message_type) {
            let shown = message.arriving();
            all.insert(shown.type_name(), envelope(&shown));
            all.insert(bare_name(kind), bare(message));
            all.insert(word_name(kind), word(kind, message));
        }
    }
    all.insert(
        PICTURE.to_owned(),
        json!({
            "title": "A picture",
            "contentType": "image/jpeg",
            "summary": "Raw JPEG, from its first marker to its last.",
            "payload": { "type": "string", "format": "binary" },
        }),
    );

    all
}

fn envelope(message: &Message) -> Value {
    let is_whole = |example: &&Value| {
        message.schema["required"].as_array().is_some_and(|required| {
            required
                .iter()
                .all(|name| name.as_str().is_some_and(|name| example.get(name).is_some()))
        })
    };
    let examples =
        message.examples.iter().filter(is_whole).map(|example| json!({ "payload": example }));
    let mut described = json!({
        "name": message.name,
        "title": message.type_name(),
        "summary": message.description,
        "contentType": "application/json",
        "payload": reference(&format!("components/schemas/{}", message.type_name())),
        "examples": examples.collect::<Value>(),
    });
    if let Some(place) = correlation(message) {
        described["correlationId"] = json!({
            "description": "By which a command and its answers are recognised.",
            "location": format!("$message.payload#{place}"),
        });
    }

    described
}

/// Where a command or an answer has its id.
fn correlation(message: &Message) -> Option<&'static str> {
    match message.message_type?.kind() {
        Kind::Command | Kind::Answer => Some("/payload/command_id"),
        Kind::State | Kind::Event | Kind::Picture => None,
    }
}

fn bare(message: &Message) -> Value {
    let examples = message.examples.iter().map(|example| json!({ "payload": example["payload"] }));

    json!({
        "name": message.name,
        "title": format!("{}, the payload alone", message.name),
        "summary": "Short for the envelope: over MQTT the topic says the type and the gate.",
        "contentType": "application/json",
        "payload": local(&message.schema["properties"]["payload"]),
        "examples": examples.collect::<Value>(),
    })
}

fn word(kind: MessageType, message: &Message) -> Value {
    let action = &message.definitions[payload_name(message)]["properties"]["action"];

    match action.get("$ref") {
        Some(_) => json!({
            "name": message.name,
            "title": format!("{kind}, the action alone"),
            "summary": "Short for the payload: the bare word, for an operator with `mosquitto_pub`.",
            "contentType": "text/plain",
            "payload": local(action),
        }),
        None => json!({
            "name": message.name,
            "title": format!("{kind}, and nothing else"),
            "summary": "Short for the payload: an empty message.",
            "contentType": "text/plain",
            "payload": { "type": "string", "maxLength": 0 },
        }),
    }
}

/// The name of the payload's definition.
fn payload_name(message: &Message) -> &str {
    let reference = message.schema["properties"]["payload"]["$ref"].as_str().unwrap_or_default();

    reference.rsplit('/').next().unwrap_or_default()
}

fn schemas_of(messages: &[Message]) -> Map<String, Value> {
    let mut all = Map::new();

    for message in messages {
        all.insert(message.type_name(), local(&message.schema));
        let arriving = message.arriving();
        all.insert(arriving.type_name(), local(&arriving.schema));
    }
    for message in messages {
        for (name, definition) in crate::schema::reachable(&message.schema, &message.definitions) {
            all.insert(name, local(&definition));
        }
    }

    all
}

/// The schema, its references to where they are in this document.
fn local(schema: &Value) -> Value {
    match schema {
        Value::Object(fields) => Value::Object(
            fields
                .iter()
                .map(|(name, value)| match value.as_str() {
                    Some(path) if name == "$ref" => {
                        (name.clone(), json!(path.replace("#/$defs/", "#/components/schemas/")))
                    }
                    _ => (name.clone(), local(value)),
                })
                .collect(),
        ),
        Value::Array(values) => values.iter().map(local).collect(),
        plain @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => {
            plain.clone()
        }
    }
}
