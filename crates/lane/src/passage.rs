//! Passages: who was let through, and whether anybody went.
//!
//! A vehicle is one from when it comes onto the loop under the boom until it leaves it, however
//! long it is. With an arming loop in front of the boom the direction is known as well: a vehicle
//! that leaves the closing loop while it has stood on the arming loop all the time has gone back.

use std::time::Instant;

use schemas::{BarrierStatus, Confirmation, EventName, Id, LaneMode, PassageTrigger};

use crate::{Arming, Lane, OpenedBy, Presence, Reading, Record};

/// Leave for one vehicle to go through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Grant {
    trigger: PassageTrigger,
    card: Option<String>,
    command: Option<Id>,
}

/// A vehicle under the boom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Crossing {
    leave: Option<Grant>,
    /// It has not left the arming loop since it came under the boom.
    on_arming: bool,
}

impl Grant {
    pub(crate) fn for_card(card: String, command: Option<Id>) -> Self {
        Self { trigger: PassageTrigger::Card, card: Some(card), command }
    }

    pub(crate) fn for_command(command: Id) -> Self {
        Self { trigger: PassageTrigger::Command, card: None, command: Some(command) }
    }

    pub(crate) fn is_for(&self, card: &str) -> bool {
        self.card.as_deref() == Some(card)
    }

    fn without_anybody(trigger: PassageTrigger) -> Self {
        Self { trigger, card: None, command: None }
    }
}

impl Lane {
    /// The next vehicle may pass. Whoever had leave and has backed out is not coming.
    pub(crate) fn give_leave(&mut self, grant: Grant) {
        self.has_backed_out = false;
        if let Some(unused) = self.grant.replace(grant) {
            self.record_no_passage(unused);
        }
    }

    /// Where no loop can tell, whoever has leave to pass an open boom is taken to have gone.
    pub(crate) fn assume_passage(&mut self, now: Instant) {
        let nobody_can_tell = self.barrier.closing_loop() == Some(Presence::NotFitted);
        if !nobody_can_tell || self.position() != BarrierStatus::Open {
            return;
        }

        if let Some(grant) = self.grant.take() {
            self.record_passage(grant, Confirmation::Assumed, now);
        }
    }

    pub(crate) fn on_loops(&mut self, before: Reading, reading: Reading, now: Instant) {
        if before.arming == Presence::Occupied && reading.arming == Presence::Clear {
            self.on_arming_cleared();
        }
        if reading.presence == Presence::Occupied {
            self.begin_crossing(reading);
        } else {
            self.end_crossing(reading, now);
        }
    }

    fn on_arming_cleared(&mut self) {
        match &mut self.crossing {
            Some(crossing) => crossing.on_arming = false,
            None => self.has_backed_out = self.grant.is_some(),
        }
        if self.config.arming == Arming::Required {
            self.deny_asked("the vehicle has left".into(), None);
        }
    }

    /// A vehicle is under the boom. Under a closed one it cannot go through.
    fn begin_crossing(&mut self, reading: Reading) {
        if self.crossing.is_some() || reading.position == BarrierStatus::Closed {
            return;
        }

        self.has_backed_out = false;
        self.crossing = Some(Crossing {
            leave: self.grant.take().or_else(|| self.standing_leave()),
            on_arming: reading.arming == Presence::Occupied,
        });
    }

    fn end_crossing(&mut self, reading: Reading, now: Instant) {
        let Some(crossing) = self.crossing.take() else { return };

        match crossing.leave {
            leave if crossing.on_arming && reading.arming == Presence::Occupied => {
                self.give_back(leave);
            }
            Some(grant) => self.record_passage(grant, Confirmation::Confirmed, now),
            None => self.record(Record::event(EventName::Tailgate)),
        }
    }

    /// It has gone back, and may come again.
    fn give_back(&mut self, leave: Option<Grant>) {
        let Some(leave) = leave.filter(|leave| leave.card.is_some() || leave.command.is_some())
        else {
            return;
        };

        match self.grant {
            None => self.grant = Some(leave),
            Some(_) => self.record_no_passage(leave),
        }
    }

    /// Nobody saw a vehicle leave that was under the boom when the controller was lost.
    pub(crate) fn on_crossing_unseen(&mut self, reading: Reading, now: Instant) {
        if reading.presence == Presence::Occupied {
            return;
        }

        match self.crossing.take().map(|crossing| crossing.leave) {
            Some(Some(grant)) => self.record_passage(grant, Confirmation::Assumed, now),
            Some(None) => self.record(Record::event(EventName::Tailgate)),
            None => {}
        }
    }

    /// What lets everybody through: a lane that is held open, or a boom raised by hand.
    fn standing_leave(&self) -> Option<Grant> {
        match (self.mode.mode, self.opened_by) {
            (LaneMode::HeldOpen | LaneMode::EmergencyOpen, _) => {
                Some(Grant::without_anybody(PassageTrigger::Command))
            }
            (_, OpenedBy::Hand) => Some(Grant::without_anybody(PassageTrigger::Manual)),
            (_, OpenedBy::Software) => None,
        }
    }

    fn record_passage(&mut self, grant: Grant, confirmation: Confirmation, now: Instant) {
        let Grant { trigger, card, command } = grant;

        if let (Some(card), Some(passback)) = (&card, self.config.anti_passback) {
            self.passed.see(card, passback.within, now);
        }
        self.record(Record::Passage { trigger, confirmation, card, command });
    }

    /// The opening is over: whoever was let in and did not come is not coming.
    pub(crate) fn end_opening(&mut self) {
        self.opened_by = OpenedBy::Hand;
        self.has_backed_out = false;
        if let Some(crossing) = self.crossing.take() {
            self.give_back(crossing.leave);
        }

        if let Some(grant) = self.grant.take() {
            self.record_no_passage(grant);
        }
    }

    fn record_no_passage(&mut self, Grant { card, command, .. }: Grant) {
        if self.barrier.closing_loop() != Some(Presence::NotFitted) {
            let event = EventName::NoPassage;
            self.record(Record::Event { event, card, command, detail: None });
        }
    }
}
