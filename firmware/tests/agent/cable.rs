//! Cables, resets and silence: what was ordered before is not done after.

use std::time::Duration;

use firmware::{Event, Simulator};
use serde_json::json;

use crate::rig::Rig;

/// As long as the boot loader of a Nano.
const BOOT_LOADER: Duration = Duration::from_millis(1600);

#[tokio::test(flavor = "multi_thread")]
async fn a_controller_that_starts_when_its_port_is_opened_is_waited_for() {
    let (mut rig, mut board) = Rig::with_firmware(BOOT_LOADER).await;

    let opened = board.wait_for("dtr");
    let started = board.wait_for("said HELLO");
    let at = |events: &[Event]| events.last().unwrap().at;
    assert!(at(&started) >= at(&opened) + BOOT_LOADER, "{started:#?}");
    assert_eq!(relays(&[opened, started].concat()), [""; 0]);
    assert_eq!(rig.outcome_of("c1", json!({"action": "open"})).await["status"], "succeeded");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_starts_again_does_not_reset_its_controller() {
    let (mut rig, mut board) = Rig::with_firmware(Duration::ZERO).await;
    rig.outcome_of("c1", json!({"action": "open", "duration": 60})).await;

    rig.stop_agent().await;
    board.wait_for("port closed");
    rig.start_agent();
    board.wait_for("port opened");
    rig.connected(true).await;

    let after = board.wait_for("said STATE");
    assert!(!after.iter().any(|event| event.what == "dtr"), "{after:#?}");
    assert_eq!(relays(&after), [""; 0]);
    // HELLO was said because it was asked for.
    assert_eq!(rig.outcome_of("c2", json!({"action": "close"})).await["status"], "succeeded");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pulled_cable_is_said_and_nothing_moves_when_it_is_back() {
    let (mut rig, mut board) = Rig::with_firmware(Duration::ZERO).await;

    board.tell("unplug");
    rig.connected(false).await;
    rig.wait_for("gate_status", |p| p["fault"] == "controller_lost").await;
    let refused = rig.outcome_of("c1", json!({"action": "open"})).await;
    assert_eq!(refused["code"], "hardware_offline");
    board.take_events();

    board.tell("plug");
    rig.connected(true).await;
    rig.wait_for("gate_status", |p| p["fault"].is_null()).await;
    board.tell("arming off");
    assert_eq!(relays(&board.take_events()), [""; 0]);
    assert_eq!(rig.outcome_of("c2", json!({"action": "open"})).await["status"], "succeeded");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_controller_that_hangs_starts_anew_and_what_was_pending_fails() {
    let (mut rig, mut board) = Rig::with_firmware(Duration::ZERO).await;
    // So that it is still on its way, however slow this machine is.
    board.tell("jam on");
    rig.command("c1", json!({"action": "open"})).await;
    board.wait_for("relay open off");

    board.tell("hang");
    board.wait_for("watchdog");
    board.tell("jam off");

    let outcome = rig.outcome("c1").await;
    assert_eq!(
        (&outcome["status"], &outcome["code"]),
        (&"failed".into(), &"hardware_offline".into())
    );
    rig.wait_for("gate_status", |p| p["fault"].is_null() && p["status"] == "open").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closing_boom_opens_again_when_its_agent_falls_silent() {
    let (mut rig, mut board) = Rig::with_firmware(Duration::ZERO).await;
    rig.outcome_of("c1", json!({"action": "open", "duration": 60})).await;
    board.tell("jam on");
    rig.command("c2", json!({"action": "close"})).await;
    board.wait_for("relay close off");

    rig.stop_agent().await;
    board.wait_for("port closed");

    board.wait_for("relay open on");
    let after = board.wait_for("said STATE open");
    assert!(after.iter().any(|event| event.said().is_some_and(|line| line.ends_with("by=safety"))));
}

#[tokio::test(flavor = "multi_thread")]
async fn noise_on_the_line_moves_nothing_and_costs_no_contact() {
    let (mut rig, mut board) = Rig::with_firmware(Duration::ZERO).await;
    // From here on it takes no line without a checksum.
    board.wait_for("said OK");

    for noise in [&b"\xff\x00OPEN\n"[..], b"OPEN 7*00\n", &[b'x'; 500], b"\n", b"open 7\n"] {
        board.send(noise);
    }

    assert_eq!(relays(&settled(&mut board)), [""; 0]);
    assert_eq!(rig.outcome_of("c1", json!({"action": "open"})).await["status"], "succeeded");
}

/// All that happens until two more heartbeats were heard.
fn settled(board: &mut Simulator) -> Vec<Event> {
    [board.wait_for("said OK"), board.wait_for("said OK")].concat()
}

fn relays(events: &[Event]) -> Vec<&str> {
    events.iter().filter_map(|event| event.what.strip_prefix("relay ")).collect()
}
