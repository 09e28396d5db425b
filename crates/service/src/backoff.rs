//! How long to wait before trying again.

use std::time::Duration;

/// Waits that double from one try to the next, with jitter, up to a longest one.
///
/// Jitter keeps many gates from coming back to a restarted broker in the same instant.
#[derive(Debug, Clone)]
pub struct Backoff {
    shortest: Duration,
    longest: Duration,
    next: Duration,
}

impl Backoff {
    /// Waits from about `shortest` to `longest`.
    pub fn new(shortest: Duration, longest: Duration) -> Self {
        Self { shortest, longest, next: shortest }
    }

    /// How long to wait now: between half and all of the current step.
    pub fn delay(&mut self) -> Duration {
        let step = self.next;
        self.next = (step * 2).min(self.longest);

        step.mul_f64(0.5 + fastrand::f64() / 2.0)
    }

    /// It worked: the next wait is a short one again.
    pub fn reset(&mut self) {
        self.next = self.shortest;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORTEST: Duration = Duration::from_millis(100);
    const LONGEST: Duration = Duration::from_secs(5);

    #[test]
    fn waits_grow_to_the_longest_and_start_over() {
        let mut backoff = Backoff::new(SHORTEST, LONGEST);

        for step in [100, 200, 400, 800, 1600, 3200, 5000, 5000] {
            let step = Duration::from_millis(step);
            let delay = backoff.delay();
            assert!(delay >= step / 2 && delay <= step, "{delay:?} of {step:?}");
        }
        backoff.reset();
        assert!(backoff.delay() <= SHORTEST);
    }
}
