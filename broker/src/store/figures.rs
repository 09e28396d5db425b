//! What is counted about the store.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// What the store has done and what it has before it, at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct StoreFigures {
    /// Transactions.
    pub(crate) commits: u64,
    /// Changes that were committed, whether they touched the disk or undid each other.
    pub(crate) changes: u64,
    /// Their bytes.
    pub(crate) bytes: u64,
    /// Attempts that failed.
    pub(crate) failures: u64,
    /// Changes that are not committed.
    pub(crate) waiting_changes: u64,
    /// Their bytes.
    pub(crate) waiting_bytes: u64,
    /// Whether the latest attempt succeeded.
    pub(crate) disk: Disk,
}

/// How the disk behaves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Disk {
    #[default]
    Writes,
    Fails,
}

/// The figures as they are kept.
#[derive(Debug, Default)]
pub(super) struct Counters {
    commits: AtomicU64,
    changes: AtomicU64,
    bytes: AtomicU64,
    failures: AtomicU64,
    waiting_changes: AtomicU64,
    waiting_bytes: AtomicU64,
    fails: AtomicBool,
}

impl Counters {
    pub(super) fn submitted(&self, changes: u64, bytes: u64) {
        self.waiting_changes.fetch_add(changes, Ordering::Relaxed);
        self.waiting_bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn committed(&self, changes: u64, bytes: u64) {
        self.commits.fetch_add(1, Ordering::Relaxed);
        self.changes.fetch_add(changes, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.waiting_changes.fetch_sub(changes, Ordering::Relaxed);
        self.waiting_bytes.fetch_sub(bytes, Ordering::Relaxed);
        self.fails.store(false, Ordering::Relaxed);
    }

    pub(super) fn failed(&self) {
        self.failures.fetch_add(1, Ordering::Relaxed);
        self.fails.store(true, Ordering::Relaxed);
    }

    /// Changes and bytes.
    pub(super) fn waiting(&self) -> (u64, u64) {
        (self.waiting_changes.load(Ordering::Relaxed), self.waiting_bytes.load(Ordering::Relaxed))
    }

    pub(super) fn read(&self) -> StoreFigures {
        let (waiting_changes, waiting_bytes) = self.waiting();

        StoreFigures {
            commits: self.commits.load(Ordering::Relaxed),
            changes: self.changes.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
            failures: self.failures.load(Ordering::Relaxed),
            waiting_changes,
            waiting_bytes,
            disk: if self.fails.load(Ordering::Relaxed) { Disk::Fails } else { Disk::Writes },
        }
    }
}
