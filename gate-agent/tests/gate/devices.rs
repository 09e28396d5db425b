//! Cables that are pulled and put back, and whoever opens the boom by hand.

use barrier_link::{Cause, Position};
use serde_json::json;
use site_sim::Device;
use tokio::time::Instant;

use crate::rig::Rig;

#[tokio::test(flavor = "multi_thread")]
async fn a_pulled_barrier_cable_is_said_within_a_second_and_comes_back() {
    let mut rig = Rig::start().await;

    let pulled = Instant::now();
    rig.gate.unplug(Device::Barrier);
    rig.ears.wait_for("hardware_status", |m| m["payload"]["arduino"]["connected"] == false).await;
    let noticed = pulled.elapsed();
    rig.command("c1", json!({"action": "open"})).await;
    assert_eq!(rig.outcome("c1").await["code"], "hardware_offline");

    rig.gate.plug(Device::Barrier).unwrap();
    rig.ears.wait_for("hardware_status", |m| m["payload"]["arduino"]["connected"] == true).await;
    assert_eq!(rig.gate.state().barrier.moved_by, Cause::None, "nothing moved");
    rig.command("c2", json!({"action": "open"})).await;
    assert_eq!(rig.outcome("c2").await["status"], "succeeded");
    // The issue is what is promised to users; a loaded machine gets five times that.
    assert!(noticed.as_secs() < 5, "{noticed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pulled_reader_cable_is_said_and_cards_work_when_it_is_back() {
    let mut rig = Rig::start().await;

    rig.gate.unplug(Device::CardReader);
    rig.ears
        .wait_for("hardware_status", |m| m["payload"]["card_reader"]["connected"] == false)
        .await;
    rig.ears.wait_for("system_status", |m| m["payload"]["state"] == "degraded").await;
    rig.gate.plug(Device::CardReader).unwrap();
    rig.ears
        .wait_for("hardware_status", |m| m["payload"]["card_reader"]["connected"] == true)
        .await;
    rig.ears.wait_for("system_status", |m| m["payload"]["state"] == "online").await;

    rig.gate.present_card("04A1B2C3").unwrap();
    let card = rig.ears.wait_for("card_detected", |_| true).await;
    assert_eq!(card["payload"]["decision"], "granted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_boom_opened_by_hand_is_reported_and_left_alone() {
    let mut rig = Rig::start().await;

    rig.gate.open_by_hand();

    rig.ears.wait_for("parking_event", |m| m["payload"]["event"] == "manual_open").await;
    rig.ears.wait_for("gate_status", |m| m["payload"]["status"] == "open").await;
    // Whatever happens next is answered after anything that the timer could have done by now.
    rig.command("c1", json!({"action": "close"})).await;
    assert_eq!(rig.outcome("c1").await["status"], "succeeded");
    assert_eq!(rig.gate.state().barrier.position, Position::Closed);
    assert_eq!(rig.gate.state().barrier.moved_by, Cause::Order);
}
