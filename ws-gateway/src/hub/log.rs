//! What a channel says, once for all who listen.
//!
//! A client is a number: the next entry that it is told. So an entry costs the same however many
//! listen, and clients that are at the same place are told the same bytes.
//!
//! ```text
//!            floor                               64 KiB from the end      next
//!              ▼                                          ▼                ▼
//!  forgotten   │ events; the latest state of each gate    │   everything   │
//! ```
//!
//! An entry dies when it is a state, a newer one of the same gate and type has come, and more than
//! 64 KiB have come after it: whoever still has not been told of it is behind, and is told the
//! newer one alone. Beyond the floor wait more bytes of events than may wait for anybody.

use std::collections::{HashMap, VecDeque};

use bytes::Bytes;

use super::{About, Sight};
use crate::outbox::{Frame, wire};

/// How far a client may be behind before older states are left out. A client that reads at all
/// is never that far behind, and sees every movement of a boom.
pub(super) const BEHIND: u64 = 64 * 1024;
/// What is pending leaves in writes of about this size.
pub(crate) const BATCH: u64 = 64 * 1024;
/// So many dead entries may lie about before it pays to sweep them up.
const SWEEP: usize = 64;

/// Which state a frame is: of one gate and one type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Slot(pub(crate) u32);

/// What has to become of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// It is told, or the client is closed.
    Event,
    /// Only the latest of its slot counts.
    State(Slot),
}

/// Entries, the oldest first.
#[derive(Debug)]
pub(crate) struct Log {
    entries: VecDeque<Entry>,
    /// The newest entry of each state.
    newest: HashMap<Slot, u64>,
    next: u64,
    floor: u64,
    /// The first entry that nobody can be behind.
    recent: u64,
    dead: usize,
    /// Of all entries that there ever were.
    bytes: u64,
    event_bytes: u64,
    max_event_bytes: u64,
}

#[derive(Debug)]
struct Entry {
    number: u64,
    /// Where it ends, in bytes of all entries.
    end: u64,
    /// Bytes of all events before it.
    events_before: u64,
    about: About,
    life: Life,
    frame: Frame,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Life {
    Current,
    /// A newer one has come, and somebody may still be told both.
    Outdated,
    Dead,
}

/// What leaves in one write.
#[derive(Debug, Clone, Default)]
pub(crate) struct Batch {
    pub(crate) bytes: Bytes,
    /// The entry after the last one.
    pub(crate) next: u64,
    pub(crate) frames: usize,
    /// States that were left out, for a newer one had come.
    pub(crate) conflated: usize,
}

/// More bytes of events wait for a client than may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooFarBehind;

impl Log {
    pub(super) fn new(max_event_bytes: usize) -> Self {
        Self {
            entries: VecDeque::new(),
            newest: HashMap::new(),
            next: 0,
            floor: 0,
            recent: 0,
            dead: 0,
            bytes: 0,
            event_bytes: 0,
            max_event_bytes: max_event_bytes as u64,
        }
    }

    pub(super) fn push(&mut self, kind: Kind, about: About, frame: Frame) {
        let length = wire::length(&frame) as u64;
        let (number, events_before) = (self.next, self.event_bytes);
        self.next += 1;
        self.bytes += length;

        match kind {
            Kind::Event => self.event_bytes += length,
            Kind::State(slot) => {
                if let Some(before) = self.newest.insert(slot, number) {
                    self.outdate(before);
                }
            }
        }
        let (end, life) = (self.bytes, Life::Current);
        self.entries.push_back(Entry { number, end, events_before, about, life, frame });

        self.settle();
        self.forget();
        self.sweep();
    }

    /// The number of the entry that comes next.
    pub(super) fn next(&self) -> u64 {
        self.next
    }

    /// Whoever is to be told an entry before this one is too far behind.
    pub(super) fn floor(&self) -> u64 {
        self.floor
    }

    /// Whoever is to be told an entry before this one may have missed states.
    pub(super) fn recent(&self) -> u64 {
        self.recent
    }

    /// Nobody listens: only the numbers go on.
    pub(super) fn clear(&mut self) {
        self.entries.clear();
        self.newest.clear();
        self.dead = 0;
        (self.floor, self.recent) = (0, self.next);
    }

    /// The first entry from `from` on that is still told.
    pub(super) fn first_alive(&self, from: u64) -> u64 {
        let mut entries = self.entries.range(self.place(from)..);

        entries.find(|entry| entry.is_alive()).map_or(self.next, |entry| entry.number)
    }

    /// What a client with this sight, who is at `from`, is told next of what came before `until`.
    ///
    /// Batches end at the same entries wherever they begin, so that clients that catch up come to
    /// the same place.
    pub(super) fn read(&self, from: u64, until: u64, sight: &Sight) -> Result<Batch, TooFarBehind> {
        if from < self.floor {
            return Err(TooFarBehind);
        }
        let rest = self.entries.range(self.place(from)..);
        let mut alive = rest.take_while(|entry| entry.number < until).filter(|e| e.is_alive());
        let Some(first) = alive.next() else {
            let next = until.min(self.next);
            let conflated = next.saturating_sub(from) as usize;
            return Ok(Batch { next: next.max(from), conflated, ..Batch::default() });
        };

        let block = first.block();
        let batch = || {
            let rest = self.entries.range(self.place(first.number)..);
            rest.take_while(|entry| entry.number < until && entry.block() == block)
                .filter(|entry| entry.is_alive())
        };
        let seen = || batch().filter(|entry| sight.sees(&entry.about));
        let last = batch().last().unwrap_or(first).number;
        let next = match alive.find(|entry| entry.block() != block) {
            Some(beyond) => beyond.number,
            None => until.min(self.next).max(last + 1),
        };

        Ok(Batch {
            bytes: wire::texts(seen().map(|entry| &entry.frame)),
            next,
            frames: seen().count(),
            conflated: (next - from) as usize - batch().count(),
        })
    }

    fn outdate(&mut self, number: u64) {
        let place = self.place(number);
        let Some(entry) = self.entries.get_mut(place).filter(|entry| entry.number == number) else {
            return;
        };

        entry.life = Life::Outdated;
        if number < self.recent {
            self.bury(place);
        }
    }

    /// What is outdated dies as soon as it is far enough from the end.
    fn settle(&mut self) {
        let mut place = self.place(self.recent);

        while let Some(entry) = self.entries.get(place) {
            if self.bytes - entry.end <= BEHIND {
                break;
            }
            self.recent = entry.number + 1;
            if entry.life == Life::Outdated {
                self.bury(place);
            }
            place += 1;
        }
    }

    fn bury(&mut self, place: usize) {
        let Some(entry) = self.entries.get_mut(place) else { return };

        entry.life = Life::Dead;
        entry.frame = Frame::default();
        self.dead += 1;
    }

    /// Nobody may be told what is before the last `max_event_bytes` of events.
    fn forget(&mut self) {
        while let Some(oldest) = self.entries.front() {
            let beyond = self.event_bytes - oldest.events_before > self.max_event_bytes;
            if beyond {
                self.floor = oldest.number + 1;
            } else if oldest.is_alive() {
                return;
            }
            if !oldest.is_alive() {
                self.dead -= 1;
            }
            self.entries.pop_front();
        }
    }

    fn sweep(&mut self) {
        if self.dead > SWEEP && self.dead > self.entries.len() / 2 {
            self.entries.retain(Entry::is_alive);
            self.dead = 0;
        }
    }

    /// Where the first entry is that has this number or a later one.
    fn place(&self, number: u64) -> usize {
        self.entries.partition_point(|entry| entry.number < number)
    }
}

impl Entry {
    fn is_alive(&self) -> bool {
        self.life != Life::Dead
    }

    fn block(&self) -> u64 {
        self.end / BATCH
    }
}

#[cfg(test)]
mod tests;
