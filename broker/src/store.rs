//! What outlives the process: retained messages, and sessions with all that waits for them.
//!
//! ```text
//! submit ──▶ intake ──▶ batch ──▶ database        one thread, one transaction for all that waits
//!   ticket      ▲                    │
//! committed ◀───┴──── advance ◀──────┘
//! ```
//!
//! Callers submit changes and never wait for the disk to do so. A thread writes all that was
//! submitted in one transaction, and while that takes its time the next batch grows: the more there
//! is to do, the more shares the price of one commit. A ticket tells when a change is safe, and
//! changes become safe in the order in which they were submitted.
//!
//! | table          | one row per                                                             |
//! |----------------|-------------------------------------------------------------------------|
//! | `retained`     | retained message: `topic`, `envelope`                                   |
//! | `session`      | persistent session: whose, for how long, since when its client is away  |
//! | `subscription` | subscription of a session                                               |
//! | `body`         | message that waits for anybody: `sequence`, `topic`, `envelope`         |
//! | `delivery`     | message that waits for one session, by `session`, `sequence` and `key`  |
//! | `incoming`     | packet identifier of a QoS 2 message that a client has not released     |
//! | `will`         | will of a client that is connected, or whose will is delayed             |
//!
//! A disk that is full or fails stops nobody but those who wait for a ticket: the batch is tried
//! again every second. A store that turns out to be damaged is set aside when the broker starts,
//! and ends the process when that happens while it runs ([`Store::failed`]).

mod batch;
mod change;
mod contents;
mod database;
mod figures;
mod intake;
mod open;
mod schema;
#[cfg(test)]
mod tests;
mod writer;

use std::{future, path::PathBuf, sync::Arc, time::Duration};

use serde::Deserialize;
use tokio::time;

use self::{
    batch::Batch,
    intake::Intake,
    writer::{Pace, Unwritten, Writer},
};
pub(crate) use self::{
    change::Change,
    contents::{Contents, StoredDelivery, StoredSession, StoredSubscription, StoredWill},
    figures::{Disk, StoreFigures},
    open::OpenError,
};

/// How much may wait for the disk before publishers have to.
const ROOM_BYTES: u64 = 32 << 20;
const ROOM_CHANGES: u64 = 100_000;
const CLOSE_WITHIN: Duration = Duration::from_secs(5);

/// Where the store is, and what it promises.
#[derive(Debug, Clone)]
pub(crate) struct Location {
    /// The file; `None` keeps nothing.
    pub(crate) path: Option<PathBuf>,
    pub(crate) durability: Durability,
}

/// What an acknowledged message survives.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Durability {
    /// A power cut: it is on the disk before it is acknowledged.
    #[default]
    PowerLoss,
    /// The death of the process: the operating system has it. A power cut may take the last seconds,
    /// and leaves the rest sound. For disks that are slow to sync, or wear.
    Crash,
}

/// The handle of the store; clones share one. The store is closed with the last of them.
#[derive(Debug, Clone)]
pub(crate) struct Store(Option<Arc<Closing>>);

/// Closes the store at the end of its life.
#[derive(Debug)]
struct Closing(Arc<Intake>);

/// Tells when changes are committed. A later one never is before an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ticket(u64);

/// The store has ended, and what was submitted last is not committed.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum StoreError {
    #[error(
        "the store {path} is damaged: start again, which sets it aside",
        path = path.display()
    )]
    Damaged { path: PathBuf, source: Arc<rusqlite::Error> },
    #[error("the store {path} refuses a change", path = path.display())]
    Refused { path: PathBuf, source: Arc<rusqlite::Error> },
    #[error("the thread of the store has died")]
    Died,
    #[error("the last {changes} changes could not be written to {path}", path = path.display())]
    Unwritten { path: PathBuf, changes: u64, source: Arc<rusqlite::Error> },
    #[error("the store did not close within {CLOSE_WITHIN:?}")]
    Slow,
}

impl Ticket {
    /// Of what needs no disk.
    pub(crate) const NOTHING: Self = Self(0);
}

impl Store {
    /// Opens the store, and reads all of it. Blocks while it does.
    pub(crate) fn open(location: &Location) -> Result<(Self, Contents), OpenError> {
        let Some(path) = &location.path else { return Ok((Self(None), Contents::default())) };

        let (store, writer, contents) = Self::prepare(path.clone(), location.durability)?;
        writer.start().map_err(OpenError::Thread)?;

        Ok((store, contents))
    }

    fn prepare(
        path: PathBuf,
        durability: Durability,
    ) -> Result<(Self, Writer, Contents), OpenError> {
        let (database, contents) = open::open(&path, durability)?;
        let intake = Arc::new(Intake::new());
        let writer = Writer {
            path,
            intake: Arc::clone(&intake),
            database,
            batch: Batch::new(contents.sessions.iter().map(|session| session.id)),
            pace: Pace::default(),
            disk: Disk::default(),
            unwritten: Unwritten::default(),
        };

        Ok((Self(Some(Arc::new(Closing(intake)))), writer, contents))
    }

    /// Adds changes to the batch that is being collected. They are committed together.
    ///
    /// Never waits for the disk.
    pub(crate) fn submit(&self, changes: impl IntoIterator<Item = Change>) -> Ticket {
        self.intake().map_or(Ticket::NOTHING, |intake| intake.submit(changes))
    }

    /// Whether more messages may be taken from clients: not while too many wait for the disk.
    pub(crate) fn has_room(&self) -> bool {
        self.intake().is_none_or(|intake| {
            let (changes, bytes) = intake.counters.waiting();
            changes < ROOM_CHANGES && bytes < ROOM_BYTES
        })
    }

    /// Costs next to nothing.
    pub(crate) fn is_committed(&self, ticket: Ticket) -> bool {
        self.intake().is_none_or(|intake| intake.is_committed(ticket))
    }

    /// Resolves when a change is safe; never, once the store has ended. Cancel-safe.
    ///
    /// What somebody waits for is urgent, whatever it is.
    pub(crate) async fn committed(&self, ticket: Ticket) {
        if let Some(intake) = self.intake() {
            intake.committed(ticket).await;
        }
    }

    /// Resolves when the store cannot go on, and the process has to end. Cancel-safe.
    pub(crate) async fn failed(&self) -> StoreError {
        match self.intake() {
            Some(intake) => match intake.ended().await {
                Ok(()) => future::pending().await,
                Err(error) => error,
            },
            None => future::pending().await,
        }
    }

    /// Has everything written that was submitted, and closes the file.
    pub(crate) async fn close(self) -> Result<(), StoreError> {
        let Some(intake) = self.intake() else { return Ok(()) };
        intake.close();

        time::timeout(CLOSE_WITHIN, intake.ended()).await.unwrap_or(Err(StoreError::Slow))
    }

    pub(crate) fn figures(&self) -> StoreFigures {
        self.intake().map(|intake| intake.counters.read()).unwrap_or_default()
    }

    fn intake(&self) -> Option<&Intake> {
        self.0.as_deref().map(|closing| &*closing.0)
    }
}

impl Drop for Closing {
    fn drop(&mut self) {
        self.0.close();
    }
}
