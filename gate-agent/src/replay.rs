//! The replay task: sends journaled events again to whoever missed them, byte for byte.

use std::convert::Infallible;

use journal::Entry;
use schemas::{Body, Fault, Id, RequestEvents};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::info;

use crate::{journal_task::JournalHandle, mailbox::Mailbox, voice::Voice};

const PAGE: usize = 64;

#[derive(Debug)]
pub(crate) struct Replay {
    pub(crate) id: Id,
    pub(crate) journal: JournalHandle,
    pub(crate) entries: mpsc::Sender<Entry>,
    pub(crate) voice: Voice,
    pub(crate) mailbox: Mailbox,
}

impl Replay {
    /// Runs until cancelled.
    pub(crate) async fn run(
        self,
        mut requests: mpsc::Receiver<RequestEvents>,
        cancel: CancellationToken,
    ) -> Result<(), Infallible> {
        let work = async {
            while let Some(request) = requests.recv().await {
                self.answer(&request).await;
            }
        };
        cancel.run_until_cancelled(work).await;

        Ok(())
    }

    async fn answer(&self, request: &RequestEvents) {
        if request.journal.as_ref().is_some_and(|journal| *journal != self.id) {
            let message = format!("this gate's journal is {}: ask for that one", self.id);
            return self.mailbox.post(&self.voice.report(Body::Error(Fault {
                code: "unknown_journal".to_owned(),
                message,
                command_id: request.command_id.clone(),
                detail: None,
            })));
        }

        info!(from = request.from_seq, to = request.to_seq, "Events are sent again");
        let mut from = request.from_seq;
        while let Ok(page) = self.journal.range(from, request.to_seq, PAGE).await {
            let Some(last) = page.last().map(|entry| entry.seq) else { return };
            for entry in page {
                // Waits while the uplink is busy or away; live events go first.
                if self.entries.send(entry).await.is_err() {
                    return;
                }
            }
            from = last + 1;
        }
    }
}
