//! What is the case: the latest states of every gate and gateway, as the bytes that came.

use std::collections::BTreeMap;

use schemas::{
    Body, BridgeId, GateId, Id, MessageType, Report, Source, SystemState, SystemStatus, Topic,
};

use super::{About, Channel, Sight, Slot};
use crate::{coverage::Coverage, outbox::Frame};

/// The types of state, in the order in which a snapshot tells them.
const STATES: [MessageType; 3] =
    [MessageType::SystemStatus, MessageType::HardwareStatus, MessageType::GateStatus];

/// Whether the broker had kept a message, or passed it on as it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// It was said just now.
    Live,
    /// It was said before this subscription.
    Retained,
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It is told.
    News(Slot),
    /// The broker's copy of what is known.
    Known,
    /// The will of an agent that has come back since.
    Stale,
    /// More gates than may be kept account of.
    TooMany,
}

/// A gate or a gateway. Gateways come first in a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Name {
    Bridge(BridgeId),
    Gate(GateId),
}

/// What `/status` shows of a gate.
#[derive(Debug)]
pub(crate) struct GateView {
    pub(crate) gate: GateId,
    /// What it says of itself.
    pub(crate) state: SystemState,
    /// The latest state of each type, and the last event or answer.
    pub(crate) messages: Vec<(&'static str, Frame)>,
}

/// The latest states of all.
#[derive(Debug)]
pub(super) struct Latest {
    known: BTreeMap<Name, Known>,
    max: usize,
    next_slot: u32,
}

#[derive(Debug)]
struct Known {
    first_slot: u32,
    system: Option<SystemStatus>,
    /// The start before the current one.
    previous_boot: Option<Id>,
    states: [Option<Frame>; STATES.len()],
    last_event: Option<Frame>,
}

impl Latest {
    pub(super) fn new(max: usize) -> Self {
        Self { known: BTreeMap::new(), max, next_slot: 0 }
    }

    /// Keeps a state.
    pub(super) fn take_in(&mut self, report: &Report, frame: &Frame, arrival: Arrival) -> Outcome {
        let Some(place) = place(report.body.message_type()) else { return Outcome::Stale };
        let Some(known) = self.entry(&report.source) else { return Outcome::TooMany };

        if arrival == Arrival::Retained && known.states[place].as_ref() == Some(frame) {
            return Outcome::Known;
        }
        if let Body::SystemStatus(status) = &report.body {
            if known.is_stale(status, arrival) {
                return Outcome::Stale;
            }
            known.start(status);
        }
        known.states[place] = Some(frame.clone());

        Outcome::News(Slot(known.first_slot + place as u32))
    }

    /// Keeps an event or an answer as the last thing that was heard, if all is heard of its source.
    pub(super) fn note(&mut self, report: &Report, frame: &Frame, is_heard: bool) -> Outcome {
        let Some(known) = self.entry(&report.source) else { return Outcome::TooMany };
        known.last_event = is_heard.then(|| frame.clone());

        Outcome::News(Slot(known.first_slot))
    }

    /// Forgets a state that was cleared, and a gate of which nothing is left.
    pub(super) fn forget(&mut self, topic: &Topic) {
        let name = match topic {
            Topic::Gate(gate, _) => Name::Gate(gate.clone()),
            Topic::Bridge(bridge) => Name::Bridge(bridge.clone()),
        };
        let Some(place) = place(topic.message_type()) else { return };
        let Some(known) = self.known.get_mut(&name) else { return };

        known.states[place] = None;
        if topic.message_type() == MessageType::SystemStatus {
            known.system = None;
        }
        if known.states.iter().all(Option::is_none) {
            self.known.remove(&name);
        }
    }

    /// Forgets of gates that are not heard whole all but whether they are there.
    pub(super) fn forget_all_but(&mut self, covered: &Coverage) {
        self.known.retain(|name, known| {
            let is_heard = match name {
                Name::Bridge(_) => true,
                Name::Gate(gate) => covered.has(gate),
            };
            is_heard || known.forget_all_but_system()
        });
    }

    pub(super) fn system_status(&self, gate: &GateId) -> Option<&SystemStatus> {
        self.known.get(&Name::Gate(gate.clone()))?.system.as_ref()
    }

    pub(super) fn knows(&self, gate: &GateId) -> bool {
        self.known.contains_key(&Name::Gate(gate.clone()))
    }

    /// The states that a client of this channel is told first.
    pub(super) fn states(&self, channel: &Channel, sight: &Sight) -> impl Iterator<Item = &Frame> {
        let only = channel.gate().map(|gate| Name::Gate(gate.clone()));

        self.known
            .iter()
            .filter(move |(name, _)| only.as_ref().is_none_or(|only| only == *name))
            .filter(|(name, _)| sight.sees(&name.about()))
            .flat_map(|(_, known)| known.states.iter().flatten())
    }

    pub(super) fn gates(&self) -> impl Iterator<Item = &GateId> {
        self.known.keys().filter_map(|name| match name {
            Name::Gate(gate) => Some(gate),
            Name::Bridge(_) => None,
        })
    }

    pub(super) fn view(&self) -> Vec<GateView> {
        self.known
            .iter()
            .filter_map(|(name, known)| match name {
                Name::Gate(gate) => Some(known.view(gate)),
                Name::Bridge(_) => None,
            })
            .collect()
    }

    fn entry(&mut self, source: &Source) -> Option<&mut Known> {
        let name = match source {
            Source::Gate(gate) => Name::Gate(gate.clone()),
            Source::Bridge(bridge) => Name::Bridge(bridge.clone()),
        };
        if !self.known.contains_key(&name) && self.known.len() >= self.max {
            return None;
        }

        Some(self.known.entry(name).or_insert_with(|| {
            let first_slot = self.next_slot;
            self.next_slot += STATES.len() as u32;
            Known::new(first_slot)
        }))
    }
}

impl Name {
    fn about(&self) -> About {
        match self {
            Self::Bridge(_) => About::Gateway,
            Self::Gate(gate) => About::Gate(gate.clone()),
        }
    }
}

impl Known {
    fn new(first_slot: u32) -> Self {
        let states = Default::default();

        Self { first_slot, system: None, previous_boot: None, states, last_event: None }
    }

    /// Whether there is anything left.
    fn forget_all_but_system(&mut self) -> bool {
        let [system, others @ ..] = &mut self.states;
        others.fill(None);
        self.last_event = None;

        system.is_some()
    }

    fn start(&mut self, status: &SystemStatus) {
        let before = self.system.replace(status.clone()).map(|before| before.boot);

        if before.as_ref() != Some(&status.boot) {
            self.previous_boot = before;
        }
    }

    /// A will says which start of its agent it is about. One about an earlier start comes too
    /// late. A will that the broker had kept may also be about a later start, which came and went
    /// while this gateway was away.
    fn is_stale(&self, status: &SystemStatus, arrival: Arrival) -> bool {
        let Some(current) = &self.system else { return false };
        let another = status.state == SystemState::Offline && status.boot != current.boot;

        match arrival {
            Arrival::Live => another,
            Arrival::Retained => another && self.previous_boot.as_ref() == Some(&status.boot),
        }
    }

    fn view(&self, gate: &GateId) -> GateView {
        let states = STATES.iter().zip(&self.states);
        let last = self.last_event.iter().map(|frame| ("last_event", frame.clone()));
        let messages =
            states.filter_map(|(kind, frame)| Some((kind.as_str(), frame.clone()?))).chain(last);
        let state = self.system.as_ref().map_or(SystemState::Unknown, |status| status.state);

        GateView { gate: gate.clone(), state, messages: messages.collect() }
    }
}

fn place(kind: MessageType) -> Option<usize> {
    STATES.iter().position(|state| *state == kind)
}
