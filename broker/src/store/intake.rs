//! Where changes wait for the thread that writes them, and callers for the thread to have done so.

use std::{
    mem,
    sync::{
        Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::sync::watch;

use super::{
    StoreError, Ticket,
    change::{Change, Urgency},
    figures::Counters,
};

/// Capacity that is kept from one batch to the next.
const SPARE: usize = 4096;

/// What callers and the thread share.
#[derive(Debug)]
pub(super) struct Intake {
    open: Mutex<Collected>,
    changed: Condvar,
    /// As `progress`, for a look that costs nothing.
    committed: AtomicU64,
    progress: watch::Sender<u64>,
    end: watch::Sender<Option<Result<(), StoreError>>>,
    pub(super) counters: Counters,
}

/// The batch that is being collected.
#[derive(Debug)]
struct Collected {
    ticket: u64,
    changes: Vec<Change>,
    bytes: u64,
    due: Due,
    stage: Stage,
}

/// When the batch is to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Due {
    Never,
    /// Some time after this.
    Patiently(Instant),
    Now,
}

/// Whether there are more batches to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Running,
    Closing,
}

/// A batch that the thread has taken.
#[derive(Debug, Clone, Copy)]
pub(super) struct Taken {
    pub(super) ticket: u64,
    pub(super) changes: u64,
    pub(super) bytes: u64,
    pub(super) stage: Stage,
}

impl Intake {
    pub(super) fn new() -> Self {
        let collected = Collected {
            ticket: 1,
            changes: Vec::new(),
            bytes: 0,
            due: Due::Never,
            stage: Stage::Running,
        };

        Self {
            open: Mutex::new(collected),
            changed: Condvar::new(),
            committed: AtomicU64::new(0),
            progress: watch::Sender::new(0),
            end: watch::Sender::new(None),
            counters: Counters::default(),
        }
    }

    pub(super) fn submit(&self, changes: impl IntoIterator<Item = Change>) -> Ticket {
        let mut open = self.lock();
        let (count, bytes, due) = (open.changes.len(), open.bytes, open.due);

        for change in changes {
            open.bytes += change.size() as u64;
            match change.urgency() {
                Urgency::Urgent => open.due = Due::Now,
                Urgency::Patient if open.due == Due::Never => {
                    open.due = Due::Patiently(Instant::now());
                }
                Urgency::Patient => {}
            }
            open.changes.push(change);
        }

        let submitted = open.changes.len() - count;
        if submitted == 0 {
            return Ticket::NOTHING;
        }
        self.counters.submitted(submitted as u64, open.bytes - bytes);
        if open.due != due {
            self.changed.notify_one();
        }

        Ticket(open.ticket)
    }

    pub(super) fn is_committed(&self, ticket: Ticket) -> bool {
        self.committed.load(Ordering::Acquire) >= ticket.0
    }

    pub(super) async fn committed(&self, ticket: Ticket) {
        if self.is_committed(ticket) {
            return;
        }
        self.hurry(ticket);

        let mut progress = self.progress.subscribe();
        progress.wait_for(|committed| *committed >= ticket.0).await.expect("the sender is `self`");
    }

    /// Has a batch written now that somebody waits for it.
    fn hurry(&self, ticket: Ticket) {
        let mut open = self.lock();
        if open.ticket == ticket.0 && open.due != Due::Now {
            open.due = Due::Now;
            self.changed.notify_one();
        }
    }

    /// Resolves when the thread has ended, one way or the other.
    pub(super) async fn ended(&self) -> Result<(), StoreError> {
        let mut end = self.end.subscribe();
        let end = end.wait_for(Option::is_some).await.expect("the sender is `self`");

        end.clone().expect("waited for")
    }

    /// Tells the thread to write what there is, and to end.
    pub(super) fn close(&self) {
        self.lock().stage = Stage::Closing;
        self.changed.notify_one();
    }

    /// For the thread: waits until there is a batch to be written.
    pub(super) fn wait(&self, patience: Duration) {
        let mut open = self.lock();

        while open.stage == Stage::Running {
            open = match open.due {
                Due::Now => return,
                Due::Never => self.changed.wait(open).unwrap_or_else(PoisonError::into_inner),
                Due::Patiently(since) => {
                    let left = patience.saturating_sub(since.elapsed());
                    if left.is_zero() {
                        return;
                    }
                    let woken = self.changed.wait_timeout(open, left);
                    woken.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }

    /// For the thread: waits until the disk is worth another attempt, or the store is closed.
    pub(super) fn pause(&self, pause: Duration) {
        let is_running = |open: &mut Collected| open.stage == Stage::Running;
        drop(self.changed.wait_timeout_while(self.lock(), pause, is_running));
    }

    /// For the thread: takes what was collected and opens the next batch.
    pub(super) fn take(&self, changes: &mut Vec<Change>) -> Taken {
        changes.clear();
        changes.shrink_to(SPARE);

        let mut open = self.lock();
        mem::swap(&mut open.changes, changes);
        let taken = Taken {
            ticket: open.ticket,
            changes: changes.len() as u64,
            bytes: mem::take(&mut open.bytes),
            stage: open.stage,
        };
        open.ticket += 1;
        open.due = Due::Never;

        taken
    }

    /// For the thread: everything up to this batch is on the disk.
    pub(super) fn advance(&self, ticket: u64) {
        self.committed.store(ticket, Ordering::Release);
        self.progress.send_replace(ticket);
    }

    /// For the thread: the database is closed.
    pub(super) fn end(&self, end: Result<(), StoreError>) {
        self.end.send_replace(Some(end));
    }

    fn lock(&self) -> MutexGuard<'_, Collected> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
