//! The disk of a gate is full: the gate works, says so, and tells later what happened.

use e2e::{Agent, Broker, Listener, Port, Wanted};

use crate::{
    agent_killed::hears_a_new_start,
    broker_restarted::{assert_in_order_from, events_until, of_type},
};

#[test]
fn vehicles_pass_and_their_events_arrive_when_there_is_room_again() {
    let port = Port::free();
    let broker = Broker::start(&port);
    let gate = Agent::start("gate_in", &port);
    let mut listener = broker.subscriber("parking/gate_in/#");
    let mut events = broker.subscriber("parking/gate_in/+");
    listener.hears(&Wanted::gate_is("online"));
    gate.lets_in("CAFE0001");

    gate.program().disk_is_full();
    gate.lets_in("CAFE0002");
    gate.lets_in("CAFE0003");

    listener.hears(&Wanted::a("error").with("code", "journal_failed"));
    let status = listener.hears(&Wanted::gate_is("degraded"));
    let reason = status["payload"]["reason"].as_str().unwrap_or("none").to_owned();
    assert!(reason.contains("cannot write to the journal"), "{reason}");
    gate.program().disk_has_room();
    listener.hears(&Wanted::gate_is("online"));
    let events = events_until(&mut events, "CAFE0003");
    assert_eq!(of_type(&events, "parking_entry"), ["CAFE0001", "CAFE0002", "CAFE0003"]);
    assert_in_order_from(1, &events);
}

#[test]
fn what_the_broker_has_is_not_sent_again_because_it_could_not_be_noted() {
    let port = Port::free();
    let broker = Broker::start(&port);
    let mut gate = Agent::start("gate_in", &port);
    let first = broker.subscriber("parking/gate_in/#").hears(&Wanted::gate_is("online"));
    broker.program.kill();
    gate.lets_in("CAFE0001");
    gate.program().pause();
    let broker = Broker::start(&port);
    let mut listener = broker.subscriber("parking/gate_in/#");
    let mut events = broker.subscriber("parking/gate_in/+");

    gate.program().disk_is_full();
    gate.program().resume();
    listener.hears(&Wanted::a("error").with("code", "journal_failed"));
    listener.hears(&Wanted::gate_is("degraded"));
    gate.program().disk_has_room();
    listener.hears(&Wanted::gate_is("online"));
    gate.kill();
    gate.restart();
    hears_a_new_start(&broker, &first);
    gate.lets_in("CAFE0002");

    let events = events_until(&mut events, "CAFE0002");
    assert_eq!(of_type(&events, "parking_entry"), ["CAFE0001", "CAFE0002"]);
    assert_in_order_from(1, &events);
}
