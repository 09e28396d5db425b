//! How one lane behaves.

use std::time::Duration;

/// How one lane behaves: times, and how often it may be moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// How long the boom stays fully open where a command does not say.
    pub open_for: Duration,
    /// The longest that a movement may take.
    pub travel: Duration,
    /// A reading of the loop that is older than this is no reading.
    pub stale_after: Duration,
    /// A card that is seen again within this time is still the same card held to the reader.
    pub same_card_within: Duration,
    /// How many movements commands may order in a minute. Stop and emergency are not counted.
    pub moves_per_minute: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            open_for: Duration::from_secs(10),
            travel: Duration::from_secs(10),
            stale_after: Duration::from_secs(3),
            same_card_within: Duration::from_secs(3),
            moves_per_minute: 30,
        }
    }
}
