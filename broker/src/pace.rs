//! How fast one client may publish: what is faster is read later, and the client's own sending slows
//! down with it. Nothing is lost.

use std::{future, time::Duration};

use tokio::time::{self, Instant};

/// A bucket that holds the messages of one second.
#[derive(Debug)]
pub(crate) struct Pace {
    /// What one message costs; `None` where there is no limit.
    interval: Option<Duration>,
    /// When the bucket would be empty of all that has been taken out of it.
    paid_until: Instant,
}

const BURST: Duration = Duration::from_secs(1);

impl Pace {
    /// 0 is no limit.
    pub(crate) fn new(per_second: u32) -> Self {
        let interval = (per_second > 0).then(|| BURST / per_second);

        Self { interval, paid_until: Instant::now() }
    }

    /// Counts a message; says whether the client has to wait before the next.
    pub(crate) fn take(&mut self) -> bool {
        if let Some(interval) = self.interval {
            self.paid_until = self.paid_until.max(Instant::now()) + interval;
        }
        self.is_open()
    }

    /// Whether the client may publish.
    pub(crate) fn is_open(&self) -> bool {
        self.interval.is_none() || self.paid_until <= Instant::now() + BURST
    }

    /// Returns when a client that had to wait may go on; never, where it does not have to.
    pub(crate) async fn opens(&self) {
        match self.is_open() {
            true => future::pending().await,
            false => time::sleep_until(self.paid_until - BURST).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn after_a_burst_the_pace_is_the_configured_one() {
        let mut pace = Pace::new(100);
        let start = Instant::now();
        let mut published = 0;
        while published < 400 {
            match pace.is_open() {
                true => {
                    pace.take();
                    published += 1;
                }
                false => pace.opens().await,
            }
        }

        let needed = start.elapsed();
        assert!(needed > Duration::from_millis(2_950) && needed < Duration::from_millis(3_050));
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_limit_nobody_waits() {
        let mut pace = Pace::new(0);

        assert!((0..1_000_000).all(|_| pace.take()));
    }
}
