//! What a channel says, and who listens.

use std::{
    collections::BTreeMap,
    ops::Bound,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use super::{
    log::{Batch, Log, TooFarBehind},
    sight::Sight,
};
use crate::{figures::Figures, outbox::Outbox};

/// How many different places of clients are remembered in one walk.
const MEMO: usize = 32;

/// One channel, as those see it who write to its clients.
#[derive(Debug)]
pub(crate) struct Feed {
    log: Mutex<Log>,
    /// The listeners of each shard.
    crowds: Vec<Crowd>,
    pub(super) figures: Arc<Figures>,
}

/// The listeners that one shard writes to.
#[derive(Debug, Default)]
pub(super) struct Crowd {
    /// By session, so that a walk goes on where it was while others come and go.
    listeners: Mutex<BTreeMap<u64, Listener>>,
    size: AtomicUsize,
    /// The shard knows that there is something to tell.
    is_due: AtomicBool,
}

/// A client of the channel.
#[derive(Debug, Clone)]
pub(super) struct Listener {
    pub(super) outbox: Arc<Outbox>,
    pub(super) sight: Sight,
    pub(super) role: Arc<str>,
}

/// Where a client is in what its channel says.
#[derive(Debug)]
pub(crate) struct Following {
    pub(crate) feed: Arc<Feed>,
    pub(crate) sight: Sight,
    /// The entry that it is told next.
    pub(crate) at: u64,
}

/// What was read for one client is there for the next one at the same place.
#[derive(Debug, Default)]
pub(crate) struct Memo {
    /// What comes later is for another walk: then all of them are at the same place again.
    until: u64,
    floor: u64,
    recent: u64,
    batches: Vec<(u64, Batch)>,
    pub(crate) tally: Tally,
}

/// What clients were told.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) frames: usize,
    pub(crate) conflated: usize,
    pub(crate) too_slow: usize,
}

impl Feed {
    pub(super) fn new(shards: usize, max_event_bytes: usize, figures: Arc<Figures>) -> Self {
        let crowds = (0..shards).map(|_| Crowd::default()).collect();

        Self { log: Mutex::new(Log::new(max_event_bytes)), crowds, figures }
    }

    pub(super) fn join(&self, session: u64, listener: Listener) {
        let crowd = self.crowd_of(session);
        let mut listeners = crowd.listeners();

        listeners.insert(session, listener);
        crowd.size.store(listeners.len(), Ordering::Relaxed);
    }

    pub(super) fn leave(&self, session: u64) {
        let crowd = self.crowd_of(session);
        let mut listeners = crowd.listeners();

        listeners.remove(&session);
        crowd.size.store(listeners.len(), Ordering::Relaxed);
    }

    pub(super) fn size(&self) -> usize {
        self.crowds.iter().map(Crowd::size).sum()
    }

    pub(super) fn listeners(&self) -> Vec<Listener> {
        let all = self.crowds.iter().flat_map(|crowd| {
            let listeners = crowd.listeners();
            listeners.values().cloned().collect::<Vec<_>>()
        });

        all.collect()
    }

    pub(super) fn crowd(&self, shard: usize) -> &Crowd {
        &self.crowds[shard]
    }

    pub(super) fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of the entry that comes next.
    pub(crate) fn next(&self) -> u64 {
        self.log().next()
    }

    /// All that there is at this moment.
    pub(crate) fn memo(&self) -> Memo {
        let log = self.log();

        Memo { until: log.next(), floor: log.floor(), recent: log.recent(), ..Memo::default() }
    }

    /// Says in the figures what was told.
    pub(crate) fn count(&self, tally: &Tally) {
        let figures = &self.figures;

        for (counter, more) in [
            (&figures.delivered, tally.frames),
            (&figures.conflated, tally.conflated),
            (&figures.slow_clients, tally.too_slow),
        ] {
            if more > 0 {
                counter.add(more);
            }
        }
    }

    fn crowd_of(&self, session: u64) -> &Crowd {
        &self.crowds[(session % self.crowds.len() as u64) as usize]
    }
}

impl Crowd {
    pub(super) fn size(&self) -> usize {
        self.size.load(Ordering::Relaxed)
    }

    /// Whether the shard has to be told that there is something to tell.
    pub(super) fn becomes_due(&self) -> bool {
        self.size() > 0 && !self.is_due.swap(true, Ordering::AcqRel)
    }

    /// The shard looks: what is said from here on has to be told to it again.
    pub(super) fn is_looked_after(&self) {
        self.is_due.swap(false, Ordering::AcqRel);
    }

    /// The next listeners of a walk.
    pub(super) fn some_after(
        &self,
        last: Option<u64>,
        some: &mut Vec<(u64, Arc<Outbox>)>,
        max: usize,
    ) {
        let from = last.map_or(Bound::Unbounded, Bound::Excluded);
        let listeners = self.listeners();
        let next = listeners.range((from, Bound::Unbounded)).take(max);

        some.clear();
        some.extend(next.map(|(session, listener)| (*session, Arc::clone(&listener.outbox))));
    }

    fn listeners(&self) -> MutexGuard<'_, BTreeMap<u64, Listener>> {
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Following {
    pub(super) fn new(feed: &Arc<Feed>, sight: Sight) -> Self {
        Self { feed: Arc::clone(feed), sight, at: feed.next() }
    }

    /// What the client is told next of what came before `until`; `None`: nothing.
    pub(crate) fn read(
        &mut self,
        until: u64,
        memo: &mut Memo,
    ) -> Result<Option<Batch>, TooFarBehind> {
        let until = until.min(memo.until);
        if self.at >= until {
            return Ok(None);
        }
        if self.at < memo.floor {
            return Err(TooFarBehind);
        }

        let batch = match memo.batches.iter().find(|(from, _)| *from == self.at) {
            Some((_, batch)) if self.is_usual(until, memo) => batch.clone(),
            _ => self.read_anew(until, memo)?,
        };
        self.at = batch.next;
        memo.tally.frames += batch.frames;
        memo.tally.conflated += batch.conflated;

        Ok(Some(batch))
    }

    /// Goes past states that nobody is told any more.
    pub(crate) fn skip(&mut self, memo: &mut Memo) -> Result<(), TooFarBehind> {
        if self.at < memo.floor {
            return Err(TooFarBehind);
        }
        if self.at < memo.recent {
            let alive = self.feed.log().first_alive(self.at);
            memo.tally.conflated += (alive - self.at) as usize;
            self.at = alive;
        }

        Ok(())
    }

    fn read_anew(&self, until: u64, memo: &mut Memo) -> Result<Batch, TooFarBehind> {
        let batch = self.feed.log().read(self.at, until, &self.sight)?;
        if self.is_usual(until, memo) && memo.batches.len() < MEMO {
            memo.batches.push((self.at, batch.clone()));
        }

        Ok(batch)
    }

    /// Whether the client is told the same as everybody.
    fn is_usual(&self, until: u64, memo: &Memo) -> bool {
        self.sight == Sight::All && until == memo.until
    }
}
