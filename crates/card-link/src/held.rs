//! A card that is held to the reader is read again and again, and is one card.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

/// Nobody holds more cards to a reader at once.
const CARDS: usize = 8;

/// The cards that were seen a moment ago.
#[derive(Debug, Clone)]
pub struct Held {
    within: Duration,
    seen: VecDeque<(String, Instant)>,
}

impl Held {
    /// A card that is seen again within this time has not been away.
    pub fn new(within: Duration) -> Self {
        Self { within, seen: VecDeque::with_capacity(CARDS) }
    }

    /// Whether `card` has just come to the reader. Each reading of it prolongs its stay.
    pub fn is_new(&mut self, card: &str, now: Instant) -> bool {
        let within = self.within;
        self.seen.retain(|(_, at)| now.saturating_duration_since(*at) < within);

        match self.seen.iter_mut().find(|(seen, _)| seen == card) {
            Some((_, at)) => {
                *at = now;
                false
            }
            None => {
                if self.seen.len() == CARDS {
                    self.seen.pop_front();
                }
                self.seen.push_back((card.to_owned(), now));
                true
            }
        }
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "an instant to count from")]
mod tests {
    use super::*;

    const WITHIN: Duration = Duration::from_secs(1);

    #[test]
    fn a_card_that_is_held_to_the_reader_is_one_card() {
        let (mut held, start) = (Held::new(WITHIN), Instant::now());

        let new: Vec<bool> =
            (0..100).map(|n| held.is_new("A", start + n * Duration::from_millis(50))).collect();

        assert_eq!(new.iter().filter(|new| **new).count(), 1);
    }

    #[test]
    fn a_card_that_was_away_comes_again() {
        let (mut held, start) = (Held::new(WITHIN), Instant::now());

        assert!(held.is_new("A", start));
        assert!(!held.is_new("A", start + WITHIN - Duration::from_nanos(1)));
        assert!(held.is_new("A", start + 3 * WITHIN));
    }

    #[test]
    fn two_cards_at_once_are_two_cards() {
        let (mut held, now) = (Held::new(WITHIN), Instant::now());

        let new: Vec<bool> = ["A", "B", "A", "B"].map(|card| held.is_new(card, now)).into();

        assert_eq!(new, [true, true, false, false]);
    }

    #[test]
    fn no_time_at_all_makes_every_reading_a_card() {
        let (mut held, now) = (Held::new(Duration::ZERO), Instant::now());

        assert!(held.is_new("A", now) && held.is_new("A", now));
    }

    #[test]
    fn however_many_cards_there_are_few_are_kept() {
        let (mut held, now) = (Held::new(WITHIN), Instant::now());

        assert!((0..1000).all(|n| held.is_new(&n.to_string(), now)));
        assert_eq!(held.seen.len(), CARDS);
    }
}
