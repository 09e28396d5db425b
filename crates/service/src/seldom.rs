//! Log lines that anybody can cause as often as they like: the first is said at once, what follows is
//! counted until the next is due.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// When something may be said again.
#[derive(Debug)]
pub struct Seldom {
    every: Duration,
    due: Duration,
    unsaid: u64,
}

/// The same for many who may cause it.
#[derive(Debug)]
pub struct Shared(Mutex<Seldom>);

impl Seldom {
    /// What is said at once, and then every so often.
    pub const fn new(every: Duration) -> Self {
        Self { every, due: Duration::ZERO, unsaid: 0 }
    }

    /// It has happened. Where it is to be said: how often since it was last said.
    pub fn happened(&mut self, now: Duration) -> Option<u64> {
        self.unsaid += 1;
        if now < self.due {
            return None;
        }

        self.due = now + self.every;
        Some(self.take_unsaid())
    }

    /// How often it has happened without being said.
    pub fn take_unsaid(&mut self) -> u64 {
        std::mem::take(&mut self.unsaid)
    }
}

impl Shared {
    /// What is said at once, and then every so often.
    pub const fn new(every: Duration) -> Self {
        Self(Mutex::new(Seldom::new(every)))
    }

    /// It has happened. Where it is to be said: how often since it was last said.
    pub fn happened(&self, now: Duration) -> Option<u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).happened(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_said_at_once_and_those_that_follow_are_counted() {
        let mut seldom = Seldom::new(Duration::from_secs(10));
        let mut at = |seconds| seldom.happened(Duration::from_secs(seconds));

        assert_eq!([100, 100, 105, 109].map(&mut at), [Some(1), None, None, None]);
        assert_eq!([110, 119, 130, 131].map(&mut at), [Some(4), None, Some(2), None]);
        assert_eq!((seldom.take_unsaid(), seldom.take_unsaid()), (1, 0));
    }
}
