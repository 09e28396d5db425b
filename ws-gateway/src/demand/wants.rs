//! Who wants to hear what, and for how long after the last one has gone.

use std::{collections::BTreeMap, time::Duration};

use schemas::GateId;
use tokio::time::Instant;

use crate::coverage::Coverage;

/// Where more gates than this are wanted, all are heard: brokers bound how many subscriptions a
/// client may have, and the more are wanted the less is saved.
const MOST_GATES: usize = 64;

/// All that is wanted.
#[derive(Debug)]
pub(super) struct Wants {
    linger: Duration,
    places: BTreeMap<Place, Want>,
}

/// One gate; `None` stands for all of them.
pub(super) type Place = Option<GateId>;

#[derive(Debug, Default)]
struct Want {
    listeners: usize,
    /// When it is wanted no more, as nobody listens.
    until: Option<Instant>,
}

impl Wants {
    pub(super) fn new(linger: Duration) -> Self {
        Self { linger, places: BTreeMap::new() }
    }

    pub(super) fn enter(&mut self, place: Place) {
        let want = self.places.entry(place).or_default();

        want.listeners += 1;
        want.until = None;
    }

    pub(super) fn leave(&mut self, place: &Place, now: Instant) {
        let Some(want) = self.places.get_mut(place) else { return };

        want.listeners -= 1;
        if want.listeners == 0 {
            want.until = Some(now + self.linger);
        }
    }

    /// What is to be heard now.
    pub(super) fn coverage(&mut self, now: Instant) -> Coverage {
        self.places.retain(|_, want| want.until.is_none_or(|until| until > now));
        let gates = self.places.keys().flatten();

        match self.places.contains_key(&None) || gates.clone().count() > MOST_GATES {
            true => Coverage::Everything,
            false => Coverage::Gates(gates.cloned().collect()),
        }
    }

    /// When that may change although nobody comes or goes.
    pub(super) fn next_change(&self) -> Option<Instant> {
        self.places.values().filter_map(|want| want.until).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINGER: Duration = Duration::from_secs(30);

    #[test]
    fn a_gate_is_wanted_until_some_time_after_the_last_one_has_gone() {
        let (mut wants, now) = (Wants::new(LINGER), Instant::now());
        wants.enter(Some(gate(1)));
        wants.enter(Some(gate(1)));

        wants.leave(&Some(gate(1)), now);
        assert_eq!((wants.coverage(now + LINGER), wants.next_change()), (gates(&[1]), None));

        wants.leave(&Some(gate(1)), now);
        assert_eq!(wants.next_change(), Some(now + LINGER));
        assert_eq!(wants.coverage(now + LINGER / 2), gates(&[1]));
        assert_eq!(wants.coverage(now + LINGER), gates(&[]));
    }

    #[test]
    fn whoever_comes_back_in_time_finds_it_as_it_was() {
        let (mut wants, now) = (Wants::new(LINGER), Instant::now());
        wants.enter(Some(gate(1)));
        wants.leave(&Some(gate(1)), now);

        wants.enter(Some(gate(1)));

        assert_eq!((wants.coverage(now + 2 * LINGER), wants.next_change()), (gates(&[1]), None));
    }

    #[test]
    fn who_listens_to_all_widens_and_narrows_again() {
        let (mut wants, now) = (Wants::new(LINGER), Instant::now());
        wants.enter(Some(gate(1)));
        wants.enter(None);
        assert_eq!(wants.coverage(now), Coverage::Everything);

        wants.leave(&None, now);

        assert_eq!(wants.coverage(now + LINGER), gates(&[1]));
    }

    #[test]
    fn many_gates_are_all_of_them() {
        let (mut wants, now) = (Wants::new(LINGER), Instant::now());
        for n in 0..MOST_GATES {
            wants.enter(Some(gate(n)));
        }
        assert_ne!(wants.coverage(now), Coverage::Everything);

        wants.enter(Some(gate(MOST_GATES)));

        assert_eq!(wants.coverage(now), Coverage::Everything);
    }

    fn gate(n: usize) -> GateId {
        format!("gate_{n}").parse().unwrap()
    }

    fn gates(numbers: &[usize]) -> Coverage {
        Coverage::Gates(numbers.iter().map(|n| gate(*n)).collect())
    }
}
