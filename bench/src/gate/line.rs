//! One end of a serial line: a pseudo-terminal, whose other end has a path.

use std::{
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    path::{Path, PathBuf},
};

use anyhow::Context;
use rustix::{
    fs::{Mode, OFlags, open},
    io::{Errno, ioctl_fionbio, read, write},
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{OptionalActions, tcgetattr, tcsetattr},
};

#[derive(Debug)]
pub(super) struct Line {
    end: OwnedFd,
    path: PathBuf,
}

impl Line {
    /// A new line: this end of it.
    pub(super) fn open() -> anyhow::Result<Self> {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let end = openpt(flags).context("cannot open a pseudo-terminal")?;
        grantpt(&end).context("cannot have a pseudo-terminal")?;
        unlockpt(&end).context("cannot have a pseudo-terminal")?;
        let name = ptsname(&end, Vec::new()).context("a pseudo-terminal has no name")?;
        let path = PathBuf::from(name.into_string().context("its name is no text")?);
        // A line that nobody reads takes no more at some time, and nobody is to wait for it.
        ioctl_fionbio(&end, true).context("cannot set up a pseudo-terminal")?;

        Ok(Self { end, path })
    }

    /// The far end of the line at `path`, that passes every byte on as it is.
    pub(super) fn far(path: &Path) -> anyhow::Result<Self> {
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let end = open(path, flags, Mode::empty()).context("cannot open a line")?;
        let mut settings = tcgetattr(&end).context("a line has no settings")?;
        settings.make_raw();
        tcsetattr(&end, OptionalActions::Now, &settings).context("cannot set up a line")?;

        Ok(Self { end, path: path.to_owned() })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The bytes that are there; at the far end, those that come next.
    pub(super) fn read(&self, buffer: &mut [u8]) -> anyhow::Result<usize> {
        match read(&self.end, buffer) {
            Ok(count) => Ok(count),
            // Nobody has the far end open, or nothing has come.
            Err(Errno::IO | Errno::INTR | Errno::AGAIN) => Ok(0),
            Err(error) => Err(error).context("cannot read a line"),
        }
    }

    pub(super) fn write(&self, bytes: &[u8]) -> anyhow::Result<()> {
        let written = write(&self.end, bytes).context("cannot write to a line")?;
        anyhow::ensure!(written == bytes.len(), "a line does not take {} bytes", bytes.len());

        Ok(())
    }
}

impl AsFd for Line {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.end.as_fd()
    }
}
