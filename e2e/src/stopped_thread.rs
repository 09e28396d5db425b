//! One thread of a program that is made to hang: the others do not notice until they wait for it.

use std::fs;

use nix::{
    errno::Errno,
    sys::{
        ptrace,
        wait::{WaitPidFlag, waitpid},
    },
    unistd::Pid,
};

use crate::{Program, eventually};

/// A thread that does nothing any more.
///
/// It is this thread's to wait for: the program has not ended until [`StoppedThread::ended`] has
/// been called.
#[derive(Debug)]
pub struct StoppedThread(Pid);

impl StoppedThread {
    /// Stops the thread of that name for good; `None` where the system lets nobody do that, as in
    /// some containers.
    #[track_caller]
    pub fn of(program: &Program, name: &str) -> Option<Self> {
        let thread = eventually("a thread of that name", || find(program, name));
        match ptrace::seize(thread, ptrace::Options::empty()) {
            Err(Errno::EPERM | Errno::ENOSYS) => return None,
            seized => seized.expect("a thread of a child"),
        }
        ptrace::interrupt(thread).expect("it is traced");
        waitpid(thread, Some(WaitPidFlag::__WALL)).expect("it is traced");

        Some(Self(thread))
    }

    /// Waits until it has ended, with its program.
    pub fn ended(self) {
        while waitpid(self.0, Some(WaitPidFlag::__WALL)).is_ok() {}
    }
}

fn find(program: &Program, name: &str) -> Option<Pid> {
    let threads = fs::read_dir(format!("/proc/{}/task", program.id().as_raw_nonzero())).ok()?;

    threads.flatten().find_map(|thread| {
        let called = fs::read_to_string(thread.path().join("comm")).ok()?;
        let id = thread.file_name().to_str()?.parse().ok()?;
        (called.trim_end() == name).then(|| Pid::from_raw(id))
    })
}
