//! Changes that go to the disk together, folded: each thing once, in its latest state.
//!
//! Free of I/O. Most messages are acknowledged within milliseconds, so that [`Change::Queue`] and
//! [`Change::Done`] often meet here and never touch the disk. While the disk fails, a batch takes
//! in whatever comes next; it grows with what is stored, not with how often that changes.

use std::{
    collections::{BTreeMap, HashMap, HashSet, btree_map::Entry},
    mem,
    sync::Arc,
};

use bytes::Bytes;

use super::change::Change;

/// What is to be written next.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// The sessions that are stored, or will be with this batch.
    sessions: HashSet<u64>,
    /// `None`: none any more.
    pub(super) retained: HashMap<Bytes, Option<Bytes>>,
    /// By user and client identifier; `None`: none any more.
    pub(super) wills: HashMap<(Arc<str>, Arc<str>), Option<Will>>,
    pub(super) changed: HashMap<u64, SessionChanges>,
}

/// What is to be written of one session.
#[derive(Debug, Default)]
pub(super) struct SessionChanges {
    pub(super) past: Past,
    pub(super) head: Head,
    /// `None`: none any more.
    pub(super) subscriptions: BTreeMap<u32, Option<Subscription>>,
    /// By sequence and key.
    pub(super) deliveries: BTreeMap<(u64, u32), Step>,
    pub(super) incoming: BTreeMap<u16, Incoming>,
}

/// What becomes of what is stored already, before anything else is written.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Past {
    #[default]
    Stays,
    Goes,
}

/// The session itself.
#[derive(Debug, Default)]
pub(super) enum Head {
    #[default]
    Unchanged,
    Away(u64),
    Written {
        user: Arc<str>,
        client_id: Arc<str>,
        expiry: u32,
        away_since_ms: Option<u64>,
    },
}

#[derive(Debug)]
pub(super) struct Subscription {
    pub(super) filter: Arc<str>,
    pub(super) options: u8,
    pub(super) identifier: Option<u32>,
}

#[derive(Debug)]
pub(super) struct Will {
    pub(super) delay: u32,
    pub(super) topic: Bytes,
    pub(super) envelope: Bytes,
}

/// What became of a delivery.
#[derive(Debug)]
pub(super) enum Step {
    /// It is new.
    Queued(Delivery, Progress),
    /// It is stored, and got further.
    Moved(Progress),
    /// It is stored, and over.
    Done,
}

#[derive(Debug)]
pub(super) struct Delivery {
    pub(super) qos: u8,
    pub(super) retain: bool,
    pub(super) identifiers: Vec<u32>,
    pub(super) topic: Bytes,
    pub(super) envelope: Bytes,
}

#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Progress {
    /// `None`: none, or the one that it had before.
    pub(super) packet_id: Option<u16>,
    pub(super) received: bool,
}

/// The packet identifier of a message of QoS 2 from the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Incoming {
    Held,
    Released,
}

impl Batch {
    /// An empty batch for a store that holds these sessions.
    pub(super) fn new(sessions: impl IntoIterator<Item = u64>) -> Self {
        Self { sessions: sessions.into_iter().collect(), ..Self::default() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.retained.is_empty() && self.wills.is_empty() && self.changed.is_empty()
    }

    /// Starts over, now that everything is written.
    pub(super) fn clear(&mut self) {
        self.retained = HashMap::new();
        self.wills = HashMap::new();
        self.changed = HashMap::new();
    }

    pub(super) fn add(&mut self, change: Change) {
        match change {
            Change::Retain { topic, envelope } => {
                self.retained.insert(topic, Some(envelope));
            }
            Change::Forget { topic } => {
                self.retained.insert(topic, None);
            }
            Change::Session { session, user, client_id, expiry } => {
                self.sessions.insert(session);
                let head = Head::Written { user, client_id, expiry, away_since_ms: None };
                self.with(session, |changes| changes.head = head);
            }
            Change::Away { session, since_ms } => {
                self.with(session, |changes| changes.head.leave(since_ms));
            }
            Change::End { session } => self.end(session),
            Change::Subscribe { session, key, filter, options, identifier } => {
                let subscription = Subscription { filter, options, identifier };
                self.with(session, |changes| changes.subscriptions.insert(key, Some(subscription)));
            }
            Change::Unsubscribe { session, key } => {
                self.with(session, |changes| changes.subscriptions.insert(key, None));
            }
            Change::Queue { session, sequence, key, qos, retain, identifiers, topic, envelope } => {
                let delivery = Delivery { qos, retain, identifiers, topic, envelope };
                let step = Step::Queued(delivery, Progress::default());
                self.with(session, |changes| changes.deliveries.insert((sequence, key), step));
            }
            Change::Sending { session, sequence, key, packet_id } => {
                self.progress(session, (sequence, key), |at| at.packet_id = Some(packet_id));
            }
            Change::Received { session, sequence, key } => {
                self.progress(session, (sequence, key), |at| at.received = true);
            }
            Change::Done { session, sequence, key } => {
                self.with(session, |changes| changes.finish((sequence, key)));
            }
            Change::Incoming { session, packet_id } => {
                self.with(session, |changes| changes.incoming.insert(packet_id, Incoming::Held));
            }
            Change::Will { user, client_id, delay, topic, envelope } => {
                let will = Will { delay, topic, envelope };
                self.wills.insert((user, client_id), Some(will));
            }
            Change::WillGone { user, client_id } => {
                self.wills.insert((user, client_id), None);
            }
            Change::Released { session, packet_id } => {
                let released = Incoming::Released;
                self.with(session, |changes| changes.incoming.insert(packet_id, released));
            }
        }
    }

    fn end(&mut self, session: u64) {
        if self.sessions.remove(&session) {
            let past = Past::Goes;
            self.changed.insert(session, SessionChanges { past, ..SessionChanges::default() });
        }
    }

    fn progress(&mut self, session: u64, id: (u64, u32), step: impl FnOnce(&mut Progress)) {
        self.with(session, |changes| {
            match changes.deliveries.entry(id).or_insert(Step::Moved(Progress::default())) {
                Step::Queued(_, progress) | Step::Moved(progress) => step(progress),
                Step::Done => {}
            }
        });
    }

    fn with<T>(&mut self, session: u64, change: impl FnOnce(&mut SessionChanges) -> T) {
        if self.sessions.contains(&session) {
            change(self.changed.entry(session).or_default());
        }
    }
}

impl SessionChanges {
    fn finish(&mut self, id: (u64, u32)) {
        match self.deliveries.entry(id) {
            Entry::Occupied(entry) if matches!(entry.get(), Step::Queued(..)) => {
                entry.remove();
            }
            Entry::Occupied(mut entry) => {
                entry.insert(Step::Done);
            }
            Entry::Vacant(entry) => {
                entry.insert(Step::Done);
            }
        }
    }
}

impl Head {
    fn leave(&mut self, since_ms: u64) {
        *self = match mem::take(self) {
            Self::Unchanged | Self::Away(_) => Self::Away(since_ms),
            Self::Written { user, client_id, expiry, .. } => {
                Self::Written { user, client_id, expiry, away_since_ms: Some(since_ms) }
            }
        };
    }
}
