//! The conversation with one controller.

use std::sync::Arc;

use schemas::{
    Body, Fault, GateId, Kind, Message, MessageType, Report, SessionBody, SystemState, Topic,
};
use serde::Deserialize;
use service::stamp;
use tokio::time::Instant;

use super::status_of;
use crate::{
    outbox::Outbox,
    relay::{Relay, reason},
    session::{Party, fault, say_to},
};

/// Publishes what a controller says.
#[derive(Debug)]
pub(crate) struct Bridge {
    relay: Arc<Relay>,
    gate: GateId,
    session: u64,
    outbox: Arc<Outbox>,
}

impl Bridge {
    /// From here on the gate is shown online, and the controller gets its commands.
    pub(crate) fn open(relay: Arc<Relay>, gate: GateId, session: u64) -> Self {
        let outbox = Arc::new(Outbox::new(relay.config.limits.queued_bytes));
        let boot = stamp::new_id();
        let birth = status_of(&relay, &gate, SystemState::Online, &boot);

        relay.controllers.enter(
            &gate,
            session,
            Arc::clone(&outbox),
            (boot, birth.encode()),
            Instant::now(),
        );
        // Without a broker it is announced as soon as there is one.
        let _ = relay.publish(&birth);

        Self { relay, gate, session, outbox }
    }

    pub(crate) fn outbox(&self) -> &Arc<Outbox> {
        &self.outbox
    }

    /// The controller went: its gate is offline, unless another one speaks for it by now.
    pub(crate) fn close(self) {
        let Some(boot) = self.relay.controllers.leave(&self.gate, self.session) else { return };

        // A broker that is away has a retained `online`, which is corrected when it comes back.
        let _ =
            self.relay.publish(&status_of(&self.relay, &self.gate, SystemState::Offline, &boot));
    }

    fn read(&self, text: &str) -> Result<Report, Fault> {
        let topic = Topic::Gate(self.gate.clone(), message_type(text)?);

        match Message::decode(&topic, text.as_bytes()) {
            Ok(Message::Report(report)) => Ok(report),
            Ok(Message::Command(_) | Message::Picture(_)) => Err(not_a_report("this type")),
            Err(error) => Err(fault(
                "invalid",
                format!("{}; send it as section 1 of the contract says", reason(&error)),
                None,
            )),
        }
    }
}

impl Party for Bridge {
    fn name(&self) -> String {
        format!("controller/{}", self.gate)
    }

    fn hear(&mut self, text: &str, _now: Instant) -> Result<(), Fault> {
        let report = self.read(text)?;

        if let Body::SystemStatus(status) = &report.body {
            let (gate, boot) = (&self.gate, &status.boot);
            self.relay.controllers.introduce(gate, self.session, boot, text.as_bytes());
        }
        if let Err(error) = self.relay.publish_bytes(&report.topic(), text.as_bytes().to_vec()) {
            let body = SessionBody::Error(fault("broker_unavailable", error.to_string(), None));
            self.outbox.push_event(&say_to(self.name(), body));
        }

        Ok(())
    }

    fn poll_timeout(&self) -> Option<Instant> {
        None
    }

    fn handle_timeout(&mut self, _now: Instant) {}
}

/// What the message says it is: a state, an event or an answer.
fn message_type(text: &str) -> Result<MessageType, Fault> {
    #[derive(Deserialize)]
    struct Typed {
        r#type: String,
    }

    let typed: Typed = serde_json::from_str(text).map_err(|error| {
        fault("invalid", format!("the message has no `type`: {error}; send one JSON object"), None)
    })?;
    let kind: MessageType = typed.r#type.parse().map_err(|_| not_a_report(&typed.r#type))?;

    match kind.kind() {
        Kind::State | Kind::Event | Kind::Answer => Ok(kind),
        Kind::Command | Kind::Picture => Err(not_a_report(kind.as_str())),
    }
}

fn not_a_report(kind: &str) -> Fault {
    let kind: String = kind.chars().take(64).collect();
    let message =
        format!("a controller does not send `{kind}`: it sends states, events and answers");

    fault("invalid", message, None)
}
