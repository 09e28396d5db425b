//! Makes of what the types say what readers may rely on.
//!
//! A reader takes an unknown word for unknown, so a list of words is open: each is named, and any
//! other is allowed. What a sender must not invent, such as an action, stays a closed list.

use schemars::{
    Schema,
    transform::{Transform, transform_subschemas},
};
use serde_json::{Map, Value, json};

/// The word that stands in our types for all that is not known.
const UNKNOWN: &str = "unknown";
/// With this the types say that it stands for nothing else.
const FOR_ALL_ELSE: &str = "that this version does not know";

/// Opens the lists of words, and says the sizes of numbers in words that every validator knows.
#[derive(Debug, Clone)]
pub(crate) struct Open;

impl Transform for Open {
    fn transform(&mut self, schema: &mut Schema) {
        transform_subschemas(self, schema);

        if let Some(object) = schema.as_object_mut() {
            plain_numbers(object);
            open_words(object);
            description_first(object);
        }
    }
}

/// `uint64` and its like are names that only Rust knows.
fn plain_numbers(schema: &mut Map<String, Value>) {
    let is_ours = |format: &Value| matches!(format.as_str(), Some("uint" | "uint32" | "uint64"));
    let Some(format) = schema.get("format").cloned().filter(is_ours) else { return };

    schema.shift_remove("format");
    if format == "uint32" {
        schema.insert("maximum".to_owned(), json!(u32::MAX));
    }
}

fn open_words(schema: &mut Map<String, Value>) {
    let words = schema.get("oneOf").and_then(Value::as_array).filter(|words| {
        words.iter().all(|word| word.get("const").is_some_and(Value::is_string))
            && words.iter().any(|word| word["const"] == UNKNOWN)
    });
    let Some(words) = words.cloned() else { return };

    let (other, mut known): (Vec<Value>, Vec<Value>) =
        words.into_iter().partition(stands_for_all_else);
    let description = other
        .first()
        .and_then(|word| word["description"].as_str())
        .unwrap_or("A word that this version does not know.");
    known.push(json!({ "description": description, "type": "string" }));

    schema.shift_remove("oneOf");
    schema.insert("anyOf".to_owned(), Value::Array(known));
}

fn stands_for_all_else(word: &Value) -> bool {
    let description = word["description"].as_str().unwrap_or_default();

    word["const"] == UNKNOWN && description.contains(FOR_ALL_ELSE)
}

/// A person reads it from the top.
fn description_first(schema: &mut Map<String, Value>) {
    if let Some(description) = schema.shift_remove("description") {
        schema.shift_insert(0, "description".to_owned(), description);
    }
}
