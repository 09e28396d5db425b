//! Modes that end by themselves, and the loop in front of the boom.

use std::time::Duration;

use barrier_link::Position;
use serde_json::{Value, json};
use service::stamp;
use site_sim::{Loops, Vehicle};

use crate::rig::Rig;

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_outlives_a_restart_and_ends_by_itself() {
    let mut rig = Rig::start().await;
    rig.command("c1", hold(Duration::from_secs(3600))).await;
    assert_eq!(rig.outcome("c1").await["status"], "succeeded");

    rig.restart_agent().await;
    // It may have come before the card reader was there.
    let held = rig.ears.state("gate_status", |m| m["payload"]["status"] == "open").await;
    assert_eq!(held["payload"]["mode"], "held_open");
    assert_eq!(held["payload"]["mode_owner"], "ann");
    assert_eq!(held["payload"]["mode_reason"], "market day");
    rig.command("c2", hold(Duration::from_secs(4))).await;
    rig.ears.wait_for("parking_event", |m| m["payload"]["event"] == "auto").await;

    let auto = rig.ears.wait_for("gate_status", |m| m["payload"]["status"] == "closed").await;
    assert_eq!(auto["payload"]["mode"], "auto");
    assert!(auto["payload"]["mode_owner"].is_null());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_until_a_time_that_has_passed_is_refused() {
    let mut rig = Rig::start().await;

    rig.command("c1", json!({"action": "hold_open", "until": "2020-01-01T00:00:00Z"})).await;

    assert_eq!(rig.outcome("c1").await["code"], "invalid");
    assert_eq!(rig.gate.position(), Position::Closed);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_an_arming_loop_a_card_needs_a_vehicle() {
    let mut rig = Rig::start().await;
    rig.gate.fit(Loops::Both);
    rig.ears.wait_for("gate_status", |m| m["payload"]["vehicle_waiting"] == false).await;

    rig.gate.present_card("A1").unwrap();
    let denied = rig.ears.wait_for("card_detected", |_| true).await;
    assert_eq!(denied["payload"]["reason"], "no vehicle is in front of the barrier");

    rig.gate.drive_through("A2").unwrap();
    let entry = rig.ears.wait_for("parking_entry", |_| true).await;
    assert_eq!(entry["payload"]["card_id"], "A2");
    assert_eq!(entry["payload"]["passage"], "confirmed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vehicle_that_backs_out_has_not_passed() {
    let mut rig = Rig::start().await;
    rig.gate.fit(Loops::Both);
    rig.gate.vehicle_in_front(Vehicle::Present);
    rig.ears.wait_for("gate_status", |m| m["payload"]["vehicle_waiting"] == true).await;
    rig.gate.present_card("A1").unwrap();
    rig.ears.wait_for("gate_status", |m| m["payload"]["status"] == "open").await;

    rig.gate.vehicle_in_front(Vehicle::Absent);

    let event = rig.ears.wait_for("parking_event", |_| true).await;
    assert_eq!(event["payload"]["event"], "no_passage");
    assert_eq!(event["payload"]["card_id"], "A1");
}

fn hold(lasts: Duration) -> Value {
    json!({
        "action": "hold_open",
        "until": (stamp::now() + lasts).to_string(),
        "requested_by": "ann",
        "reason": "market day",
    })
}
