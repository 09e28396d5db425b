//! How many bad frames a client may send.

use std::{collections::VecDeque, time::Duration};

use tokio::time::Instant;

const FRAMES: usize = 20;
const WITHIN: Duration = Duration::from_secs(10);

/// When the last bad frames came.
#[derive(Debug, Default)]
pub(super) struct Patience {
    frames: VecDeque<Instant>,
}

impl Patience {
    /// A bad frame came: whether it was one too many.
    pub(super) fn is_lost(&mut self, now: Instant) -> bool {
        self.frames.push_back(now);
        while self.frames.front().is_some_and(|first| now >= *first + WITHIN) {
            self.frames.pop_front();
        }

        self.frames.len() > FRAMES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twenty_bad_frames_in_ten_seconds_are_borne_and_one_more_is_not() {
        let mut patience = Patience::default();
        let start = Instant::now();

        for n in 0..20 {
            assert!(!patience.is_lost(start + Duration::from_millis(n)));
        }
        assert!(patience.is_lost(start + Duration::from_secs(9)));
    }

    #[test]
    fn a_bad_frame_now_and_then_is_borne_for_ever() {
        let mut patience = Patience::default();
        let start = Instant::now();

        assert!(!(0..1_000).any(|n| patience.is_lost(start + Duration::from_millis(500 * n))));
    }
}
