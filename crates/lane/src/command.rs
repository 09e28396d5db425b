//! Commands: each is accepted and carried out, or refused with the reason.

use std::time::{Duration, Instant};

use schemas::{AnswerCode, BarrierStatus, EventName, GateAction, GateFault, Id, LaneMode, MovedBy};

use crate::{
    Action, ClosingTimer, Goal, Lane, LaneCommand, OpenedBy, Outcome, Record, passage::Grant,
};

/// Whoever asks for the same more often than this is told so for the latest.
const MAX_PENDING: usize = 16;
const MINUTE: Duration = Duration::from_secs(60);

const OFFLINE: Outcome =
    Outcome::rejected(AnswerCode::HardwareOffline, "the barrier controller does not answer");
const RATE_LIMITED: Outcome =
    Outcome::rejected(AnswerCode::RateLimited, "too many movements in the last minute");
const EMERGENCY: Outcome = Outcome::rejected(
    AnswerCode::EmergencyActive,
    "the gate is latched open: send emergency_reset to end that",
);
const LOCKED: Outcome = Outcome::rejected(
    AnswerCode::ModeLocked,
    "the gate is held or out of service: send auto to end that",
);
const VEHICLE: Outcome =
    Outcome::rejected(AnswerCode::VehiclePresent, "a vehicle is, or may be, under the boom");

/// A command that is being carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pending {
    pub(crate) id: Id,
    pub(crate) action: GateAction,
}

impl Lane {
    pub(crate) fn on_command(&mut self, command: LaneCommand, now: Instant) {
        if let Some(outcome) = self.reason_to_refuse(command.action, now) {
            return self.answer(command.id, command.action, outcome);
        }

        self.last_command = Some(command.id.clone());
        self.answer(command.id.clone(), command.action, Outcome::ACCEPTED);
        match command.action {
            GateAction::Open => self.open(command, now),
            GateAction::Close => self.close(command, now),
            GateAction::Stop => self.stop(command, now),
            GateAction::HoldOpen => self.hold_open(command, now),
            GateAction::HoldClosed => self.hold_closed(command, now),
            GateAction::Auto => self.work_by_itself(command, now),
            GateAction::EmergencyOpen => self.open_for_emergency(command, now),
            GateAction::EmergencyReset => self.end_emergency(command, now),
        }
    }

    pub(crate) fn answer(&mut self, id: Id, action: GateAction, outcome: Outcome) {
        self.actions.push_back(Action::Answer { id, action, outcome });
    }

    fn reason_to_refuse(&mut self, action: GateAction, now: Instant) -> Option<Outcome> {
        let emergency = self.mode == LaneMode::EmergencyOpen;

        match action {
            GateAction::EmergencyReset => None,
            GateAction::Open
            | GateAction::Close
            | GateAction::HoldOpen
            | GateAction::HoldClosed
            | GateAction::Auto
                if emergency =>
            {
                Some(EMERGENCY)
            }
            GateAction::Auto => None,
            GateAction::Open | GateAction::Close if self.mode != LaneMode::Auto => Some(LOCKED),
            GateAction::HoldOpen | GateAction::HoldClosed
                if self.mode == LaneMode::OutOfService =>
            {
                Some(LOCKED)
            }
            _ if !self.barrier.is_there() => Some(OFFLINE),
            // Stop comes before everything, an emergency included.
            GateAction::Stop | GateAction::EmergencyOpen => None,
            GateAction::Close if self.may_hide_a_vehicle(now) => Some(VEHICLE),
            GateAction::Open
            | GateAction::Close
            | GateAction::HoldOpen
            | GateAction::HoldClosed => self.too_many_moves(now).then_some(RATE_LIMITED),
        }
    }

    /// Counts this movement as well, if it is not one too many.
    fn too_many_moves(&mut self, now: Instant) -> bool {
        while self.moves.front().is_some_and(|at| now - *at >= MINUTE) {
            self.moves.pop_front();
        }
        let too_many = self.moves.len() >= self.config.moves_per_minute;
        if !too_many {
            self.moves.push_back(now);
        }

        too_many
    }

    fn open(&mut self, command: LaneCommand, now: Instant) {
        let open_for = command.open_for.unwrap_or(self.config.open_for);

        self.replace_pending(GateAction::Open);
        if self.grant.is_none() {
            self.grant = Some(Grant::for_command(command.id.clone()));
        }
        self.raise(MovedBy::Command, open_for, now);
        self.settle(command, BarrierStatus::Open);
        self.assume_passage();
    }

    fn close(&mut self, command: LaneCommand, now: Instant) {
        self.replace_pending(GateAction::Close);
        if self.is_down() {
            return self.answer(command.id, command.action, Outcome::SUCCEEDED);
        }

        self.lower(MovedBy::Command, now);
        self.settle(command, BarrierStatus::Closed);
    }

    /// A boom that is known to stand still is not told to: a flood of stops must not fill the line.
    fn stop(&mut self, command: LaneCommand, now: Instant) {
        self.replace_pending(GateAction::Stop);
        let stands_still = self.goal == Goal::Nothing
            && self.position().stands_still()
            && self.barrier.is_fresh(now, self.config.stale_after);

        self.closing = ClosingTimer::Off;
        self.opened_by = OpenedBy::Hand;
        if !stands_still {
            self.halt(now);
        }
        self.settle(command, self.position());
    }

    fn hold_open(&mut self, command: LaneCommand, now: Instant) {
        self.replace_pending(GateAction::HoldOpen);
        self.enter(LaneMode::HeldOpen, EventName::HeldOpen, &command.id);
        self.raise(MovedBy::Command, self.config.open_for, now);
        self.settle(command, BarrierStatus::Open);
    }

    /// The boom comes down as soon as nothing is under it.
    fn hold_closed(&mut self, command: LaneCommand, now: Instant) {
        self.replace_pending(GateAction::HoldClosed);
        self.enter(LaneMode::HeldClosed, EventName::HeldClosed, &command.id);
        if self.is_down() {
            return self.answer(command.id, command.action, Outcome::SUCCEEDED);
        }

        if self.may_hide_a_vehicle(now) {
            self.goal = Goal::Nothing;
            self.closing = ClosingTimer::Waiting;
        } else {
            self.lower(MovedBy::Command, now);
        }
        self.settle(command, BarrierStatus::Closed);
    }

    /// A person has looked: a boom that was held open closes as after any opening, one that got
    /// stuck stays as it is until it is moved.
    fn work_by_itself(&mut self, command: LaneCommand, now: Instant) {
        let was_held_open = self.mode == LaneMode::HeldOpen;

        if self.fault == Some(GateFault::MovementTimeout) {
            self.fault = None;
        }
        self.enter(LaneMode::Auto, EventName::Auto, &command.id);
        if was_held_open {
            self.close_after_a_while(now);
        }
        self.answer(command.id, command.action, Outcome::SUCCEEDED);
    }

    fn open_for_emergency(&mut self, command: LaneCommand, now: Instant) {
        self.replace_pending(GateAction::EmergencyOpen);
        if self.mode != LaneMode::EmergencyOpen {
            self.enter(LaneMode::EmergencyOpen, EventName::EmergencyOpen, &command.id);
        }
        self.fault = None;
        self.raise(MovedBy::Command, self.config.open_for, now);
        self.settle(command, BarrierStatus::Open);
    }

    fn end_emergency(&mut self, command: LaneCommand, now: Instant) {
        if self.mode == LaneMode::EmergencyOpen {
            self.enter(LaneMode::Auto, EventName::EmergencyReset, &command.id);
            self.close_after_a_while(now);
        }
        self.answer(command.id, command.action, Outcome::SUCCEEDED);
    }

    fn enter(&mut self, mode: LaneMode, event: EventName, command: &Id) {
        self.mode = mode;
        let command = Some(command.clone());
        self.record(Record::Event { event, card: None, command, detail: None });
    }

    fn close_after_a_while(&mut self, now: Instant) {
        let is_up = self.position() == BarrierStatus::Open && self.goal == Goal::Nothing;

        if is_up && self.opened_by == OpenedBy::Software {
            self.closing = ClosingTimer::Due(now + self.open_for);
        }
    }

    /// Whoever waits for something else waits in vain.
    fn replace_pending(&mut self, by: GateAction) {
        let opens = |action| {
            matches!(action, GateAction::Open | GateAction::HoldOpen | GateAction::EmergencyOpen)
        };

        for pending in self.take_pending() {
            if opens(by) && opens(pending.action) {
                self.pending.push(pending);
            } else {
                self.answer(pending.id, pending.action, Outcome::REPLACED);
            }
        }
    }

    /// Answers now if the boom is where it should be, and otherwise when it gets there.
    fn settle(&mut self, command: LaneCommand, end: BarrierStatus) {
        let LaneCommand { id, action, .. } = command;

        if self.goal == Goal::Nothing && self.position() == end {
            self.answer(id, action, Outcome::SUCCEEDED);
        } else {
            self.answer(id.clone(), action, Outcome::EXECUTING);
            if self.pending.len() == MAX_PENDING {
                let oldest = self.pending.remove(0);
                self.answer(oldest.id, oldest.action, Outcome::REPLACED);
            }
            self.pending.push(Pending { id, action });
        }
    }

    fn is_down(&self) -> bool {
        self.position() == BarrierStatus::Closed && self.goal == Goal::Nothing
    }

    fn may_hide_a_vehicle(&self, now: Instant) -> bool {
        self.barrier.may_hide_a_vehicle(now, self.config.stale_after)
    }
}
