//! The gate makes itself known to Home Assistant.

use gate_agent::HomeAssistant;
use rumqttc::{PublishOptions, QoS};
use serde_json::{Value, json};

use crate::rig::Rig;

#[tokio::test]
async fn home_assistant_is_told_of_a_gate_until_it_is_taken_back() {
    let mut rig = Rig::with_home_assistant(told(Some(true))).await;
    rig.ears.client.subscribe("homeassistant/#", QoS::AtLeastOnce).await.unwrap();

    let kept = rig.ears.wait_for("config", is_of_the_gate).await;
    let cover = &kept["components"]["barrier"];
    assert_eq!(cover["command_topic"], "parking/gate_in/gate_control");

    // It has come, and may have forgotten everything.
    let birth = PublishOptions::at_least_once();
    rig.ears.client.publish("homeassistant/status", "online", birth).await.unwrap();
    assert_eq!(rig.ears.wait_for("config", is_of_the_gate).await, kept);

    // What it sends is a command like any other.
    let open = cover["payload_open"].as_str().unwrap().to_owned();
    rig.command("first", serde_json::from_str(&open).unwrap()).await;
    assert_eq!(rig.outcome("first").await["status"], "succeeded");

    rig.set_home_assistant(told(Some(false)));
    rig.restart_agent_without_waiting().await;
    // It was published before the states that were waited for.
    assert_eq!(rig.ears.last("config"), Some(Vec::new()), "it is taken back");
}

#[tokio::test]
async fn home_assistant_is_told_nothing_unless_somebody_wants_it() {
    let mut rig = Rig::with_home_assistant(told(None)).await;
    rig.ears.client.subscribe("homeassistant/#", QoS::AtLeastOnce).await.unwrap();

    // Whatever is retained comes before the answer to what is sent after the subscription.
    rig.command("first", json!({ "action": "stop" })).await;
    rig.outcome("first").await;

    assert_eq!(rig.ears.last("config"), None);
}

fn told(discovery: Option<bool>) -> HomeAssistant {
    HomeAssistant { discovery, ..HomeAssistant::default() }
}

fn is_of_the_gate(message: &Value) -> bool {
    message["device"]["name"] == "gate_in"
}
