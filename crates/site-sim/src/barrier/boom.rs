//! The boom and its drive: where it is, and when it will be at its end.

use std::time::{Duration, Instant};

/// Whether the drive moves the boom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drive {
    /// It does.
    Runs,
    /// Something is in its way, or broken.
    Jammed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    Up,
    Down,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Down,
    Between,
    Up,
}

#[derive(Debug)]
pub(crate) struct Boom {
    travel: Duration,
    drive: Drive,
    motion: Motion,
}

/// Where the boom is, as the time that it takes to open so far.
#[derive(Debug, Clone, Copy)]
enum Motion {
    Resting { raised: Duration },
    Moving { direction: Direction, from: Duration, since: Instant },
}

impl Boom {
    /// A boom that is down.
    pub(crate) fn new(travel: Duration) -> Self {
        Self {
            // With none at all, closed and open would be one place.
            travel: travel.max(Duration::from_millis(1)),
            drive: Drive::Runs,
            motion: Motion::Resting { raised: Duration::ZERO },
        }
    }

    pub(crate) fn drive(&self) -> Drive {
        self.drive
    }

    /// Jams the drive where it is, or frees it.
    pub(crate) fn set_drive(&mut self, drive: Drive, now: Instant) {
        let raised = self.raised(now);

        if let Motion::Moving { from, since, .. } = &mut self.motion {
            (*from, *since) = (raised, now);
        }
        self.drive = drive;
    }

    pub(crate) fn go(&mut self, direction: Direction, now: Instant) {
        self.motion = Motion::Moving { direction, from: self.raised(now), since: now };
    }

    pub(crate) fn rest(&mut self, now: Instant) {
        self.motion = Motion::Resting { raised: self.raised(now) };
    }

    /// Where it is going, if it is.
    pub(crate) fn direction(&self) -> Option<Direction> {
        match self.motion {
            Motion::Resting { .. } => None,
            Motion::Moving { direction, .. } => Some(direction),
        }
    }

    /// Where a boom that rests does so.
    pub(crate) fn place(&self) -> Place {
        match self.motion {
            Motion::Resting { raised } if raised.is_zero() => Place::Down,
            Motion::Resting { raised } if raised == self.travel => Place::Up,
            Motion::Resting { .. } | Motion::Moving { .. } => Place::Between,
        }
    }

    /// How far the boom is up: 0 is closed, 1 is open.
    pub(crate) fn opening(&self, now: Instant) -> f32 {
        self.raised(now).as_secs_f32() / self.travel.as_secs_f32()
    }

    /// When it is at its end.
    pub(crate) fn ends_at(&self) -> Option<Instant> {
        match (self.motion, self.drive) {
            (Motion::Resting { .. }, _) | (Motion::Moving { .. }, Drive::Jammed) => None,
            (Motion::Moving { direction: Direction::Up, from, since }, Drive::Runs) => {
                Some(since + (self.travel - from))
            }
            (Motion::Moving { direction: Direction::Down, from, since }, Drive::Runs) => {
                Some(since + from)
            }
        }
    }

    fn raised(&self, now: Instant) -> Duration {
        match (self.motion, self.drive) {
            (Motion::Resting { raised }, _) => raised,
            (Motion::Moving { from, .. }, Drive::Jammed) => from,
            (Motion::Moving { direction: Direction::Up, from, since }, Drive::Runs) => {
                (from + now.saturating_duration_since(since)).min(self.travel)
            }
            (Motion::Moving { direction: Direction::Down, from, since }, Drive::Runs) => {
                from.saturating_sub(now.saturating_duration_since(since))
            }
        }
    }
}
