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

/// Where a vehicle is on its way through the gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visit {
    /// There is no vehicle.
    None,
    /// It waits for the boom, and backs out at `until`.
    Waiting {
        /// When it came.
        since: Instant,
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
}

impl Visit {
    /// A vehicle comes, and waits no longer than `patience`.
    pub(crate) fn arrive(patience: Duration, now: Instant) -> Self {
        Self::Waiting { since: now, until: now + patience }
    }

    /// What the loop under the boom sees of it.
    pub(crate) fn closing_loop(self) -> Loop {
        match self {
            Self::None | Self::Waiting { .. } => Loop::Clear,
            Self::Passing { .. } | Self::Standing => Loop::Occupied,
        }
    }

    /// What becomes of it with the boom at `position`; passing takes it `passage`.
    pub(crate) fn next(self, position: Position, passage: Duration, now: Instant) -> Self {
        match self {
            Self::Waiting { .. } if position == Position::Open => {
                Self::Passing { since: now, until: now + passage }
            }
            Self::Waiting { until, .. } | Self::Passing { until, .. } if until <= now => Self::None,
            Self::None | Self::Waiting { .. } | Self::Passing { .. } | Self::Standing => self,
        }
    }

    /// When it has to be asked for what comes next.
    pub(crate) fn due(self) -> Option<Instant> {
        match self {
            Self::None | Self::Standing => None,
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
            Self::Standing => Some(0.6),
        }
    }
}

/// How long a vehicle takes from the edge of the picture to the boom.
const DRIVES_UP: Duration = Duration::from_secs(1);
