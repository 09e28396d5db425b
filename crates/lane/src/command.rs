//! Commands: each is accepted and carried out, or refused with the reason.

use std::{
    borrow::Cow,
    time::{Duration, Instant},
};

use schemas::{AnswerCode, BarrierStatus, EventName, GateAction, Id, LaneMode, MovedBy};

use crate::{
    Action, ClosingTimer, Lane, LaneCommand, OpenedBy, Outcome, Phase, card::Question,
    passage::Grant,
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

const NOT_ASKED: Outcome = Outcome::expired(
    "no decision on this card is awaited: it came too late, or names another card",
);

/// A command that is being carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pending {
    pub(crate) id: Id,
    pub(crate) action: GateAction,
}

impl Lane {
    pub(crate) fn on_command(&mut self, command: LaneCommand, now: Instant) {
        if let Some(outcome) = self.reason_to_refuse(&command, now) {
            return self.answer(command.id, command.action, outcome);
        }

        self.last_command = Some(command.id.clone());
        self.answer(command.id.clone(), command.action, Outcome::ACCEPTED);
        match command.action {
            GateAction::Open => self.open(command, now),
            GateAction::Close if self.is_denial(&command) => self.deny_by_command(command),
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

    fn reason_to_refuse(&mut self, command: &LaneCommand, now: Instant) -> Option<Outcome> {
        let action = command.action;
        let mode = self.mode.mode;

        match action {
            GateAction::EmergencyReset => None,
            GateAction::Open | GateAction::Close if !self.answers_what_is_asked(command) => {
                Some(NOT_ASKED)
            }
            GateAction::Open
            | GateAction::Close
            | GateAction::HoldOpen
            | GateAction::HoldClosed
            | GateAction::Auto
                if mode == LaneMode::EmergencyOpen =>
            {
                Some(EMERGENCY)
            }
            GateAction::Auto => None,
            GateAction::Open | GateAction::Close if mode != LaneMode::Auto => Some(LOCKED),
            GateAction::HoldOpen | GateAction::HoldClosed if mode == LaneMode::OutOfService => {
                Some(LOCKED)
            }
            _ if !self.barrier.is_there() => Some(OFFLINE),
            // Stop comes before everything, an emergency included.
            GateAction::Stop | GateAction::EmergencyOpen => None,
            // An answer about a card is as frequent as vehicles are.
            GateAction::Close if self.is_denial(command) => None,
            GateAction::Open if self.question.is_some() => None,
            GateAction::Close if self.may_hide_a_vehicle(now) => Some(VEHICLE),
            GateAction::Open
            | GateAction::Close
            | GateAction::HoldOpen
            | GateAction::HoldClosed => self.too_many_moves(now).then_some(RATE_LIMITED),
        }
    }

    /// Counts this movement as well, if it is not one too many.
    fn too_many_moves(&mut self, now: Instant) -> bool {
        while self.moves.front().is_some_and(|at| now.saturating_duration_since(*at) >= MINUTE) {
            self.moves.pop_front();
        }
        let too_many = self.moves.len() >= self.config.moves_per_minute;
        if !too_many {
            self.moves.push_back(now);
        }

        too_many
    }

    /// A command that names a card is about that one, and about nothing else: a late answer must
    /// not let the next vehicle in.
    fn answers_what_is_asked(&self, command: &LaneCommand) -> bool {
        match &command.card {
            None => true,
            Some(card) => self.question.as_ref().is_some_and(|question| question.card == *card),
        }
    }

    /// A close that names the card, or has nothing else to close, is the answer "no".
    fn is_denial(&self, command: &LaneCommand) -> bool {
        self.question.is_some() && (command.card.is_some() || self.is_down())
    }

    /// Lets the vehicle in whose card is asked about, or else one that brings none.
    fn open(&mut self, command: LaneCommand, now: Instant) {
        let open_for = command.open_for.unwrap_or(self.config.open_for);

        self.replace_pending(GateAction::Open);
        match self.question.take() {
            Some(Question { card, .. }) => {
                self.grant(card, Some(command.id.clone()), open_for, MovedBy::Command, now);
            }
            None => {
                if self.grant.is_none() || self.has_backed_out {
                    self.give_leave(Grant::for_command(command.id.clone()));
                }
                self.raise(MovedBy::Command, open_for, now);
                self.assume_passage(now);
            }
        }
        self.settle(command, BarrierStatus::Open);
    }

    fn deny_by_command(&mut self, command: LaneCommand) {
        let LaneCommand { id, action, reason, .. } = command;
        let reason = reason.map_or(Cow::Borrowed("somebody has denied it"), Cow::Owned);

        self.deny_asked(reason, Some(id.clone()));
        self.answer(id, action, Outcome::SUCCEEDED);
    }

    fn close(&mut self, command: LaneCommand, now: Instant) {
        self.replace_pending(GateAction::Close);
        self.deny_asked("the gate was closed".into(), Some(command.id.clone()));
        if self.is_down() {
            return self.answer(command.id, command.action, Outcome::SUCCEEDED);
        }

        self.lower(MovedBy::Command, now);
        self.settle(command, BarrierStatus::Closed);
    }

    /// A boom that is known to stand still is not told to: a flood of stops must not fill the line.
    fn stop(&mut self, command: LaneCommand, now: Instant) {
        self.replace_pending(GateAction::Stop);
        let stands_still = self.phase.rests()
            && self.position().stands_still()
            && self.barrier.is_fresh(now, self.config.stale_after);

        self.opened_by = OpenedBy::Hand;
        if stands_still {
            self.phase = self.phase.with_timer(ClosingTimer::Off);
        } else {
            self.halt(now);
        }
        self.settle(command, self.position());
    }

    fn hold_open(&mut self, command: LaneCommand, now: Instant) {
        self.replace_pending(GateAction::HoldOpen);
        self.enter(LaneMode::HeldOpen, EventName::HeldOpen, &command);
        self.let_asked_pass(&command.id, now);
        self.raise(MovedBy::Command, self.config.open_for, now);
        self.settle(command, BarrierStatus::Open);
    }

    /// The boom comes down as soon as nothing is under it.
    fn hold_closed(&mut self, command: LaneCommand, now: Instant) {
        self.replace_pending(GateAction::HoldClosed);
        self.enter(LaneMode::HeldClosed, EventName::HeldClosed, &command);
        self.deny_asked("the gate is held closed".into(), Some(command.id.clone()));
        if self.is_down() {
            return self.answer(command.id, command.action, Outcome::SUCCEEDED);
        }

        if !self.may_hide_a_vehicle(now) {
            self.lower(MovedBy::Command, now);
        } else {
            self.opened_by = OpenedBy::Software;
            if self.phase.rests() {
                self.phase = Phase::Open { closing: ClosingTimer::Waiting };
            }
        }
        self.settle(command, BarrierStatus::Closed);
    }

    /// A person has looked.
    fn work_by_itself(&mut self, command: LaneCommand, now: Instant) {
        let was_held_open = self.mode.mode == LaneMode::HeldOpen;

        self.has_jammed = false;
        self.return_to_auto(EventName::Auto, Some(command.id.clone()), None);
        if was_held_open {
            self.close_after_a_while(now);
        }
        self.answer(command.id, command.action, Outcome::SUCCEEDED);
    }

    fn open_for_emergency(&mut self, command: LaneCommand, now: Instant) {
        self.replace_pending(GateAction::EmergencyOpen);
        if self.mode.mode != LaneMode::EmergencyOpen {
            self.enter(LaneMode::EmergencyOpen, EventName::EmergencyOpen, &command);
        }
        self.has_jammed = false;
        self.let_asked_pass(&command.id, now);
        self.raise(MovedBy::Command, self.config.open_for, now);
        self.settle(command, BarrierStatus::Open);
    }

    fn end_emergency(&mut self, command: LaneCommand, now: Instant) {
        if self.mode.mode == LaneMode::EmergencyOpen {
            self.return_to_auto(EventName::EmergencyReset, Some(command.id.clone()), None);
            self.close_after_a_while(now);
        }
        self.answer(command.id, command.action, Outcome::SUCCEEDED);
    }

    /// The gate opens for everybody: whoever was asked about may go as well.
    fn let_asked_pass(&mut self, command: &Id, now: Instant) {
        if let Some(Question { card, .. }) = self.question.take() {
            let command = Some(command.clone());
            self.grant(card, command, self.config.open_for, MovedBy::Command, now);
        }
    }

    /// Whoever waits for something else waits in vain.
    fn replace_pending(&mut self, by: GateAction) {
        let opens = |action| {
            matches!(action, GateAction::Open | GateAction::HoldOpen | GateAction::EmergencyOpen)
        };
        let closes = |action| matches!(action, GateAction::Close | GateAction::HoldClosed);

        for pending in self.take_pending() {
            let same = |wants: fn(GateAction) -> bool| wants(by) && wants(pending.action);
            if same(opens) || same(closes) {
                self.pending.push(pending);
            } else {
                self.answer(pending.id, pending.action, Outcome::REPLACED);
            }
        }
    }

    /// Answers now if the boom is where it should be, and otherwise when it gets there.
    fn settle(&mut self, command: LaneCommand, end: BarrierStatus) {
        let LaneCommand { id, action, .. } = command;

        if self.phase.rests() && self.position() == end {
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
        self.phase.rests() && self.position() == BarrierStatus::Closed
    }

    fn may_hide_a_vehicle(&self, now: Instant) -> bool {
        self.barrier.may_hide_a_vehicle(now, self.config.stale_after)
    }
}
