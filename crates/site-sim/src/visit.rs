//! A vehicle in front of the boom, under it, and behind it.

use std::time::{Duration, Instant};

use barrier_link::{Loop, Position};

/// Whether a vehicle stands under the boom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vehicle {
    /// One does.
    Present,
    /// None does.
    Absent,
}

/// Which loops a gate has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loops {
    /// None.
    None,
    /// The one under the boom.
    Closing,
    /// That one, and the arming loop in front of the boom.
    Both,
}

/// Where a vehicle is on its way through the gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visit {
    /// There is no vehicle.
    None,
    /// It waits for the boom, and backs out at `until`.
    Waiting {
        /// When it came.
        since: Instant,
        /// When it is where it can set off: between reader and loop there is some way to go.
        ready: Instant,
        /// When it loses patience.
        until: Instant,
    },
    /// It drives through under the boom.
    Passing {
        /// When it set off.
        since: Instant,
        /// When it has left the loop.
        until: Instant,
    },
    /// It stands under the boom until somebody takes it away.
    Standing,
    /// It stands in front of the boom until somebody takes it away.
    InFront,
}

impl Visit {
    /// A vehicle comes, that takes `passage` to pass, and waits no longer than `patience`.
    pub(crate) fn arrive(passage: Duration, patience: Duration, now: Instant) -> Self {
        Self::Waiting { since: now, ready: now + passage / 2, until: now + patience }
    }

    /// What the loop under the boom sees of it.
    pub(crate) fn closing_loop(self) -> Loop {
        match self {
            Self::None | Self::Waiting { .. } | Self::InFront => Loop::Clear,
            Self::Passing { .. } | Self::Standing => Loop::Occupied,
        }
    }

    /// What the loop in front of the boom sees of it, which is half a passage away from the other.
    pub(crate) fn arming_loop(self, now: Instant) -> Loop {
        match self {
            Self::None | Self::Standing => Loop::Clear,
            Self::Passing { since, until } if now >= half_way(since, until) => Loop::Clear,
            Self::Passing { .. } | Self::Waiting { .. } | Self::InFront => Loop::Occupied,
        }
    }

    /// What becomes of it with the boom at `position`; passing takes it `passage`.
    pub(crate) fn next(self, position: Position, passage: Duration, now: Instant) -> Self {
        match self {
            Self::Waiting { ready, .. } if position == Position::Open && ready <= now => {
                Self::Passing { since: now, until: now + passage }
            }
            Self::Waiting { until, .. } | Self::Passing { until, .. } if until <= now => Self::None,
            Self::None
            | Self::Waiting { .. }
            | Self::Passing { .. }
            | Self::Standing
            | Self::InFront => self,
        }
    }

    /// When it has to be asked for what comes next.
    pub(crate) fn due(self, now: Instant) -> Option<Instant> {
        match self {
            Self::None | Self::Standing | Self::InFront => None,
            Self::Passing { since, until } if now < half_way(since, until) => {
                Some(half_way(since, until))
            }
            Self::Waiting { ready, .. } if now < ready => Some(ready),
            Self::Waiting { until, .. } | Self::Passing { until, .. } => Some(until),
        }
    }

    /// Where it is in the picture: 0 is the left edge, 1 the right one.
    pub(crate) fn place(self, now: Instant) -> Option<f32> {
        let share = |since: Instant, of: Duration| {
            (now.saturating_duration_since(since).as_secs_f32() / of.as_secs_f32()).min(1.0)
        };

        match self {
            Self::None => None,
            Self::Waiting { since, .. } => Some(0.3 * share(since, DRIVES_UP)),
            Self::Passing { since, until } => Some(0.3 + 0.7 * share(since, until - since)),
            Self::InFront => Some(0.3),
            Self::Standing => Some(0.6),
        }
    }
}

fn half_way(since: Instant, until: Instant) -> Instant {
    since + (until - since) / 2
}

/// How long a vehicle takes from the edge of the picture to the boom.
const DRIVES_UP: Duration = Duration::from_secs(1);
