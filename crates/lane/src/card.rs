//! Cards: each is granted or denied, at once or when somebody has been asked.

use std::{
    borrow::Cow,
    time::{Duration, Instant},
};

use schemas::{BarrierStatus, Decision, EventName, Id, LaneMode, MovedBy};

use crate::{
    Action, Arming, Lane, OpenedBy, PassbackRule, Presence, Record, Ruling, Verdict, passage::Grant,
};

/// How long who decides may take to say that somebody has to be asked. They answer at once.
const DECIDE: Duration = Duration::from_secs(1);
const NOBODY_DECIDED: Ruling = Ruling::Deny(Cow::Borrowed("nobody decides on cards"));

/// A card that is being decided on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Question {
    pub(crate) card: String,
    pub(crate) deadline: Instant,
    otherwise: Ruling,
    /// Who decides has said that somebody has to be asked.
    is_asked: bool,
}

impl Lane {
    pub(crate) fn on_card(&mut self, card: String, now: Instant) {
        // A card held to the reader is read several times a second.
        if self.at_reader.see(&card, self.config.same_card_within, now) {
            return;
        }

        if self.question.as_ref().is_some_and(|question| question.card == card) {
            return;
        }
        if self.grant.as_ref().is_some_and(|grant| grant.is_for(&card)) {
            return self.keep_open(now);
        }

        match self.reason_to_deny(&card, now) {
            Some(reason) => self.deny(card, reason.into(), None),
            None if self.mode.mode == LaneMode::Auto => {
                self.actions.push_back(Action::Decide(card.clone()));
                let deadline = now + DECIDE;
                let otherwise = NOBODY_DECIDED;
                self.question = Some(Question { card, deadline, otherwise, is_asked: false });
            }
            // Held open: everybody may pass.
            None => self.grant(card, None, self.config.open_for, MovedBy::Card, now),
        }
    }

    /// A driver who may go shows the card again: the boom stays up for as long again.
    fn keep_open(&mut self, now: Instant) {
        if self.mode.mode == LaneMode::Auto {
            self.phase = self.phase.with_timer(self.closing_timer(now));
        }
    }

    pub(crate) fn on_verdict(&mut self, card: &str, verdict: Verdict, now: Instant) {
        let awaited = |question: &&mut Question| question.card == card && !question.is_asked;
        let Some(question) = self.question.as_mut().filter(awaited) else { return };

        match verdict {
            Verdict::Final(ruling) => self.rule(ruling, now),
            Verdict::Ask { within, otherwise } => {
                question.deadline = now + within;
                question.otherwise = otherwise;
                question.is_asked = true;
                let card = card.to_owned();
                let decision = Decision::Pending;
                self.record(Record::Card { card, decision, reason: None, command: None });
            }
        }
    }

    /// Nobody has answered in time.
    pub(crate) fn on_question_timeout(&mut self, now: Instant) {
        if let Some(question) = &self.question {
            self.rule(question.otherwise.clone(), now);
        }
    }

    fn rule(&mut self, ruling: Ruling, now: Instant) {
        let Some(Question { card, .. }) = self.question.take() else { return };

        match ruling {
            Ruling::Grant => self.grant(card, None, self.config.open_for, MovedBy::Card, now),
            Ruling::Deny(reason) => self.deny(card, reason, None),
        }
    }

    /// Denies the card that somebody is asked about, if there is one.
    pub(crate) fn deny_asked(&mut self, reason: Cow<'static, str>, command: Option<Id>) {
        if let Some(Question { card, .. }) = self.question.take() {
            self.deny(card, reason, command);
        }
    }

    fn reason_to_deny(&self, card: &str, now: Instant) -> Option<&'static str> {
        match self.mode.mode {
            LaneMode::OutOfService => Some("the gate is out of service"),
            LaneMode::HeldClosed => Some("the gate is held closed"),
            LaneMode::Unknown => Some("the gate is in an unknown mode"),
            _ if !self.barrier.is_there() => Some("the barrier controller does not answer"),
            LaneMode::HeldOpen | LaneMode::EmergencyOpen => None,
            LaneMode::Auto if self.question.is_some() => Some("another card is being decided on"),
            LaneMode::Auto if self.is_let_in() => Some("another vehicle has leave to pass"),
            LaneMode::Auto if self.nobody_is_there(now) => {
                Some("no vehicle is in front of the barrier")
            }
            LaneMode::Auto if self.is_passback(card, PassbackRule::Hard, now) => {
                Some("the card has passed a moment ago")
            }
            LaneMode::Auto => None,
        }
    }

    /// Whether a vehicle is on its way through. Under a boom that stays up by itself, whoever
    /// had leave may have gone elsewhere long ago.
    fn is_let_in(&self) -> bool {
        let stays_up = self.opened_by == OpenedBy::Hand && self.position() == BarrierStatus::Open;

        self.grant.is_some() && !self.has_backed_out && !stays_up
    }

    /// Whether the arming loop says so, and that counts.
    fn nobody_is_there(&self, now: Instant) -> bool {
        self.config.arming == Arming::Required
            && self.barrier.arming_loop() == Some(Presence::Clear)
            && self.barrier.is_fresh(now, self.config.stale_after)
    }

    fn is_passback(&self, card: &str, rule: PassbackRule, now: Instant) -> bool {
        self.config.anti_passback.is_some_and(|passback| {
            passback.rule == rule && self.passed.has_seen(card, passback.within, now)
        })
    }

    pub(crate) fn deny(&mut self, card: String, reason: Cow<'static, str>, command: Option<Id>) {
        self.record(Record::Card {
            card: card.clone(),
            decision: Decision::Denied,
            reason: Some(reason.clone()),
            command: command.clone(),
        });
        self.record(Record::Event {
            event: EventName::Denied,
            card: Some(card),
            command,
            detail: Some(reason),
        });
    }

    pub(crate) fn grant(
        &mut self,
        card: String,
        command: Option<Id>,
        open_for: Duration,
        by: MovedBy,
        now: Instant,
    ) {
        let passback = self.is_passback(&card, PassbackRule::Soft, now);
        let reason = passback.then_some("the card has passed a moment ago").map(Cow::Borrowed);
        let decision = Decision::Granted;
        self.record(Record::Card {
            card: card.clone(),
            decision,
            reason,
            command: command.clone(),
        });

        self.give_leave(Grant::for_card(card, command));
        if self.mode.mode == LaneMode::Auto {
            self.raise(by, open_for, now);
        }
        self.assume_passage(now);
    }
}
