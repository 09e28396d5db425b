//! The person who puts a gate right after something went wrong, over MQTT as anybody would.

use std::time::Duration;

use barrier_link::Position;
use rumqttc::{AsyncClient, PublishOptions};
use serde_json::json;
use site_sim::{Cable, Gate, Visit};
use tokio::{
    sync::watch,
    time::{self, Instant},
};

use crate::listener::View;

const LOOK: Duration = Duration::from_millis(20);
/// What comes to rest by itself has done so before a person acts.
const PATIENCE: Duration = Duration::from_millis(2500);
/// A person who sees nothing happen tries again.
const AGAIN: Duration = Duration::from_secs(2);
/// Longer than any fault and any outage of the broker.
const IN_VAIN: Duration = Duration::from_secs(90);

/// Waits until the gate is at rest and its agent says so, and helps where it does not by itself.
/// Returns the number of orders.
pub(crate) async fn bring_to_rest(
    gate: &Gate,
    view: &watch::Receiver<View>,
    mouth: &AsyncClient,
) -> Result<u64, String> {
    let began = Instant::now();
    let (mut orders, mut act_at) = (0, began + PATIENCE);

    while !is_at_rest(gate, &view.borrow()) {
        if began.elapsed() > IN_VAIN {
            let state = format!("{:?}, and the agent says {:?}", gate.state(), *view.borrow());
            return Err(format!("the gate does not come to rest: {state}"));
        }
        if act_at <= Instant::now() {
            let action = if view.borrow().mode == "auto" { "close" } else { "auto" };
            say(mouth, gate.name(), "gate_control", json!({ "action": action }));
            orders += 1;
            act_at = Instant::now() + AGAIN;
        }
        time::sleep(LOOK).await;
    }

    Ok(orders)
}

fn is_at_rest(gate: &Gate, view: &View) -> bool {
    let state = gate.state();

    state.barrier.position == Position::Closed
        && state.visit == Visit::None
        && state.barrier_cable == Cable::InUse
        && state.card_reader_cable == Cable::InUse
        && view.state == "online"
        && view.mode == "auto"
        && view.status == "closed"
}

/// Sends a command. One that does not get through because the broker is away is sent again by
/// whoever waits for what it does.
pub(crate) fn say(mouth: &AsyncClient, gate: &str, kind: &str, payload: serde_json::Value) {
    let message = json!({
        "type": kind,
        "payload": payload,
        "gate_id": gate,
        "timestamp": jiff::Timestamp::now().to_string(),
    });
    let topic = format!("parking/{gate}/{kind}");

    let _ = mouth.try_publish(topic, message.to_string(), PublishOptions::at_least_once());
}
