//! Commands: contract section 5, rules 1 to 5.

use barrier_link::Position;
use rumqttc::PublishOptions;
use serde_json::json;
use site_sim::{Drive, Vehicle};

use crate::rig::Rig;

#[tokio::test(flavor = "multi_thread")]
async fn a_command_opens_the_boom_and_time_closes_it() {
    let mut rig = Rig::start().await;

    rig.command("c1", json!({"action": "open"})).await;

    for status in ["accepted", "executing", "succeeded"] {
        let answer = rig.ears.wait_for("gate_control_response", |_| true).await;
        assert_eq!(answer["payload"]["status"], status);
        assert_eq!(answer["cause"], "c1");
    }
    assert_eq!(rig.gate.position(), Position::Open);
    rig.ears.wait_for("gate_status", |m| m["payload"]["status"] == "closed").await;
    assert_eq!(rig.gate.position(), Position::Closed);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_command_again_moves_nothing_and_is_told_the_first_outcome() {
    let mut rig = Rig::start().await;
    rig.command("c1", json!({"action": "open"})).await;
    assert_eq!(rig.outcome("c1").await["status"], "succeeded");
    rig.gate_is(|state| state.barrier.position == Position::Closed).await;

    rig.command("c1", json!({"action": "open"})).await;
    let again = rig.outcome("c1").await;
    assert_eq!(
        (again["status"].as_str(), again["code"].as_str()),
        (Some("succeeded"), Some("duplicate"))
    );

    rig.restart_agent().await;
    rig.command("c1", json!({"action": "open"})).await;
    assert_eq!(rig.outcome("c1").await["code"], "duplicate", "a restart forgets nothing");
    assert_eq!(rig.gate.position(), Position::Closed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_expired_is_answered_and_moves_nothing() {
    let mut rig = Rig::start().await;

    rig.command("c1", json!({"action": "open", "expires_at": "2020-01-01T00:00:00Z"})).await;

    assert_eq!(rig.outcome("c1").await["status"], "expired");
    assert_eq!(rig.gate.position(), Position::Closed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bare_word_is_not_trusted_in_the_first_seconds_and_opens_after_them() {
    let mut rig = Rig::start().await;

    let first = loop {
        rig.publish("gate_control", "open").await;
        let answer = rig.ears.wait_for("gate_control_response", |_| true).await;
        if answer["payload"]["status"] != "expired" {
            break answer;
        }
        assert_eq!(rig.gate.position(), Position::Closed);
    };

    assert_eq!(first["payload"]["status"], "accepted");
    rig.gate_is(|state| state.barrier.position == Position::Open).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_a_command_is_answered_invalid() {
    let mut rig = Rig::start().await;

    for bytes in [
        r#"{"action":"fly","command_id":"x"}"#,
        r#"{"action":"open","duration":-1,"command_id":"x"}"#,
        r#"{"action":"open","duration":1e9,"command_id":"x"}"#,
        r#"{"action":"open","gate_id":"gate_out","command_id":"x"}"#,
        r#"{"type":"camera_control","payload":{"action":"open","command_id":"x"}}"#,
    ] {
        rig.publish("gate_control", bytes).await;
        let outcome = rig.outcome("x").await;
        assert_eq!((&outcome["status"], &outcome["code"]), (&"rejected".into(), &"invalid".into()));
        assert!(!outcome["message"].as_str().unwrap().is_empty());
    }
    for bytes in ["", "fly", "{", "\"open\"", "[]"] {
        rig.publish("gate_control", bytes).await;
        let answer = rig.ears.wait_for("gate_control_response", |_| true).await;
        assert_eq!(answer["payload"]["code"], "invalid", "{bytes}");
    }
    assert_eq!(rig.gate.position(), Position::Closed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_close_is_refused_while_a_vehicle_is_under_the_boom() {
    let mut rig = Rig::start().await;
    rig.command("c1", json!({"action": "open", "duration": 60})).await;
    rig.outcome("c1").await;
    rig.gate.vehicle(Vehicle::Present);
    rig.ears.wait_for("gate_status", |m| m["payload"]["vehicle_present"] == true).await;

    rig.command("c2", json!({"action": "close"})).await;

    assert_eq!(rig.outcome("c2").await["code"], "vehicle_present");
    assert_eq!(rig.gate.position(), Position::Open);
    rig.gate.vehicle(Vehicle::Absent);
    rig.ears.wait_for("parking_entry", |m| m["payload"]["trigger"] == "command").await;
    rig.command("c3", json!({"action": "close"})).await;
    assert_eq!(rig.outcome("c3").await["status"], "succeeded");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_boom_that_is_stuck_takes_the_gate_out_of_service_over_a_restart() {
    let mut rig = Rig::start().await;
    rig.gate.jam(Drive::Jammed);

    rig.command("c1", json!({"action": "open"})).await;

    assert_eq!(rig.outcome("c1").await["code"], "movement_timeout");
    rig.ears.wait_for("gate_status", |m| m["payload"]["mode"] == "out_of_service").await;
    rig.ears.wait_for("parking_event", |m| m["payload"]["event"] == "movement_timeout").await;
    rig.restart_agent().await;
    rig.command("c2", json!({"action": "open"})).await;
    assert_eq!(rig.outcome("c2").await["code"], "mode_locked");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_keeps_commands_cannot_move_the_boom() {
    let mut rig = Rig::start().await;
    // This system's own broker refuses it; whatever gets through is refused by the agent.
    let open = r#"{"action":"open","command_id":"kept"}"#;
    let topic = "parking/gate_in/gate_control";
    rig.ears.client.publish(topic, open, PublishOptions::at_least_once().retained()).await.unwrap();

    rig.restart_agent().await;

    rig.command("c1", json!({"action": "close"})).await;
    assert_eq!(rig.outcome("c1").await["status"], "succeeded");
    assert_eq!(rig.gate.position(), Position::Closed);
}
