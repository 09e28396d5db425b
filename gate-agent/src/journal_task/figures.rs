//! How far the journal has got, and what is wrong with it, for the rest of the agent.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::{Notify, watch};

/// How far the journal and the broker have got.
#[derive(Debug)]
pub(crate) struct Figures {
    last_seq: AtomicU64,
    unsent: AtomicU64,
    /// Events that are in no journal: there was no room for them.
    lost: AtomicU64,
    appended: Notify,
    trouble: watch::Sender<Option<String>>,
}

impl Default for Figures {
    fn default() -> Self {
        Self {
            last_seq: AtomicU64::new(0),
            unsent: AtomicU64::new(0),
            lost: AtomicU64::new(0),
            appended: Notify::new(),
            trouble: watch::Sender::new(None),
        }
    }
}

impl Figures {
    pub(crate) fn last_seq(&self) -> u64 {
        self.last_seq.load(Ordering::Acquire)
    }

    /// How many events no broker has, those that wait for the disk included.
    pub(crate) fn unsent(&self) -> u64 {
        self.unsent.load(Ordering::Acquire)
    }

    /// Resolves when events were written. Cancel-safe.
    pub(crate) async fn appended(&self) {
        self.appended.notified().await;
    }

    /// What is wrong with the journal, for a person, as it changes.
    pub(crate) fn trouble(&self) -> watch::Receiver<Option<String>> {
        self.trouble.subscribe()
    }

    pub(super) fn set(&self, last_seq: u64, unsent: u64) {
        self.last_seq.store(last_seq, Ordering::Release);
        self.unsent.store(unsent, Ordering::Release);
    }

    pub(super) fn tell_appended(&self) {
        self.appended.notify_one();
    }

    pub(super) fn tell_trouble(&self, trouble: Option<String>) {
        self.trouble.send_if_modified(|told| {
            let changed = *told != trouble;
            *told = trouble;
            changed
        });
    }

    pub(super) fn lose(&self, events: usize) {
        self.lost.fetch_add(events as u64, Ordering::AcqRel);
    }

    /// How many were lost since the last call.
    pub(super) fn take_lost(&self) -> u64 {
        self.lost.swap(0, Ordering::AcqRel)
    }
}
