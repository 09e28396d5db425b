//! The JSON Schemas say what the types say, neither more nor less.

#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]

#[path = "../../tests/any/messages.rs"]
mod any_message;

use std::{collections::BTreeMap, sync::LazyLock};

use any_message::{commands, reports};
use contract::{Direction, Folder, Message, closed};
use jsonschema::Validator;
use proptest::prelude::*;
use schemas::{Command, Kind, MessageType};
use serde_json::{Value, json};

static MESSAGES: LazyLock<Vec<Message>> =
    LazyLock::new(|| contract::messages(&Folder::of_the_project()).unwrap());
/// What readers may rely on, by the type of the message.
static OPEN: LazyLock<BTreeMap<String, Validator>> = LazyLock::new(|| validators(Value::clone));
/// What this version writes.
static CLOSED: LazyLock<BTreeMap<String, Validator>> = LazyLock::new(|| validators(closed));

#[test]
fn the_files_are_what_the_types_say() {
    let folder = Folder::of_the_project();

    folder.compare(&contract::files(&folder).unwrap()).unwrap();
}

#[test]
fn every_type_but_pictures_has_a_schema_and_an_example() {
    for kind in MessageType::ALL.into_iter().filter(|kind| kind.kind() != Kind::Picture) {
        assert!(OPEN.contains_key(kind.as_str()), "{kind}");
    }
    for message in MESSAGES.iter() {
        assert!(!message.examples.is_empty(), "{}", message.name);
    }
}

#[test]
fn every_example_is_valid() {
    for message in MESSAGES.iter() {
        for example in &message.examples {
            check(&OPEN[&message.name], example);
            if message.direction != Direction::Question {
                check(&validator(&schema("envelope")), example);
            }
        }
    }
}

#[test]
fn whatever_arrives_is_of_one_type_and_so_is_what_is_sent() {
    let (incoming, outgoing) = (validator(&schema("incoming")), validator(&schema("outgoing")));

    for message in MESSAGES.iter() {
        for example in &message.examples {
            let (arrives, is_sent) = match message.direction {
                Direction::Report | Direction::Session => (true, false),
                Direction::Command => (true, true),
                Direction::Question => (false, true),
            };
            assert_eq!(incoming.is_valid(example), arrives, "{example}");
            assert_eq!(outgoing.is_valid(example), is_sent, "{example}");
        }
    }
}

#[test]
fn whatever_is_a_ping_to_the_gateway_is_one_to_the_schema() {
    let outgoing = validator(&schema("outgoing"));

    for ping in
        [r#"{"type":"ping"}"#, r#"{"type":"ping","payload":{},"timestamp":"2024-01-20T10:30:00Z"}"#]
    {
        assert!(schemas::is_ping(ping));
        check(&outgoing, &serde_json::from_str(ping).unwrap());
    }
}

#[test]
fn a_reader_is_told_to_expect_more_fields_and_words() {
    let open = &OPEN["gate_status"];
    let mut status = example("gate_status");
    status["payload"]["status"] = json!("hovering");
    status["payload"]["colour"] = json!("red");
    status["shift"] = json!("night");
    status["payload"]["fault"] = Value::Null;

    check(open, &status);
    assert!(!CLOSED["gate_status"].is_valid(&status), "and this version writes none of that");
}

#[test]
fn an_action_that_does_not_exist_is_no_command() {
    let open = &OPEN["gate_control"];
    let mut command = example("gate_control");

    command["payload"]["action"] = json!("explode");
    assert!(!open.is_valid(&command));
    command["payload"]["action"] = json!("open");
    for seconds in [json!(0), json!(3601), json!(2.5), json!("10")] {
        command["payload"]["duration"] = seconds;
        assert!(!open.is_valid(&command), "{command}");
    }
    command["payload"]["gate_id"] = json!("gate_all");
    assert!(!open.is_valid(&command));
}

#[test]
fn no_description_is_written_for_readers_of_rust() {
    for (path, text) in contract::files(&Folder::of_the_project()).unwrap() {
        assert!(!text.contains("[`"), "{}", path.display());
        assert!(!text.contains("uint"), "{}", path.display());
    }
}

proptest! {
    #[test]
    fn every_report_has_what_the_schema_says_and_nothing_else(report in reports()) {
        let name = report.body.message_type().as_str();
        let mut message: Value = serde_json::from_slice(&report.encode()).unwrap();
        // A position is written wherever there is one; only journaled events have one.
        if !CLOSED_FIELDS[name].contains(&"seq".to_owned()) {
            message.as_object_mut().unwrap().retain(|field, _| field != "seq" && field != "journal");
        }

        prop_assert!(OPEN[name].is_valid(&message), "{message}");
        prop_assert!(CLOSED[name].is_valid(&message), "{message}");
    }

    #[test]
    fn every_command_is_one_to_the_schema(command in commands()) {
        let name = command.body.message_type().as_str();
        let message: Value = serde_json::from_slice(&command.encode()).unwrap();

        prop_assert!(OPEN[name].is_valid(&message), "{message}");
    }

    #[test]
    fn the_schema_and_the_reader_agree_on_a_damaged_message(
        report in reports(),
        command in commands(),
        at in any::<prop::sample::Index>(),
        damage in damage(),
    ) {
        for (topic, bytes) in
            [(report.topic(), report.encode()), (command.topic(), command.encode())]
        {
            let mut message: Value = serde_json::from_slice(&bytes).unwrap();
            // These are of the topic, of which the schema knows nothing.
            let field = damaged(&mut message, &at, &damage);
            if ["type", "gate_id", "journal", "seq", "timestamp"].contains(&field.as_str()) {
                continue;
            }
            let text = message.to_string();
            let read = schemas::Message::decode(&topic, text.as_bytes());

            prop_assert_eq!(
                OPEN[topic.message_type().as_str()].is_valid(&message),
                read.is_ok(),
                "{}: {:?}", text, read
            );
        }
    }

    #[test]
    fn what_a_client_may_send_is_what_the_gateway_takes(command in commands()) {
        let mut message: Value = serde_json::from_slice(&command.encode()).unwrap();
        message["payload"]["gate_id"] = message["gate_id"].clone();

        check(&OPEN[command.body.message_type().as_str()], &message);
        prop_assert!(Command::from_client(None, &message.to_string()).is_ok());
    }
}

/// The fields of each envelope.
static CLOSED_FIELDS: LazyLock<BTreeMap<String, Vec<String>>> = LazyLock::new(|| {
    let fields = |message: &Message| {
        message.schema["properties"].as_object().unwrap().keys().cloned().collect()
    };

    MESSAGES.iter().map(|message| (message.name.clone(), fields(message))).collect()
});

/// What a field becomes. (Not `7.0` and `1e300`: those are integers to JSON Schema, and not to our
/// decoder, which wants digits alone.)
fn damage() -> impl Strategy<Value = Option<Value>> {
    prop_oneof![
        Just(None),
        prop::sample::select(vec![
            json!(null),
            json!(true),
            json!(7),
            json!(-7),
            json!(2.5),
            json!("word"),
            json!("two words"),
            json!(""),
            json!({}),
            json!([]),
        ])
        .prop_map(Some),
    ]
}

/// Takes one field of the envelope or of the payload away, or puts something else there. Says which.
fn damaged(message: &mut Value, at: &prop::sample::Index, damage: &Option<Value>) -> String {
    let inner = message["payload"].as_object().unwrap().len();
    let outer = message.as_object().unwrap().len();
    let at = at.index(inner + outer);
    let fields = if at < inner { &mut message["payload"] } else { message };
    let fields = fields.as_object_mut().unwrap();
    let name = fields.keys().nth(if at < inner { at } else { at - inner }).unwrap().clone();

    match damage {
        Some(value) => fields.insert(name.clone(), value.clone()),
        None => fields.shift_remove(&name),
    };
    name
}

fn validators(change: impl Fn(&Value) -> Value) -> BTreeMap<String, Validator> {
    MESSAGES
        .iter()
        .map(|message| (message.name.clone(), validator(&change(&schema(&message.name)))))
        .collect()
}

/// A schema as it is published.
fn schema(name: &str) -> Value {
    let text = Folder::of_the_project().read(&format!("schemas/json/{name}.schema.json")).unwrap();

    serde_json::from_str(&text).unwrap()
}

fn validator(schema: &Value) -> Validator {
    jsonschema::draft202012::options().should_validate_formats(true).build(schema).unwrap()
}

fn example(name: &str) -> Value {
    MESSAGES.iter().find(|message| message.name == name).unwrap().examples[0].clone()
}

#[track_caller]
fn check(validator: &Validator, message: &Value) {
    let complaints: Vec<String> =
        validator.iter_errors(message).map(|error| error.to_string()).collect();

    assert!(complaints.is_empty(), "{message}: {complaints:?}");
}
