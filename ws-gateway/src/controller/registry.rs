//! Which controllers are connected: at most one per gate.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use schemas::{AnswerCode, Command, GateId, Id, MessageType, Timestamp, Topic};
use tokio::time::Instant;

use super::screen::Screen;
use crate::{
    command::Refusal,
    hub::Arrival,
    outbox::{Outbox, Pushed, frame},
    session::End,
};

/// How many starts of one controller are told apart.
const BOOTS: usize = 16;

/// The controllers that are connected.
#[derive(Debug, Default)]
pub(crate) struct Controllers {
    connected: Mutex<BTreeMap<GateId, Connected>>,
}

#[derive(Debug)]
struct Connected {
    session: u64,
    outbox: Arc<Outbox>,
    screen: Screen,
    /// What was said for it or by it, the current one last.
    boots: Vec<Id>,
    /// The latest `system_status`, for a broker that comes back with nothing.
    birth: Vec<u8>,
}

/// A command for a controller: as it came, and as it is passed on.
pub(super) struct Order<'a> {
    pub(super) command: &'a Command,
    pub(super) spelled_out: &'a Command,
    pub(super) arrival: Arrival,
}

impl Controllers {
    /// A controller came. The one before it, if there is one, has to go.
    pub(super) fn enter(
        &self,
        gate: &GateId,
        session: u64,
        outbox: Arc<Outbox>,
        (boot, birth): (Id, Vec<u8>),
        now: Instant,
    ) {
        let entry =
            Connected { session, outbox, screen: Screen::new(now), boots: vec![boot], birth };

        if let Some(before) = self.connected().insert(gate.clone(), entry) {
            before.outbox.close(End::Replaced);
        }
    }

    /// A controller says itself who it is.
    pub(super) fn introduce(&self, gate: &GateId, session: u64, boot: &Id, birth: &[u8]) {
        let mut connected = self.connected();
        let Some(entry) = connected.get_mut(gate).filter(|entry| entry.session == session) else {
            return;
        };

        entry.birth = birth.to_vec();
        entry.boots.retain(|known| known != boot);
        entry.boots.push(boot.clone());
        if entry.boots.len() > BOOTS {
            entry.boots.remove(0);
        }
    }

    /// A controller went: its current boot, unless somebody else speaks for the gate.
    pub(super) fn leave(&self, gate: &GateId, session: u64) -> Option<Id> {
        let mut connected = self.connected();
        connected.get(gate).filter(|entry| entry.session == session)?;

        connected.remove(gate)?.boots.pop()
    }

    /// Ends a controller's connection without a word for its gate; whether there was one.
    pub(super) fn dismiss(&self, gate: &GateId, end: End) -> bool {
        let dismissed = self.connected().remove(gate);

        dismissed.map(|entry| entry.outbox.close(end)).is_some()
    }

    /// Whether a controller is connected for this gate.
    pub(super) fn speak_for(&self, gate: &GateId) -> bool {
        self.connected().contains_key(gate)
    }

    /// Whether this is a start of the controller that is connected.
    pub(super) fn owns(&self, gate: &GateId, boot: &Id) -> bool {
        self.connected().get(gate).is_some_and(|entry| entry.boots.contains(boot))
    }

    /// Passes a command on to the controller of its gate.
    pub(super) fn pass_on(
        &self,
        order: &Order<'_>,
        wall: Timestamp,
        now: Instant,
    ) -> Result<(), Refusal> {
        let mut connected = self.connected();
        let entry = connected.get_mut(&order.command.gate).ok_or_else(gone)?;

        entry.screen.judge(order.command, order.arrival, wall, now)?;
        match entry.outbox.push_event(&frame(order.spelled_out.encode())) {
            Pushed::Queued => Ok(()),
            Pushed::Overflowed | Pushed::Refused => Err(gone()),
        }
    }

    /// What a broker has to know of each.
    pub(super) fn births(&self) -> Vec<(Topic, Vec<u8>)> {
        let topic = |gate: &GateId| Topic::Gate(gate.clone(), MessageType::SystemStatus);

        self.connected().iter().map(|(gate, entry)| (topic(gate), entry.birth.clone())).collect()
    }

    /// The gates whose controllers are connected.
    pub(crate) fn gates(&self) -> Vec<GateId> {
        self.connected().keys().cloned().collect()
    }

    fn connected(&self) -> MutexGuard<'_, BTreeMap<GateId, Connected>> {
        self.connected.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn gone() -> Refusal {
    Refusal::failed(AnswerCode::GateOffline, "the controller does not read its commands")
}
