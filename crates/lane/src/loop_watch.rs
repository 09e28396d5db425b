//! Loops that do not clear: a vehicle leaves sooner or later, a broken detector does not.

use std::time::{Duration, Instant};

use crate::{Action, Alarm, Lane, Presence, Reading, WhichLoop};

/// How long a loop has been occupied.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum LoopWatch {
    #[default]
    Clear,
    Occupied {
        since: Instant,
    },
    Stuck,
}

impl LoopWatch {
    fn follow(&mut self, presence: Presence, now: Instant) {
        *self = match (*self, presence) {
            (_, Presence::Clear | Presence::NotFitted) => Self::Clear,
            (Self::Clear, Presence::Occupied) => Self::Occupied { since: now },
            (occupied, Presence::Occupied) => occupied,
        };
    }

    fn due(self, stuck_after: Duration) -> Option<Instant> {
        match self {
            Self::Occupied { since } => Some(since + stuck_after),
            Self::Clear | Self::Stuck => None,
        }
    }
}

impl Lane {
    pub(crate) fn watch_loops(&mut self, reading: Reading, now: Instant) {
        self.closing_watch.follow(reading.presence, now);
        self.arming_watch.follow(reading.arming, now);
    }

    /// Nothing is known of the loops.
    pub(crate) fn forget_loops(&mut self) {
        self.closing_watch = LoopWatch::Clear;
        self.arming_watch = LoopWatch::Clear;
    }

    pub(crate) fn a_loop_is_stuck(&self) -> bool {
        [self.closing_watch, self.arming_watch].contains(&LoopWatch::Stuck)
    }

    /// When the next loop has been occupied for too long.
    pub(crate) fn loop_stuck_at(&self) -> Option<Instant> {
        let stuck_after = self.config.loop_stuck_after;

        [self.closing_watch, self.arming_watch]
            .into_iter()
            .filter_map(|watch| watch.due(stuck_after))
            .min()
    }

    pub(crate) fn report_stuck_loops(&mut self, now: Instant) {
        let stuck_after = self.config.loop_stuck_after;

        for (watch, which) in [
            (&mut self.closing_watch, WhichLoop::Closing),
            (&mut self.arming_watch, WhichLoop::Arming),
        ] {
            if watch.due(stuck_after).is_some_and(|due| due <= now) {
                *watch = LoopWatch::Stuck;
                self.actions.push_back(Action::Alarm(Alarm::LoopStuck(which)));
            }
        }
    }
}
