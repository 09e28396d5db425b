//! Notices that the file of users has changed.

use std::convert::Infallible;

use service::watch::{self, FileIs};
use tokio::task;
use tokio_util::sync::CancellationToken;
use tracing::error;

use crate::access::Access;

impl Access {
    /// Reads the file of users again whenever it changes, until `cancel` fires.
    ///
    /// A file that is not valid is logged, and the users stay as they were.
    pub async fn watch_file(self, cancel: CancellationToken) -> Result<(), Infallible> {
        let path = self.file().to_owned();
        watch::file(path, move |file| self.take(file), cancel).await;

        Ok(())
    }

    /// Reads the file of users again at once: somebody has asked for it.
    pub async fn reread(&self) {
        let access = self.clone();

        // It is only ever not done where the process ends.
        let _ = task::spawn_blocking(move || access.take(FileIs::at(access.file()))).await;
    }

    fn take(&self, file: FileIs) {
        let was_ever_there = self.has_logins() || file == FileIs::There;

        if was_ever_there && let Err(error) = self.reload() {
            let reason = match std::error::Error::source(&error) {
                Some(source) => format!("{error}: {source}"),
                None => error.to_string(),
            };
            error!(reason, "The users stay as they were");
        }
    }
}
