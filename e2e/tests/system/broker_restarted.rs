//! The broker goes and comes back under running agents and gateways.

use std::{collections::BTreeSet, time::Instant};

use barrier_link::{Cause, Position};
use e2e::{
    Agent, Broker, Gateway, Listener, PATIENCE, Port, Wanted, eventually, mosquitto::Subscriber,
};
use serde_json::Value;

const OPEN: &str = r#"{"type":"gate_control","payload":{"action":"open","duration":60}}"#;

#[test]
fn all_come_back_by_themselves_and_nothing_moves() {
    let port = Port::free();
    let broker = Broker::start(&port);
    let gates = [Agent::start("gate_in", &port), Agent::start("gate_out", &port)];
    let gateway = Gateway::start(&port);
    let mut dashboards = ["gate_in", "gate_out"].map(|gate| (gate, gateway.dashboard(gate)));
    for (gate, dashboard) in &mut dashboards {
        dashboard.hears(&Wanted::gate_is("online").from(gate));
    }

    broker.program.kill();
    eventually("the gateway misses its broker", || (!gateway.is_ready()).then_some(()));
    let (_, dashboard) = &mut dashboards[0];
    dashboard.send(OPEN);
    dashboard.hears(&Wanted::answer("failed").with("code", "broker_unavailable"));

    let broker = Broker::start(&port);
    let mut subscriber = broker.subscriber("parking/+/system_status");
    let mut online = BTreeSet::new();
    while online.len() < 2 {
        online.insert(subscriber.hears(&Wanted::gate_is("online"))["gate_id"].to_string());
        online.retain(|gate| gate.contains("gate_"));
    }
    eventually("the gateway is back", || gateway.is_ready().then_some(()));
    for gate in &gates {
        assert_eq!(gate.devices.state().barrier.moved_by, Cause::None, "something moved");
        assert_eq!(gate.devices.position(), Position::Closed);
    }

    // Those who were connected all the time need not do anything either.
    for (gate, dashboard) in &mut dashboards {
        open(gate, dashboard);
    }
    drop(broker);
}

#[test]
fn a_gate_works_without_a_broker_and_tells_later_what_happened_in_order() {
    let port = Port::free();
    let broker = Broker::start(&port);
    let gate = Agent::start("gate_in", &port);
    broker.subscriber("parking/gate_in/#").hears(&Wanted::gate_is("online"));
    broker.program.kill();

    for card in ["CAFE0001", "CAFE0002", "CAFE0003"] {
        gate.lets_in(card);
    }

    // So that nothing is told before somebody listens.
    gate.program().pause();
    let broker = Broker::start(&port);
    let mut subscriber = broker.subscriber("parking/gate_in/#");
    gate.program().resume();
    let events = events_until(&mut subscriber, "CAFE0003");

    assert_in_order_from(1, &events);
    let cards: Vec<_> = of_type(&events, "card_detected");
    assert_eq!(cards, ["CAFE0001", "CAFE0002", "CAFE0003"]);
    assert_eq!(of_type(&events, "parking_entry"), ["CAFE0001", "CAFE0002", "CAFE0003"]);
    assert_eq!(gate.devices.position(), Position::Closed, "the boom is left alone");
}

#[test]
fn events_can_be_asked_for_again() {
    let port = Port::free();
    let broker = Broker::start(&port);
    let gate = Agent::start("gate_in", &port);
    let mut subscriber = broker.subscriber("parking/gate_in/#");
    subscriber.hears(&Wanted::gate_is("online"));
    gate.lets_in("CAFE0001");
    let first = published_until(&mut subscriber, "CAFE0001");

    e2e::mosquitto::publish(
        broker.address,
        "parking/gate_in/request_events",
        &format!(
            r#"{{"type":"request_events","payload":{{"from_seq":1}},"timestamp":"{}"}}"#,
            now(&first)
        ),
    );

    let again = published_until(&mut subscriber, "CAFE0001");
    assert_eq!(first, again, "byte for byte");
}

/// The journaled events until the vehicle with `card` is in.
pub(crate) fn events_until(subscriber: &mut Subscriber, card: &str) -> Vec<Value> {
    published_until(subscriber, card)
        .iter()
        .map(|bytes| serde_json::from_slice(bytes).expect("events are JSON"))
        .collect()
}

fn published_until(subscriber: &mut Subscriber, card: &str) -> Vec<Vec<u8>> {
    let deadline = Instant::now() + PATIENCE;
    let mut events = Vec::new();

    while let Some(message) = subscriber.next_published(deadline) {
        let json = message.json();
        if json["seq"].is_null() {
            continue;
        }
        events.push(message.bytes);
        let payload = &json["payload"];
        if payload["event"] == "entry" && payload["card_id"] == card {
            return events;
        }
    }
    panic!("the entry of {card} did not come; {} events did", events.len());
}

/// Each number once, and none left out.
pub(crate) fn assert_in_order_from(first: u64, events: &[Value]) {
    let numbers: Vec<u64> = events.iter().filter_map(|event| event["seq"].as_u64()).collect();
    let expected: Vec<u64> = (first..).take(events.len()).collect();

    assert_eq!(numbers, expected);
    assert!(events.iter().all(|event| event["journal"] == events[0]["journal"]));
}

/// The cards in the events of a type.
pub(crate) fn of_type(events: &[Value], kind: &str) -> Vec<String> {
    events
        .iter()
        .filter(|event| event["type"] == kind)
        .filter_map(|event| Some(event["payload"]["card_id"].as_str()?.to_owned()))
        .collect()
}

/// A time at which the command was sent, as good as any.
fn now(events: &[Vec<u8>]) -> String {
    let last: Value = serde_json::from_slice(&events[events.len() - 1]).expect("events are JSON");

    last["timestamp"].as_str().expect("events have a time").to_owned()
}

/// A gate that has just come back may be shown later than its gateway.
fn open(gate: &'static str, dashboard: &mut e2e::WebSocket) {
    eventually("the gate opens", || {
        dashboard.send(OPEN);
        let answer = dashboard.hears(&Wanted::a("gate_control_response").from(gate));
        (answer["payload"]["success"] == true).then_some(())
    });
    dashboard.hears(&Wanted::boom("open").from(gate));
}
