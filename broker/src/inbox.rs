//! What waits for one client: messages on their way from those who publish to its session.
//!
//! Whoever publishes pushes, under the lock of the exchange and without ever waiting; the client's
//! connection takes. An inbox is bounded. Over the bound a client that is connected is cut off, as it
//! does not keep up; for one that is away the newest messages are dropped and counted.
//!
//! A snapshot of retained messages does not count towards the bound, as its size is not the client's
//! fault and the store has its own; but a client that asks for more while it has not yet read what
//! it asked for is cut off like any that does not keep up.

use std::{
    collections::VecDeque,
    num::NonZeroU32,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::Notify,
    time::{self, Instant},
};

use crate::{codec::Qos, limits::Limits, message::Message};

/// From here on whoever publishes gives the client a chance to catch up.
const CROWDED_MESSAGES: usize = 1_000;
const CROWDED_BYTES: usize = 1 << 20;
/// How long one client may hold those up who publish for it, before it has to earn more.
const PATIENCE: Duration = Duration::from_millis(250);
/// A client earns as much as it takes to read at 16 MiB/s.
const EARNED_PER_KIB: Duration = Duration::from_micros(61);
/// How long a publisher waits at once.
const WAIT: Duration = Duration::from_millis(5);

/// A message with what the subscriptions of a session make of it.
#[derive(Debug, Clone)]
pub(crate) struct Delivery {
    pub(crate) message: Message,
    /// The subscription that it is for, or the first of them.
    pub(crate) key: u32,
    pub(crate) qos: Qos,
    pub(crate) retain: bool,
    /// The identifiers of all subscriptions of the session that matched.
    pub(crate) identifiers: Vec<NonZeroU32>,
    /// Whether the store has to be told when it is done with.
    pub(crate) recorded: bool,
}

impl Delivery {
    /// Whether it is worth something to a client that is away now.
    fn may_wait(&self) -> bool {
        self.qos > Qos::AtMostOnce && !self.message.is_command()
    }
}

/// The messages that wait for one session.
#[derive(Debug)]
pub(crate) struct Inbox {
    inner: Mutex<Inner>,
    news: Notify,
    taken: Notify,
    /// The last message that was noted.
    noted: AtomicU64,
    most: usize,
    most_bytes: usize,
    most_retained: usize,
}

#[derive(Debug)]
struct Inner {
    waiting: VecDeque<(Source, Delivery)>,
    live: usize,
    live_bytes: usize,
    attendance: Attendance,
    patience: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    Live,
    Snapshot,
}

/// Whether somebody takes what comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Attendance {
    Connected,
    Away,
    /// More came than fits: the connection has to end.
    Overrun,
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pushed {
    /// It waits.
    Taken,
    /// It waits, behind many others.
    Crowded,
    /// Nobody is there for it, and it promises nothing to those who are away.
    Skipped,
    /// There is no room.
    Full,
}

/// Whether a message was noted before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Note {
    First,
    Again,
}

/// The client does not keep up.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Overrun;

impl Inbox {
    /// An inbox of a client that is away.
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            inner: Mutex::new(Inner {
                waiting: VecDeque::new(),
                live: 0,
                live_bytes: 0,
                attendance: Attendance::Away,
                patience: PATIENCE,
            }),
            news: Notify::new(),
            taken: Notify::new(),
            noted: AtomicU64::new(0),
            most: limits.queued_messages,
            most_bytes: limits.queued_bytes,
            most_retained: limits.retained_messages.saturating_mul(2),
        }
    }

    /// The client has connected.
    pub(crate) fn attend(&self) {
        let mut inner = self.lock();
        inner.attendance = Attendance::Connected;
        inner.patience = PATIENCE;
    }

    /// The client has left; `unsent` goes back to the front. What promises nothing is dropped.
    pub(crate) fn leave(&self, unsent: VecDeque<Delivery>) {
        let mut inner = self.lock();
        inner.attendance = Attendance::Away;
        for delivery in unsent.into_iter().rev() {
            inner.add(Source::Live, &delivery);
            inner.waiting.push_front((Source::Live, delivery));
        }
        inner.waiting.retain(|(_, delivery)| delivery.may_wait());
        inner.count_anew();
        self.taken.notify_waiters();
    }

    /// Whether the client is connected and keeps up.
    pub(crate) fn is_attended(&self) -> bool {
        self.lock().attendance == Attendance::Connected
    }

    /// Notes that the message with this number is for this session.
    pub(crate) fn note(&self, sequence: u64) -> Note {
        match self.noted.swap(sequence, Ordering::Relaxed) == sequence {
            true => Note::Again,
            false => Note::First,
        }
    }

    /// Appends what was just published.
    pub(crate) fn push(&self, delivery: Delivery) -> Pushed {
        let mut inner = self.lock();
        if inner.attendance == Attendance::Away && !delivery.may_wait() {
            return Pushed::Skipped;
        }
        if inner.attendance == Attendance::Overrun {
            return Pushed::Full;
        }
        let bytes = inner.live_bytes + delivery.message.size();
        if inner.live >= self.most || bytes > self.most_bytes {
            if inner.attendance == Attendance::Connected {
                inner.attendance = Attendance::Overrun;
                self.news.notify_one();
            }
            return Pushed::Full;
        }

        inner.add(Source::Live, &delivery);
        inner.waiting.push_back((Source::Live, delivery));
        if inner.waiting.len() == 1 {
            self.news.notify_one();
        }
        match inner.is_crowded() && inner.attendance == Attendance::Connected {
            true => Pushed::Crowded,
            false => Pushed::Taken,
        }
    }

    /// Appends what was queued before the broker was started again.
    pub(crate) fn restore(&self, delivery: Delivery) {
        let mut inner = self.lock();
        inner.add(Source::Live, &delivery);
        inner.waiting.push_back((Source::Live, delivery));
    }

    /// Appends what is retained.
    pub(crate) fn push_snapshot(&self, deliveries: impl Iterator<Item = Delivery>) {
        let mut inner = self.lock();
        inner.waiting.extend(deliveries.map(|delivery| (Source::Snapshot, delivery)));
        if inner.waiting.len() - inner.live > self.most_retained {
            inner.attendance = Attendance::Overrun;
        }
        self.news.notify_one();
    }

    /// Moves up to `most` of what waits into `taken`.
    pub(crate) fn take(&self, most: usize, taken: &mut VecDeque<Delivery>) -> Result<(), Overrun> {
        let mut inner = self.lock();
        if inner.attendance == Attendance::Overrun {
            return Err(Overrun);
        }
        let was_crowded = inner.is_crowded();
        let count = most.min(inner.waiting.len());

        let mut bytes = 0;
        for _ in 0..count {
            let (source, delivery) = inner.waiting.pop_front().expect("counted");
            bytes += delivery.message.size();
            if source == Source::Live {
                inner.live -= 1;
                inner.live_bytes -= delivery.message.size();
            }
            taken.push_back(delivery);
        }
        inner.shrink();
        inner.patience = (inner.patience + EARNED_PER_KIB * (bytes / 1024) as u32).min(PATIENCE);
        if was_crowded && !inner.is_crowded() {
            self.taken.notify_waiters();
        }
        Ok(())
    }

    /// Returns when there is something to take, or to know. May be dropped at any time.
    pub(crate) async fn news(&self) {
        self.news.notified().await;
    }

    /// Waits until the inbox is not crowded any more, for as long as its client deserves.
    pub(crate) async fn relief(&self) {
        let taken = self.taken.notified();
        {
            let inner = self.lock();
            let may_wait = inner.attendance == Attendance::Connected && !inner.patience.is_zero();
            if !inner.is_crowded() || !may_wait {
                return;
            }
        }

        let start = Instant::now();
        let _ = time::timeout(WAIT, taken).await;
        let mut inner = self.lock();
        inner.patience = inner.patience.saturating_sub(start.elapsed());
    }

    /// Nothing is left half done under this lock.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn add(&mut self, source: Source, delivery: &Delivery) {
        if source == Source::Live {
            self.live += 1;
            self.live_bytes += delivery.message.size();
        }
    }

    fn count_anew(&mut self) {
        let live = || self.waiting.iter().filter(|(source, _)| *source == Source::Live);
        let (count, bytes) =
            (live().count(), live().map(|(_, delivery)| delivery.message.size()).sum());

        (self.live, self.live_bytes) = (count, bytes);
    }

    fn is_crowded(&self) -> bool {
        self.live > CROWDED_MESSAGES || self.live_bytes > CROWDED_BYTES
    }

    /// A burst is not remembered by the room it took.
    fn shrink(&mut self) {
        if self.waiting.is_empty() && self.waiting.capacity() > CROWDED_MESSAGES {
            self.waiting = VecDeque::new();
        }
    }
}
