//! Wakes a thread that waits for file descriptors.

use std::{
    io::{self, Read, Write},
    os::{
        fd::{AsFd, BorrowedFd},
        unix::net::UnixStream,
    },
    time::Duration,
};

use rustix::event::{PollFd, Timespec, poll};

/// The end that wakes. Dropping it wakes as well.
#[derive(Debug)]
pub(crate) struct Waker(UnixStream);

/// The end to wait on.
#[derive(Debug)]
pub(crate) struct Wakeups(UnixStream);

pub(crate) fn waker() -> io::Result<(Waker, Wakeups)> {
    let (near, far) = UnixStream::pair()?;
    near.set_nonblocking(true)?;
    far.set_nonblocking(true)?;

    Ok((Waker(near), Wakeups(far)))
}

impl Waker {
    pub(crate) fn wake(&self) {
        // Full is awake enough; gone is beyond waking.
        let _ = (&self.0).write(&[0]);
    }
}

impl Wakeups {
    /// Forgets the wake-ups so far.
    pub(crate) fn clear(&self) {
        let mut sink = [0; 64];

        while matches!((&self.0).read(&mut sink), Ok(64)) {}
    }
}

impl AsFd for Wakeups {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Waits until one of `fds` has something, or for `time`. Early is fine.
pub(crate) fn wait(fds: &mut [PollFd<'_>], time: Option<Duration>) {
    // Rounded up to milliseconds, as `poll` counts: a fraction of one would be a busy loop.
    let time = time.map(|time| time.saturating_add(Duration::from_micros(999)));
    let time = time.and_then(|time| Timespec::try_from(time).ok());

    if let Err(error) = poll(fds, time.as_ref()) {
        tracing::trace!(%error, "Interrupted");
    }
}
