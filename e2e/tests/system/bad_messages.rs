//! Bad input from WebSocket clients and on MQTT topics.

use e2e::{Listener, Site, Wanted, WebSocket, mosquitto};

/// Something that is answered, to see that a connection still works.
const CLOSE: &str = r#"{"type":"gate_control","payload":{"action":"close","command_id":"after"}}"#;

#[test]
fn what_is_not_json_is_answered_with_an_error() {
    let texts = ["not JSON", "", "{", "[]", "null", "\"open\"", "{\"type\":7}", "\u{0}"];

    is_answered_with_an_error("gate_in", &texts);
}

#[test]
fn a_type_that_is_no_command_is_answered_with_an_error() {
    let texts = ["fly", "", "gate_status", "parking_event", "system_status", "hello"]
        .map(|kind| format!(r#"{{"type":"{kind}","payload":{{}}}}"#));

    is_answered_with_an_error("gate_in", &texts.each_ref().map(String::as_str));
}

#[test]
fn a_command_for_another_gate_is_answered_with_an_error_and_moves_nothing() {
    let site = Site::up();
    let mut dashboard = site.watcher("gate_in");

    for text in [
        r#"{"type":"gate_control","payload":{"action":"open","gate_id":"gate_out"}}"#,
        r#"{"type":"gate_control","payload":{"action":"open"},"gate_id":"gate_out"}"#,
    ] {
        dashboard.send(text);
        dashboard.hears(&Wanted::a("error").with("code", "invalid"));
    }

    still_works(&mut dashboard);
    let state = site.sim("gate_out state");
    assert!(state.contains("position=closed") && state.contains("by=none"), "{state}");
}

#[test]
fn a_command_for_no_gate_is_answered_with_an_error_where_there_are_several() {
    let open = [r#"{"type":"gate_control","payload":{"action":"open"}}"#];

    is_answered_with_an_error("gate_all", &open);
    is_answered_with_an_error("admin", &open);
}

#[test]
fn a_gate_that_cannot_be_is_answered_with_an_error() {
    let texts = ["GATE", "all", "gate_all", "bridge", "+", "#", "a/b", ""].map(|gate| {
        format!(r#"{{"type":"gate_control","payload":{{"action":"open","gate_id":"{gate}"}}}}"#)
    });

    is_answered_with_an_error("gate_all", &texts.each_ref().map(String::as_str));
}

#[test]
fn an_action_or_duration_that_cannot_be_is_answered_with_an_error() {
    let payloads = [
        r#"{"action":"fly"}"#,
        r#"{"action":"Open"}"#,
        r#"{}"#,
        r#"{"action":"open","duration":-1}"#,
        r#"{"action":"open","duration":0}"#,
        r#"{"action":"open","duration":1e9}"#,
        r#"{"action":"open","duration":"10"}"#,
    ];
    let texts = payloads.map(|payload| format!(r#"{{"type":"gate_control","payload":{payload}}}"#));

    is_answered_with_an_error("gate_in", &texts.each_ref().map(String::as_str));
}

#[test]
fn a_frame_of_a_megabyte_closes_the_connection() {
    let site = Site::up();
    let mut dashboard = site.dashboard("gate_in");

    dashboard.send_anyway(&"x".repeat(1 << 20));

    assert_eq!(dashboard.close_code(), Some(1009));
    still_works(&mut site.dashboard("gate_in"));
}

#[test]
fn a_binary_frame_is_answered_with_an_error() {
    let site = Site::up();
    let mut dashboard = site.dashboard("gate_in");

    dashboard.send_binary(b"\xFF\x00\x01");

    dashboard.hears(&Wanted::a("error").with("code", "invalid"));
    still_works(&mut dashboard);
}

#[test]
fn a_flood_of_bad_frames_closes_the_connection() {
    let site = Site::up();
    let mut dashboard = site.dashboard("gate_in");

    for _ in 0..100 {
        dashboard.send_anyway("not JSON");
    }

    assert_eq!(dashboard.close_code(), Some(1008));
    still_works(&mut site.dashboard("gate_in"));
}

#[test]
fn what_is_published_on_a_bad_topic_reaches_no_dashboard_and_is_shown_to_admins() {
    let topics = [
        "parking/gate_in/nonsense",
        "parking/GATE/gate_status",
        "parking/gate_in",
        "parking/a/b/c",
    ];

    is_shown_to_admins_alone(
        &topics.map(|topic| (topic, r#"{"type":"gate_status","payload":{}}"#)),
    );
}

#[test]
fn what_is_no_message_reaches_no_dashboard_and_is_shown_to_admins() {
    let status = r#"{"type":"gate_status","payload":{"status":"open","mode":"auto"},"gate_id":"gate_in","timestamp":"2024-01-20T10:30:00Z"}"#;

    is_shown_to_admins_alone(&[
        ("parking/gate_x/gate_status", "not JSON"),
        ("parking/gate_x/gate_status", status),
        ("parking/gate_x/hardware_status", status),
        ("parking/gate_x/parking_event", "{}"),
    ]);
}

fn is_answered_with_an_error(channel: &str, texts: &[&str]) {
    let site = Site::up();

    for text in texts {
        let mut dashboard = site.dashboard(channel);
        dashboard.hears(&Wanted::a("snapshot_end"));
        dashboard.send(text);

        let error = dashboard.hears(&Wanted::a("error"));
        assert_eq!(error["payload"]["code"], "invalid", "{text}: {error}");
        assert!(error["payload"]["message"].is_string(), "{text}: {error}");
        if channel == "gate_in" {
            still_works(&mut dashboard);
        }
    }
}

fn is_shown_to_admins_alone(messages: &[(&str, &str)]) {
    let site = Site::up();
    let mut all = site.watcher("gate_all");
    let mut admin = site.watcher("admin");

    for (topic, message) in messages {
        mosquitto::publish(site.broker, topic, message);
        let shown = admin.hears(&Wanted::a("invalid_message"));
        assert_eq!(shown["payload"]["origin"], *topic, "{shown}");
    }

    let valid = r#"{"type":"parking_event","payload":{"event":"auto"},"gate_id":"gate_z","timestamp":"2024-01-20T10:30:00Z"}"#;
    mosquitto::publish(site.broker, "parking/gate_z/parking_event", valid);
    let (before, _) = all.hears_all_until(&Wanted::a("parking_event").from("gate_z"));
    assert!(before.is_empty(), "{before:?}");
}

fn still_works(dashboard: &mut WebSocket) {
    dashboard.send(CLOSE);
    dashboard.hears(&Wanted::answer_to("after"));
}
