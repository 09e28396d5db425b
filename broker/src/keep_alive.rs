//! When a client has been silent for too long (3.1.2.10).

use std::{future, pin::Pin, time::Duration};

use tokio::time::{self, Instant, Sleep};

/// Watches for a silence of one and a half times the keep-alive interval.
///
/// The timer is set anew only when it fires, not with every packet.
#[derive(Debug)]
pub(crate) struct KeepAlive {
    watch: Option<Watch>,
}

#[derive(Debug)]
struct Watch {
    allowed: Duration,
    heard: Instant,
    timer: Pin<Box<Sleep>>,
}

impl KeepAlive {
    /// `seconds` as in CONNECT: 0 turns the mechanism off.
    pub(crate) fn new(seconds: u16) -> Self {
        let allowed = Duration::from_millis(u64::from(seconds) * 1_500);
        let watch =
            || Watch { allowed, heard: Instant::now(), timer: Box::pin(time::sleep(allowed)) };

        Self { watch: (seconds > 0).then(watch) }
    }

    /// A packet has come.
    pub(crate) fn heard(&mut self) {
        if let Some(watch) = &mut self.watch {
            watch.heard = Instant::now();
        }
    }

    /// Returns when the client has been silent for too long. May be dropped at any time.
    pub(crate) async fn expired(&mut self) {
        let Some(Watch { allowed, heard, timer }) = &mut self.watch else {
            return future::pending().await;
        };
        let deadline = *heard + *allowed;

        timer.as_mut().await;
        if timer.deadline() < deadline {
            timer.as_mut().reset(deadline);
            timer.as_mut().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_client_may_be_silent_for_one_and_a_half_intervals() {
        let mut keep_alive = KeepAlive::new(10);
        let start = Instant::now();
        time::advance(Duration::from_secs(9)).await;
        keep_alive.heard();
        time::timeout(Duration::from_secs(10), keep_alive.expired()).await.unwrap_err();
        keep_alive.expired().await;

        let silent = start.elapsed() - Duration::from_secs(9);
        assert!(silent >= Duration::from_secs(15) && silent < Duration::from_millis(15_010));
    }

    #[tokio::test(start_paused = true)]
    async fn no_interval_is_no_limit() {
        let mut keep_alive = KeepAlive::new(0);
        let expired = keep_alive.expired();

        time::timeout(Duration::from_secs(1_000_000), expired).await.unwrap_err();
    }
}
