//! Passages: who was let through, and whether anybody went.

use schemas::{BarrierStatus, Confirmation, EventName, Id, LaneMode, PassageTrigger};

use crate::{Lane, OpenedBy, Record};

/// Leave for one vehicle to go through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Grant {
    pub(crate) trigger: PassageTrigger,
    pub(crate) card: Option<String>,
    pub(crate) command: Option<Id>,
}

impl Grant {
    pub(crate) fn for_card(card: String) -> Self {
        Self { trigger: PassageTrigger::Card, card: Some(card), command: None }
    }

    pub(crate) fn for_command(command: Id) -> Self {
        Self { trigger: PassageTrigger::Command, card: None, command: Some(command) }
    }

    fn without_anybody(trigger: PassageTrigger) -> Self {
        Self { trigger, card: None, command: None }
    }
}

impl Lane {
    /// Where no loop can tell, whoever has leave to pass an open boom is taken to have gone.
    pub(crate) fn assume_passage(&mut self) {
        let nobody_can_tell = self.barrier.vehicle_present().is_none();
        if !nobody_can_tell || self.position() != BarrierStatus::Open {
            return;
        }

        if let Some(grant) = self.grant.take() {
            self.record_passage(grant, Confirmation::Assumed);
        }
    }

    /// A vehicle has left the loop. Under a closed boom it cannot have gone through.
    pub(crate) fn on_loop_cleared(&mut self) {
        if self.position() == BarrierStatus::Closed {
            return;
        }

        match self.grant.take().or_else(|| self.standing_leave()) {
            Some(grant) => self.record_passage(grant, Confirmation::Confirmed),
            None => self.record(Record::event(EventName::Tailgate)),
        }
    }

    /// What lets everybody through: a lane that is held open, or a boom raised by hand.
    fn standing_leave(&self) -> Option<Grant> {
        match (self.mode, self.opened_by) {
            (LaneMode::HeldOpen | LaneMode::EmergencyOpen, _) => {
                Some(Grant::without_anybody(PassageTrigger::Command))
            }
            (_, OpenedBy::Hand) => Some(Grant::without_anybody(PassageTrigger::Manual)),
            (_, OpenedBy::Software) => None,
        }
    }

    fn record_passage(&mut self, grant: Grant, confirmation: Confirmation) {
        let Grant { trigger, card, command } = grant;

        self.record(Record::Passage { trigger, confirmation, card, command });
    }
}
