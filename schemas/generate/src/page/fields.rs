//! A message's fields: a table for the payload, one for the envelope.

use serde_json::{Map, Value};

use super::html::{code, prose, text};
use crate::Message;

/// What is said in every envelope is said once, at the top of the page.
const EVERYWHERE: [&str; 8] =
    ["type", "payload", "gate_id", "timestamp", "id", "journal", "seq", "cause"];

/// The table of the payload's fields.
pub(super) fn fields(message: &Message) -> String {
    debug_assert!(
        message.schema["properties"]
            .as_object()
            .is_some_and(|fields| fields.keys().all(|name| EVERYWHERE.contains(&name.as_str())))
    );
    let payload = resolve(&message.schema["properties"]["payload"], &message.definitions);
    let rows = rows("", payload, &message.definitions);

    if rows.is_empty() {
        return "<p>Its payload is an empty object.</p>\n".to_owned();
    }
    format!(
        "<h4>Payload</h4>\n<div class=\"table\"><table>\n<thead><tr><th>field</th><th>type</th><th>what it says</th></tr></thead>\n\
         <tbody>\n{rows}</tbody>\n</table></div>\n"
    )
}

/// A row for each field; those of an object in it follow, as `arduino.connected`.
fn rows(above: &str, schema: &Value, definitions: &Map<String, Value>) -> String {
    let required: Vec<&str> = schema["required"]
        .as_array()
        .map(|names| names.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    let Some(fields) = schema["properties"].as_object() else { return String::new() };

    fields
        .iter()
        .map(|(name, field)| {
            let path = format!("{above}{name}");
            let inner = resolve(field, definitions);
            let optional =
                if required.contains(&name.as_str()) { "" } else { " <small>optional</small>" };
            format!(
                "<tr><td>{}{optional}</td><td>{}</td><td>{}</td></tr>\n{}",
                code(&path),
                kind(inner),
                about(field, inner),
                rows(&format!("{path}."), inner, definitions),
            )
        })
        .collect()
}

/// The definition that a field refers to, if it does; `null` besides does not count.
fn resolve<'a>(schema: &'a Value, definitions: &'a Map<String, Value>) -> &'a Value {
    let reference = schema.get("$ref").or_else(|| schema["anyOf"].get(0)?.get("$ref"));

    reference
        .and_then(Value::as_str)
        .and_then(|path| definitions.get(path.rsplit('/').next()?))
        .unwrap_or(schema)
}

fn kind(schema: &Value) -> String {
    let name = schema["type"].as_str().or_else(|| schema["type"].get(0)?.as_str());
    let limits = match (schema["minimum"].as_u64(), schema["maximum"].as_u64()) {
        (Some(least), Some(most)) if most < u64::from(u32::MAX) => format!(", {least} to {most}"),
        _ => String::new(),
    };
    let name = match (schema["format"].as_str(), words(schema).is_empty(), name) {
        (Some("date-time"), _, _) => "time",
        (_, false, _) => "word",
        (_, _, Some(name)) => name,
        (_, _, None) => "any",
    };

    format!("{}{limits}", text(name))
}

fn about(field: &Value, inner: &Value) -> String {
    let description = field["description"].as_str().or(inner["description"].as_str());
    let words: String = words(inner)
        .iter()
        .map(|word| {
            let name = word["const"].as_str().unwrap_or_default();
            let meaning = word["description"].as_str().unwrap_or_default();
            format!("<dt>{}</dt><dd>{}</dd>", code(name), prose(meaning))
        })
        .collect();
    let list = if words.is_empty() { words } else { format!("<dl class=\"words\">{words}</dl>") };

    prose(description.unwrap_or_default()) + &list
}

/// The words that a field may have, where they are listed.
fn words(schema: &Value) -> Vec<&Value> {
    let choices = schema["anyOf"].as_array().or(schema["oneOf"].as_array());

    choices
        .map(|all| all.iter().filter(|word| word.get("const").is_some()).collect())
        .unwrap_or_default()
}
