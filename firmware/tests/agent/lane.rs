//! What the lane decides and the firmware does about it, and the other way round.

use std::time::Duration;

use serde_json::json;

use crate::rig::Rig;

#[tokio::test(flavor = "multi_thread")]
async fn a_command_opens_the_boom_and_time_closes_it() {
    let (mut rig, mut board) = Rig::with_firmware(Duration::ZERO).await;

    let outcome = rig.outcome_of("c1", json!({"action": "open"})).await;
    assert_eq!(outcome["status"], "succeeded", "{outcome}");

    board.wait_for("relay open on");
    rig.status("closing").await;
    board.wait_for("relay close on");
    let status = rig.status("closed").await;
    assert_eq!(status["moved_by"], "timer");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_close_waits_for_the_vehicle_and_a_vehicle_opens_a_closing_boom() {
    let (mut rig, mut board) = Rig::with_firmware(Duration::ZERO).await;
    rig.outcome_of("c1", json!({"action": "open", "duration": 60})).await;
    board.tell("loop on");
    rig.wait_for("gate_status", |p| p["vehicle_present"] == true).await;

    let refused = rig.outcome_of("c2", json!({"action": "close"})).await;
    assert_eq!(refused["code"], "vehicle_present");
    board.tell("loop off");
    rig.wait_for("gate_status", |p| p["vehicle_present"] == false).await;
    // So that it is still on its way, however slow this machine is.
    board.tell("jam on");
    rig.command("c3", json!({"action": "close"})).await;
    board.wait_for("relay close off");
    board.tell("loop on");

    board.wait_for("relay open on");
    assert_eq!(rig.outcome("c3").await["code"], "vehicle_present");
    let status = rig.status("open").await;
    assert_eq!(status["moved_by"], "safety");
    // The simulator fails the test where the boom goes on closing.
}

#[tokio::test(flavor = "multi_thread")]
async fn a_jammed_boom_takes_the_gate_out_of_service() {
    let (mut rig, mut board) = Rig::with_firmware(Duration::ZERO).await;
    board.tell("jam on");

    let outcome = rig.outcome_of("c1", json!({"action": "open"})).await;

    assert_eq!(outcome["code"], "movement_timeout");
    rig.wait_for("gate_status", |p| p["mode"] == "out_of_service").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_boom_opened_by_hand_or_by_fire_is_said_to_be() {
    let (mut rig, mut board) = Rig::with_firmware(Duration::ZERO).await;

    board.tell("manual on");
    rig.wait_for("parking_event", |p| p["event"] == "manual_open").await;
    rig.status("open").await;
    board.tell("fire on");
    board.tell("manual off");
    board.wait_for("said STATE open loop=0 arming=- manual=0 fire=1");

    let refused = rig.outcome_of("c1", json!({"action": "close"})).await;
    assert_eq!(refused["code"], "emergency_active");
    board.tell("fire off");
    board.wait_for("said STATE open loop=0 arming=- manual=0 fire=0");
    assert_eq!(rig.outcome_of("c2", json!({"action": "close"})).await["status"], "succeeded");
}
