//! What is known of the boom and its loops, and how fresh that is.

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

    /// What the loop under the boom says, where anything is known of it.
    pub(crate) fn closing_loop(&self) -> Option<Presence> {
        self.latest.map(|(reading, _)| reading.presence)
    }

    /// What the loop in front of the boom says, where anything is known of it.
    pub(crate) fn arming_loop(&self) -> Option<Presence> {
        self.latest.map(|(reading, _)| reading.arming)
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
