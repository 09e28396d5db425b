//! Movements: ordered by the lane, or seen without having been ordered.

use std::time::{Duration, Instant};

use schemas::{AnswerCode, BarrierStatus, EventName, LaneMode, MovedBy};

use crate::{
    Action, Alarm, BarrierOrder, ClosingTimer, Lane, Mode, Mover, OpenedBy, Outcome, Phase,
    Presence, Reading, Record, Refusal,
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
    Outcome::failed(AnswerCode::HardwareOffline, "somebody has moved the barrier by hand");
const REFUSED: Outcome =
    Outcome::failed(AnswerCode::HardwareOffline, "the barrier controller refused the order");
const FIRE: Outcome = Outcome::failed(
    AnswerCode::EmergencyActive,
    "the emergency contact of the barrier controller is active",
);

impl Lane {
    pub(crate) fn on_reading(&mut self, reading: Reading, now: Instant) {
        self.watch_loops(reading, now);
        let Some(before) = self.barrier.update(reading, now) else {
            return self.on_found(reading, now);
        };

        if before.position != reading.position {
            self.on_moved(before.position, reading, now);
        } else if matches!(self.phase, Phase::Stopping { .. }) && reading.position.stands_still() {
            self.arrive_still(reading.position, now);
        }
        self.on_loops(before, reading, now);
        self.follow_vehicle(reading, now);
    }

    /// The controller is there, for the first time or again. Nothing moves for that reason; an
    /// opening that this lane had ordered is followed to its end, and gets its closing timer back.
    fn on_found(&mut self, reading: Reading, now: Instant) {
        self.is_lost = false;
        self.on_crossing_unseen(reading, now);
        let held_up = matches!(self.mode.mode, LaneMode::HeldOpen | LaneMode::EmergencyOpen)
            && reading.position == BarrierStatus::Open;
        if reading.mover == Mover::Hand {
            self.opened_by = OpenedBy::Hand;
        } else if held_up {
            // As this lane had it before a restart.
            self.opened_by = OpenedBy::Software;
        }

        match reading.position {
            BarrierStatus::Closed => self.end_opening(),
            BarrierStatus::Open => self.phase = Phase::Open { closing: self.closing_timer(now) },
            BarrierStatus::Opening if self.opened_by == OpenedBy::Software => {
                self.phase = Phase::Opening { deadline: now + self.config.travel };
            }
            BarrierStatus::Opening
            | BarrierStatus::Closing
            | BarrierStatus::Stopped
            | BarrierStatus::Unknown => {}
        }
        self.follow_vehicle(reading, now);
    }

    pub(crate) fn on_lost(&mut self) {
        self.barrier.lose();
        self.is_lost = true;
        self.phase = Phase::Idle;
        self.forget_loops();
        self.deny_asked("the barrier controller does not answer".into(), None);
        self.answer_pending(LOST);
    }

    fn on_moved(&mut self, from: BarrierStatus, reading: Reading, now: Instant) {
        use BarrierStatus::{Closed, Closing, Open, Opening, Stopped, Unknown};

        match (self.phase, reading.position) {
            (Phase::Opening { .. }, Open) => self.arrive_open(now),
            (Phase::Closing { .. }, Closed) => self.arrive_closed(),
            (Phase::Stopping { .. }, still @ (Stopped | Open | Closed)) => {
                self.arrive_still(still, now);
            }
            (Phase::Closing { .. }, Opening | Open) if reading.mover == Mover::Itself => {
                self.raise_for_safety(now);
            }
            (Phase::Closing { .. }, Opening | Open) if reading.mover == Mover::Hand => {
                self.on_unordered_opening(from, reading);
            }
            // Still under way.
            (Phase::Opening { .. } | Phase::Closing { .. } | Phase::Stopping { .. }, _) => {}
            (_, Opening | Open | Stopped) => self.on_unordered_opening(from, reading),
            (_, Closing | Closed) => self.on_unordered_closing(reading),
            (_, Unknown) => {}
        }
    }

    fn arrive_open(&mut self, now: Instant) {
        self.phase = Phase::Open { closing: self.closing_timer(now) };
        self.answer_pending(Outcome::SUCCEEDED);
        self.assume_passage(now);
    }

    fn arrive_closed(&mut self) {
        self.phase = Phase::Idle;
        self.answer_pending(Outcome::SUCCEEDED);
        self.end_opening();
    }

    fn arrive_still(&mut self, position: BarrierStatus, now: Instant) {
        self.answer_pending(Outcome::SUCCEEDED);
        match position {
            BarrierStatus::Open => self.phase = Phase::Open { closing: self.closing_timer(now) },
            BarrierStatus::Closed => self.arrive_closed(),
            BarrierStatus::Opening
            | BarrierStatus::Closing
            | BarrierStatus::Stopped
            | BarrierStatus::Unknown => self.phase = Phase::Idle,
        }
    }

    fn on_unordered_opening(&mut self, from: BarrierStatus, reading: Reading) {
        let (event, moved_by) = match reading.mover {
            Mover::Hand => (EventName::ManualOpen, MovedBy::Manual),
            Mover::Itself => (EventName::ForcedOpen, MovedBy::Safety),
            Mover::Nobody | Mover::Order => (EventName::ForcedOpen, MovedBy::Manual),
        };

        self.answer_pending(BY_HAND);
        self.phase = match reading.position {
            BarrierStatus::Open => Phase::Open { closing: ClosingTimer::Off },
            BarrierStatus::Closed
            | BarrierStatus::Opening
            | BarrierStatus::Closing
            | BarrierStatus::Stopped
            | BarrierStatus::Unknown => Phase::Idle,
        };
        self.opened_by = OpenedBy::Hand;
        self.moved_by = Some(moved_by);
        let by_hand_again = reading.mover == Mover::Hand
            && matches!(from, BarrierStatus::Closing | BarrierStatus::Stopped);
        if from == BarrierStatus::Closed || by_hand_again {
            self.record(Record::event(event));
        }
    }

    fn on_unordered_closing(&mut self, reading: Reading) {
        self.phase = Phase::Idle;
        self.moved_by = Some(match reading.mover {
            Mover::Itself => MovedBy::Safety,
            Mover::Hand | Mover::Nobody | Mover::Order => MovedBy::Manual,
        });
        if reading.position == BarrierStatus::Closed {
            self.answer_pending(Outcome::SUCCEEDED);
            self.end_opening();
        }
    }

    /// A vehicle under the boom keeps it up. A timer that was due meanwhile starts over.
    fn follow_vehicle(&mut self, reading: Reading, now: Instant) {
        let restarted = |closing| match closing {
            ClosingTimer::Waiting => ClosingTimer::Due(now + self.open_for),
            ClosingTimer::Off | ClosingTimer::Due(_) => closing,
        };

        match (self.phase, reading.presence) {
            (Phase::Closing { .. }, Presence::Occupied) => self.raise_for_safety(now),
            (Phase::Open { closing }, Presence::Occupied) => {
                self.phase = Phase::Passing { closing };
            }
            (
                Phase::Open { closing } | Phase::Passing { closing },
                Presence::Clear | Presence::NotFitted,
            ) => self.phase = Phase::Open { closing: restarted(closing) },
            (Phase::Passing { .. }, Presence::Occupied)
            | (
                Phase::Idle
                | Phase::Opening { .. }
                | Phase::Closing { .. }
                | Phase::Stopping { .. },
                _,
            ) => {}
        }
    }

    /// The closing timer of a boom that is up.
    pub(crate) fn closing_timer(&self, now: Instant) -> ClosingTimer {
        let closes_by_itself = matches!(self.mode.mode, LaneMode::Auto | LaneMode::HeldClosed)
            && self.opened_by == OpenedBy::Software;

        if closes_by_itself { ClosingTimer::Due(now + self.open_for) } else { ClosingTimer::Off }
    }

    pub(crate) fn close_by_timer(&mut self, now: Instant) {
        if self.barrier.may_hide_a_vehicle(now, self.config.stale_after) {
            self.phase = self.phase.with_timer(ClosingTimer::Waiting);
        } else {
            self.lower(MovedBy::Timer, now);
        }
    }

    /// Opens, or lets an open boom stay open for as long again. One that somebody else has opened
    /// is not taken over: it would be closed.
    pub(crate) fn raise(&mut self, by: MovedBy, open_for: Duration, now: Instant) {
        self.open_for = open_for;

        match self.phase {
            Phase::Open { .. } | Phase::Passing { .. }
                if self.position() == BarrierStatus::Open =>
            {
                self.phase = self.phase.with_timer(self.closing_timer(now));
            }
            // Under way: asking again must not give a boom that is stuck more time.
            Phase::Opening { .. } => self.moved_by = Some(by),
            Phase::Idle
            | Phase::Open { .. }
            | Phase::Passing { .. }
            | Phase::Closing { .. }
            | Phase::Stopping { .. } => {
                self.opened_by = OpenedBy::Software;
                self.moved_by = Some(by);
                self.phase = Phase::Opening { deadline: now + self.config.travel };
                self.actions.push_back(Action::Order(BarrierOrder::Open));
            }
        }
    }

    /// The one place that lowers the boom. Whoever calls it has looked at the loop.
    pub(crate) fn lower(&mut self, by: MovedBy, now: Instant) {
        self.moved_by = Some(by);
        self.opened_by = OpenedBy::Software;
        if matches!(self.phase, Phase::Closing { .. }) {
            return;
        }

        self.phase = Phase::Closing { deadline: now + self.config.travel };
        self.actions.push_back(Action::Order(BarrierOrder::Close));
    }

    pub(crate) fn halt(&mut self, now: Instant) {
        if matches!(self.phase, Phase::Stopping { .. }) {
            return;
        }

        self.phase = Phase::Stopping { deadline: now + self.config.travel };
        self.actions.push_back(Action::Order(BarrierOrder::Stop));
    }

    fn raise_for_safety(&mut self, now: Instant) {
        self.answer_pending(OCCUPIED);
        self.raise(MovedBy::Safety, self.open_for, now);
    }

    pub(crate) fn on_refusal(&mut self, order: BarrierOrder, refusal: Refusal, now: Instant) {
        let is_awaited = matches!(
            (self.phase, order),
            (Phase::Opening { .. }, BarrierOrder::Open)
                | (Phase::Closing { .. }, BarrierOrder::Close)
                | (Phase::Stopping { .. }, BarrierOrder::Stop)
        );
        if !is_awaited {
            // Another order has replaced it.
            return;
        }

        match refusal {
            Refusal::Occupied => self.answer_pending(OCCUPIED),
            Refusal::Emergency => {
                // Whoever ends the emergency decides what becomes of the boom.
                self.opened_by = OpenedBy::Hand;
                self.answer_pending(FIRE);
            }
            Refusal::Unable => {
                self.answer_pending(REFUSED);
                self.actions.push_back(Action::Alarm(Alarm::OrderRefused(order)));
            }
        }
        self.phase = self.phase_at_rest(self.closing_timer(now));
        if self.position() == BarrierStatus::Closed {
            self.end_opening();
        }
    }

    /// Nothing is under way any more.
    fn phase_at_rest(&self, closing: ClosingTimer) -> Phase {
        match (self.position(), self.barrier.closing_loop()) {
            (BarrierStatus::Open, Some(Presence::Occupied)) => Phase::Passing { closing },
            (BarrierStatus::Open, _) => Phase::Open { closing },
            _ => Phase::Idle,
        }
    }

    pub(crate) fn on_movement_timeout(&mut self) {
        self.phase = self.phase_at_rest(ClosingTimer::Off);
        self.opened_by = OpenedBy::Hand;
        self.has_jammed = true;
        self.grant = None;
        // An emergency is ended by its reset alone.
        if self.mode.mode != LaneMode::EmergencyOpen {
            self.mode = Mode::of(LaneMode::OutOfService);
        }
        self.deny_asked("the gate is out of service".into(), None);
        self.answer_pending(TIMED_OUT);
        self.record(Record::event(EventName::MovementTimeout));
    }

    fn answer_pending(&mut self, outcome: Outcome) {
        for pending in self.take_pending() {
            self.answer(pending.id, pending.action, outcome);
        }
    }
}
