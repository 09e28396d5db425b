//! The journal's thread: everything that waits for the disk waits here.
//!
//! Events are written before anybody publishes them. While the disk fails they are kept in memory
//! and tried again every second, and the fault is reported; the gate goes on.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel},
    },
    thread,
    time::{Duration, SystemTime},
};

use journal::{CommandRecord, Entry, Journal};
use lane::Mode;
use schemas::{Body, Fault, Id, Report, Root};
use tokio::sync::{Notify, oneshot};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::{mailbox::Mailbox, mode_note, voice::Voice};

/// The note that keeps the mode of the lane.
const MODE: &str = "mode";
/// A second of the busiest lane there can be.
const QUEUE: usize = 1024;
/// Days of a busy lane.
const BACKLOG: usize = 10_000;
const RETRY: Duration = Duration::from_secs(1);
/// How long the id of a command is remembered; no command lives nearly as long.
const REMEMBER: Duration = Duration::from_secs(24 * 3600);
const TIDY: Duration = Duration::from_secs(3600);
const TIDY_BATCH: usize = 1000;

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

/// The handle of the journal; clones share one.
#[derive(Debug, Clone)]
pub(crate) struct JournalHandle {
    tasks: SyncSender<Task>,
    figures: Arc<Figures>,
}

/// How far the journal and the broker have got.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    last_seq: AtomicU64,
    unsent: AtomicU64,
    appended: Notify,
}

/// Resolves when the thread has ended.
#[derive(Debug)]
pub(crate) struct Closed(oneshot::Receiver<()>);

/// The thread has a bug.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the thread of the journal is gone")]
pub(crate) struct ThreadDied;

/// The journal did not answer: its disk is in trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the journal does not answer")]
pub(crate) struct Silent;

struct Keeper {
    journal: Journal,
    id: Id,
    root: Root,
    voice: Voice,
    mailbox: Mailbox,
    figures: Arc<Figures>,
    backlog: VecDeque<Vec<Report>>,
    keep_events: Duration,
    tidied: SystemTime,
}

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
    keep_events: Duration,
) -> std::io::Result<(JournalHandle, Closed)> {
    let (tasks, inbox) = sync_channel(QUEUE);
    let (closing, closed) = oneshot::channel();
    let figures = Arc::new(Figures::default());
    let mut keeper = Keeper {
        journal,
        id,
        root,
        voice,
        mailbox,
        figures: Arc::clone(&figures),
        backlog: VecDeque::new(),
        keep_events,
        tidied: SystemTime::UNIX_EPOCH,
    };
    keeper.count();
    thread::Builder::new().name(format!("journal {}", keeper.voice.gate())).spawn(move || {
        keeper.run(&inbox);
        drop(keeper);
        // Only a process that ends in a hurry does not wait for this.
        let _ = closing.send(());
    })?;

    Ok((JournalHandle { tasks, figures }, Closed(closed)))
}

impl Closed {
    /// Runs until everything that was handed to the journal is written and its file is closed,
    /// which is soon after every other task of the agent has stopped.
    pub(crate) async fn run(self, cancel: CancellationToken) -> Result<(), ThreadDied> {
        match self.0.await {
            Ok(()) => Ok(()),
            Err(_) if cancel.is_cancelled() => Ok(()),
            Err(_) => Err(ThreadDied),
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

        answer.await.map_err(|_| Silent)
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
            }
            Err(TrySendError::Full(_)) => warn!("The journal is too far behind"),
            // Only while the process ends.
            Err(TrySendError::Disconnected(_)) => {}
        }
    }
}

impl Figures {
    pub(crate) fn last_seq(&self) -> u64 {
        self.last_seq.load(Ordering::Acquire)
    }

    pub(crate) fn unsent(&self) -> u64 {
        self.unsent.load(Ordering::Acquire)
    }

    /// Resolves when events were written. Cancel-safe.
    pub(crate) async fn appended(&self) {
        self.appended.notified().await;
    }
}

impl Keeper {
    fn run(&mut self, inbox: &Receiver<Task>) {
        loop {
            let patience = if self.backlog.is_empty() { TIDY } else { RETRY };
            match inbox.recv_timeout(patience) {
                Ok(task) => self.perform(task),
                Err(RecvTimeoutError::Timeout) => self.write_backlog(),
                Err(RecvTimeoutError::Disconnected) => break,
            }
            self.tidy();
        }

        self.write_backlog();
    }

    fn perform(&mut self, task: Task) {
        // Nobody waits for an answer any more when the receiver of a reply is gone.
        match task {
            Task::Append(drafts) => self.append(drafts),
            Task::Remember(id, reply) => {
                let record = self.journal.remember_command(id.as_str(), SystemTime::now());
                self.unless_failed(record).map(|record| reply.send(record));
            }
            Task::Conclude(id, outcome) => {
                let concluded = self.journal.conclude_command(id.as_str(), &outcome);
                self.unless_failed(concluded);
            }
            Task::Mode(mode) => {
                let noted = self.journal.note(MODE, &mode_note::write(&mode));
                self.unless_failed(noted);
            }
            Task::Unacknowledged { after, limit, reply } => {
                let entries = self.journal.unacknowledged(after, limit);
                self.unless_failed(entries).map(|entries| reply.send(entries));
            }
            Task::Acknowledge(seq) => {
                let acknowledged = self.journal.acknowledge([seq]);
                self.unless_failed(acknowledged);
                self.count();
            }
            Task::Range { from, to, limit, reply } => {
                let entries = self.journal.range(from, to, limit);
                self.unless_failed(entries).map(|entries| reply.send(entries));
            }
        }
    }

    fn append(&mut self, drafts: Vec<Report>) {
        if self.backlog.len() == BACKLOG {
            error!(events = drafts.len(), "The journal fails and memory is full: events are lost");
            return;
        }

        self.backlog.push_back(drafts);
        self.write_backlog();
    }

    fn write_backlog(&mut self) {
        while let Some(drafts) = self.backlog.front() {
            let id = &self.id;
            let voice = &self.voice;
            let root = &self.root;
            let events = drafts.iter().cloned().map(|draft| {
                let topic = draft.topic().below(root);
                (topic, move |seq| voice.encode_event(draft, id, seq))
            });
            let written = self.journal.append_all(SystemTime::now(), events);

            if self.unless_failed(written).is_none() {
                return;
            }
            self.backlog.pop_front();
            self.count();
            self.figures.appended.notify_one();
        }
    }

    fn count(&self) {
        self.figures.last_seq.store(self.journal.last_seq(), Ordering::Release);
        self.figures.unsent.store(self.journal.unsent(), Ordering::Release);
    }

    /// What came of it; a failure is said to whoever watches the gate.
    fn unless_failed<T, E: std::error::Error>(&self, result: Result<T, E>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(failure) => {
                let detail = failure.source().map(ToString::to_string);
                error!(%failure, detail, path = %self.journal.path().display(), "Journal");
                self.mailbox.post(&self.voice.report(Body::Error(Fault {
                    code: "journal_failed".to_owned(),
                    message: format!("{failure}: check the disk of the gate"),
                    command_id: None,
                    detail,
                })));
                None
            }
        }
    }

    fn tidy(&mut self) {
        let now = SystemTime::now();
        if now.duration_since(self.tidied).is_ok_and(|since| since < TIDY) {
            return;
        }

        self.tidied = now;
        let forgotten = self.journal.forget_commands(now - REMEMBER);
        self.unless_failed(forgotten);
        let pruned = self.journal.prune(now - self.keep_events, TIDY_BATCH);
        if let Some(events) = self.unless_failed(pruned).filter(|events| *events > 0) {
            info!(events, "Dropped old events that the broker has");
        }
    }
}
