//! Controllers that speak WebSocket.

use schemas::Timestamp;
use serde_json::Value;

use crate::rig::{HARDWARE, Site, event, system};

const PATH: &str = "/ws/controller/gate_in";

#[tokio::test]
async fn what_a_controller_says_is_published_as_its_bytes() {
    let site = Site::start().await;
    let mut mqtt = site.mqtt().await;
    mqtt.subscribe("gate_in/+").await;
    let mut dashboard = site.greeted("/ws/gate_in").await;
    let mut controller = site.client(PATH).await;
    assert_eq!(mqtt.message().await.topic, "parking/gate_in/system_status");

    controller.send(HARDWARE).await;
    controller.send(&event("gate_in", "e1")).await;

    let publish = mqtt.message().await;
    assert_eq!(
        (str::from_utf8(&publish.topic).unwrap(), &*publish.payload),
        ("parking/gate_in/hardware_status", HARDWARE.as_bytes())
    );
    assert_eq!(mqtt.message().await.payload, event("gate_in", "e1"));
    assert_eq!(dashboard.json().await["payload"]["state"], "online");
    assert_eq!(dashboard.text().await, HARDWARE);
    assert_eq!(dashboard.text().await, event("gate_in", "e1"));
    let mut late = site.mqtt().await;
    late.subscribe("gate_in/hardware_status").await;
    assert!(late.message().await.retain, "a state is retained");
}

#[tokio::test]
async fn a_click_reaches_the_controller_and_its_answer_the_dashboard() {
    let site = Site::start().await;
    let mut controller = site.client(PATH).await;
    site.until_gate_is("gate_in", "online").await;
    let mut dashboard = site.greeted("/ws/gate_in").await;

    dashboard
        .send(r#"{"type":"gate_control","payload":{"action":"open","duration":10,"ticket":7},"trace":"t"}"#)
        .await;
    let command = controller.json().await;

    assert_eq!(command["type"], "gate_control");
    assert_eq!(command["payload"]["action"], "open");
    assert_eq!(command["payload"]["gate_id"], "gate_in");
    assert_eq!(command["payload"]["duration"], 10);
    assert_eq!(command["payload"]["ticket"], 7);
    assert_eq!(command["trace"], "t");
    let id = command["payload"]["command_id"].as_str().unwrap();
    controller.send(&crate::rig::answer("gate_in", id, "succeeded")).await;
    assert_eq!(dashboard.text().await, crate::rig::answer("gate_in", id, "succeeded"));
}

#[tokio::test]
async fn a_controller_is_listed_and_its_gate_is_offline_when_it_goes() {
    let site = Site::start().await;
    let mut controller = site.client(PATH).await;
    controller.send(HARDWARE).await;

    let status = site
        .until_status(|status| {
            status["gates"]["gate_in"]["messages"]["hardware_status"].is_object()
        })
        .await;
    assert_eq!(status["controllers"], serde_json::json!(["gate_in"]));
    assert_eq!(status["gates"]["gate_in"]["state"], "online");

    drop(controller);
    site.until_gate_is("gate_in", "offline").await;
    assert_eq!(site.status().await["controllers"], serde_json::json!([]));
}

#[tokio::test]
async fn a_controller_that_says_who_it_is_is_shown_offline_too() {
    let site = Site::start().await;
    let mut dashboard = site.greeted("/ws/gate_in").await;
    let mut controller = site.client(PATH).await;
    assert_eq!(dashboard.json().await["payload"]["state"], "online");

    controller.send(&system("gate_in", "online", "my-own-boot")).await;
    assert_eq!(dashboard.text().await, system("gate_in", "online", "my-own-boot"));
    drop(controller);

    let offline = dashboard.json().await;
    assert_eq!(offline["payload"]["state"], "offline");
    assert_eq!(offline["payload"]["boot"], "my-own-boot");
}

#[tokio::test]
async fn a_controller_speaks_only_for_its_gate_and_only_what_it_may() {
    let site = Site::start().await;
    let mut controller = site.client(PATH).await;

    for (text, says) in [
        ("hello", "send one JSON object"),
        (&*event("gate_out", "e1"), "gate_out"),
        (r#"{"type":"gate_control","payload":{"action":"open"}}"#, "does not send `gate_control`"),
        (r#"{"type":"image","payload":{}}"#, "does not send `image`"),
        (r#"{"type":"balloon","payload":{}}"#, "does not send `balloon`"),
        (r#"{"type":"gate_status","payload":{}}"#, "gate_id"),
    ] {
        controller.send(text).await;
        let error = controller.json().await;
        assert_eq!(error["type"], "error");
        assert_eq!(error["gate_id"], "controller/gate_in");
        let message = error["payload"]["message"].as_str().unwrap();
        assert!(message.contains(says), "{text}: {message}");
    }
}

#[tokio::test]
async fn a_newer_connection_replaces_the_one_before() {
    let site = Site::start().await;
    let mut first = site.client(PATH).await;
    site.until_gate_is("gate_in", "online").await;
    let mut second = site.client(PATH).await;

    assert_eq!(first.close_code().await, Some(4409));
    drop(first);
    let operator = site.mqtt().await;
    operator.publish("gate_in/gate_control", command("c1", 0)).await;

    assert_eq!(second.json().await["payload"]["command_id"], "c1");
    site.until_gate_is("gate_in", "online").await;
}

#[tokio::test]
async fn a_controller_is_not_let_in_where_an_agent_is_online() {
    let site = Site::start().await;
    let _agent = site.online("gate_in").await;

    assert_eq!(site.client(PATH).await.close_code().await, Some(4403));
    assert_eq!(site.status().await["controllers"], serde_json::json!([]));
}

#[tokio::test]
async fn an_agent_that_comes_online_takes_over_from_a_controller() {
    let site = Site::start().await;
    let mut controller = site.client(PATH).await;
    site.until_gate_is("gate_in", "online").await;

    let _agent = site.online("gate_in").await;

    assert_eq!(controller.close_code().await, Some(4403));
    site.until_status(|status| {
        let system = &status["gates"]["gate_in"]["messages"]["system_status"];
        system["payload"]["boot"] == crate::rig::BOOT
            && status["controllers"] == serde_json::json!([])
    })
    .await;
}

#[tokio::test]
async fn late_and_repeated_commands_are_answered_for_the_controller() {
    let site = Site::start().await;
    let mut controller = site.client(PATH).await;
    let mut operator = site.mqtt().await;
    operator.subscribe("gate_in/gate_control_response").await;

    operator.publish("gate_in/gate_control", command("c1", 0)).await;
    assert_eq!(controller.json().await["payload"]["command_id"], "c1");
    for (text, status, code) in
        [(command("c1", 0), "rejected", "duplicate"), (command("c2", 11), "expired", "expired")]
    {
        operator.publish("gate_in/gate_control", text).await;
        let answer = operator.next(|_| true).await;
        assert_eq!(answer["payload"]["status"], status);
        assert_eq!(answer["payload"]["code"], code);
        assert_eq!(answer["payload"]["success"], false);
    }

    operator.publish("gate_in/gate_control", command("c3", 0)).await;
    assert_eq!(controller.json().await["payload"]["command_id"], "c3", "none of them reached it");
}

#[tokio::test]
async fn what_a_gateway_that_died_left_online_is_set_right_at_its_restart() {
    let site = Site::start().await;
    let controller = site.client(PATH).await;
    site.until_gate_is("gate_in", "online").await;
    // Killed: nobody says a word for the controller.
    drop(site.gateway_task);
    drop(controller);

    let (gateway, _stop, _task) =
        crate::rig::start_gateway(crate::rig::config(), site.broker).await;
    let site = Site { gateway, gateway_task: Default::default(), ..site };

    site.ready().await;
    site.until_gate_is("gate_in", "offline").await;
}

#[tokio::test]
async fn a_broker_that_comes_back_is_told_which_controllers_are_there() {
    let mut site = Site::start().await;
    let mut controller = site.client(PATH).await;
    site.until_gate_is("gate_in", "online").await;

    site.restart_broker().await;
    site.ready().await;

    let mut mqtt = site.mqtt().await;
    mqtt.subscribe("gate_in/system_status").await;
    let status = mqtt.next(|_| true).await;
    assert_eq!(status["payload"]["state"], "online");
    controller.send(HARDWARE).await;
}

#[tokio::test]
async fn without_a_broker_a_controller_is_told_that_nothing_was_published() {
    let mut site = Site::start().await;
    let mut controller = site.client(PATH).await;
    site.kill_broker().await;
    site.until_readyz_is(503).await;

    controller.send(HARDWARE).await;

    assert_eq!(controller.json().await["payload"]["code"], "broker_unavailable");
}

fn command(id: &str, seconds_ago: i64) -> String {
    let sent = Timestamp::now() - std::time::Duration::from_secs(seconds_ago.unsigned_abs());
    let command: Value = serde_json::json!({
        "type": "gate_control",
        "payload": { "action": "open", "command_id": id },
        "gate_id": "gate_in",
        "timestamp": sent.to_string(),
    });

    command.to_string()
}
