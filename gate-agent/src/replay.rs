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
            return self.refuse(request, "unknown_journal", message);
        }

        info!(from = request.from_seq, to = request.to_seq, "Events are sent again");
        // There is no event 0.
        let first = request.from_seq.max(1);
        let mut from = first;
        loop {
            let Ok(page) = self.journal.range(from, request.to_seq, PAGE).await else {
                let message = format!("events from {from} on cannot be read: ask again later");
                return self.refuse(request, "journal_failed", message);
            };
            if from == first {
                self.tell_dropped(request, first, page.first());
            }
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

    /// Whoever asks for what is no longer kept is told so, and does not wait for it.
    fn tell_dropped(&self, request: &RequestEvents, first: u64, found: Option<&Entry>) {
        let wanted = request.to_seq.unwrap_or(u64::MAX).min(self.journal.figures().last_seq());
        let kept = found.map_or(wanted.saturating_add(1), |entry| entry.seq);

        if first < kept {
            let message = format!("events from {first} to {} are no longer kept", kept - 1);
            self.refuse(request, "events_dropped", message);
        }
    }

    fn refuse(&self, request: &RequestEvents, code: &str, message: String) {
        self.mailbox.post(&self.voice.report(Body::Error(Fault {
            code: code.to_owned(),
            message,
            command_id: request.command_id.clone(),
            detail: None,
        })));
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use ::journal::Journal;
    use schemas::Root;
    use serde_json::{Value, json};
    use tempfile::TempDir;

    use super::*;
    use crate::journal_task::{self, Retention};

    #[tokio::test]
    async fn what_is_no_longer_kept_is_told_of_and_the_rest_is_sent() {
        let (replay, mut entries, _dir) = bench(5, 2);

        replay.answer(&request(1, None)).await;

        let seqs = [1, 2, 3].map(|_| entries.try_recv().unwrap().seq);
        assert_eq!(seqs, [3, 4, 5]);
        assert_eq!(faults(&replay), ["events from 1 to 2 are no longer kept"]);
    }

    #[tokio::test]
    async fn a_range_of_which_nothing_is_kept_is_told_of() {
        let (replay, mut entries, _dir) = bench(5, 4);

        replay.answer(&request(2, Some(3))).await;

        assert!(entries.try_recv().is_err());
        assert_eq!(faults(&replay), ["events from 2 to 3 are no longer kept"]);
    }

    #[tokio::test]
    async fn what_has_not_happened_yet_is_not_missing() {
        let (replay, mut entries, _dir) = bench(2, 0);

        replay.answer(&request(0, Some(9))).await;
        replay.answer(&request(3, None)).await;

        let seqs = [1, 2].map(|_| entries.try_recv().unwrap().seq);
        assert_eq!(seqs, [1, 2]);
        assert_eq!(faults(&replay), [""; 0]);
    }

    /// A journal of so many events, of which the oldest were dropped.
    fn bench(events: u64, dropped: usize) -> (Replay, mpsc::Receiver<Entry>, TempDir) {
        let dir = TempDir::new().unwrap();
        let mut journal = Journal::open(&dir.path().join("gate_in.journal")).unwrap();
        let made = (0..events).map(|_| ("parking/gate_in/parking_event", |_| b"{}".to_vec()));
        journal.append_all(SystemTime::now(), made).unwrap();
        journal.acknowledge(1..=events).unwrap();
        journal.prune_to(0, dropped).unwrap();

        let id: Id = journal.id().parse().unwrap();
        let voice = Voice::new("gate_in".parse().unwrap());
        let mailbox = Mailbox::new(Root::default(), voice.gate().clone());
        let retention = Retention { age: Duration::from_secs(3600), bytes: u64::MAX };
        let (root, posts) = (Root::default(), mailbox.clone());
        let started =
            journal_task::start(journal, id.clone(), root, voice.clone(), posts, retention);
        let (journal, _closed) = started.unwrap();
        let (entries, inbox) = mpsc::channel(16);

        (Replay { id, journal, entries, voice, mailbox }, inbox, dir)
    }

    fn request(from_seq: u64, to_seq: Option<u64>) -> RequestEvents {
        serde_json::from_value(json!({ "from_seq": from_seq, "to_seq": to_seq })).unwrap()
    }

    fn faults(replay: &Replay) -> Vec<String> {
        let posts = std::iter::from_fn(|| replay.mailbox.take());

        posts
            .map(|post| serde_json::from_slice::<Value>(&post.bytes).unwrap())
            .map(|message| message["payload"]["message"].as_str().unwrap().to_owned())
            .collect()
    }
}
