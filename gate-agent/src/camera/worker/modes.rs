//! Which of the modes of a camera is taken, and how many of its frames.

use std::{
    fmt,
    time::{Duration, Instant},
};

use super::pixels::Layout;
use crate::config::Wanted;

/// A mode of a camera.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mode {
    pub(super) format: PixelFormat,
    pub(super) width: u32,
    pub(super) height: u32,
    /// Frames a second. `None`: the camera does not say.
    pub(super) fps: Option<u32>,
}

/// The formats that can be used, the best one first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum PixelFormat {
    /// Pictures as they are wanted: nothing is left to do.
    Mjpeg,
    Yuyv,
    Nv12,
}

impl PixelFormat {
    /// `None`: it is compressed.
    pub(super) fn layout(self) -> Option<Layout> {
        match self {
            Self::Mjpeg => None,
            Self::Yuyv => Some(Layout::Yuyv),
            Self::Nv12 => Some(Layout::Nv12),
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { format, width, height, fps } = self;

        write!(f, "{format:?} {width}x{height}")?;
        fps.map_or(Ok(()), |fps| write!(f, " at {fps} frames a second"))
    }
}

/// The mode that comes nearest to what is wanted: by its format, then its size, then its rate.
pub(super) fn choose(modes: impl IntoIterator<Item = Mode>, wanted: Wanted) -> Option<Mode> {
    modes.into_iter().min_by_key(|mode| {
        let size = mode.width.abs_diff(wanted.width) + mode.height.abs_diff(wanted.height);
        let fps = mode.fps.unwrap_or(wanted.fps);
        // Frames that are too many are thrown away; those that are too few cannot be had.
        let rate = (fps < wanted.fps, fps.abs_diff(wanted.fps));

        (mode.format, size, rate)
    })
}

/// Lets no more frames through than are wanted.
#[derive(Debug)]
pub(super) struct Pace {
    every: Duration,
    due: Option<Instant>,
}

impl Pace {
    pub(super) fn new(fps: u32) -> Self {
        Self { every: Duration::from_secs(1) / fps.max(1), due: None }
    }

    pub(super) fn is_due(&mut self) -> bool {
        self.is_due_at(Instant::now())
    }

    fn is_due_at(&mut self, now: Instant) -> bool {
        // A frame of a camera that keeps the pace may come a little early.
        let early = self.every / 4;
        if self.due.is_some_and(|due| now + early < due) {
            return false;
        }
        self.due = Some(self.due.map_or(now, |due| due.max(now - early)) + self.every);

        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WANTED: Wanted = Wanted { width: 1280, height: 720, fps: 10 };

    #[test]
    fn mjpeg_comes_before_size_and_size_before_rate() {
        use PixelFormat::{Mjpeg, Nv12, Yuyv};

        for (modes, expected) in [
            (
                vec![mode(Nv12, 1280, 10), mode(Yuyv, 640, 10), mode(Mjpeg, 320, 5)],
                mode(Mjpeg, 320, 5),
            ),
            (
                vec![mode(Mjpeg, 1920, 30), mode(Mjpeg, 1280, 30), mode(Mjpeg, 640, 10)],
                mode(Mjpeg, 1280, 30),
            ),
            (
                vec![mode(Yuyv, 640, 30), mode(Yuyv, 640, 15), mode(Yuyv, 640, 5)],
                mode(Yuyv, 640, 15),
            ),
            (vec![mode(Nv12, 640, 10), mode(Yuyv, 320, 10)], mode(Yuyv, 320, 10)),
        ] {
            assert_eq!(choose(modes, WANTED), Some(expected));
        }
        assert_eq!(choose([], WANTED), None);
    }

    #[test]
    fn no_more_frames_are_let_through_than_are_wanted() {
        for (fps, expected) in [(30, 10), (15, 10), (10, 10), (5, 5)] {
            let mut pace = Pace::new(10);
            let start = Instant::now();
            let passed = (0..fps * 10)
                .filter(|n| pace.is_due_at(start + Duration::from_secs(1) * *n / fps))
                .count();
            assert!(passed.abs_diff(expected * 10) <= 2, "{passed} of {fps} a second");
        }
    }

    fn mode(format: PixelFormat, width: u32, fps: u32) -> Mode {
        Mode { format, width, height: width * 9 / 16, fps: Some(fps) }
    }
}
