//! Commands over MQTT that a gate must not obey.

use std::time::Instant;

use e2e::{
    Listener, PATIENCE, Site, Wanted,
    mosquitto::{Version, publish, publish_with, taken},
};
use serde_json::{Value, json};

const COMMAND: &str = "parking/gate_in/gate_control";
const ANSWER: &str = "parking/gate_in/gate_control_response";

#[test]
fn what_is_no_command_is_rejected() {
    is_rejected(&["not a word", "{", "[]", "7", "OPEN", "\u{e9}"]);
}

#[test]
fn an_action_that_is_not_known_is_rejected() {
    is_rejected(&[
        "fly",
        r#"{"action":"fly"}"#,
        r#"{"type":"gate_control","payload":{"action":""}}"#,
    ]);
}

#[test]
fn a_duration_that_cannot_be_is_rejected() {
    is_rejected(&[
        r#"{"action":"open","duration":-1}"#,
        r#"{"action":"open","duration":0}"#,
        r#"{"action":"open","duration":1e9}"#,
        r#"{"action":"open","duration":1.5}"#,
    ]);
}

#[test]
fn a_command_that_names_another_gate_or_type_than_its_topic_is_rejected() {
    is_rejected(&[
        r#"{"action":"open","gate_id":"gate_out"}"#,
        r#"{"type":"gate_control","payload":{"action":"open"},"gate_id":"gate_out"}"#,
        r#"{"type":"camera_control","payload":{"action":"open"}}"#,
    ]);
}

#[test]
fn a_command_that_is_too_old_is_expired() {
    let site = Site::up();
    let mut answers = site.subscriber(ANSWER);

    for (command, id) in [
        (
            r#"{"type":"gate_control","payload":{"action":"open","command_id":"sent"},"timestamp":"2024-01-20T10:30:00Z"}"#,
            "sent",
        ),
        (
            r#"{"action":"open","command_id":"wanted","expires_at":"2024-01-20T10:30:00Z"}"#,
            "wanted",
        ),
    ] {
        publish(site.broker, COMMAND, command);
        let answer = answers.hears(&Wanted::answer_to(id));
        assert!(Wanted::answer("expired").with("success", false).is(&answer), "{answer}");
    }
    nothing_has_moved(&site);
}

#[test]
fn a_command_that_comes_twice_moves_once_and_is_answered_twice() {
    let site = Site::up();
    let mut dashboard = site.watcher("gate_in");
    let mut answers = site.subscriber(ANSWER);
    let command = r#"{"action":"open","duration":1,"command_id":"once"}"#;
    taken(&mut answers, || publish(site.broker, COMMAND, "close"));

    publish(site.broker, COMMAND, command);
    let (_, first) =
        answers.hears_all_until(&Wanted::answer_to("once").with("status", "succeeded"));
    dashboard.hears(&Wanted::boom("closed").with("moved_by", "timer"));
    publish(site.broker, COMMAND, command);

    let second = answers.hears(&Wanted::answer_to("once"));
    assert_eq!(second["payload"]["code"], "duplicate", "{second}");
    for field in ["status", "success", "action", "elapsed_ms"] {
        assert_eq!(first["payload"][field], second["payload"][field], "{second}");
    }
    publish(site.broker, "parking/gate_in/request_status", "");
    let (before, _) = dashboard.hears_all_until(&Wanted::boom("closed"));
    assert!(before.iter().all(|message| message["type"] != "gate_status"), "{before:?}");
}

#[test]
fn a_command_that_comes_twice_at_once_moves_once() {
    let site = Site::up();
    let mut answers = site.subscriber(ANSWER);
    taken(&mut answers, || publish(site.broker, COMMAND, "close"));

    for _ in 0..2 {
        publish(site.broker, COMMAND, r#"{"action":"open","command_id":"twin"}"#);
    }

    let twin = Wanted::answer_to("twin");
    let (mut story, last) = answers.hears_all_until(&twin.clone().with("status", "succeeded"));
    story.push(last);
    let statuses: Vec<_> = story
        .iter()
        .filter(|answer| twin.is(answer))
        .map(|answer| answer["payload"]["status"].as_str().unwrap_or("?"))
        .collect();
    assert_eq!(statuses.iter().filter(|status| **status == "accepted").count(), 1, "{statuses:?}");
    let duplicate = twin.with("code", "duplicate");
    assert!(story.iter().any(|answer| duplicate.is(answer)), "{statuses:?}");
}

#[test]
fn a_retained_command_is_refused_by_the_broker_in_mqtt_5_and_never_kept() {
    let site = Site::up();

    let complaint = publish_with(site.broker, Version::V5, COMMAND, &["-r", "-m", "open"]);

    assert!(complaint.contains("Not authorized"), "mosquitto_pub says: {complaint}");
    is_not_kept(&site);
}

#[test]
fn a_retained_command_is_refused_by_the_broker_in_mqtt_3_1_1_and_never_kept() {
    let site = Site::up();

    // This version has no way to say no.
    publish_with(site.broker, Version::V311, COMMAND, &["-r", "-m", "open"]);

    is_not_kept(&site);
}

#[test]
fn a_close_waits_for_nobody_and_is_refused_while_a_vehicle_is_under_the_boom() {
    let site = Site::up();
    let mut dashboard = site.dashboard("gate_in");
    dashboard.send(r#"{"type":"gate_control","payload":{"action":"open","duration":1}}"#);
    dashboard.hears(&Wanted::boom("open"));
    site.sim("gate_in vehicle on");
    dashboard.hears(&Wanted::a("gate_status").with("vehicle_present", true));

    dashboard.send(r#"{"type":"gate_control","payload":{"action":"close","command_id":"c"}}"#);

    let answer = dashboard.hears(&Wanted::answer_to("c"));
    assert!(Wanted::answer("rejected").with("code", "vehicle_present").is(&answer), "{answer}");
    site.sim("gate_in vehicle off");
    let (before, _) = dashboard.hears_all_until(&Wanted::boom("closing"));
    let last = before.iter().rev().find(|message| message["type"] == "gate_status");
    assert_eq!(last.map(|status| &status["payload"]["vehicle_present"]), Some(&json!(false)));
}

fn is_rejected(messages: &[&str]) {
    let site = Site::up();
    let mut answers = site.subscriber(ANSWER);

    for message in messages {
        publish(site.broker, COMMAND, message);

        let answer: Value = answers.hears(&Wanted::a("gate_control_response"));
        let expected = Wanted::answer("rejected").with("code", "invalid").with("success", false);
        assert!(expected.is(&answer), "{message}: {answer}");
        assert!(answer["payload"]["message"].is_string(), "{message}: {answer}");
    }
    nothing_has_moved(&site);
}

fn is_not_kept(site: &Site) {
    // What is live still arrives, and what a newcomer hears first is not the command.
    let mut newcomer = site.subscriber("parking/gate_in/gate_control");
    publish(site.broker, COMMAND, "close");

    let first = newcomer.next_published(Instant::now() + PATIENCE).expect("what is live arrives");
    assert_eq!((first.text().as_str(), first.retained), ("close", false));
    nothing_has_moved(site);
}

fn nothing_has_moved(site: &Site) {
    for gate in ["gate_in", "gate_out"] {
        let state = site.sim(&format!("{gate} state"));
        assert!(state.contains("position=closed") && state.contains("by=none"), "{state}");
    }
}
