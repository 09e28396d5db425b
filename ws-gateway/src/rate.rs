//! How often something may be done: a bucket of tokens that fills up with time.

use serde::Deserialize;
use tokio::time::Instant;

/// So many a second in the long run, and so many at once.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// In the long run.
    pub per_second: f64,
    /// At once, after a rest.
    pub burst: u32,
}

/// What is left of a rate.
#[derive(Debug)]
pub(crate) struct Bucket {
    rate: Rate,
    tokens: f64,
    at: Instant,
}

impl Rate {
    /// Whether anything at all may be done.
    pub(crate) fn is_possible(self) -> bool {
        self.per_second.is_finite() && self.per_second > 0.0 && self.burst > 0
    }
}

impl Bucket {
    pub(crate) fn new(rate: Rate, now: Instant) -> Self {
        Self { rate, tokens: rate.burst.into(), at: now }
    }

    /// Takes one out, if there is one.
    pub(crate) fn take(&mut self, now: Instant) -> bool {
        self.fill(now);
        let has_one = self.tokens >= 1.0;
        if has_one {
            self.tokens -= 1.0;
        }

        has_one
    }

    /// Nothing was taken out for so long that it is as good as new.
    pub(crate) fn is_full(&mut self, now: Instant) -> bool {
        self.fill(now);

        self.tokens >= self.rate.burst.into()
    }

    fn fill(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();

        self.at = self.at.max(now);
        self.tokens = (self.tokens + passed * self.rate.per_second).min(self.rate.burst.into());
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const RATE: Rate = Rate { per_second: 2.0, burst: 3 };

    #[test]
    fn after_a_burst_the_rate_is_the_configured_one() {
        let now = Instant::now();
        let mut bucket = Bucket::new(RATE, now);

        assert_eq!((0..10).filter(|_| bucket.take(now)).count(), 3);
        assert!(!bucket.take(now + Duration::from_millis(499)));
        assert!(bucket.take(now + Duration::from_millis(500)));
        let taken = (0..1_000).filter(|n| bucket.take(now + Duration::from_millis(500 + 10 * n)));
        assert_eq!(taken.count(), 19);
    }

    #[test]
    fn rest_fills_it_up_and_no_further() {
        let now = Instant::now();
        let later = now + Duration::from_secs(3_600);
        let mut bucket = Bucket::new(RATE, now);
        assert!(bucket.is_full(now) && bucket.take(now) && !bucket.is_full(now));

        assert!(bucket.is_full(later));
        assert_eq!((0..10).filter(|_| bucket.take(later)).count(), 3);
        assert!(!bucket.take(now), "a clock that goes backwards gives nothing");
    }

    #[test]
    fn a_rate_at_which_nothing_happens_is_none() {
        assert!(RATE.is_possible());
        for (per_second, burst) in
            [(0.0, 1), (-1.0, 1), (f64::NAN, 1), (f64::INFINITY, 1), (1.0, 0)]
        {
            assert!(!Rate { per_second, burst }.is_possible());
        }
    }
}
