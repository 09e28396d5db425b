//! What has happened at a gate so far, for whoever holds its agent to it.

use std::time::Duration;

/// Counts since the gate was started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Vehicles that were under the boom, which was not closed, and left.
    pub passed: u64,
    /// Vehicles that came, and left without having been under the boom.
    pub backed_out: u64,
    /// How often an order opened a boom that was closed.
    pub opened: u64,
    /// How often the boom came down while a vehicle was under it.
    pub struck: u64,
    /// The longest that a vehicle had been under the boom when an order to close it came. Moments
    /// are nobody's fault: an order and a vehicle may meet on the way.
    pub pressed: Duration,
}
