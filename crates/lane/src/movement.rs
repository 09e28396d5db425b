//! Movements: ordered by the lane, or seen without having been ordered.

use std::time::{Duration, Instant};

use schemas::{AnswerCode, BarrierStatus, EventName, GateFault, LaneMode, MovedBy};

use crate::{
    Action, BarrierOrder, ClosingTimer, Goal, Lane, Mover, OpenedBy, Outcome, Presence, Reading,
    Record, Refusal, passage::Grant,
};

const LOST: Outcome =
    Outcome::failed(AnswerCode::HardwareOffline, "the barrier controller does not answer");
const TIMED_OUT: Outcome = Outcome::failed(
    AnswerCode::MovementTimeout,
    "the boom did not reach its end position in time; the gate is out of service",
);
const OCCUPIED: Outcome =
    Outcome::failed(AnswerCode::VehiclePresent, "a vehicle came under the boom");
const BY_HAND: Outcome =
    Outcome::failed(AnswerCode::HardwareOffline, "somebody opened the barrier by hand");
const REFUSED: Outcome =
    Outcome::failed(AnswerCode::HardwareOffline, "the barrier controller refused the order");
const FIRE: Outcome = Outcome::failed(
    AnswerCode::EmergencyActive,
    "the emergency contact of the barrier controller is active",
);

impl Lane {
    pub(crate) fn on_reading(&mut self, reading: Reading, now: Instant) {
        let Some(before) = self.barrier.update(reading, now) else {
            return self.on_found(reading, now);
        };

        if before.position != reading.position {
            self.on_moved(before.position, reading, now);
        } else if matches!(self.goal, Goal::Standstill { .. }) && reading.position.stands_still() {
            self.arrive_still();
        }
        if before.presence != reading.presence {
            self.on_presence(reading.presence, now);
        }
        self.resume_closing_timer(now);
    }

    /// The controller is there, for the first time or again. Nothing moves for that reason; a
    /// boom that this lane had opened gets its closing timer back.
    fn on_found(&mut self, reading: Reading, now: Instant) {
        if self.fault == Some(GateFault::ControllerLost) {
            self.fault = None;
        }
        let still_ours = self.opened_by == OpenedBy::Software
            && reading.mover == Mover::Order
            && reading.position == BarrierStatus::Open;

        if still_ours {
            self.start_closing_timer(now);
        } else {
            self.opened_by = OpenedBy::Hand;
        }
    }

    pub(crate) fn on_lost(&mut self) {
        if !self.barrier.is_there() && self.fault.is_some() {
            return;
        }

        self.barrier.lose();
        self.goal = Goal::Nothing;
        self.closing = ClosingTimer::Off;
        self.fault = self.fault.or(Some(GateFault::ControllerLost));
        self.answer_pending(LOST);
    }

    fn on_moved(&mut self, from: BarrierStatus, reading: Reading, now: Instant) {
        use BarrierStatus::{Closed, Closing, Open, Opening, Stopped, Unknown};

        match (self.goal, reading.position) {
            (Goal::Open { .. }, Open) => self.arrive_open(now),
            (Goal::Closed { .. }, Closed) => self.arrive_closed(reading),
            (Goal::Standstill { .. }, Stopped | Open | Closed) => self.arrive_still(),
            (Goal::Closed { .. }, Opening | Open) if reading.mover == Mover::Itself => {
                self.raise_for_safety(now);
            }
            (Goal::Closed { .. }, Opening | Open) if reading.mover == Mover::Hand => {
                self.goal = Goal::Nothing;
                self.answer_pending(BY_HAND);
                self.on_unordered_opening(from, reading);
            }
            // Still under way.
            (Goal::Open { .. } | Goal::Closed { .. } | Goal::Standstill { .. }, _) => {}
            (Goal::Nothing, Opening | Open | Stopped) => self.on_unordered_opening(from, reading),
            (Goal::Nothing, Closing | Closed) => self.on_unordered_closing(reading),
            (Goal::Nothing, Unknown) => {}
        }
    }

    fn arrive_open(&mut self, now: Instant) {
        self.goal = Goal::Nothing;
        self.answer_pending(Outcome::SUCCEEDED);
        self.start_closing_timer(now);
        self.assume_passage();
    }

    fn arrive_closed(&mut self, reading: Reading) {
        self.goal = Goal::Nothing;
        self.answer_pending(Outcome::SUCCEEDED);
        self.end_opening(reading);
    }

    fn arrive_still(&mut self) {
        self.goal = Goal::Nothing;
        self.answer_pending(Outcome::SUCCEEDED);
    }

    fn on_unordered_opening(&mut self, from: BarrierStatus, reading: Reading) {
        let (event, moved_by) = match reading.mover {
            Mover::Hand => (EventName::ManualOpen, MovedBy::Manual),
            Mover::Itself => (EventName::ForcedOpen, MovedBy::Safety),
            Mover::Nobody | Mover::Order => (EventName::ForcedOpen, MovedBy::Manual),
        };

        self.closing = ClosingTimer::Off;
        self.opened_by = OpenedBy::Hand;
        self.moved_by = Some(moved_by);
        if from == BarrierStatus::Closed {
            self.grant = None;
            self.record(Record::event(event));
        }
    }

    fn on_unordered_closing(&mut self, reading: Reading) {
        self.closing = ClosingTimer::Off;
        self.moved_by = Some(match reading.mover {
            Mover::Itself => MovedBy::Safety,
            Mover::Hand | Mover::Nobody | Mover::Order => MovedBy::Manual,
        });
        if reading.position == BarrierStatus::Closed {
            self.end_opening(reading);
        }
    }

    fn on_presence(&mut self, presence: Presence, now: Instant) {
        match presence {
            Presence::Occupied if matches!(self.goal, Goal::Closed { .. }) => {
                self.raise_for_safety(now);
            }
            Presence::Clear => self.on_loop_cleared(),
            Presence::Occupied | Presence::NotFitted => {}
        }
    }

    /// A timer that was due while a vehicle was there starts over once it has left.
    fn resume_closing_timer(&mut self, now: Instant) {
        let waited = self.closing == ClosingTimer::Waiting;

        if waited && !self.barrier.may_hide_a_vehicle(now, self.config.stale_after) {
            self.closing = ClosingTimer::Due(now + self.open_for);
        }
    }

    fn start_closing_timer(&mut self, now: Instant) {
        let closes_by_itself = matches!(self.mode, LaneMode::Auto | LaneMode::HeldClosed)
            && self.opened_by == OpenedBy::Software;

        self.closing = if closes_by_itself {
            ClosingTimer::Due(now + self.open_for)
        } else {
            ClosingTimer::Off
        };
    }

    pub(crate) fn close_by_timer(&mut self, now: Instant) {
        if self.barrier.may_hide_a_vehicle(now, self.config.stale_after) {
            self.closing = ClosingTimer::Waiting;
        } else {
            self.lower(MovedBy::Timer, now);
        }
    }

    /// Opens, or lets an open boom stay open for as long again.
    pub(crate) fn raise(&mut self, by: MovedBy, open_for: Duration, now: Instant) {
        self.open_for = open_for;
        self.opened_by = OpenedBy::Software;
        self.moved_by = Some(by);
        self.closing = ClosingTimer::Off;

        match self.goal {
            Goal::Nothing if self.position() == BarrierStatus::Open => {
                self.start_closing_timer(now);
            }
            // Under way: asking again must not give a boom that is stuck more time.
            Goal::Open { .. } => {}
            Goal::Nothing | Goal::Closed { .. } | Goal::Standstill { .. } => {
                self.goal = Goal::Open { deadline: now + self.config.travel };
                self.actions.push_back(Action::Order(BarrierOrder::Open));
            }
        }
    }

    /// The one place that lowers the boom. Whoever calls it has looked at the loop.
    pub(crate) fn lower(&mut self, by: MovedBy, now: Instant) {
        self.moved_by = Some(by);
        self.closing = ClosingTimer::Off;
        self.goal = Goal::Closed { deadline: now + self.config.travel };
        self.actions.push_back(Action::Order(BarrierOrder::Close));
    }

    pub(crate) fn halt(&mut self, now: Instant) {
        if matches!(self.goal, Goal::Standstill { .. }) {
            return;
        }

        self.goal = Goal::Standstill { deadline: now + self.config.travel };
        self.actions.push_back(Action::Order(BarrierOrder::Stop));
    }

    fn raise_for_safety(&mut self, now: Instant) {
        self.answer_pending(OCCUPIED);
        self.raise(MovedBy::Safety, self.open_for, now);
    }

    pub(crate) fn on_refusal(&mut self, order: BarrierOrder, refusal: Refusal, now: Instant) {
        match (self.goal, order, refusal) {
            (Goal::Closed { .. }, BarrierOrder::Close, Refusal::Occupied) => {
                self.answer_pending(OCCUPIED);
                self.goal = Goal::Nothing;
                self.closing = ClosingTimer::Due(now + self.open_for);
            }
            (Goal::Open { .. }, BarrierOrder::Open, _)
            | (Goal::Closed { .. }, BarrierOrder::Close, _)
            | (Goal::Standstill { .. }, BarrierOrder::Stop, _) => {
                self.goal = Goal::Nothing;
                let fire = refusal == Refusal::Emergency;
                self.answer_pending(if fire { FIRE } else { REFUSED });
            }
            // An order that another one has replaced.
            (Goal::Nothing, ..)
            | (Goal::Open { .. }, ..)
            | (Goal::Closed { .. }, ..)
            | (Goal::Standstill { .. }, ..) => {}
        }
    }

    pub(crate) fn on_movement_timeout(&mut self) {
        self.goal = Goal::Nothing;
        self.closing = ClosingTimer::Off;
        self.grant = None;
        self.fault = Some(GateFault::MovementTimeout);
        // An emergency is ended by its reset alone.
        if self.mode != LaneMode::EmergencyOpen {
            self.mode = LaneMode::OutOfService;
        }
        self.answer_pending(TIMED_OUT);
        self.record(Record::event(EventName::MovementTimeout));
    }

    /// The boom is down: whoever was let in and did not come is not coming.
    fn end_opening(&mut self, reading: Reading) {
        self.opened_by = OpenedBy::Hand;
        let Some(Grant { card, command, .. }) = self.grant.take() else { return };

        if reading.presence != Presence::NotFitted {
            let event = EventName::NoPassage;
            self.record(Record::Event { event, card, command, detail: None });
        }
    }

    fn answer_pending(&mut self, outcome: Outcome) {
        for pending in self.take_pending() {
            self.answer(pending.id, pending.action, outcome);
        }
    }
}
