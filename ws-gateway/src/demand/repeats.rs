//! Messages that come once for each of two filters, while the gateway goes over from some to others.

use std::{
    collections::{HashSet, hash_map::RandomState},
    hash::BuildHasher,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

/// How many messages are told apart. That many come within the two round trips of a change only
/// where the broker is out of breath.
const MOST: usize = 100_000;

/// What came during a change.
#[derive(Debug, Default)]
pub(crate) struct Repeats {
    /// Almost never: then it costs a look at this.
    is_watching: AtomicBool,
    came: Mutex<HashSet<u64>>,
    hasher: RandomState,
}

impl Repeats {
    /// From here on, what comes twice counts once.
    pub(super) fn watch(&self) {
        self.is_watching.store(true, Ordering::Relaxed);
    }

    /// No two filters match the same message any more.
    pub(super) fn ignore(&self) {
        self.is_watching.store(false, Ordering::Relaxed);
        *self.came() = HashSet::new();
    }

    /// Whether a live message has come before, byte for byte. With its id and its time, it is not
    /// another one that looks alike.
    pub(crate) fn has_come(&self, topic: &str, bytes: &[u8]) -> bool {
        if !self.is_watching.load(Ordering::Relaxed) {
            return false;
        }
        let mut came = self.came();
        let is_new = came.len() >= MOST || came.insert(self.hasher.hash_one((topic, bytes)));

        !is_new
    }

    fn came(&self) -> MutexGuard<'_, HashSet<u64>> {
        self.came.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_counts_once_during_a_change_and_each_time_otherwise() {
        let repeats = Repeats::default();
        let twice = || [repeats.has_come("t", b"1"), repeats.has_come("t", b"1")];
        assert_eq!(twice(), [false, false]);

        repeats.watch();
        assert_eq!(twice(), [false, true]);
        assert!(!repeats.has_come("u", b"1") && !repeats.has_come("t", b"2"));
        repeats.ignore();

        assert_eq!(twice(), [false, false]);
    }
}
