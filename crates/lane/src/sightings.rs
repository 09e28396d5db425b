//! Which cards were seen lately: those held to the reader, and those that have passed.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

/// Cards that one driver may hold to the reader at once, in a purse.
const HELD: usize = 8;
/// Cards that pass within the longest time of a passback rule; beyond it the oldest is forgotten.
const PASSED: usize = 10_000;

/// Cards and when each was last seen; of too many, the oldest are forgotten.
#[derive(Debug)]
pub(crate) struct Sightings {
    cards: VecDeque<(String, Instant)>,
    room: usize,
}

impl Sightings {
    /// Of cards that are held to the reader.
    pub(crate) fn at_reader() -> Self {
        Self { cards: VecDeque::new(), room: HELD }
    }

    /// Of cards that have passed.
    pub(crate) fn of_passages() -> Self {
        Self { cards: VecDeque::new(), room: PASSED }
    }

    /// Notes that a card was seen; says whether it had been seen less than `within` before.
    pub(crate) fn see(&mut self, card: &str, within: Duration, now: Instant) -> bool {
        let again = self.has_seen(card, within, now);

        self.cards.retain(|(seen, at)| seen != card && now.saturating_duration_since(*at) < within);
        if self.cards.len() == self.room {
            self.cards.pop_front();
        }
        self.cards.push_back((card.to_owned(), now));

        again
    }

    pub(crate) fn has_seen(&self, card: &str, within: Duration, now: Instant) -> bool {
        self.cards
            .iter()
            .any(|(seen, at)| seen == card && now.saturating_duration_since(*at) < within)
    }
}
