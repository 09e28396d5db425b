//! A schema of what this very version writes, and nothing else.

use serde_json::{Value, json};

/// The schema without what it leaves open for later versions: no field and no word but those that
/// it names, and no `null`.
pub fn closed(schema: &Value) -> Value {
    match schema {
        Value::Object(fields) => {
            let mut fields: serde_json::Map<String, Value> =
                fields.iter().map(|(name, value)| (name.clone(), closed(value))).collect();
            close_words(&mut fields);
            close_types(&mut fields);
            if fields.contains_key("properties") {
                fields.insert("additionalProperties".to_owned(), json!(false));
            }
            Value::Object(fields)
        }
        Value::Array(values) => values.iter().map(closed).collect(),
        plain @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => {
            plain.clone()
        }
    }
}

/// Of `anyOf`, what is neither `null` nor any text whatever.
fn close_words(schema: &mut serde_json::Map<String, Value>) {
    let Some(Value::Array(choices)) = schema.get_mut("anyOf") else { return };
    let has_words = choices.iter().any(|choice| choice.get("const").is_some());

    choices.retain(|choice| {
        let is_any_text = choice["type"] == "string" && choice.get("pattern").is_none();
        choice["type"] != "null" && !(has_words && choice.get("const").is_none() && is_any_text)
    });
}

/// Of `["string", "null"]`, the string.
fn close_types(schema: &mut serde_json::Map<String, Value>) {
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|name| name != "null");
    }
}
