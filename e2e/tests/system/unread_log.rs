//! Nobody reads the log of a gate: the gate does not wait for that.

use e2e::{Agent, Broker, Listener, Port, Wanted};

use crate::broker_restarted::{events_until, of_type};

#[test]
fn a_gate_whose_log_is_not_read_lets_vehicles_in_and_stops_in_order() {
    let port = Port::free();
    let broker = Broker::start(&port);
    let mut events = broker.subscriber("parking/gate_in/+");
    let mut listener = broker.subscriber("parking/gate_in/#");
    let mut gate = Agent::start("gate_in", &port);
    listener.hears(&Wanted::gate_is("online"));
    gate.kill();
    listener.hears(&Wanted::gate_is("offline"));

    let log = gate.restart_unheard();
    listener.hears(&Wanted::gate_is("online"));
    gate.lets_in("CAFE0001");
    gate.lets_in("CAFE0002");

    let events = events_until(&mut events, "CAFE0002");
    assert_eq!(of_type(&events, "parking_entry"), ["CAFE0001", "CAFE0002"]);
    gate.program().terminate();
    assert_eq!(gate.exit_code(), Some(0));
    assert!(log.is_full());
}
