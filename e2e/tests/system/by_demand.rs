//! A gateway that hears of a gate while somebody listens to it, with Mosquitto, which has its own way
//! with retained messages and subscriptions that overlap.

use std::{
    thread,
    time::{Duration, Instant},
};

use e2e::{
    Agent, ForeignBroker, Frame, Gateway, Listener, PATIENCE, Port, Wanted, WebSocket, eventually,
    mosquitto::{Version, publish_with},
    status,
};
use serde_json::{Value, json};

#[test]
fn a_gate_is_received_whole_as_soon_as_somebody_listens() {
    let port = Port::free();
    let Some(_broker) = ForeignBroker::start(&port) else { return };
    let gateway = Gateway::start_by_demand(&port);
    let gate = Agent::start("gate_in", &port);
    until_gate_is(&gateway, "gate_in", "online");
    until_gate_is_heard_by_status_alone(&gateway, "gate_in");

    let mut dashboard = gateway.dashboard("gate_in");
    let greeting = greeting(&mut dashboard);
    let types: Vec<_> = greeting.iter().map(|message| message["type"].clone()).collect();
    for state in ["system_status", "hardware_status", "gate_status"] {
        assert!(types.contains(&json!(state)), "{greeting:#?}");
    }

    eventually("the gate takes commands", || {
        dashboard.send(r#"{"type":"gate_control","payload":{"action":"open","duration":60}}"#);
        (dashboard.hears(&Wanted::a("gate_control_response"))["payload"]["status"] == "accepted")
            .then_some(())
    });
    dashboard.hears(&Wanted::answer("succeeded"));
    drop(dashboard);
    until_gate_is_heard_by_status_alone(&gateway, "gate_in");
    drop(gate);
}

#[test]
fn what_nobody_listens_to_is_not_received() {
    let port = Port::free();
    let Some(_broker) = ForeignBroker::start(&port) else { return };
    let gateway = Gateway::start_by_demand(&port);
    system_status(&port, "online");
    until_gate_is(&gateway, "gate_1", "online");
    // What the gateway says to itself as it starts, and the gate.
    eventually("the gateway is settled", || {
        (gateway.figure("messages_received_total") == 3).then_some(())
    });

    for n in 0..5 {
        event(&port, n);
    }
    system_status(&port, "stopped");
    until_gate_is(&gateway, "gate_1", "stopped");

    assert_eq!(gateway.figure("messages_received_total"), 4);
}

#[test]
fn going_over_to_everything_and_back_loses_nothing_and_tells_nothing_twice() {
    const EVENTS: usize = 60;

    let port = Port::free();
    let Some(_broker) = ForeignBroker::start(&port) else { return };
    let gateway = Gateway::start_by_demand(&port);
    eventually("the gateway is connected", || gateway.is_ready().then_some(()));
    let mut dashboard = gateway.dashboard("gate_1");
    greeting(&mut dashboard);

    thread::scope(|scope| {
        scope.spawn(|| (0..EVENTS).for_each(|n| event(&port, n)));
        let mut told = Vec::new();
        while told.len() < EVENTS {
            greeting(&mut gateway.dashboard("gate_all"));
            told.extend(pending_events(&mut dashboard));
        }
        let all: Vec<String> = (0..EVENTS).map(|n| n.to_string()).collect();
        assert_eq!(told, all);
    });
}

#[test]
fn mosquitto_comes_back_and_is_asked_for_what_is_wanted() {
    let port = Port::free();
    let Some(broker) = ForeignBroker::start(&port) else { return };
    let gateway = Gateway::start_by_demand(&port);
    eventually("the gateway is connected", || gateway.is_ready().then_some(()));
    let mut dashboard = gateway.dashboard("gate_1");
    greeting(&mut dashboard);

    broker.program.kill();
    eventually("the gateway misses its broker", || (!gateway.is_ready()).then_some(()));
    let _broker = ForeignBroker::start(&port);
    dashboard.hears(&Wanted::a("hello").with("recovered", false));
    event(&port, 7);

    assert_eq!(dashboard.hears(&Wanted::a("parking_event"))["id"], "7");
}

/// Everything up to the end of the snapshot.
#[track_caller]
fn greeting(dashboard: &mut WebSocket) -> Vec<Value> {
    let mut greeting = Vec::new();
    while greeting.last().is_none_or(|message: &Value| message["type"] != "snapshot_end") {
        match dashboard.next_frame(Instant::now() + PATIENCE) {
            Some(Frame::Text(text)) => {
                greeting.push(serde_json::from_str(&text).expect("it is JSON"));
            }
            other => panic!("no snapshot but {other:?} after {greeting:#?}"),
        }
    }

    greeting
}

/// The ids of the events that have come.
fn pending_events(dashboard: &mut WebSocket) -> Vec<String> {
    let mut ids = Vec::new();
    while let Some(Frame::Text(text)) =
        dashboard.next_frame(Instant::now() + Duration::from_millis(50))
    {
        let message: Value = serde_json::from_str(&text).expect("it is JSON");
        if message["type"] == "parking_event" {
            ids.push(message["id"].as_str().expect("it has an id").to_owned());
        }
    }

    ids
}

#[track_caller]
fn until_gate_is(gateway: &Gateway, gate: &str, state: &str) {
    eventually("the gateway knows of the gate", || {
        (status(gateway.address)["gates"][gate]["state"] == state).then_some(())
    });
}

#[track_caller]
fn until_gate_is_heard_by_status_alone(gateway: &Gateway, gate: &str) {
    eventually("the gate is not heard whole", || {
        let status = status(gateway.address);
        let messages = status["gates"][gate]["messages"].as_object()?;
        messages.keys().eq(["system_status"]).then_some(())
    });
}

#[track_caller]
fn system_status(port: &Port, state: &str) {
    let payload = json!({ "state": state, "boot": "b1" });
    say(port, "system_status", &message("system_status", payload, state), &["-r"]);
}

fn event(port: &Port, n: usize) {
    let payload = json!({ "event": "entry" });
    say(port, "parking_event", &message("parking_event", payload, &n.to_string()), &[]);
}

fn message(kind: &str, payload: Value, id: &str) -> String {
    json!({
        "type": kind, "payload": payload, "gate_id": "gate_1",
        "timestamp": "2024-01-20T10:30:00Z", "id": id,
    })
    .to_string()
}

#[track_caller]
fn say(port: &Port, kind: &str, text: &str, options: &[&str]) {
    let topic = format!("parking/gate_1/{kind}");
    let arguments: Vec<&str> = ["-m", text].into_iter().chain(options.iter().copied()).collect();
    let complaint = publish_with(port.address(), Version::V311, &topic, &arguments);

    assert_eq!(complaint, "");
}
