//! Cards: every card that is read opens, where the lane may open at all.

use std::time::Instant;

use schemas::{Decision, EventName, LaneMode, MovedBy};

use crate::{Lane, Record, passage::Grant};

/// A card and when it was last seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sighting {
    card: String,
    at: Instant,
}

impl Lane {
    pub(crate) fn on_card(&mut self, card: String, now: Instant) {
        if self.is_still_held(&card, now) {
            return;
        }

        match self.reason_to_deny() {
            Some(reason) => self.deny(card, reason),
            None => self.grant(card, now),
        }
    }

    /// A card held to the reader is read several times a second.
    fn is_still_held(&mut self, card: &str, now: Instant) -> bool {
        let before = self.sighting.replace(Sighting { card: card.to_owned(), at: now });

        before.is_some_and(|before| {
            before.card == card && now - before.at < self.config.same_card_within
        })
    }

    fn reason_to_deny(&self) -> Option<&'static str> {
        match self.mode {
            LaneMode::OutOfService => Some("the gate is out of service"),
            LaneMode::HeldClosed => Some("the gate is held closed"),
            LaneMode::Unknown => Some("the gate is in an unknown mode"),
            _ if !self.barrier.is_there() => Some("the barrier controller does not answer"),
            LaneMode::Auto if self.grant.is_some() => Some("another vehicle has leave to pass"),
            LaneMode::Auto | LaneMode::HeldOpen | LaneMode::EmergencyOpen => None,
        }
    }

    fn deny(&mut self, card: String, reason: &'static str) {
        self.record(Record::Card {
            card: card.clone(),
            decision: Decision::Denied,
            reason: Some(reason),
        });
        self.record(Record::Event {
            event: EventName::Denied,
            card: Some(card),
            command: None,
            detail: Some(reason),
        });
    }

    fn grant(&mut self, card: String, now: Instant) {
        self.record(Record::Card { card: card.clone(), decision: Decision::Granted, reason: None });
        self.grant = Some(Grant::for_card(card));
        if self.mode == LaneMode::Auto {
            self.raise(MovedBy::Card, self.config.open_for, now);
        }
        self.assume_passage();
    }
}
