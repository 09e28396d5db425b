//! The thread that writes the audit log, and how it is doing.

use std::{
    error::Error,
    io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use audit::{Limits, Log, OpenError, Opened, Record};
use service::config::ConfigError;
use tokio::sync::mpsc;
use tracing::{error, info, warn};

use crate::{config::Config, relay::reason};

/// Records that are written with one wait for the disk.
const BATCH: usize = 256;

/// Why nothing was written.
type Failure = Box<dyn Error + Send + Sync>;

/// How the file is doing.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    written: AtomicU64,
    lost: AtomicU64,
    fails: AtomicBool,
}

/// Writes what it is handed, until nobody hands it anything any more.
#[derive(Debug)]
pub(crate) struct Writer {
    path: PathBuf,
    limits: Limits,
    records: mpsc::Receiver<Record>,
    tally: Arc<Tally>,
    log: Option<Log>,
    /// What was found at the start, until it is recorded.
    found: Found,
    /// Records that were lost since the last one that was written.
    missing: u64,
}

/// What was found in the file when it was opened.
#[derive(Debug, Default)]
struct Found {
    torn: Option<String>,
    damaged: Option<PathBuf>,
}

impl Tally {
    /// How many records are on the disk.
    pub(crate) fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    /// How many are not, and never will be.
    pub(crate) fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// Whether the last attempt to write failed.
    pub(crate) fn fails(&self) -> bool {
        self.fails.load(Ordering::Relaxed)
    }

    pub(super) fn lose(&self, records: u64) {
        self.lost.fetch_add(records, Ordering::Relaxed);
    }
}

impl Writer {
    /// Opens the file. A disk that is full or fails keeps nobody from opening a gate: it is tried
    /// again. A file that can never be written is a mistake, and better known now.
    pub(super) fn open(
        path: &Path,
        config: &Config,
        records: mpsc::Receiver<Record>,
        tally: Arc<Tally>,
    ) -> Result<Self, ConfigError> {
        let limits = config.audit_limits();
        let (log, found) = match open(path, limits) {
            Ok((log, found)) => (Some(log), found),
            Err(OpenError::Io { source, .. }) if !is_mistake(&source) => (None, Found::default()),
            Err(error) => return Err(refused(&error)),
        };

        Ok(Self { path: path.to_owned(), limits, records, tally, log, found, missing: 0 })
    }

    /// Writes until the end, on a thread that may wait for the disk.
    pub(crate) fn run(mut self) {
        let mut batch = Vec::new();

        while self.records.blocking_recv_many(&mut batch, BATCH) > 0 {
            self.write(&mut batch);
            batch.clear();
        }
        if let Some(log) = &self.log {
            info!(target: "audit", n = log.tail().n, hash = log.tail().hash, "End of the audit log");
        }
    }

    fn write(&mut self, batch: &mut [Record]) {
        let lost = self.tally.lost();
        let written = self.try_write(batch, lost);
        let was_failing = self.tally.fails.swap(written.is_err(), Ordering::Relaxed);

        match written {
            Ok(()) => {
                self.missing = lost;
                self.tally.written.fetch_add(batch.len() as u64, Ordering::Relaxed);
                if was_failing {
                    warn!(path = %self.path.display(), lost, "The audit log is written again");
                }
            }
            Err(error) => {
                self.tally.lose(batch.len() as u64);
                if !was_failing {
                    let reason = reason(&*error);
                    error!(
                        path = %self.path.display(),
                        reason,
                        "The audit log cannot be written: commands go on without"
                    );
                }
            }
        }
    }

    fn try_write(&mut self, batch: &mut [Record], lost: u64) -> Result<(), Failure> {
        let Some(first) = batch.first_mut() else { return Ok(()) };
        let missing = lost - self.missing;
        first.lost = (missing > 0).then_some(missing);

        if self.log.is_none() {
            let (log, found) = open(&self.path, self.limits)?;
            (self.log, self.found) = (Some(log), found);
        }
        self.found.tell(first);

        let Some(log) = &mut self.log else { return Ok(()) };
        log.append(batch)?;
        self.found = Found::default();
        Ok(())
    }
}

impl Found {
    fn tell(&self, record: &mut Record) {
        record.torn.clone_from(&self.torn);
        if let Some(kept) = &self.damaged {
            let message = format!("the log before it is damaged, and kept as {}", kept.display());
            record.reason = Some(message);
        }
    }
}

fn open(path: &Path, limits: Limits) -> Result<(Log, Found), OpenError> {
    let Opened { log, torn, damaged } = Log::open(path, limits)?;
    let (n, hash) = (log.tail().n, &log.tail().hash);
    info!(target: "audit", path = %path.display(), n, hash, "Audit log");
    if let Some(kept) = &damaged {
        warn!(path = %path.display(), kept = %kept.display(), "The audit log was damaged");
    }

    Ok((log, Found { torn, damaged }))
}

fn refused(error: &OpenError) -> ConfigError {
    ConfigError::Refused {
        key: "gateway.audit_file".to_owned(),
        reason: format!(
            "{}: give each gateway a file of its own, in a directory that it may write, or say \
             \"none\"",
            reason(error)
        ),
    }
}

fn is_mistake(error: &io::Error) -> bool {
    use io::ErrorKind;

    [
        ErrorKind::NotFound,
        ErrorKind::PermissionDenied,
        ErrorKind::NotADirectory,
        ErrorKind::IsADirectory,
        ErrorKind::AlreadyExists,
    ]
    .contains(&error.kind())
}
