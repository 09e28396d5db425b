//! The JSON Schemas.

use std::collections::BTreeSet;

use anyhow::Result;
use serde_json::{Map, Value, json};

use crate::{Direction, File, Message};

const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";
const FOLDER: &str = "schemas/json";

/// Said in every schema: what it promises.
const PROMISE: &str = "Fields that are not named here are allowed, and readers ignore them: later versions may add \
                       some. So are words where a list of words ends in any text: readers take them for unknown. \
                       An optional field that has nothing to say is absent; readers take null for the same.";

/// One for each message, and those for all that arrives and all that may be sent.
pub(crate) fn files(messages: &[Message]) -> Result<Vec<File>> {
    let mut files = messages
        .iter()
        .map(|message| file(&message.name, of_message(message)))
        .collect::<Result<Vec<_>>>()?;

    let incoming: Vec<Message> = messages
        .iter()
        .filter(|message| message.direction != Direction::Question)
        .map(Message::arriving)
        .collect();
    let outgoing: Vec<Message> = messages
        .iter()
        .filter(|message| matches!(message.direction, Direction::Command | Direction::Question))
        .cloned()
        .collect();
    files.push(file("envelope", envelope())?);
    files.push(file(
        "incoming",
        of_messages("incoming", "Whatever arrives at a client. A message of a type that is not here is of a later version: it is ignored.", &incoming),
    )?);
    files
        .push(file("outgoing", of_messages("outgoing", "Whatever a client may send.", &outgoing))?);

    Ok(files)
}

/// The schema of one message, complete in itself.
pub(crate) fn of_message(message: &Message) -> Value {
    let mut schema = head(&message.name, &message.type_name(), &message.description);
    for key in ["type", "properties", "required"] {
        schema.insert(key.to_owned(), message.schema[key].clone());
    }
    schema.insert("examples".to_owned(), json!(message.examples));
    schema.insert("$defs".to_owned(), json!(reachable(&message.schema, &message.definitions)));

    Value::Object(schema)
}

fn of_messages(name: &str, description: &str, messages: &[Message]) -> Value {
    let mut definitions = Map::new();
    for message in messages {
        definitions.insert(message.type_name(), message.schema.clone());
    }
    for message in messages {
        definitions.extend(reachable(&message.schema, &message.definitions));
    }

    let mut title = name.to_owned();
    title[..1].make_ascii_uppercase();
    let mut schema = head(name, &title, description);
    let choices = messages
        .iter()
        .map(|message| json!({ "$ref": format!("#/$defs/{}", message.type_name()) }));
    schema.insert("oneOf".to_owned(), choices.collect());
    schema.insert("$defs".to_owned(), Value::Object(definitions));

    Value::Object(schema)
}

/// What all messages have in common, of whatever type and version.
fn envelope() -> Value {
    let mut schema =
        head("envelope", "Envelope", "What all messages have in common, whatever their type.");
    let text = |description: &str| json!({ "description": description, "type": "string" });
    let id = |description: &str| json!({ "description": description, "type": ["string", "null"], "pattern": "^[!-~]{1,128}$" });
    schema.extend([
        ("type".to_owned(), json!("object")),
        ("properties".to_owned(), json!({
            "type": text("The type of the message: the last level of its topic."),
            "payload": { "description": "What it says, by its type.", "type": "object" },
            "gate_id": text("The gate: the middle level of its topic."),
            "timestamp": {
                "description": "When it happened, at the source: RFC 3339, UTC, `Z`.",
                "type": "string",
                "format": "date-time",
            },
            "id": id("A UUIDv7 on everything that an agent or the gateway originates: duplicates are recognised by it."),
            "journal": id("On journaled events: the journal's id."),
            "seq": {
                "description": "On journaled events: 1, 2, 3, … in the journal, never reused, never skipped.",
                "type": ["integer", "null"],
                "minimum": 0,
            },
            "cause": id("The `id` of the command or event that led to this one."),
        })),
        ("required".to_owned(), json!(["type", "payload", "gate_id", "timestamp"])),
    ]);

    Value::Object(schema)
}

fn head(name: &str, title: &str, description: &str) -> Map<String, Value> {
    let major = schemas::CONTRACT.split('.').next().unwrap_or_default();
    let head = json!({
        "$schema": DIALECT,
        "$id": format!("urn:manless:contract:{major}:{name}"),
        "title": title,
        "description": description,
        "$comment": PROMISE,
    });

    head.as_object().cloned().unwrap_or_default()
}

/// Those of `definitions` that a schema refers to, and what these refer to.
pub(crate) fn reachable(schema: &Value, definitions: &Map<String, Value>) -> Map<String, Value> {
    let mut names = BTreeSet::new();
    let mut open = vec![schema];

    while let Some(schema) = open.pop() {
        for name in references(schema) {
            if names.insert(name) {
                open.extend(definitions.get(name));
            }
        }
    }

    definitions
        .iter()
        .filter(|(name, _)| names.contains(name.as_str()))
        .map(|(name, schema)| (name.clone(), schema.clone()))
        .collect()
}

/// The names of what a schema refers to.
fn references(schema: &Value) -> Vec<&str> {
    match schema {
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(name, value)| match value.as_str() {
                Some(reference) if name == "$ref" => {
                    reference.strip_prefix("#/$defs/").into_iter().collect()
                }
                _ => references(value),
            })
            .collect(),
        Value::Array(values) => values.iter().flat_map(references).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    }
}

fn file(name: &str, schema: Value) -> Result<File> {
    let text = serde_json::to_string_pretty(&schema)?;

    Ok((format!("{FOLDER}/{name}.schema.json").into(), text + "\n"))
}
