//! How long something may take, on two clocks.

use std::{
    thread,
    time::{Duration, Instant},
};

use tokio::time;

/// In the world: router, store and passwords have threads of their own.
const LONGEST: Duration = Duration::from_secs(60);
/// So many turns are taken before anybody waits.
const BRISK: u32 = 12;
const PAUSE: Duration = Duration::from_micros(20);

pub(super) struct Patience<'a> {
    what: &'a str,
    since: Option<Instant>,
    turns: u32,
    clock: Clock,
}

/// What becomes of the clock of the broker meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Clock {
    Goes,
    Stands,
}

impl<'a> Patience<'a> {
    pub(super) fn new(what: &'a str) -> Self {
        Self { what, since: None, turns: 0, clock: Clock::Goes }
    }

    /// For what only threads have to do: however busy the machine is, no time may pass for it.
    pub(super) fn without_time(what: &'a str) -> Self {
        Self { clock: Clock::Stands, ..Self::new(what) }
    }

    /// One turn was not enough: lets some time pass, both here and in the world.
    pub(super) async fn lose(&mut self) {
        self.turns += 1;
        if self.turns <= BRISK {
            return;
        }
        let since = self.since.get_or_insert_with(Instant::now);
        assert!(since.elapsed() < LONGEST, "hangs: {} takes too long", self.what);

        thread::park_timeout(PAUSE);
        if self.clock == Clock::Goes && self.turns.is_multiple_of(4) {
            time::advance(self.step()).await;
        }
    }

    /// What waits for the clock waits for long.
    fn step(&self) -> Duration {
        Duration::from_millis(match self.turns {
            0..200 => 1,
            200..600 => 3,
            _ => 10,
        })
    }
}
