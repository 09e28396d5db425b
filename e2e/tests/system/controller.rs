//! A gate's controller that was written from the description of the old system.

use e2e::{Listener, Site, Wanted, WebSocket, eventually, status};
use serde_json::Value;

const HARDWARE: &str = r#"{
  "type": "hardware_status",
  "payload": {
    "camera":      { "connected": true, "status": "ready" },
    "card_reader": { "connected": true, "port": "COM17" },
    "arduino":     { "connected": true, "gate_status": "closed" }
  },
  "gate_id": "gate_x",
  "timestamp": "2024-01-20T10:30:00Z"
}"#;

#[test]
fn a_controller_of_the_old_system_is_seen_commanded_and_missed() {
    let site = Site::up();
    let mut dashboard = site.watcher("gate_x");

    let mut controller = WebSocket::connect(site.gateway, "/ws/controller/gate_x");
    controller.send(HARDWARE);
    dashboard.hears(&Wanted::gate_is("online"));
    dashboard.hears(&Wanted::a("hardware_status").with("card_reader.port", "COM17"));
    assert_eq!(status(site.gateway)["controllers"], serde_json::json!(["gate_x"]));

    dashboard.send(
        r#"{"type":"gate_control","payload":{"action":"open","gate_id":"gate_x","duration":10}}"#,
    );
    let command = controller.hears(&Wanted::a("gate_control").with("action", "open"));
    assert_eq!(command["payload"]["gate_id"], "gate_x");
    assert_eq!(command["payload"]["duration"], 10);

    controller.send(&accepted(&command));
    dashboard.hears(&Wanted::answer("accepted"));

    drop(controller);
    dashboard.hears(&Wanted::gate_is("offline"));
    eventually("the controller is not in the status", || {
        (status(site.gateway)["controllers"] == serde_json::json!([])).then_some(())
    });
}

#[test]
fn what_a_controller_says_reaches_mqtt_byte_for_byte() {
    let site = Site::up();
    let mut subscriber = site.subscriber("parking/gate_x/hardware_status");

    let mut controller = WebSocket::connect(site.gateway, "/ws/controller/gate_x");
    controller.send(HARDWARE);

    let deadline = std::time::Instant::now() + e2e::PATIENCE;
    let published = subscriber.next_published(deadline).expect("it is published");
    assert_eq!(published.text(), HARDWARE);
}

#[test]
fn an_operator_commands_a_controller_by_mqtt() {
    let site = Site::up();
    let mut controller = WebSocket::connect(site.gateway, "/ws/controller/gate_x");
    controller.send(HARDWARE);
    let mut answers = site.subscriber("parking/gate_x/gate_control_response");

    let sent = eventually("the gate takes the command", || {
        e2e::mosquitto::publish(site.broker, "parking/gate_x/gate_control", "open");
        let patience = std::time::Instant::now() + std::time::Duration::from_millis(100);
        let command = controller.next_message(patience)?;
        Wanted::a("gate_control").with("action", "open").is(&command).then_some(command)
    });

    controller.send(&accepted(&sent));
    answers.hears(&Wanted::answer("accepted"));
}

#[test]
fn a_controller_cannot_speak_for_a_gate_that_has_an_agent() {
    let site = Site::up();

    let mut controller = WebSocket::connect(site.gateway, "/ws/controller/gate_in");

    assert_eq!(controller.close_code(), Some(4403));
}

/// What a controller answers to a command.
fn accepted(command: &Value) -> String {
    serde_json::json!({
        "type": "gate_control_response",
        "payload": {
            "command_id": command["payload"]["command_id"],
            "action": command["payload"]["action"],
            "status": "accepted",
            "success": true,
        },
        "gate_id": "gate_x",
        "timestamp": "2024-01-20T10:30:01Z",
    })
    .to_string()
}
