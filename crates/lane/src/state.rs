//! What a lane does with its boom.

use std::time::Instant;

/// What a lane does, in one word: the first column of the table above.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// Nothing: the boom is down, or it is none of this system's business where it is.
    Idle,
    /// The boom is down and somebody is asked about a card.
    Deciding,
    /// The boom was ordered to open.
    Opening,
    /// The boom is up.
    Open,
    /// The boom is up and a vehicle is under it.
    Passing,
    /// The boom was ordered to close.
    Closing,
    /// The boom was ordered to stand still.
    Stopping,
}

/// The same with what belongs to it. Whether somebody is asked is kept apart: a card may come
/// while the boom is up for another vehicle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Idle,
    Opening { deadline: Instant },
    Open { closing: ClosingTimer },
    Passing { closing: ClosingTimer },
    Closing { deadline: Instant },
    Stopping { deadline: Instant },
}

/// When the boom closes by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ClosingTimer {
    Off,
    Due(Instant),
    /// It was due while a vehicle was, or may have been, under the boom.
    Waiting,
}

/// Who opened the boom: what software did not open, software does not close.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OpenedBy {
    Software,
    Hand,
}

impl Phase {
    /// When a movement has to have come to its end.
    pub(crate) fn deadline(self) -> Option<Instant> {
        match self {
            Self::Opening { deadline }
            | Self::Closing { deadline }
            | Self::Stopping { deadline } => Some(deadline),
            Self::Idle | Self::Open { .. } | Self::Passing { .. } => None,
        }
    }

    /// When the closing timer is due.
    pub(crate) fn closes_at(self) -> Option<Instant> {
        match self {
            Self::Open { closing: ClosingTimer::Due(due) }
            | Self::Passing { closing: ClosingTimer::Due(due) } => Some(due),
            Self::Open { closing: ClosingTimer::Off | ClosingTimer::Waiting }
            | Self::Passing { closing: ClosingTimer::Off | ClosingTimer::Waiting }
            | Self::Idle
            | Self::Opening { .. }
            | Self::Closing { .. }
            | Self::Stopping { .. } => None,
        }
    }

    /// The same phase with another closing timer, where it has one.
    #[must_use]
    pub(crate) fn with_timer(self, closing: ClosingTimer) -> Self {
        match self {
            Self::Open { .. } => Self::Open { closing },
            Self::Passing { .. } => Self::Passing { closing },
            Self::Idle | Self::Opening { .. } | Self::Closing { .. } | Self::Stopping { .. } => {
                self
            }
        }
    }

    /// Whether nothing is under way.
    pub(crate) fn rests(self) -> bool {
        self.deadline().is_none()
    }
}
