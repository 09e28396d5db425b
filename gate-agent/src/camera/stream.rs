//! A running stream: how often a frame of it is due, and until when.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};
use tracing::info;

use super::Shot;

/// Frames a second where a command does not say.
const FRAME_RATE: u32 = 5;
const FASTEST: u32 = 15;
/// How long a stream runs that nobody renews.
const LENGTH: Duration = Duration::from_secs(60);
const LONGEST: Duration = Duration::from_secs(3600);

#[derive(Debug)]
pub(super) struct Stream {
    next: Instant,
    every: Duration,
    until: Instant,
    /// When the last frame of it was taken.
    shown: Option<Instant>,
}

impl Stream {
    pub(super) fn start(frames_per_second: Option<u32>, max_seconds: Option<u32>) -> Self {
        let frames = frames_per_second.unwrap_or(FRAME_RATE).clamp(1, FASTEST);
        let length = max_seconds.map_or(LENGTH, |seconds| Duration::from_secs(seconds.into()));
        let length = length.min(LONGEST);
        let now = Instant::now();
        info!(frames, ?length, "Stream");

        Self { next: now, every: Duration::from_secs(1) / frames, until: now + length, shown: None }
    }

    /// Whether a frame is wanted, now that one was due.
    pub(super) fn goes_on(&mut self) -> bool {
        let now = Instant::now();
        // A slow camera skips frames instead of falling behind.
        self.next = (self.next + self.every).max(now);

        now < self.until
    }

    /// Whether it is not the frame that was shown last.
    pub(super) fn is_news(&mut self, shot: &Shot) -> bool {
        self.shown.replace(shot.moment.at) != Some(shot.moment.at)
    }
}

/// Resolves when a frame is due.
pub(super) async fn due(stream: Option<&Stream>) {
    match stream {
        Some(stream) => sleep_until(stream.next.min(stream.until)).await,
        None => std::future::pending().await,
    }
}
