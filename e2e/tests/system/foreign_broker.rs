//! Agents and gateways with another broker than ours.

use barrier_link::{Cause, Position};
use e2e::{
    Agent, ForeignBroker, Gateway, Listener, Port, Wanted, eventually,
    mosquitto::{Subscriber, Version},
};

const OPEN: &str = r#"{"type":"gate_control","payload":{"action":"open","duration":60}}"#;

#[test]
fn a_gate_is_shown_and_commanded_through_mosquitto() {
    let port = Port::free();
    let Some(_broker) = ForeignBroker::start(&port) else { return };
    let gate = Agent::start("gate_in", &port);
    let gateway = Gateway::start(&port);
    let mut dashboard = gateway.dashboard("gate_in");
    dashboard.hears(&Wanted::gate_is("online"));
    // Who comes later has the retained states, and who listens to the broker itself as well.
    gateway.dashboard("gate_all").hears(&Wanted::boom("closed").from("gate_in"));
    let mut subscriber = Subscriber::start(port.address(), Version::V311, "parking/#");
    subscriber.hears(&Wanted::boom("closed"));

    eventually("the gate takes commands", || {
        dashboard.send(OPEN);
        (dashboard.hears(&Wanted::a("gate_control_response"))["payload"]["status"] == "accepted")
            .then_some(())
    });

    dashboard.hears(&Wanted::answer("succeeded"));
    subscriber.hears(&Wanted::boom("open"));
    assert_eq!(gate.devices.position(), Position::Open);
}

#[test]
fn mosquitto_goes_and_comes_back_and_nothing_moves() {
    let port = Port::free();
    let Some(broker) = ForeignBroker::start(&port) else { return };
    let gate = Agent::start("gate_in", &port);
    let gateway = Gateway::start(&port);
    let mut dashboard = gateway.dashboard("gate_in");
    dashboard.hears(&Wanted::gate_is("online"));

    broker.program.kill();
    eventually("the gateway misses its broker", || (!gateway.is_ready()).then_some(()));
    dashboard.send(OPEN);
    dashboard.hears(&Wanted::answer("failed").with("code", "broker_unavailable"));
    let _broker = ForeignBroker::start(&port);

    dashboard.hears(&Wanted::a("hello").with("recovered", false));
    dashboard.hears(&Wanted::gate_is("online"));
    assert_eq!(gate.devices.state().barrier.moved_by, Cause::None, "something moved");
}
