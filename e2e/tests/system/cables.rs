//! Somebody pulls a cable.

use std::time::{Duration, Instant};

use e2e::{Listener, Site, Wanted};

const OPEN: &str = r#"{"type":"gate_control","payload":{"action":"open"}}"#;
/// How soon a gate has to say that a device is gone.
const SOON: Duration = Duration::from_secs(1);

#[test]
fn a_barrier_whose_cable_is_pulled_is_offline_and_comes_back_by_itself() {
    let site = Site::up();
    let mut dashboard = site.watcher("gate_in");

    let pulled = Instant::now();
    site.sim("gate_in unplug barrier");
    dashboard.hears(&Wanted::a("hardware_status").with("arduino.connected", false));
    assert!(pulled.elapsed() < SOON, "it took {:?}", pulled.elapsed());
    dashboard.hears(&Wanted::gate_is("degraded"));

    dashboard.send(OPEN);
    let answer = dashboard.hears(&Wanted::a("gate_control_response"));
    assert!(Wanted::answer("rejected").with("code", "hardware_offline").is(&answer), "{answer}");

    site.sim("gate_in plug barrier");
    dashboard.hears(&Wanted::a("hardware_status").with("arduino.connected", true));
    dashboard.hears(&Wanted::gate_is("online"));
    // The controller starts anew with its port, and nobody has moved it since.
    let state = site.sim("gate_in state");
    assert!(state.contains("position=closed") && state.contains("by=none"), "{state}");

    dashboard.send(OPEN);
    dashboard.hears(&Wanted::boom("open"));
}

#[test]
fn a_command_is_not_kept_for_a_barrier_that_is_away() {
    let site = Site::up();
    let mut dashboard = site.watcher("gate_in");
    dashboard.send(OPEN);
    dashboard.hears(&Wanted::boom("opening"));

    site.sim("gate_in unplug barrier");

    dashboard.hears(&Wanted::answer("failed").with("code", "hardware_offline"));
    site.sim("gate_in plug barrier");
    dashboard.hears(&Wanted::gate_is("online"));
    let state = site.sim("gate_in state");
    assert!(state.contains("by=none"), "an order after the cable was back: {state}");
}

#[test]
fn a_card_reader_whose_cable_is_pulled_does_not_keep_the_gate_from_opening() {
    let site = Site::up();
    let mut dashboard = site.watcher("gate_in");

    let pulled = Instant::now();
    site.sim("gate_in unplug card_reader");
    dashboard.hears(&Wanted::a("hardware_status").with("card_reader.connected", false));
    assert!(pulled.elapsed() < SOON, "it took {:?}", pulled.elapsed());
    dashboard.hears(&Wanted::gate_is("degraded"));
    dashboard.send(OPEN);
    dashboard.hears(&Wanted::boom("open"));

    site.sim("gate_in plug card_reader");
    dashboard.hears(&Wanted::a("hardware_status").with("card_reader.connected", true));
    dashboard.hears(&Wanted::gate_is("online"));
    site.sim("gate_in card CAFE0001");
    dashboard.hears(&Wanted::a("card_detected").with("card_id", "CAFE0001"));
}

#[test]
fn one_gates_cable_is_nothing_to_the_other() {
    let site = Site::up();
    let mut dashboard = site.watcher("gate_in");
    site.sim("gate_in unplug barrier");
    dashboard.hears(&Wanted::gate_is("degraded"));

    let mut other = site.dashboard("gate_out");
    other.send(OPEN);

    other.hears(&Wanted::boom("open"));
    assert_eq!(e2e::status(site.gateway)["gates"]["gate_out"]["state"], "online");
}
