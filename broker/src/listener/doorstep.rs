//! Where connections wait that have not said who they are: a bounded place.
//!
//! When it is full, whoever has waited longest has to go. Somebody who means it is through in
//! milliseconds, so that thousands who are silent stop nobody.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio_util::sync::CancellationToken;

/// All who wait.
#[derive(Debug)]
pub(crate) struct Doorstep {
    places: usize,
    waiting: Mutex<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    last: u64,
    /// By the order in which they came.
    places: BTreeMap<u64, CancellationToken>,
}

/// The place of one connection, until it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    doorstep: Arc<Doorstep>,
    number: u64,
    sent_away: CancellationToken,
}

impl Doorstep {
    pub(crate) fn new(places: usize) -> Self {
        Self { places, waiting: Mutex::default() }
    }

    /// A place for a newcomer; where there is none, that of whoever has waited longest.
    pub(crate) fn enter(self: &Arc<Self>) -> Place {
        let mut waiting = self.lock();
        while waiting.places.len() >= self.places.max(1) {
            waiting.send_away();
        }
        waiting.last += 1;
        let (number, sent_away) = (waiting.last, CancellationToken::new());
        waiting.places.insert(number, sent_away.clone());

        Place { doorstep: Arc::clone(self), number, sent_away }
    }

    /// Sends away whoever has waited longest: its socket is needed.
    pub(crate) fn make_room(&self) {
        self.lock().send_away();
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn send_away(&mut self) {
        if let Some((_, longest)) = self.places.pop_first() {
            longest.cancel();
        }
    }
}

impl Place {
    /// Resolves when somebody else needs the place.
    pub(crate) async fn sent_away(&self) {
        self.sent_away.cancelled().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.doorstep.lock().places.remove(&self.number);
    }
}

#[cfg(feature = "fuzzing")]
impl Doorstep {
    /// How many wait.
    pub(crate) fn waiting(&self) -> usize {
        self.lock().places.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_has_waited_longest_goes_first() {
        let doorstep = Arc::new(Doorstep::new(2));
        let is_sent_away = |place: &Place| place.sent_away.is_cancelled();
        let (first, second) = (doorstep.enter(), doorstep.enter());

        let third = doorstep.enter();
        assert!(is_sent_away(&first) && !is_sent_away(&second) && !is_sent_away(&third));
        drop(second);
        let fourth = doorstep.enter();
        assert!(!is_sent_away(&third) && !is_sent_away(&fourth));
        doorstep.make_room();
        assert!(is_sent_away(&third) && !is_sent_away(&fourth));
    }
}
