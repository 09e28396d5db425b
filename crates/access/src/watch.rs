//! Notices that the file of users has changed.

use std::convert::Infallible;

use service::{
    tls::chain,
    watch::{self, FileIs},
};
use tokio::task;
use tokio_util::sync::CancellationToken;
use tracing::error;

use crate::access::Access;

impl Access {
    /// Reads the files of users and tokens again whenever they change, until `cancel` fires.
    ///
    /// A file that is not valid is logged, and the users or tokens stay as they were.
    pub async fn watch_file(self, cancel: CancellationToken) -> Result<(), Infallible> {
        let (users, tokens) = (self.file().to_owned(), self.tokens_file().to_owned());
        let access = self.clone();

        tokio::join!(
            watch::file(users, move |file| access.take(file), cancel.clone()),
            watch::file(tokens, move |_| self.take_tokens_file(), cancel),
        );
        Ok(())
    }

    /// Reads the files again at once: somebody has asked for it.
    pub async fn reread(&self) {
        let access = self.clone();

        // It is only ever not done where the process ends.
        let _ = task::spawn_blocking(move || {
            access.take(FileIs::at(access.file()));
            access.take_tokens_file();
        })
        .await;
    }

    fn take(&self, file: FileIs) {
        let was_ever_there = self.has_logins() || file == FileIs::There;

        if was_ever_there && let Err(error) = self.reload() {
            error!(reason = chain(&error), "The users stay as they were");
        }
    }

    fn take_tokens_file(&self) {
        // Without logins there is nothing that a token could open.
        if self.has_logins()
            && let Err(error) = self.reload_tokens()
        {
            error!(reason = chain(&error), "The tokens stay as they were");
        }
    }
}
