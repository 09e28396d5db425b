//! Whatever a site says is what the published contract says, and nothing else.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
    sync::LazyLock,
    time::Instant,
};

use ::contract::closed;
use e2e::{
    CARD, Listener, PATIENCE, Site, Wanted, WebSocket,
    mosquitto::{Published, Subscriber, publish},
};
use jsonschema::Validator;
use serde_json::{Value, json};

const PICTURES: [&str; 3] = ["image", "picture", "stream"];
/// What is no message by itself.
const SUMMARIES: [&str; 3] = ["envelope", "incoming", "outgoing"];
/// A gate that somebody else speaks for, badly.
const STRANGER: &str = "gate_z";
/// The id of the last command to each gate.
const LAST: [(&str, &str); 2] = [("gate_in", "last-in"), ("gate_out", "last-out")];

#[test]
fn every_message_of_a_site_is_as_its_schema_says() {
    let site = Site::up();
    let mut subscriber = site.subscriber("parking/#");
    let mut channels =
        ["gate_in", "gate_out", "gate_all", "admin"].map(|name| site.dashboard(name));
    let ping = json!({ "type": "ping" });
    check("ping", &ping);
    channels[0].send(&ping.to_string());

    live_through_a_day(&site);

    let mut published = BTreeSet::new();
    for message in until_the_last(&mut subscriber) {
        let name = message.topic.rsplit('/').next().expect("a topic has a last level");
        check_published(name, &message);
        published.insert(name.to_owned());
    }
    let of_mqtt = |name: &String| !is_of_a_session(name);
    let all = names().into_iter().chain(PICTURES.map(str::to_owned)).filter(of_mqtt).collect();
    assert_eq!(published, all, "the day had a message of every type");

    // Only clients say this one.
    let mut told = BTreeSet::from(["ping".to_owned()]);
    for (mut channel, last) in
        channels.into_iter().zip(["last-in", "last-out", "last-out", "last-out"])
    {
        let (messages, end) = channel.hears_all_until(&done(last));
        for message in messages.iter().chain([&end]) {
            let name = message["type"].as_str().expect("a message has a type");
            check(name, message);
            told.insert(name.to_owned());
        }
    }
    assert_eq!(told, names(), "the day had a message of every type");
}

/// All that people, vehicles and cables do, one after the other.
fn live_through_a_day(site: &Site) {
    let mut admin = site.watcher("admin");

    site.sim(&format!("gate_in drive {CARD}"));
    admin.hears(&Wanted::a("parking_event").with("event", "entry"));
    site.sim(&format!("gate_out drive {CARD}"));
    admin.hears(&Wanted::a("parking_event").with("event", "exit"));
    site.sim("gate_in card FFFFFFFF");
    admin.hears(&Wanted::a("card_detected").with("card_id", "FFFFFFFF"));
    admin.hears(&Wanted::boom("closed").from("gate_in"));

    for action in ["hold_open", "auto", "hold_closed", "auto", "emergency_open", "emergency_reset"]
    {
        command(&mut admin, "gate_in", action);
    }
    publish(site.broker, "parking/gate_in/gate_control", "stop");
    admin.hears(&Wanted::answer("succeeded").with("action", "stop"));
    take_pictures(&mut admin);
    ask_again(&mut admin);

    site.sim("gate_out unplug barrier");
    admin.hears(&Wanted::a("gate_status").with("fault", "controller_lost"));
    site.sim("gate_out plug barrier");
    admin.hears(&Wanted::a("hardware_status").from("gate_out").with("arduino.connected", true));

    drop(site.watcher("gate_in"));
    admin.hears(&Wanted::a("session_closed").with("channel", "gate_in"));
    publish(site.broker, &format!("parking/{STRANGER}/gate_status"), "no message at all");
    admin.hears(&Wanted::a("invalid_message"));
    admin.send("no message at all");
    admin.hears(&Wanted::a("error"));
    // Nobody is there.
    admin.send(&order("request_status", STRANGER, json!({})));
    admin.hears(&Wanted::a("error").with("code", "gate_offline"));

    for (gate, id) in LAST {
        admin.send(&order("gate_control", gate, json!({ "action": "stop", "command_id": id })));
        admin.hears(&done(id));
    }
}

fn take_pictures(admin: &mut WebSocket) {
    let camera = |payload| order("camera_control", "gate_in", payload);

    admin.send(&camera(json!({ "action": "capture" })));
    let taken = admin.hears(&Wanted::a("camera_control_response").with("status", "succeeded"));
    let image = &taken["payload"]["image_id"];
    admin.send(&camera(json!({ "action": "fetch", "image_id": image })));
    admin.hears(&camera_has("fetch"));
    admin.send(&camera(json!({ "action": "start_stream", "fps": 5, "max_seconds": 30 })));
    admin.hears(&camera_has("start_stream"));
    // One frame, and with it one that mosquitto_sub has got.
    admin.hears(&Wanted::a("hardware_status").with("camera.status", "streaming"));
    admin.send(&camera(json!({ "action": "stop_stream" })));
    admin.hears(&camera_has("stop_stream"));
}

fn ask_again(admin: &mut WebSocket) {
    admin.send(&order("request_status", "gate_in", json!({})));
    admin.hears(&Wanted::a("system_status").from("gate_in"));
    admin.send(&order("request_events", "gate_in", json!({ "from_seq": 1, "to_seq": 1 })));
    admin.hears(&Wanted::a("card_detected").with("card_id", CARD));
    let another = json!({ "from_seq": 1, "journal": "another" });
    admin.send(&order("request_events", "gate_in", another));
    admin.hears(&Wanted::a("error").with("code", "unknown_journal"));
}

fn command(admin: &mut WebSocket, gate: &str, action: &'static str) {
    admin.send(&order("gate_control", gate, json!({ "action": action, "reason": "a test" })));
    admin.hears(&Wanted::answer("succeeded").with("action", action));
}

/// A command, as a client on `admin` sends it.
fn order(name: &str, gate: &str, mut payload: Value) -> String {
    payload["gate_id"] = json!(gate);
    let command = json!({ "type": name, "payload": payload });
    check(name, &command);

    command.to_string()
}

fn camera_has(action: &'static str) -> Wanted {
    Wanted::a("camera_control_response").with("action", action).with("status", "succeeded")
}

fn done(command_id: &str) -> Wanted {
    Wanted::answer_to(command_id).with("status", "succeeded")
}

/// Whatever was published, but for what the stranger said.
fn until_the_last(subscriber: &mut Subscriber) -> Vec<Published> {
    let deadline = Instant::now() + PATIENCE;
    let mut published = Vec::new();

    while let Some(message) = subscriber.next_published(deadline) {
        let is_last = done("last-out").is(&message.json());
        if !message.topic.contains(STRANGER) {
            published.push(message);
        }
        if is_last {
            return published;
        }
    }
    panic!("the last message did not come");
}

fn check_published(name: &str, message: &Published) {
    if PICTURES.contains(&name) {
        assert!(message.bytes.starts_with(&[0xFF, 0xD8]), "no JPEG on {}", message.topic);
    } else if message.text() == "stop" {
        assert_eq!(name, "gate_control", "a bare word is a command");
    } else {
        check(name, &message.json());
    }
}

/// Whether a message is as this version writes it.
#[track_caller]
fn check(name: &str, message: &Value) {
    let validators = SCHEMAS.get(name).unwrap_or_else(|| panic!("`{name}` has no schema"));

    for validator in validators {
        let complaints: Vec<String> =
            validator.iter_errors(message).map(|error| error.to_string()).collect();
        assert!(complaints.is_empty(), "{message}: {complaints:?}");
    }
}

/// By type: what readers may rely on, and what this version writes.
static SCHEMAS: LazyLock<BTreeMap<String, [Validator; 2]>> = LazyLock::new(|| {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../schemas/json");
    let files = fs::read_dir(folder).expect("the schemas are there");
    let all = files.filter_map(|file| {
        let path = file.expect("a folder can be read").path();
        let name = path.file_name()?.to_str()?.strip_suffix(".schema.json")?.to_owned();
        let text = fs::read_to_string(&path).expect("a schema can be read");
        let open: Value = serde_json::from_str(&text).expect("a schema is JSON");

        Some((name, [validator(&closed(&open)), validator(&open)]))
    });

    all.filter(|(name, _)| !SUMMARIES.contains(&name.as_str())).collect()
});

fn validator(schema: &Value) -> Validator {
    jsonschema::draft202012::options()
        .should_validate_formats(true)
        .build(schema)
        .expect("a schema is one")
}

/// Every type that has a schema.
fn names() -> BTreeSet<String> {
    SCHEMAS.keys().cloned().collect()
}

/// Whether the gateway says it to its clients, and nobody over MQTT.
fn is_of_a_session(name: &str) -> bool {
    ["hello", "ping", "pong", "snapshot_", "session_", "invalid_"]
        .iter()
        .any(|begin| name.starts_with(begin))
}
