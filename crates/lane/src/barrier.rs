//! What is known of the boom and its loop, and how fresh that is.

use std::time::{Duration, Instant};

use schemas::BarrierStatus;

use crate::{Presence, Reading};

/// What is known of the boom. After the controller is lost, nothing is.
#[derive(Debug, Default)]
pub(crate) struct Barrier {
    latest: Option<(Reading, Instant)>,
}

impl Barrier {
    /// Takes a reading; returns the one before, if the controller was there.
    pub(crate) fn update(&mut self, reading: Reading, now: Instant) -> Option<Reading> {
        self.latest.replace((reading, now)).map(|(before, _)| before)
    }

    pub(crate) fn lose(&mut self) {
        self.latest = None;
    }

    pub(crate) fn is_there(&self) -> bool {
        self.latest.is_some()
    }

    pub(crate) fn position(&self) -> BarrierStatus {
        self.latest.map_or(BarrierStatus::Unknown, |(reading, _)| reading.position)
    }

    /// For a person: whether a vehicle is there, where anything can tell.
    pub(crate) fn vehicle_present(&self) -> Option<bool> {
        match self.latest?.0.presence {
            Presence::NotFitted => None,
            Presence::Clear => Some(false),
            Presence::Occupied => Some(true),
        }
    }

    /// For a decision: a reading that is missing or stale might hide a vehicle.
    pub(crate) fn may_hide_a_vehicle(&self, now: Instant, stale_after: Duration) -> bool {
        match self.latest {
            None => true,
            Some((reading, _)) if reading.presence == Presence::NotFitted => false,
            Some((reading, _)) => {
                reading.presence == Presence::Occupied || !self.is_fresh(now, stale_after)
            }
        }
    }

    pub(crate) fn is_fresh(&self, now: Instant, stale_after: Duration) -> bool {
        self.latest.is_some_and(|(_, at)| now.saturating_duration_since(at) <= stale_after)
    }
}
