//! An agent loses its power.

use barrier_link::{Cause, Position};
use e2e::{Agent, Broker, Gateway, Listener, PATIENCE, Port, Wanted, WebSocket};
use serde_json::Value;

use crate::broker_restarted::{assert_in_order_from, events_until, of_type};

const OPEN: &str = r#"{"type":"gate_control","payload":{"action":"open"}}"#;

#[test]
fn its_gate_is_shown_offline_until_it_is_back() {
    let (port, _broker, gateway) = site();
    let mut gate = Agent::start("gate_in", &port);
    let mut dashboard = watching(&gateway);
    let first = dashboard.hears(&Wanted::gate_is("online"));

    gate.kill();

    dashboard.hears(&Wanted::gate_is("offline"));
    dashboard.send(OPEN);
    dashboard.hears(&Wanted::answer("failed").with("code", "gate_offline"));
    gate.restart();
    let second = dashboard.hears(&Wanted::gate_is("online"));
    assert_ne!(first["payload"]["boot"], second["payload"]["boot"]);
    assert_eq!(first["payload"]["journal"], second["payload"]["journal"]);
}

#[test]
fn events_of_before_arrive_after_its_restart_once_and_in_order() {
    let port = Port::free();
    let broker = Broker::start(&port);
    let mut gate = Agent::start("gate_in", &port);
    let first = broker.subscriber("parking/gate_in/#").hears(&Wanted::gate_is("online"));
    broker.program.kill();
    gate.lets_in("CAFE0001");
    gate.lets_in("CAFE0002");

    gate.kill();
    let broker = Broker::start(&port);
    let mut subscriber = broker.subscriber("parking/gate_in/#");
    gate.restart();
    hears_a_new_start(&broker, &first);
    gate.lets_in("CAFE0003");
    let events = events_until(&mut subscriber, "CAFE0003");

    let cards: Vec<String> = of_type(&events, "parking_entry");
    assert_eq!(cards, ["CAFE0001", "CAFE0002", "CAFE0003"]);
    assert_in_order_from(1, &events);
}

#[test]
fn a_boom_that_was_open_stays_open() {
    let (port, _broker, gateway) = site();
    let mut gate = Agent::start("gate_in", &port);
    let mut dashboard = watching(&gateway);
    dashboard.hears(&Wanted::gate_is("online"));
    dashboard.send(OPEN);
    dashboard.hears(&Wanted::boom("opening"));
    let open = |state: &site_sim::GateState| state.barrier.position == Position::Open;

    gate.kill();
    assert!(gate.devices.wait_until(PATIENCE, open).is_some(), "it goes on opening");
    gate.restart();

    dashboard.hears(&Wanted::gate_is("online"));
    let state = gate.devices.state();
    assert_eq!((state.barrier.position, state.barrier.moved_by), (Position::Open, Cause::None));
}

#[test]
fn a_command_that_it_had_seen_moves_nothing_after_its_restart() {
    let (port, _broker, gateway) = site();
    let mut gate = Agent::start("gate_in", &port);
    let mut dashboard = watching(&gateway);
    dashboard.hears(&Wanted::gate_is("online"));
    let command = r#"{"type":"gate_control","payload":{"action":"open","command_id":"once"}}"#;
    dashboard.send(command);
    dashboard.hears(&Wanted::answer("succeeded"));
    dashboard.hears(&Wanted::boom("closed"));

    gate.kill();
    gate.restart();
    dashboard.hears(&Wanted::gate_is("online"));
    dashboard.send(command);

    let answer = dashboard.hears(&Wanted::answer_to("once"));
    assert_eq!(answer["payload"]["status"], "succeeded", "the first outcome: {answer}");
    assert_eq!(answer["payload"]["code"], "duplicate", "{answer}");
    assert_eq!(gate.devices.state().barrier.moved_by, Cause::None);
}

/// Waits until the gate is online and is not as before: what it said last is still retained.
pub(crate) fn hears_a_new_start(broker: &Broker, before: &Value) {
    let mut subscriber = broker.subscriber("parking/gate_in/#");

    while subscriber.hears(&Wanted::gate_is("online"))["payload"]["boot"]
        == before["payload"]["boot"]
    {}
}

fn site() -> (Port, Broker, Gateway) {
    let port = Port::free();
    let broker = Broker::start(&port);
    let gateway = Gateway::start(&port);

    (port, broker, gateway)
}

fn watching(gateway: &Gateway) -> WebSocket {
    gateway.dashboard("gate_in")
}
