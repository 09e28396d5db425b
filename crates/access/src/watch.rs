//! Notices that the file of users has changed.

use std::{
    convert::Infallible,
    fs,
    path::Path,
    time::{Duration, SystemTime},
};

use tokio::{
    task,
    time::{self, MissedTickBehavior},
};
use tokio_util::sync::CancellationToken;
use tracing::error;

use crate::access::Access;

/// How often the file is looked at. Asking for its metadata takes a microsecond, and works where
/// notifications do not: on network drives, and through the mounts of containers.
const EVERY: Duration = Duration::from_millis(500);

/// What tells one state of a file from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Mark {
    modified: Option<SystemTime>,
    length: u64,
    inode: u64,
}

impl Access {
    /// Reads the file of users again whenever it changes, until `cancel` fires.
    ///
    /// A file that is not valid is logged, and the users stay as they were.
    pub async fn watch_file(self, cancel: CancellationToken) -> Result<(), Infallible> {
        let mut ticks = time::interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // What has changed since the start is noticed as well: nothing has been seen so far.
        let mut seen = None;

        while cancel.run_until_cancelled(ticks.tick()).await.is_some() {
            let (access, before) = (self.clone(), seen);
            let look = task::spawn_blocking(move || access.look(before));
            if let Some(Ok(now)) = cancel.run_until_cancelled(look).await {
                seen = Some(now);
            }
        }
        Ok(())
    }

    /// Reads the file of users again at once: somebody has asked for it.
    pub async fn reread(&self) {
        let access = self.clone();

        // It is only ever not done where the process ends.
        let _ = task::spawn_blocking(move || access.look(None)).await;
    }

    fn look(&self, seen: Option<Option<Mark>>) -> Option<Mark> {
        // Taken before the file is read: what is written meanwhile is read the next time.
        let now = Mark::of(self.file());
        let is_news = seen != Some(now);
        let was_ever_there = self.has_logins() || now.is_some();

        if is_news
            && was_ever_there
            && let Err(error) = self.reload()
        {
            let reason = match std::error::Error::source(&error) {
                Some(source) => format!("{error}: {source}"),
                None => error.to_string(),
            };
            error!(reason, "The users stay as they were");
        }
        now
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
