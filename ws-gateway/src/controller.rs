//! Controllers that speak the contract over WebSocket instead of MQTT.
//!
//! What such a controller says is published for it, byte for byte. What is commanded is passed on
//! to it, after the rules that an agent would keep by itself: nothing retained, nothing late,
//! nothing twice. While it is connected its gate is shown online, and offline as soon as it goes.
//!
//! It gets commands and, where what it said was not valid, `error`; no `hello` and no snapshot,
//! which old controllers would not expect.
//!
//! One controller speaks for a gate. A newer connection replaces the one before (4409): a
//! controller that lost its network comes back long before the gateway misses it, and to refuse
//! it would leave the gate without anybody. An agent that is online is never replaced (4403).

mod party;
mod registry;
mod screen;

use schemas::{Body, Command, GateId, Id, Report, SystemState, SystemStatus, Timestamp};
use tokio::time::Instant;
use tracing::{info, warn};

use crate::{
    command::{Refusal, spelled_out},
    hub::Arrival,
    relay::{Relay, is_running, of_gate, report},
    session::End,
};
pub(crate) use party::Bridge;
pub(crate) use registry::Controllers;
use registry::Order;

/// Whether a controller may speak for a gate: not where an agent does.
pub(crate) fn admit(relay: &Relay, gate: &GateId) -> Result<(), End> {
    let Some(status) = relay.hub.system_status(gate) else { return Ok(()) };
    let ours = is_ours(relay, &status) || relay.controllers.owns(gate, &status.boot);

    if is_running(status.state) && !ours { Err(agent_is_there()) } else { Ok(()) }
}

/// A gate's `system_status` came: is somebody else there, or is it what this gateway left behind?
pub(crate) fn notice(relay: &Relay, gate: &GateId, status: &SystemStatus, arrival: Arrival) {
    if !is_running(status.state) || relay.controllers.owns(gate, &status.boot) {
        return;
    }

    if !is_ours(relay, status) {
        if relay.controllers.dismiss(gate, agent_is_there()) {
            warn!(%gate, "An agent came online: its controller on WebSocket is dismissed");
        }
    } else if arrival == Arrival::Retained {
        info!(%gate, "A controller went while the gateway was away");
        // If the broker is lost again, the same copy comes again.
        let _ = relay.publish(&status_of(relay, gate, SystemState::Offline, &status.boot));
    }
}

/// A command came for a gate: its controller gets it, or its sender an answer.
pub(crate) fn take_order(relay: &Relay, command: &Command, arrival: Arrival, now: Timestamp) {
    if !relay.controllers.speak_for(&command.gate) {
        return;
    }
    let spelled_out = spelled_out(command.clone(), now);
    let order = Order { command, spelled_out: &spelled_out, arrival };

    if let Err(refusal) = relay.controllers.pass_on(&order, now, Instant::now()) {
        answer(relay, &spelled_out, &refusal, now);
    }
}

/// The broker is there: it is told which controllers are.
pub(crate) fn announce_all(relay: &Relay) {
    for (topic, birth) in relay.controllers.births() {
        let _ = relay.publish_bytes(&topic, birth);
    }
}

fn answer(relay: &Relay, command: &Command, refusal: &Refusal, now: Timestamp) {
    if let Some(answer) = refusal.answer(command, now) {
        // Whoever gets no answer gets `timeout`.
        let _ = relay.publish(&answer);
    }
}

/// What the gateway says for a controller.
fn status_of(relay: &Relay, gate: &GateId, state: SystemState, boot: &Id) -> Report {
    let Body::SystemStatus(own) = relay.own_status(state).body else {
        unreachable!("a gateway's own status is a system_status")
    };
    let status = SystemStatus {
        boot: boot.clone(),
        version: None,
        started_at: None,
        reason: Some(mark(relay)),
        ..own
    };

    report(of_gate(gate), Body::SystemStatus(status))
}

/// By which a gateway that comes back knows for which gates it had spoken.
fn mark(relay: &Relay) -> String {
    format!("controller bridged by {}", relay.config.name)
}

fn is_ours(relay: &Relay, status: &SystemStatus) -> bool {
    status.reason.as_ref() == Some(&mark(relay))
}

fn agent_is_there() -> End {
    End::NotAllowed("an agent of this gate is online: only one may speak for it".to_owned())
}
