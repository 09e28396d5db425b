//! Coming and going: birth, states on request, stop, and a broker that restarts.

use barrier_link::{Cause, Position};
use serde_json::json;

use crate::rig::Rig;

#[tokio::test(flavor = "multi_thread")]
async fn the_birth_comes_after_the_other_states() {
    let mut rig = Rig::start().await;
    rig.stop_agent().await;
    rig.ears.wait_for("system_status", |m| m["payload"]["state"] == "stopped").await;
    rig.start_agent();

    let mut states = Vec::new();
    while states.last().map(String::as_str) != Some("system_status") {
        let heard = rig.ears.next().await;
        if heard.kind.ends_with("_status") {
            states.push(heard.kind);
        }
    }

    assert!(states.contains(&"hardware_status".to_owned()), "{states:?}");
    assert!(states.contains(&"gate_status".to_owned()), "{states:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn all_states_are_published_anew_on_request() {
    let mut rig = Rig::start().await;

    let request = json!({
        "type": "request_status",
        "payload": {},
        "timestamp": service::stamp::now(),
    });
    rig.publish("request_status", request.to_string()).await;
    rig.ears.wait_for("request_status", |_| true).await;

    for kind in ["hardware_status", "gate_status", "system_status"] {
        rig.ears.wait_for(kind, |_| true).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_restarts_moves_nothing() {
    let mut rig = Rig::start().await;

    rig.stop_broker().await;
    rig.start_broker().await;

    let birth = rig.ears.wait_for("system_status", |m| m["payload"]["state"] == "online").await;
    assert_eq!(birth["payload"]["contract"], "1.0");
    assert_eq!(rig.gate.state().barrier.moved_by, Cause::None);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emergency_is_still_one_after_a_restart() {
    let mut rig = Rig::start().await;
    rig.command("c1", json!({"action": "emergency_open"})).await;
    assert_eq!(rig.outcome("c1").await["status"], "succeeded");

    rig.restart_agent().await;

    rig.command("c2", json!({"action": "close"})).await;
    assert_eq!(rig.outcome("c2").await["code"], "emergency_active");
    assert_eq!(rig.gate.position(), Position::Open);
}
