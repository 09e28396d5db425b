//! How fast a simulated gate is.

use std::time::Duration;

/// How long things take at a simulated gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SimConfig {
    /// From closed to open.
    pub travel: Duration,
    /// A vehicle's way over the loop under the boom.
    pub passage: Duration,
    /// How long a vehicle waits for the boom before it backs out.
    pub patience: Duration,
}

impl SimConfig {
    /// As at a real gate.
    pub const REAL: Self = Self {
        travel: Duration::from_secs(2),
        passage: Duration::from_secs(2),
        patience: Duration::from_secs(30),
    };

    /// Boom and vehicles `factor` times as fast as real ones; patience stays.
    #[must_use]
    pub fn at_speed(factor: u32) -> Self {
        let factor = factor.max(1);

        Self {
            travel: Self::REAL.travel / factor,
            passage: Self::REAL.passage / factor,
            ..Self::REAL
        }
    }
}

impl Default for SimConfig {
    fn default() -> Self {
        Self::REAL
    }
}
