//! The thread of the store: everything that waits for the disk waits here.

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    sync::Arc,
    thread,
    time::Duration,
};

use rusqlite::ErrorCode;
use tracing::{error, info};

use super::{
    StoreError,
    batch::Batch,
    change::Change,
    database::Database,
    figures::Disk,
    intake::{Intake, Stage},
};

/// How long the thread waits for what.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// How long changes may wait that nobody waits for.
    pub(super) patience: Duration,
    /// Between two attempts on a disk that fails.
    pub(super) pause: Duration,
}

/// Owns the database and what is to be written to it.
#[derive(Debug)]
pub(super) struct Writer {
    pub(super) path: PathBuf,
    pub(super) intake: Arc<Intake>,
    pub(super) database: Database,
    pub(super) batch: Batch,
    pub(super) pace: Pace,
    pub(super) disk: Disk,
    pub(super) unwritten: Unwritten,
}

/// What was taken and is not committed.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Unwritten {
    ticket: u64,
    changes: u64,
    bytes: u64,
}

impl Default for Pace {
    fn default() -> Self {
        Self { patience: Duration::from_secs(1), pause: Duration::from_secs(1) }
    }
}

impl Writer {
    /// Starts the thread. It ends when the store is closed, or cannot go on.
    pub(super) fn start(self) -> io::Result<()> {
        let intake = Arc::clone(&self.intake);
        let work = move || {
            // The database is closed before anybody hears of it.
            let end = catch_unwind(AssertUnwindSafe(|| self.work()));
            intake.end(end.unwrap_or(Err(StoreError::Died)));
        };

        thread::Builder::new().name("store".to_owned()).spawn(work).map(drop)
    }

    fn work(mut self) -> Result<(), StoreError> {
        let mut taken = Vec::new();

        loop {
            match self.disk {
                Disk::Writes => self.intake.wait(self.pace.patience),
                Disk::Fails => self.intake.pause(self.pace.pause),
            }
            let stage = self.take(&mut taken);

            match self.write() {
                Ok(()) => self.written(),
                Err(source) if is_lasting(&source) => return Err(self.explain(source)),
                Err(source) if stage == Stage::Closing => {
                    return Err(StoreError::Unwritten {
                        path: self.path.clone(),
                        changes: self.unwritten.changes,
                        source: Arc::new(source),
                    });
                }
                Err(source) => self.failed(&source),
            }
            if stage == Stage::Closing {
                return Ok(());
            }
        }
    }

    fn take(&mut self, changes: &mut Vec<Change>) -> Stage {
        let taken = self.intake.take(changes);
        for change in changes.drain(..) {
            self.batch.add(change);
        }
        self.unwritten = Unwritten {
            ticket: taken.ticket,
            changes: self.unwritten.changes + taken.changes,
            bytes: self.unwritten.bytes + taken.bytes,
        };

        taken.stage
    }

    fn write(&mut self) -> rusqlite::Result<()> {
        if self.batch.is_empty() { Ok(()) } else { self.database.write(&self.batch) }
    }

    fn written(&mut self) {
        let Unwritten { ticket, changes, bytes } = self.unwritten;
        self.batch.clear();
        self.unwritten = Unwritten::default();
        self.intake.counters.committed(changes, bytes);
        self.intake.advance(ticket);

        if self.disk == Disk::Fails {
            self.disk = Disk::Writes;
            info!(store = %self.path.display(), "The store can be written again");
        }
    }

    fn failed(&mut self, reason: &rusqlite::Error) {
        self.intake.counters.failed();

        if self.disk == Disk::Writes {
            self.disk = Disk::Fails;
            error!(
                store = %self.path.display(),
                %reason,
                "The store cannot be written: publishers get no acknowledgement until it can. \
                 Make room on the disk, or see what is wrong with it"
            );
        }
    }

    fn explain(&self, source: rusqlite::Error) -> StoreError {
        let (path, source) = (self.path.clone(), Arc::new(source));

        match source.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                StoreError::Damaged { path, source }
            }
            _ => StoreError::Refused { path, source },
        }
    }
}

/// Whether the same batch would fail for ever.
fn is_lasting(error: &rusqlite::Error) -> bool {
    !matches!(
        error.sqlite_error_code(),
        Some(
            ErrorCode::DiskFull
                | ErrorCode::SystemIoFailure
                | ErrorCode::CannotOpen
                | ErrorCode::ReadOnly
                | ErrorCode::PermissionDenied
                | ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::OutOfMemory
                | ErrorCode::NoLargeFileSupport
        )
    )
}
