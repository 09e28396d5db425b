//! How many commands a client may send, and a gate may get.
//!
//! | what | of one client | at one gate |
//! |---|---|---|
//! | `stop`, `emergency_open` | a bucket of their own | without bound |
//! | the rest of `gate_control` | one bucket with those below | a bucket |
//! | `camera_control` and requests | | another bucket |
//!
//! So nobody who asks for pictures keeps another from opening, and nothing that was clicked before
//! keeps anybody from a `stop`.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use schemas::{Command, CommandBody, GateAction, GateId};
use tokio::time::Instant;

use crate::{
    config::Limits,
    rate::{Bucket, Rate},
};

/// What a command is to the safety of a lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Urgency {
    /// It stands still or opens, whatever else is wanted.
    Urgent,
    /// It moves a boom or changes a mode.
    Movement,
    /// It moves nothing.
    Question,
}

/// What one client may still send.
#[derive(Debug)]
pub(crate) struct Allowance {
    urgent: Bucket,
    rest: Bucket,
}

/// What gates may still get.
#[derive(Debug)]
pub(crate) struct Gates {
    gates: Mutex<HashMap<GateId, GateAllowance>>,
    rate: Rate,
    max: usize,
}

#[derive(Debug)]
struct GateAllowance {
    movements: Bucket,
    questions: Bucket,
}

impl Urgency {
    pub(crate) fn of(command: &Command) -> Self {
        match &command.body {
            CommandBody::GateControl(control) => match control.action {
                GateAction::Stop | GateAction::EmergencyOpen => Self::Urgent,
                GateAction::Open
                | GateAction::Close
                | GateAction::HoldOpen
                | GateAction::HoldClosed
                | GateAction::Auto
                | GateAction::EmergencyReset => Self::Movement,
            },
            CommandBody::CameraControl(_)
            | CommandBody::RequestStatus(_)
            | CommandBody::RequestEvents(_) => Self::Question,
        }
    }
}

impl Allowance {
    pub(crate) fn new(limits: &Limits, now: Instant) -> Self {
        let bucket = || Bucket::new(limits.session_commands, now);

        Self { urgent: bucket(), rest: bucket() }
    }

    /// Takes one command out, if there is one left.
    pub(crate) fn take(&mut self, urgency: Urgency, now: Instant) -> bool {
        match urgency {
            Urgency::Urgent => self.urgent.take(now),
            Urgency::Movement | Urgency::Question => self.rest.take(now),
        }
    }
}

impl Gates {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self { gates: Mutex::default(), rate: limits.gate_commands, max: limits.gates }
    }

    /// Takes one command out, if there is one left.
    pub(crate) fn take(&self, gate: &GateId, urgency: Urgency, now: Instant) -> bool {
        let mut gates = self.gates();
        // Gates come and go: what is as good as new need not be kept.
        if gates.len() >= self.max && !gates.contains_key(gate) {
            gates.retain(|_, allowance| !allowance.is_full(now));
        }
        let allowance = gates.entry(gate.clone()).or_insert_with(|| GateAllowance {
            movements: Bucket::new(self.rate, now),
            questions: Bucket::new(self.rate, now),
        });

        match urgency {
            Urgency::Urgent => true,
            Urgency::Movement => allowance.movements.take(now),
            Urgency::Question => allowance.questions.take(now),
        }
    }

    fn gates(&self) -> MutexGuard<'_, HashMap<GateId, GateAllowance>> {
        self.gates.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl GateAllowance {
    fn is_full(&mut self, now: Instant) -> bool {
        self.movements.is_full(now) && self.questions.is_full(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_that_has_clicked_too_much_can_still_stop() {
        let now = Instant::now();
        let mut allowance = Allowance::new(&limits(), now);

        assert!((0..2).all(|_| allowance.take(Urgency::Movement, now)));
        assert!(!allowance.take(Urgency::Movement, now));
        assert!(!allowance.take(Urgency::Question, now));
        assert!((0..2).all(|_| allowance.take(Urgency::Urgent, now)));
        assert!(!allowance.take(Urgency::Urgent, now), "a flood is one, whatever it says");
    }

    #[test]
    fn a_gate_can_always_be_stopped_and_pictures_keep_nobody_from_opening() {
        let (gates, now) = (Gates::new(&limits()), Instant::now());
        let take = |gate: &str, urgency| gates.take(&gate.parse().unwrap(), urgency, now);

        assert!((0..3).all(|_| take("gate_in", Urgency::Question)));
        assert!(!take("gate_in", Urgency::Question));
        assert!((0..3).all(|_| take("gate_in", Urgency::Movement)));
        assert!(!take("gate_in", Urgency::Movement));
        assert!((0..1_000).all(|_| take("gate_in", Urgency::Urgent)));
        assert!(take("gate_out", Urgency::Movement));
    }

    #[test]
    fn what_is_urgent_is_a_stop_and_an_emergency() {
        let urgency = |action: &str| {
            let gate = "gate_in".parse().unwrap();
            let kind = schemas::MessageType::GateControl;
            Urgency::of(&Command::decode(&gate, kind, action.as_bytes()).unwrap())
        };

        for (action, expected) in [
            ("stop", Urgency::Urgent),
            ("emergency_open", Urgency::Urgent),
            ("emergency_reset", Urgency::Movement),
            ("open", Urgency::Movement),
            ("close", Urgency::Movement),
        ] {
            assert_eq!(urgency(action), expected, "{action}");
        }
    }

    fn limits() -> Limits {
        Limits {
            session_commands: Rate { per_second: 1.0, burst: 2 },
            gate_commands: Rate { per_second: 1.0, burst: 3 },
            ..Limits::default()
        }
    }
}
