//! The journal's thread: everything that waits for the disk waits there.
//!
//! Events are written before anybody publishes them. While the disk fails they are kept in memory
//! and tried again every second, and the fault is reported; the gate goes on.

mod figures;
mod keeper;

use std::{
    sync::{
        Arc,
        mpsc::{SyncSender, TrySendError, sync_channel},
    },
    thread,
    time::Duration,
};

use journal::{CommandRecord, Entry, Journal};
use lane::Mode;
use schemas::{Id, Report, Root};
use tokio::{sync::oneshot, time::timeout};
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use crate::{mailbox::Mailbox, mode_note, voice::Voice};
pub(crate) use figures::Figures;
use keeper::Keeper;

/// The note that keeps the mode of the lane.
const MODE: &str = "mode";
/// A second of the busiest lane there can be.
const QUEUE: usize = 1024;
/// Far beyond what a slow disk takes, and less than people wait.
const ANSWER: Duration = Duration::from_secs(1);

/// Something for the disk.
enum Task {
    Append(Vec<Report>),
    Remember(Id, oneshot::Sender<CommandRecord>),
    Conclude(Id, Vec<u8>),
    Mode(Mode),
    Unacknowledged { after: u64, limit: usize, reply: oneshot::Sender<Vec<Entry>> },
    Acknowledge(u64),
    Range { from: u64, to: Option<u64>, limit: usize, reply: oneshot::Sender<Vec<Entry>> },
}

/// How long events are kept that the broker has: as long as both allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Retention {
    pub(crate) age: Duration,
    pub(crate) bytes: u64,
}

/// The handle of the journal; clones share one.
#[derive(Debug, Clone)]
pub(crate) struct JournalHandle {
    tasks: SyncSender<Task>,
    figures: Arc<Figures>,
}

/// Resolves when the thread has ended.
#[derive(Debug)]
pub(crate) struct Closed(oneshot::Receiver<Closing>);

/// How the thread ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Closing {
    Done,
    Replaced,
}

/// The thread ended before the agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ClosedEarly {
    #[error("the thread of the journal is gone")]
    Died,
    #[error("the journal was damaged; a new one is there: start again")]
    Replaced,
}

/// The journal did not answer: its disk is in trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the journal does not answer")]
pub(crate) struct Silent;

/// The mode in which the lane was when the agent last ran.
pub(crate) fn last_mode(journal: &Journal) -> Mode {
    let noted = journal.noted(MODE).ok().flatten();

    noted.and_then(|note| mode_note::read(&note)).unwrap_or(Mode::AUTO)
}

/// Starts the thread. It ends when the last handle is dropped and all is written.
pub(crate) fn start(
    journal: Journal,
    id: Id,
    root: Root,
    voice: Voice,
    mailbox: Mailbox,
    retention: Retention,
) -> std::io::Result<(JournalHandle, Closed)> {
    let (tasks, inbox) = sync_channel(QUEUE);
    let (closing, closed) = oneshot::channel();
    let figures = Arc::new(Figures::default());
    let name = format!("journal {}", voice.gate());
    let keeper = Keeper::new(journal, id, root, voice, mailbox, Arc::clone(&figures), retention);

    thread::Builder::new().name(name).spawn(move || {
        // Only a process that ends in a hurry does not wait for this.
        let _ = closing.send(keeper.run(&inbox));
    })?;

    Ok((JournalHandle { tasks, figures }, Closed(closed)))
}

impl Closed {
    /// Runs until everything that was handed to the journal is written and its file is closed,
    /// which is soon after every other task of the agent has stopped.
    pub(crate) async fn run(self, cancel: CancellationToken) -> Result<(), ClosedEarly> {
        match self.0.await {
            Ok(Closing::Done) => Ok(()),
            Ok(Closing::Replaced) => Err(ClosedEarly::Replaced),
            Err(_) if cancel.is_cancelled() => Ok(()),
            Err(_) => Err(ClosedEarly::Died),
        }
    }
}

impl JournalHandle {
    /// Writes events, all of them or none, and numbers them in this order. Never waits.
    pub(crate) fn append(&self, drafts: Vec<Report>) {
        self.send(Task::Append(drafts));
    }

    /// Notes that a command was seen, durably; says whether it was seen before.
    pub(crate) async fn remember(&self, id: &Id) -> Result<CommandRecord, Silent> {
        let (reply, answer) = oneshot::channel();
        self.send(Task::Remember(id.clone(), reply));

        // A disk may hang rather than fail, and a stop must not wait for that.
        timeout(ANSWER, answer).await.map_err(|_| Silent)?.map_err(|_| Silent)
    }

    /// Notes how a command ended.
    pub(crate) fn conclude(&self, id: &Id, outcome: Vec<u8>) {
        self.send(Task::Conclude(id.clone(), outcome));
    }

    /// Notes the mode of the lane.
    pub(crate) fn note_mode(&self, mode: Mode) {
        self.send(Task::Mode(mode));
    }

    /// Asks for the next events that no broker has acknowledged.
    pub(crate) fn unacknowledged(&self, after: u64, limit: usize) -> oneshot::Receiver<Vec<Entry>> {
        let (reply, answer) = oneshot::channel();
        self.send(Task::Unacknowledged { after, limit, reply });

        answer
    }

    /// Notes that the broker has an event.
    pub(crate) fn acknowledge(&self, seq: u64) {
        self.send(Task::Acknowledge(seq));
    }

    /// The events from `from` to `to`.
    pub(crate) async fn range(
        &self,
        from: u64,
        to: Option<u64>,
        limit: usize,
    ) -> Result<Vec<Entry>, Silent> {
        let (reply, answer) = oneshot::channel();
        self.send(Task::Range { from, to, limit, reply });

        answer.await.map_err(|_| Silent)
    }

    /// How far the journal and the broker have got.
    pub(crate) fn figures(&self) -> &Arc<Figures> {
        &self.figures
    }

    fn send(&self, task: Task) {
        match self.tasks.try_send(task) {
            Ok(()) => {}
            Err(TrySendError::Full(Task::Append(drafts))) => {
                error!(events = drafts.len(), "The journal is too far behind: events are lost");
                self.figures.lose(drafts.len());
                self.figures.tell_trouble(Some("the disk of the journal hangs".to_owned()));
            }
            Err(TrySendError::Full(_)) => warn!("The journal is too far behind"),
            // Only while the process ends.
            Err(TrySendError::Disconnected(_)) => {}
        }
    }
}
