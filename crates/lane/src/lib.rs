//! The decisions of one gate, free of I/O.
//!
//! A [`Lane`] is told what happened ([`Input`]) and when (`now`). It answers with what to do
//! ([`Action`]) and when to call again ([`Lane::poll_timeout`]). It reads no clock, opens no port
//! and never awaits; `gate-agent` does all of that.
//!
//! What the lane has ordered and waits for:
//!
//! | waits for | when | it does | and waits for |
//! |---|---|---|---|
//! | nothing | a card is granted, or a command opens | orders open | open |
//! | nothing | the closing timer is due and nothing is under the boom | orders close | closed |
//! | nothing | the closing timer is due and a vehicle is or may be there | lets the timer wait | nothing |
//! | nothing | the boom moves by itself | records `manual_open` or `forced_open`, drops the timer | nothing |
//! | open | the boom is up | answers, starts the closing timer | nothing |
//! | closed | the boom is down | answers | nothing |
//! | closed | a vehicle comes under the boom | orders open | open |
//! | standstill | the boom stands | answers | nothing |
//! | any of them | the end position is not reached in time | goes out of service | nothing |
//! | any of them | the controller is lost | answers `hardware_offline` | nothing |
//!
//! Everything else is ignored, or refused with the reason.
//!
//! The invariants everything else serves (`tests/safety.rs`): **the boom is never lowered while a
//! vehicle is under it or the reading is stale**, and **nothing moves that nobody asked for**.

mod action;
mod barrier;
mod card;
mod command;
mod config;
mod input;
mod movement;
mod passage;

use std::{
    collections::VecDeque,
    mem,
    time::{Duration, Instant},
};

use schemas::{BarrierStatus, GateFault, GateStatus, Id, LaneMode, MovedBy};

pub use action::{Action, BarrierOrder, Outcome, Record};
pub use config::Config;
pub use input::{Input, LaneCommand, Mover, Presence, Reading, Refusal};

use barrier::Barrier;
use card::Sighting;
use command::Pending;
use passage::Grant;

/// One gate.
#[derive(Debug)]
pub struct Lane {
    config: Config,
    mode: LaneMode,
    fault: Option<GateFault>,
    barrier: Barrier,
    goal: Goal,
    closing: ClosingTimer,
    /// How long the boom stays open in the current opening.
    open_for: Duration,
    opened_by: OpenedBy,
    grant: Option<Grant>,
    pending: Vec<Pending>,
    moved_by: Option<MovedBy>,
    last_command: Option<Id>,
    /// When commands moved the boom in the last minute.
    moves: VecDeque<Instant>,
    sighting: Option<Sighting>,
    actions: VecDeque<Action>,
}

/// What the lane has ordered and waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Goal {
    Nothing,
    Open { deadline: Instant },
    Closed { deadline: Instant },
    Standstill { deadline: Instant },
}

/// When the boom closes by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ClosingTimer {
    Off,
    Due(Instant),
    /// It was due while a vehicle was, or may have been, under the boom.
    Waiting,
}

/// Who opened the boom: what software did not open, software does not close.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OpenedBy {
    Software,
    Hand,
}

impl Lane {
    /// A lane at power-on: it knows nothing of the boom and moves nothing.
    ///
    /// `mode` is the one in which it was when it last ran: an emergency outlives a restart.
    pub fn new(config: Config, mode: LaneMode) -> Self {
        Self {
            open_for: config.open_for,
            config,
            mode,
            fault: None,
            barrier: Barrier::default(),
            goal: Goal::Nothing,
            closing: ClosingTimer::Off,
            opened_by: OpenedBy::Hand,
            grant: None,
            pending: Vec::new(),
            moved_by: None,
            last_command: None,
            moves: VecDeque::new(),
            sighting: None,
            actions: VecDeque::new(),
        }
    }

    /// Tells the lane what happened.
    pub fn handle(&mut self, input: Input, now: Instant) {
        match input {
            Input::Barrier(reading) => self.on_reading(reading, now),
            Input::BarrierRefused(order, refusal) => self.on_refusal(order, refusal, now),
            Input::BarrierLost => self.on_lost(),
            Input::Card(card) => self.on_card(card, now),
            Input::Command(command) => self.on_command(command, now),
        }
    }

    /// Tells the lane that time has passed. Calling early or twice does nothing.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.deadline().is_some_and(|deadline| deadline <= now) {
            self.on_movement_timeout();
        }
        if matches!(self.closing, ClosingTimer::Due(due) if due <= now) {
            self.close_by_timer(now);
        }
    }

    /// When [`Lane::handle_timeout`] wants to be called next.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let due = match self.closing {
            ClosingTimer::Due(due) => Some(due),
            ClosingTimer::Off | ClosingTimer::Waiting => None,
        };

        self.deadline().into_iter().chain(due).min()
    }

    /// The next thing to do. Drain this after every call to a `handle` method.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// What `gate_status` says.
    pub fn status(&self) -> GateStatus {
        GateStatus {
            status: self.barrier.position(),
            mode: self.mode,
            vehicle_present: self.barrier.vehicle_present(),
            fault: self.fault,
            last_command_id: self.last_command.clone(),
            moved_by: self.moved_by,
        }
    }

    /// The mode, which is to outlive a restart.
    pub fn mode(&self) -> LaneMode {
        self.mode
    }

    fn deadline(&self) -> Option<Instant> {
        match self.goal {
            Goal::Nothing => None,
            Goal::Open { deadline } | Goal::Closed { deadline } | Goal::Standstill { deadline } => {
                Some(deadline)
            }
        }
    }

    fn record(&mut self, record: Record) {
        self.actions.push_back(Action::Record(record));
    }

    fn position(&self) -> BarrierStatus {
        self.barrier.position()
    }

    fn take_pending(&mut self) -> Vec<Pending> {
        mem::take(&mut self.pending)
    }
}

#[cfg(test)]
mod tests;
