//! A pseudo-terminal whose other end is opened by a path that stays the same.
//!
//! The path is a symbolic link to `/dev/pts/N`. A pseudo-terminal that nobody has open hangs
//! up without end, and tells nobody when that changes: it is not to be polled then, but to
//! be asked now and then ([`Pty::probe`]).

use std::{
    ffi::OsStr,
    fs, io,
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::{ffi::OsStrExt, fs::symlink},
    },
    path::{Path, PathBuf},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fs::{Mode, OFlags, open},
    io::{Errno, FdFlags, fcntl_setfd, ioctl_fionbio, read, write},
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{OptionalActions, QueueSelector, tcflush, tcgetattr, tcsetattr},
};

use crate::Cable;

#[derive(Debug)]
pub(crate) struct Pty {
    link: PathBuf,
    line: Option<Line>,
}

#[derive(Debug)]
struct Line {
    master: OwnedFd,
    device: PathBuf,
    peer: Peer,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Peer {
    Away,
    Here,
}

/// What a device is told by the other end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    /// It was opened.
    Opened,
    /// So many bytes were read.
    Bytes(usize),
    /// There is nothing.
    Nothing,
}

impl Pty {
    /// A plugged one at `link`, which is replaced if a dead process left it.
    pub(crate) fn open(link: PathBuf) -> io::Result<Self> {
        let mut pty = Self { link, line: None };
        pty.plug()?;

        Ok(pty)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.link
    }

    pub(crate) fn cable(&self) -> Cable {
        match &self.line {
            None => Cable::Unplugged,
            Some(Line { peer: Peer::Away, .. }) => Cable::Idle,
            Some(Line { peer: Peer::Here, .. }) => Cable::InUse,
        }
    }

    /// Makes a new pseudo-terminal at the old path, if there is none.
    pub(crate) fn plug(&mut self) -> io::Result<()> {
        if self.line.is_none() {
            let line = Line::new()?;
            point(&self.link, &line.device)?;
            self.line = Some(line);
        }

        Ok(())
    }

    /// Takes it away: whoever has it open is hung up on.
    pub(crate) fn unplug(&mut self) {
        if self.line.is_some() {
            // First, for its name is free for others as soon as it is closed. The link may be gone
            // with its directory.
            let _ = fs::remove_file(&self.link);
            self.line = None;
        }
    }

    /// What to poll for input; `None` while nobody has it open.
    pub(crate) fn polled(&self) -> Option<BorrowedFd<'_>> {
        self.in_use().map(|line| line.master.as_fd())
    }

    /// Looks whether somebody has opened it.
    pub(crate) fn probe(&mut self) -> Event {
        match &mut self.line {
            Some(line) if line.peer == Peer::Away && !line.is_hung_up() => {
                line.peer = Peer::Here;
                Event::Opened
            }
            Some(_) | None => Event::Nothing,
        }
    }

    /// Reads what has arrived, without waiting.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> io::Result<Event> {
        let Some(line) = self.in_use() else { return Ok(Event::Nothing) };

        match read(&line.master, buffer) {
            Ok(count) if count > 0 => Ok(Event::Bytes(count)),
            Err(Errno::AGAIN | Errno::INTR) => Ok(Event::Nothing),
            // EIO: the other end was closed.
            Ok(_) | Err(_) => self.recycle().map(|()| Event::Nothing),
        }
    }

    /// Writes without waiting. What does not fit is lost, as on any serial line without
    /// handshake; so is what is written while nobody has it open.
    pub(crate) fn write(&self, bytes: &[u8]) {
        if let Some(line) = self.in_use() {
            let _ = write(&line.master, bytes);
        }
    }

    /// Makes it ready for whoever opens it next: without what the last one left unread.
    ///
    /// A process that was killed may have left it locked for others (`TIOCEXCL`); there is
    /// no way to undo that from here but a new one.
    fn recycle(&mut self) -> io::Result<()> {
        let Some(line) = &mut self.line else { return Ok(()) };
        line.peer = Peer::Away;

        if line.flush().is_err() {
            self.line = None;
            self.plug()?;
        }

        Ok(())
    }

    fn in_use(&self) -> Option<&Line> {
        self.line.as_ref().filter(|line| line.peer == Peer::Here)
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        self.unplug();
    }
}

impl Line {
    /// Raw, and hung up until somebody opens it.
    fn new() -> io::Result<Self> {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY)?;
        fcntl_setfd(&master, FdFlags::CLOEXEC)?;
        ioctl_fionbio(&master, true)?;
        grantpt(&master)?;
        unlockpt(&master)?;
        let device = PathBuf::from(OsStr::from_bytes(ptsname(&master, Vec::new())?.as_bytes()));

        let far = open_device(&device)?;
        let mut settings = tcgetattr(&far)?;
        settings.make_raw();
        tcsetattr(&far, OptionalActions::Now, &settings)?;

        Ok(Self { master, device, peer: Peer::Away })
    }

    /// Discards what was written and not read.
    fn flush(&self) -> io::Result<()> {
        let far = open_device(&self.device)?;

        Ok(tcflush(far, QueueSelector::IFlush)?)
    }

    fn is_hung_up(&self) -> bool {
        let mut fds = [PollFd::new(&self.master, PollFlags::IN)];
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };

        // Not knowing is not being open.
        poll(&mut fds, Some(&now)).is_err() || fds[0].revents().contains(PollFlags::HUP)
    }
}

fn open_device(device: &Path) -> rustix::io::Result<OwnedFd> {
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;

    open(device, flags, Mode::empty())
}

/// Points `link` at `device`, in one step.
fn point(link: &Path, device: &Path) -> io::Result<()> {
    let mut fresh = link.as_os_str().to_owned();
    fresh.push(".new");

    match fs::remove_file(&fresh) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    symlink(device, &fresh)?;

    fs::rename(&fresh, link)
}
