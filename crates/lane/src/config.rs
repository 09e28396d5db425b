//! How one lane behaves.

use std::time::Duration;

/// How one lane behaves: times, and how often it may be moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// How long the boom stays fully open where a command does not say.
    pub open_for: Duration,
    /// The longest that a movement may take.
    pub travel: Duration,
    /// A reading of the loops that is older than this is no reading.
    pub stale_after: Duration,
    /// A loop that is occupied for longer than this is taken to be stuck.
    pub loop_stuck_after: Duration,
    /// A card that is seen again within this time is still the same card held to the reader.
    pub same_card_within: Duration,
    /// How many movements commands may order in a minute. Stop and emergency are not counted.
    pub moves_per_minute: usize,
    /// Whether cards need a vehicle on the arming loop.
    pub arming: Arming,
    /// How soon a card may pass again. `None`: at once.
    pub anti_passback: Option<AntiPassback>,
}

/// Whether a card counts only while a vehicle stands on the arming loop, where one is fitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arming {
    /// A card without a vehicle is denied.
    Required,
    /// Whoever has a card may open.
    Ignored,
}

/// A card that has passed does not pass again soon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AntiPassback {
    /// How long after its passage.
    pub within: Duration,
    /// What becomes of one that comes sooner.
    pub rule: PassbackRule,
}

/// What becomes of a card that comes back too soon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PassbackRule {
    /// It is denied.
    Hard,
    /// It is granted, and the record says so.
    Soft,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            open_for: Duration::from_secs(10),
            travel: Duration::from_secs(10),
            stale_after: Duration::from_secs(3),
            loop_stuck_after: Duration::from_secs(600),
            same_card_within: Duration::from_secs(3),
            moves_per_minute: 30,
            arming: Arming::Required,
            anti_passback: None,
        }
    }
}
