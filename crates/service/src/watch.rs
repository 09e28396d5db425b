//! Notices that a file has changed.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use tokio::{
    task,
    time::{self, MissedTickBehavior},
};
use tokio_util::sync::CancellationToken;

/// How often the file is looked at. Asking for its metadata takes a microsecond, and works where
/// notifications do not: on network drives, and through the mounts of containers.
const EVERY: Duration = Duration::from_millis(500);

/// Whether there is a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileIs {
    /// There is one.
    There,
    /// There is none, or nobody may look at it.
    Absent,
}

/// What tells one state of a file from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Mark {
    modified: Option<SystemTime>,
    length: u64,
    inode: u64,
}

/// Calls `read` at the start and whenever the file at `path` has changed, until `cancel` fires.
///
/// `read` may wait for the disk.
pub async fn file(
    path: PathBuf,
    read: impl Fn(FileIs) + Send + Sync + 'static,
    cancel: CancellationToken,
) {
    let (path, read) = (Arc::new(path), Arc::new(read));
    let mut ticks = time::interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // What has changed since the start is noticed as well: nothing has been seen so far.
    let mut seen = None;

    while cancel.run_until_cancelled(ticks.tick()).await.is_some() {
        let (path, read, before) = (Arc::clone(&path), Arc::clone(&read), seen);
        let look = task::spawn_blocking(move || {
            // Taken before the file is read: what is written meanwhile is read the next time.
            let now = Mark::of(&path);
            if before != Some(now) {
                read(now.map_or(FileIs::Absent, |_| FileIs::There));
            }
            now
        });
        if let Some(Ok(now)) = cancel.run_until_cancelled(look).await {
            seen = Some(now);
        }
    }
}

impl FileIs {
    /// Whether there is a file at `path`.
    pub fn at(path: &Path) -> Self {
        Mark::of(path).map_or(Self::Absent, |_| Self::There)
    }
}

impl Mark {
    fn of(file: &Path) -> Option<Self> {
        let metadata = fs::metadata(file).ok()?;

        Some(Self {
            modified: metadata.modified().ok(),
            length: metadata.len(),
            inode: inode(&metadata),
        })
    }
}

#[cfg(unix)]
fn inode(metadata: &fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(metadata)
}

#[cfg(not(unix))]
fn inode(_: &fs::Metadata) -> u64 {
    0
}
