//! The decisions of one gate, free of I/O.
//!
//! A [`Lane`] is told what happened ([`Input`]) and when (`now`). It answers with what to do
//! ([`Action`]) and when to call again ([`Lane::poll_timeout`]). It reads no clock, opens no port
//! and never awaits; `gate-agent` does all of that.
//!
//! # States
//!
//! What it does with the boom. Words in capitals are orders to the barrier controller; card A opened
//! the gate, or is asked about, and B is another one.
//!
//! | state | what happens | it does | and is |
//! |---|---|---|---|
//! | idle | a card that may pass | card B granted, OPEN | opening |
//! | idle | a card to ask about | card B pending | deciding |
//! | passing | a card that may pass | card B granted | the same |
//! | passing | a card to ask about | card B pending | the same |
//! | deciding, opening, open, closing, stopping | a card that may pass | card B denied, denied | the same |
//! | deciding, opening, open, closing, stopping | a card to ask about | card B denied, denied | the same |
//! | deciding | nobody answers | card A denied, denied | idle |
//! | deciding | `open` | card A granted, OPEN | opening |
//! | deciding | `close` | card A denied, denied | idle |
//! | idle, closing, stopping | `open` | OPEN | opening |
//! | opening, open, stopping | `close` | CLOSE | closing |
//! | passing | `close` | refuses: `vehicle_present` | the same |
//! | opening, closing | `stop` | STOP | stopping |
//! | idle, closing, stopping | `emergency_open` | emergency_open, OPEN | opening |
//! | deciding | `emergency_open` | emergency_open, card A granted, OPEN | opening |
//! | opening, open, passing | `emergency_open` | emergency_open | the same |
//! | opening, stopping | the boom is up | nothing | open |
//! | idle, deciding | the boom is up | forced_open | open |
//! | closing, open, passing, stopping | the boom is down | no_passage | idle |
//! | idle, deciding | the boom stands half-way | forced_open | the same |
//! | open, passing, stopping | the boom stands half-way | nothing | idle |
//! | open | a vehicle comes under the boom | nothing | passing |
//! | closing | a vehicle comes under the boom | OPEN | opening |
//! | passing | the vehicle leaves it | passage card confirmed A | open |
//! | open | its time is up | CLOSE | closing |
//! | opening, closing, stopping | its time is up | movement_timeout | idle |
//! | idle, deciding, closing | somebody opens by hand | manual_open | open |
//! | opening, stopping | somebody opens by hand | nothing | open |
//! | opening | the order is refused | order refused, no_passage | idle |
//! | closing, stopping | the order is refused | order refused | idle |
//! | deciding | the controller is lost | card A denied, denied | idle |
//! | opening, open, passing, closing, stopping | the controller is lost | nothing | idle |
//!
//! # Modes
//!
//! Who rules the boom. It is down before, or up where it is held open.
//!
//! | mode | what happens | it does | and is |
//! |---|---|---|---|
//! | auto | a card that may pass | card B granted, OPEN | the same |
//! | held_open, emergency_open | a card that may pass | card B granted | the same |
//! | held_closed, out_of_service | a card that may pass | card B denied, denied | the same |
//! | auto | `open` | OPEN | the same |
//! | held_open, held_closed, out_of_service | `open` | refuses: `mode_locked` | the same |
//! | emergency_open | `open` | refuses: `emergency_active` | the same |
//! | held_open, held_closed, out_of_service | `close` | refuses: `mode_locked` | the same |
//! | emergency_open | `close` | refuses: `emergency_active` | the same |
//! | auto, held_closed | `hold_open` | held_open, OPEN | held_open |
//! | held_open | `hold_open` | held_open | the same |
//! | out_of_service | `hold_open` | refuses: `mode_locked` | the same |
//! | emergency_open | `hold_open` | refuses: `emergency_active` | the same |
//! | auto | `hold_closed` | held_closed | held_closed |
//! | held_open | `hold_closed` | held_closed, CLOSE | held_closed |
//! | held_closed | `hold_closed` | held_closed | the same |
//! | out_of_service | `hold_closed` | refuses: `mode_locked` | the same |
//! | emergency_open | `hold_closed` | refuses: `emergency_active` | the same |
//! | auto | `auto` | auto | the same |
//! | held_open, held_closed, out_of_service | `auto` | auto | auto |
//! | emergency_open | `auto` | refuses: `emergency_active` | the same |
//! | auto, held_closed, out_of_service | `emergency_open` | emergency_open, OPEN | emergency_open |
//! | held_open | `emergency_open` | emergency_open | emergency_open |
//! | emergency_open | `emergency_reset` | emergency_reset | auto |
//! | held_open, held_closed | its end has come | auto | auto |
//! | auto, held_open, held_closed | a movement takes too long | movement_timeout | out_of_service |
//! | emergency_open, out_of_service | a movement takes too long | movement_timeout | the same |
//!
//! What is in neither table changes timers and answers, and nothing else. `src/tests/table.rs`
//! compares both with the code.
//!
//! # Invariants
//!
//! **The boom is never lowered while a vehicle is under it or the reading is stale**, and **nothing
//! moves that nobody asked for** (`tests/safety`).

mod action;
mod barrier;
mod card;
mod command;
mod config;
mod input;
mod loop_watch;
mod mode;
mod movement;
mod passage;
mod sightings;
mod state;

use std::{
    collections::VecDeque,
    mem,
    time::{Duration, Instant},
};

use schemas::{BarrierStatus, GateFault, GateStatus, Id, LaneMode, MovedBy};

pub use action::{Action, Alarm, BarrierOrder, Outcome, Record, WhichLoop};
pub use config::{AntiPassback, Arming, Config, PassbackRule};
pub use input::{Input, LaneCommand, Mover, Presence, Reading, Refusal, Ruling, Verdict};
pub use mode::Mode;
pub use state::State;

use barrier::Barrier;
use card::Question;
use command::Pending;
use loop_watch::LoopWatch;
use passage::{Crossing, Grant};
use sightings::Sightings;
use state::{ClosingTimer, OpenedBy, Phase};

/// One gate.
#[derive(Debug)]
pub struct Lane {
    config: Config,
    mode: Mode,
    phase: Phase,
    barrier: Barrier,
    is_lost: bool,
    has_jammed: bool,
    closing_watch: LoopWatch,
    arming_watch: LoopWatch,
    /// How long the boom stays open in the current opening.
    open_for: Duration,
    opened_by: OpenedBy,
    /// The card that somebody is asked about.
    question: Option<Question>,
    /// Leave that no vehicle has used so far.
    grant: Option<Grant>,
    /// The vehicle that has it has left the arming loop, and has not come under the boom.
    has_backed_out: bool,
    /// The vehicle under the boom.
    crossing: Option<Crossing>,
    pending: Vec<Pending>,
    moved_by: Option<MovedBy>,
    last_command: Option<Id>,
    /// When commands moved the boom in the last minute.
    moves: VecDeque<Instant>,
    at_reader: Sightings,
    passed: Sightings,
    actions: VecDeque<Action>,
}

impl Lane {
    /// A lane at power-on: it knows nothing of the boom and moves nothing.
    ///
    /// `mode` is the one in which it was when it last ran: an emergency outlives a restart.
    pub fn new(config: Config, mode: Mode) -> Self {
        Self {
            open_for: config.open_for,
            config,
            phase: Phase::Idle,
            barrier: Barrier::default(),
            is_lost: false,
            has_jammed: mode.mode == LaneMode::OutOfService,
            mode,
            closing_watch: LoopWatch::Clear,
            arming_watch: LoopWatch::Clear,
            opened_by: OpenedBy::Hand,
            question: None,
            grant: None,
            has_backed_out: false,
            crossing: None,
            pending: Vec::new(),
            moved_by: None,
            last_command: None,
            moves: VecDeque::new(),
            at_reader: Sightings::at_reader(),
            passed: Sightings::of_passages(),
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
            Input::Verdict { card, verdict } => self.on_verdict(&card, verdict, now),
            Input::Command(command) => self.on_command(command, now),
            Input::Clock(clock) => self.on_clock(clock, now),
        }
    }

    /// Tells the lane that time has passed. Calling early or twice does nothing.
    pub fn handle_timeout(&mut self, now: Instant) {
        let is_due = |due: Option<Instant>| due.is_some_and(|due| due <= now);

        if is_due(self.phase.deadline()) {
            self.on_movement_timeout();
        }
        if is_due(self.question_deadline()) {
            self.on_question_timeout(now);
        }
        if is_due(self.phase.closes_at()) {
            self.close_by_timer(now);
        }
        if is_due(self.loop_stuck_at()) {
            self.report_stuck_loops(now);
        }
    }

    /// When [`Lane::handle_timeout`] wants to be called next.
    pub fn poll_timeout(&self) -> Option<Instant> {
        [
            self.phase.deadline(),
            self.phase.closes_at(),
            self.question_deadline(),
            self.loop_stuck_at(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// The next thing to do. Drain this after every call to a `handle` method.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// What it does, in one word.
    pub fn state(&self) -> State {
        match self.phase {
            Phase::Idle if self.question.is_some() => State::Deciding,
            Phase::Idle => State::Idle,
            Phase::Opening { .. } => State::Opening,
            Phase::Open { .. } => State::Open,
            Phase::Passing { .. } => State::Passing,
            Phase::Closing { .. } => State::Closing,
            Phase::Stopping { .. } => State::Stopping,
        }
    }

    /// What `gate_status` says.
    pub fn status(&self) -> GateStatus {
        let present = |presence| match presence {
            None | Some(Presence::NotFitted) => None,
            Some(Presence::Clear) => Some(false),
            Some(Presence::Occupied) => Some(true),
        };

        GateStatus {
            status: self.barrier.position(),
            mode: self.mode.mode,
            vehicle_present: present(self.barrier.closing_loop()),
            vehicle_waiting: present(self.barrier.arming_loop()),
            fault: self.fault(),
            last_command_id: self.last_command.clone(),
            moved_by: self.moved_by,
            mode_owner: self.mode.owner.clone(),
            mode_reason: self.mode.reason.clone(),
            mode_until: self.mode.until,
        }
    }

    /// The mode, which is to outlive a restart.
    pub fn mode(&self) -> &Mode {
        &self.mode
    }

    /// The worst of what is wrong.
    fn fault(&self) -> Option<GateFault> {
        [
            (self.has_jammed, GateFault::MovementTimeout),
            (self.is_lost, GateFault::ControllerLost),
            (self.a_loop_is_stuck(), GateFault::LoopStuck),
        ]
        .into_iter()
        .find_map(|(is_so, fault)| is_so.then_some(fault))
    }

    fn question_deadline(&self) -> Option<Instant> {
        self.question.as_ref().map(|question| question.deadline)
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
