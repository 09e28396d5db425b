//! Keeps the list of cards up to date: in, changes of the file; out, the list, or what is wrong.

use std::{convert::Infallible, path::PathBuf, sync::Arc};

use schemas::{Body, Fault};
use service::watch::FileIs;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use super::list::CardList;
use crate::{mailbox::Mailbox, voice::Voice};

/// Reads the list of cards again whenever its file changes.
#[derive(Debug)]
pub(crate) struct Reload {
    path: PathBuf,
    list: watch::Sender<Arc<CardList>>,
}

impl Reload {
    pub(super) fn new(path: PathBuf, list: watch::Sender<Arc<CardList>>) -> Self {
        Self { path, list }
    }

    /// Runs until cancelled.
    pub(crate) async fn run(
        self,
        mailbox: Mailbox,
        voice: Voice,
        cancel: CancellationToken,
    ) -> Result<(), Infallible> {
        let path = self.path.clone();
        service::watch::file(path, move |file| self.take(file, &mailbox, &voice), cancel).await;

        Ok(())
    }

    /// A list that cannot be used changes nothing: the last good one holds.
    fn take(&self, _: FileIs, mailbox: &Mailbox, voice: &Voice) {
        match CardList::read(&self.path) {
            Ok(list) => {
                let cards = list.len();
                let is_news = self.list.send_if_modified(|current| {
                    let is_news = **current != list;
                    *current = Arc::new(list);
                    is_news
                });
                if is_news {
                    info!(cards, path = %self.path.display(), "The list of cards was read again");
                }
            }
            Err(problem) => {
                error!(%problem, "The list of cards stays as it was");
                mailbox.post(&voice.report(Body::Error(Fault {
                    code: "card_list_invalid".to_owned(),
                    message: format!("the list of cards stays as it was: {problem}"),
                    command_id: None,
                    detail: None,
                })));
            }
        }
    }
}
