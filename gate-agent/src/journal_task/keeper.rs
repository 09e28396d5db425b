//! The thread of the journal: it writes what it is handed, and keeps it while the disk fails.
//!
//! | while the disk fails | |
//! |---|---|
//! | events | wait in memory, in order, up to [`BACKLOG`]; more are lost, counted, and told of |
//! | acknowledgements, the mode of the lane | wait as well |
//! | whether a command was seen | is not answered: the command is refused |
//! | the fault | is published once, and stands in `system_status` as long as it lasts |
//!
//! It is tried again every second. When it works, what waited is written, then the number of
//! events that were lost, if any, as an event of its own. A journal that turns out to be damaged is
//! set aside, what waits is written into a new one, and the process ends, to start anew with that.

mod tidy;

use std::{
    collections::{BTreeSet, VecDeque},
    error::Error,
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError},
    },
    time::{Duration, Instant, SystemTime},
};

use journal::{Entry, Journal, ReadError};
use lane::Mode;
use schemas::{Body, EventName, Fault, Id, ParkingEvent, Report, Root};
use tracing::{error, info};

use super::{Closing, Figures, MODE, Retention, Task};
use crate::{mailbox::Mailbox, mode_note, voice::Voice};

/// Batches of events: days of a busy lane, and some 10 MB.
const BACKLOG: usize = 10_000;
/// Of those, so many are written at once.
const WRITE_BATCH: usize = 256;
/// Tasks that are performed before what they left is written: one wait for the disk for all.
const TASKS: usize = 64;
const RETRY: Duration = Duration::from_secs(1);

pub(super) struct Keeper {
    pub(super) journal: Journal,
    pub(super) id: Id,
    pub(super) root: Root,
    pub(super) voice: Voice,
    pub(super) mailbox: Mailbox,
    pub(super) figures: Arc<Figures>,
    pub(super) retention: Retention,
    waiting: Waiting,
    disk: Disk,
    tidy_at: Instant,
    oversized: bool,
}

/// What is not written yet.
#[derive(Debug, Default)]
struct Waiting {
    events: VecDeque<Vec<Report>>,
    acknowledged: BTreeSet<u64>,
    mode: Option<Mode>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Disk {
    Writes,
    Fails { retry_at: Instant },
}

/// What went wrong with the journal, with its causes.
type Failure = Box<dyn Error + Send + Sync>;

/// The journal is damaged.
struct Damaged(Failure);

impl Keeper {
    pub(super) fn new(
        journal: Journal,
        id: Id,
        root: Root,
        voice: Voice,
        mailbox: Mailbox,
        figures: Arc<Figures>,
        retention: Retention,
    ) -> Self {
        let keeper = Self {
            journal,
            id,
            root,
            voice,
            mailbox,
            figures,
            retention,
            waiting: Waiting::default(),
            disk: Disk::Writes,
            tidy_at: Instant::now(),
            oversized: false,
        };
        keeper.count();

        keeper
    }

    /// Runs until the last handle is dropped and all is written, or the journal is replaced.
    pub(super) fn run(mut self, inbox: &Receiver<Task>) -> Closing {
        if let Some(aside) = self.journal.set_aside() {
            let (path, reason) = (aside.path.display().to_string(), aside.reason.clone());
            self.tell_damage(&path, &reason);
        }

        match self.serve(inbox) {
            Ok(()) => self.close(),
            Err(Damaged(failure)) => self.replace(&*failure),
        }
    }

    fn serve(&mut self, inbox: &Receiver<Task>) -> Result<(), Damaged> {
        loop {
            match inbox.recv_timeout(self.patience()) {
                Ok(task) => {
                    self.perform(task)?;
                    for task in inbox.try_iter().take(TASKS) {
                        self.perform(task)?;
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
            self.write()?;
            self.tidy()?;
        }
    }

    fn patience(&self) -> Duration {
        let due = match self.disk {
            Disk::Writes => self.tidy_at,
            Disk::Fails { retry_at } => retry_at,
        };

        due.saturating_duration_since(Instant::now())
    }

    fn perform(&mut self, task: Task) -> Result<(), Damaged> {
        // Nobody waits for an answer any more when the receiver of a reply is gone.
        match task {
            Task::Append(drafts) if self.waiting.events.len() < BACKLOG => {
                self.waiting.events.push_back(drafts);
            }
            Task::Append(drafts) => {
                error!(events = drafts.len(), "The journal fails and memory is full: lost");
                self.figures.lose(drafts.len());
            }
            Task::Acknowledge(seq) => {
                self.waiting.acknowledged.insert(seq);
            }
            Task::Mode(mode) => self.waiting.mode = Some(mode),
            Task::Remember(id, reply) => {
                let record = self.journal.remember_command(id.as_str(), SystemTime::now());
                self.unless_failed(record)?.map(|record| reply.send(record));
            }
            Task::Conclude(id, outcome) => {
                let concluded = self.journal.conclude_command(id.as_str(), &outcome);
                self.unless_failed(concluded)?;
            }
            Task::Unacknowledged { after, limit, reply } => {
                let entries = self.unsent(after, limit);
                self.unless_failed(entries)?.map(|entries| reply.send(entries));
            }
            Task::Range { from, to, limit, reply } => {
                let entries = self.journal.range(from, to, limit);
                self.unless_failed(entries)?.map(|entries| reply.send(entries));
            }
        }

        Ok(())
    }

    /// What the journal has not noted as acknowledged, without what waits to be noted.
    fn unsent(&self, mut after: u64, limit: usize) -> Result<Vec<Entry>, ReadError> {
        loop {
            let mut entries = self.journal.unacknowledged(after, limit)?;
            let Some(last) = entries.last().map(|entry| entry.seq) else { return Ok(entries) };

            entries.retain(|entry| !self.waiting.acknowledged.contains(&entry.seq));
            if !entries.is_empty() {
                return Ok(entries);
            }
            after = last;
        }
    }

    /// Writes what waits, unless the disk has just failed.
    fn write(&mut self) -> Result<(), Damaged> {
        if matches!(self.disk, Disk::Fails { retry_at } if Instant::now() < retry_at) {
            self.count();
            return Ok(());
        }

        let written = self.write_all();
        self.count();
        match written {
            Ok(()) => self.on_written(),
            Err(failure) => self.on_failure(failure)?,
        }

        Ok(())
    }

    fn write_all(&mut self) -> Result<(), Failure> {
        if self.disk != Disk::Writes {
            // Nothing else may be waiting to show that the disk writes again.
            self.journal.note("disk", "writes again")?;
        }
        while !self.waiting.events.is_empty() {
            self.write_events()?;
        }
        self.write_loss()?;
        if !self.waiting.acknowledged.is_empty() {
            self.journal.acknowledge(self.waiting.acknowledged.iter().copied())?;
            self.waiting.acknowledged.clear();
        }
        if let Some(mode) = &self.waiting.mode {
            let text = mode_note::write(mode);
            self.journal.note(MODE, &text)?;
            self.waiting.mode = None;
        }

        Ok(())
    }

    fn write_events(&mut self) -> Result<(), Failure> {
        let Self { journal, waiting, figures, .. } = self;
        let (id, root, voice) = (&self.id, &self.root, &self.voice);
        let batches = waiting.events.len().min(WRITE_BATCH);
        let events = waiting.events.iter().take(batches).flatten().cloned().map(|draft| {
            let topic = draft.topic().below(root);
            (topic, move |seq| voice.encode_event(draft, id, seq))
        });

        journal.append_all(SystemTime::now(), events)?;
        waiting.events.drain(..batches);
        figures.tell_appended();

        Ok(())
    }

    /// What was lost becomes an event itself: whoever reads the journal learns of it in its place.
    fn write_loss(&mut self) -> Result<(), Failure> {
        let lost = self.figures.take_lost();
        if lost == 0 {
            return Ok(());
        }

        let detail = format!("{lost} events: the journal could not be written for too long");
        self.tell("events_lost", detail.clone(), None);
        let draft = self.voice.report(Body::ParkingEvent(ParkingEvent {
            event: EventName::EventsLost,
            event_id: None,
            card_id: None,
            image_id: None,
            command_id: None,
            detail: Some(detail),
        }));
        self.waiting.events.push_back(vec![draft]);
        self.write_events()
    }

    fn on_written(&mut self) {
        if self.disk != Disk::Writes {
            info!(path = %self.journal.path().display(), "The journal can be written again");
            self.disk = Disk::Writes;
        }
        if !self.oversized {
            self.figures.tell_trouble(None);
        }
    }

    /// What came of it. A failure is told of once, and tried again for as long as it lasts.
    fn unless_failed<T, E>(&mut self, result: Result<T, E>) -> Result<Option<T>, Damaged>
    where
        E: Error + Send + Sync + 'static,
    {
        match result {
            Ok(value) => Ok(Some(value)),
            Err(failure) => self.on_failure(failure.into()).map(|()| None),
        }
    }

    fn on_failure(&mut self, failure: Failure) -> Result<(), Damaged> {
        if journal::is_damage(&*failure) {
            return Err(Damaged(failure));
        }

        let began = self.disk == Disk::Writes;
        self.disk = Disk::Fails { retry_at: Instant::now() + RETRY };
        if began {
            let detail = failure.source().map(ToString::to_string);
            let reason = detail.as_ref().map_or(String::new(), |detail| format!(" ({detail})"));
            error!(%failure, detail, path = %self.journal.path().display(), "Journal");
            // The fault leaves before the state that it leads to.
            self.tell("journal_failed", format!("{failure}: check the disk of the gate"), detail);
            self.figures.tell_trouble(Some(format!("{failure}{reason}: check the disk")));
        }

        Ok(())
    }

    fn count(&self) {
        let waiting: usize = self.waiting.events.iter().map(Vec::len).sum();
        let unsent = self.journal.unsent() + waiting as u64;
        let acknowledged = self.waiting.acknowledged.len() as u64;

        self.figures.set(self.journal.last_seq(), unsent.saturating_sub(acknowledged));
    }

    fn tell(&self, code: &str, message: String, detail: Option<String>) {
        self.mailbox.post(&self.voice.report(Body::Error(Fault {
            code: code.to_owned(),
            message,
            command_id: None,
            detail,
        })));
    }

    fn tell_damage(&self, aside: &str, reason: &str) {
        error!(
            set_aside = aside,
            reason,
            "The journal was damaged: a new one was begun. Events in the old one that were not \
             published are in no other place: keep it"
        );
        let message = format!("the journal was damaged; it is kept as {aside} at the gate");
        self.tell("journal_damaged", message, Some(reason.to_owned()));
    }

    /// The last chance of what waits.
    fn close(mut self) -> Closing {
        self.disk = Disk::Writes;
        if let Err(failure) = self.write_all() {
            let events: usize = self.waiting.events.iter().map(Vec::len).sum();
            error!(%failure, events, "The journal cannot be written at the end: events are lost");
        }

        Closing::Done
    }

    /// Begins a new journal with what waits. The rest of the agent knows the old one's id and
    /// numbers, and has to start anew.
    fn replace(self, failure: &(dyn Error + Send + Sync + 'static)) -> Closing {
        let Self { journal, figures, .. } = self;
        let path = journal.path().to_owned();
        error!(%failure, path = %path.display(), "The journal is damaged: it is set aside");

        let journal = match journal.replace(failure) {
            Ok(journal) => journal,
            Err(error) => {
                let events: usize = self.waiting.events.iter().map(Vec::len).sum();
                error!(%error, events, "No new journal can be begun: events are lost");
                return Closing::Replaced;
            }
        };
        let Ok(id) = journal.id().parse() else { return Closing::Replaced };
        // Its acknowledgements are about the old one's numbers.
        let waiting = Waiting { acknowledged: BTreeSet::new(), ..self.waiting };
        Self { journal, id, figures, waiting, ..self }.close();

        Closing::Replaced
    }
}

#[cfg(test)]
mod tests;
