//! Where published messages get their order, are retained, stored, and handed to who wants them.
//!
//! Sequence number, retained message, place in every inbox, place in the store's next batch and
//! place in the router's queue are given under one lock that never waits: all subscribers see one
//! order, and whoever subscribes knows which messages its snapshot of the retained ones contains.
//!
//! There are two ways to a subscriber. *Directly*: the message is put into its inbox, by the task of
//! whoever publishes. *Routed*: it goes to the router, whose thread hands it on. The first
//! thousand subscribers of a filter, and all whose session outlives its connection, are served
//! directly, which takes the fewest steps; when there are more for one filter, the router carries
//! the crowd, so that no publisher has to. Which way a subscription goes is decided when it is made.

mod delivering;
mod recent;
#[cfg(test)]
mod tests;
mod watchdog;

use std::{
    collections::HashSet,
    num::NonZeroU32,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use access::Rights;
use schemas::Root;
use tokio::time::{self, Instant};

pub(crate) use self::watchdog::RouterHung;
use self::{
    delivering::{deliveries, queue_change, retained_change, snapshot},
    recent::Recent,
};
use crate::{
    admission::is_command,
    codec::{PacketId, Publication, Qos, Request},
    deadman::Pulse,
    figures::Figures,
    inbox::{Inbox, Pushed},
    index::{Index, Subscriber},
    message::{Draft, Message, Origin},
    retained::{Capacity, Full, Retained},
    router::{Entrance, Link, NoLink, Router},
    store::{Change, Contents, Store, Ticket},
    topic,
};

/// How many subscribers of one filter are served directly, if they could as well be routed.
const DIRECT: usize = if cfg!(feature = "fuzzing") { 1 } else { 1_000 };
/// The router never forgets a filter, and keeps up to 16 MiB of messages for each.
const ROUTES: usize = 16;
/// Neither the router nor the disk tells when it has room again.
const LOOK_AGAIN: Duration = Duration::from_millis(1);

/// The way of every message.
pub(crate) struct Exchange {
    router: Arc<Router>,
    inner: Mutex<Inner>,
    store: Store,
    root: Root,
    started: Instant,
    /// When it was started, since 1970: what is stored has to be older than what is not.
    epoch: Duration,
    figures: Arc<Figures>,
    /// Beats with each answer of the router.
    pulse: Pulse,
}

struct Inner {
    sequence: u64,
    retained: Retained,
    index: Index,
    /// What may still be on its way through the router.
    recent: Recent,
    /// The filters that the router was ever given.
    routes: HashSet<Box<str>>,
    /// Closed while the router is being replaced.
    entrance: Option<Entrance>,
}

/// The retained messages that match a filter.
pub(crate) struct Snapshot {
    /// Later messages have a higher number.
    pub(crate) sequence: u64,
    pub(crate) messages: Vec<Message>,
}

/// A session, as far as messages are concerned.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub(crate) inbox: Arc<Inbox>,
    pub(crate) origin: Origin,
    /// Its number in the store, if it outlives its connection.
    pub(crate) record: Option<u64>,
    /// What it may be handed; `None` where that is all that it subscribes to.
    pub(crate) sight: Option<Arc<Rights>>,
}

impl Member {
    /// Whether it may be handed a message that one of its subscriptions matches.
    pub(crate) fn may_have(&self, message: &Message) -> bool {
        self.sight.as_ref().is_none_or(|rights| rights.may_receive(message.topic()))
    }
}

/// A message of QoS 2 from a client whose session is stored.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Incoming {
    pub(crate) record: u64,
    pub(crate) packet_id: PacketId,
}

/// Which way a subscription goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Direct,
    Routed,
}

impl Exchange {
    /// Goes on where `contents` of the store say.
    pub(crate) async fn open(
        links: usize,
        capacity: Capacity,
        store: Store,
        contents: &mut Contents,
        root: Root,
        figures: Arc<Figures>,
    ) -> Result<Self, NoLink> {
        // One link more is the entrance, one the heartbeat, and some are being closed.
        let router = Router::start(links + 64);
        let entrance = Some(Entrance::new(router.attach().await?));
        let mut retained = Retained::new(capacity);
        for (topic, envelope) in contents.retained.drain(..) {
            if let Some(message) = Message::from_store(&topic, envelope) {
                // There was room for it before; with less now, what comes last has none.
                let _ = retained.keep(&message);
            }
        }
        let inner = Inner {
            sequence: contents.last_sequence,
            retained,
            index: Index::default(),
            recent: Recent::default(),
            routes: HashSet::new(),
            entrance,
        };
        let epoch = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();

        Ok(Self {
            router,
            inner: Mutex::new(inner),
            store,
            root,
            started: Instant::now(),
            epoch,
            figures,
            pulse: Pulse::default(),
        })
    }

    /// The time since 1970, which never goes back while the broker runs.
    pub(crate) fn now(&self) -> Duration {
        self.epoch + self.started.elapsed()
    }

    /// How long the broker has been there.
    pub(crate) fn uptime(&self) -> Duration {
        self.started.elapsed()
    }

    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    /// Publishes, after a wait where router or disk are behind.
    ///
    /// What has been published is so whatever happens to whoever asked: nothing is awaited after
    /// that. `Full` is for a message that should have been retained: it is not published either.
    pub(crate) async fn publish(
        &self,
        publication: &Publication,
        origin: Origin,
        incoming: Option<Incoming>,
    ) -> Result<Published, Full> {
        let mut draft = Draft::new(publication, origin, self.now());
        if is_command(&self.root, &publication.topic) {
            draft.mark_command();
        }

        loop {
            draft = match self.admit(draft, incoming) {
                Ok(outcome) => return outcome,
                Err(waiting) => waiting,
            };
            time::sleep(LOOK_AGAIN).await;
        }
    }

    /// Gives a message its place, or gives it back while there is none.
    fn admit(
        &self,
        draft: Draft,
        incoming: Option<Incoming>,
    ) -> Result<Result<Published, Full>, Draft> {
        let mut inner = self.lock();
        let inner = &mut *inner;
        // What is not stored does not wait for a disk that is full: gates go on working.
        let may_be_stored = draft.is_acknowledged() && !draft.is_command();
        if may_be_stored && !self.store.has_room() {
            return Err(draft);
        }
        if !inner.routes.is_empty() && inner.entrance_with_room().is_none() {
            return Err(draft);
        }

        let message = draft.number(inner.sequence + 1);
        let mut changes = Vec::new();
        if message.retain() {
            if let Err(full) = inner.retained.keep(&message) {
                return Ok(Err(full));
            }
            changes.extend(retained_change(&message));
        }
        inner.sequence += 1;
        changes.extend(incoming.map(|Incoming { record, packet_id }| Change::Incoming {
            session: record,
            packet_id: packet_id.get(),
        }));

        let (crowded, routed) = self.hand_over(&mut inner.index, &message, &mut changes);
        if routed {
            inner.push_to_router(message);
        }
        let ticket = (!changes.is_empty()).then(|| self.store.submit(changes));

        Ok(Ok(Published { ticket, crowded }))
    }

    /// Puts a message into the inboxes of those who are served directly. Says which of them is
    /// crowded, and whether the router has subscribers, too.
    fn hand_over(
        &self,
        index: &mut Index,
        message: &Message,
        changes: &mut Vec<Change>,
    ) -> (Option<Arc<Inbox>>, bool) {
        let found = index.find(message);
        let routed = found.routed;

        (self.push(message, found.direct, changes), routed)
    }

    /// Puts a message into the inboxes of these subscribers. Says which of them is crowded.
    fn push(
        &self,
        message: &Message,
        to: Vec<&Subscriber>,
        changes: &mut Vec<Change>,
    ) -> Option<Arc<Inbox>> {
        let mut crowded = None;

        for (subscriber, delivery) in deliveries(message, to) {
            let record = subscriber.record.filter(|_| delivery.recorded);
            let change = record.map(|session| queue_change(session, &delivery));
            match subscriber.inbox.push(delivery) {
                Pushed::Taken => {}
                Pushed::Crowded => crowded = Some(Arc::clone(&subscriber.inbox)),
                Pushed::Skipped => continue,
                Pushed::Full => {
                    self.figures.dropped.add();
                    continue;
                }
            }
            changes.extend(change);
        }
        crowded
    }

    /// Subscribes, or gives an existing subscription, which goes `way`, other options.
    ///
    /// One that is served directly is in effect at once, and what is retained is in its inbox
    /// before anything newer; it is stored when the ticket is committed. One that is routed is in
    /// effect when the router says so, and has to ask for its snapshot then.
    pub(crate) fn subscribe(
        &self,
        member: &Member,
        key: u32,
        request: &Request,
        identifier: Option<NonZeroU32>,
        way: Option<Way>,
        retained: bool,
    ) -> (Way, Option<Ticket>) {
        let filter = &request.filter[..];
        let now = self.now();
        let mut inner = self.lock();
        let way = way.unwrap_or_else(|| inner.choose(member, filter));
        if way == Way::Routed {
            return (way, None);
        }

        let subscriber = Subscriber {
            inbox: Arc::clone(&member.inbox),
            key,
            no_local: request.no_local.then_some(member.origin),
            qos: request.qos,
            retain_as_published: request.retain_as_published,
            identifier,
            record: member.record,
            shared: topic::is_shared(filter),
            sight: member.sight.clone(),
        };
        let changes = member.record.map(|session| Change::Subscribe {
            session,
            key,
            filter: filter.into(),
            options: request.options(),
            identifier: identifier.map(NonZeroU32::get),
        });
        let mut changes: Vec<Change> = changes.into_iter().collect();
        if retained {
            let messages = inner.retained.matching(filter, now);
            let snapshot = snapshot(&subscriber, messages);
            changes.extend(snapshot.iter().filter_map(|delivery| {
                Some(queue_change(member.record.filter(|_| delivery.recorded)?, delivery))
            }));
            member.inbox.push_snapshot(snapshot.into_iter());
        }
        inner.index.add(filter, subscriber);
        let ticket = (!changes.is_empty()).then(|| self.store.submit(changes));

        (way, ticket)
    }

    /// Puts a subscription into effect that was stored.
    pub(crate) fn resubscribe(&self, filter: &str, subscriber: Subscriber) {
        self.lock().index.add(filter, subscriber);
    }

    /// Ends a subscription. The session forgets what of it is on its way.
    pub(crate) fn unsubscribe(&self, member: &Member, key: u32, filter: &str, way: Way) {
        let mut inner = self.lock();
        match way {
            Way::Direct => inner.index.remove(filter, &member.inbox),
            Way::Routed => inner.index.unroute(filter),
        }
        if let Some(session) = member.record {
            self.store.submit([Change::Unsubscribe { session, key }]);
        }
    }

    /// Ends a session with all its subscriptions. What shared ones had been given, and the session
    /// has not delivered, is for the other members.
    pub(crate) fn end<'a>(
        &self,
        member: &Member,
        subscriptions: impl Iterator<Item = (&'a str, Way)>,
        undelivered: impl FnOnce() -> Vec<(Arc<str>, Message)>,
    ) {
        let mut changes = Vec::new();
        let mut inner = self.lock();
        for (filter, way) in subscriptions {
            match way {
                Way::Direct => inner.index.remove(filter, &member.inbox),
                Way::Routed => inner.index.unroute(filter),
            }
        }
        for (filter, message) in undelivered() {
            match inner.index.turn(&filter, &message) {
                // A command that comes late is not what anybody wanted.
                Some(next) if !message.is_command() => {
                    drop(self.push(&message, vec![next], &mut changes))
                }
                Some(_) | None => self.figures.dropped.add(),
            }
        }
        changes.extend(member.record.map(|session| Change::End { session }));
        self.store.submit(changes);
    }

    /// The retained messages that match `filter`, as of now.
    pub(crate) fn snapshot(&self, filter: &str) -> Snapshot {
        let now = self.now();
        let inner = self.lock();

        Snapshot { sequence: inner.sequence, messages: inner.retained.matching(filter, now) }
    }

    /// What was published after the message numbered `after`, matches `filter`, and may have been
    /// lost with a router.
    pub(crate) fn missed(&self, filter: &str, after: u64) -> Vec<Message> {
        self.lock().recent.matching(filter, after)
    }

    /// How many subscriptions and retained messages there are, and the bytes of the latter, once
    /// the expired ones are forgotten.
    pub(crate) fn sweep(&self) -> Stock {
        let now = self.now();
        let mut inner = self.lock();
        let expired = inner.retained.sweep(now);
        if !expired.is_empty() {
            self.store.submit(expired.into_iter().map(|topic| Change::Forget { topic }));
        }

        Stock {
            subscriptions: inner.index.len(),
            retained: inner.retained.len(),
            retained_bytes: inner.retained.bytes(),
        }
    }

    /// Makes a link for a subscriber.
    pub(crate) async fn attach(&self) -> Result<Link, NoLink> {
        self.router.attach().await
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A message that has its place.
#[derive(Debug)]
pub(crate) struct Published {
    /// When it is safe, and its publisher may be told so.
    pub(crate) ticket: Option<Ticket>,
    crowded: Option<Arc<Inbox>>,
}

impl Published {
    /// Gives a subscriber that is behind a chance to catch up.
    pub(crate) async fn relief(&self) {
        if let Some(crowded) = &self.crowded {
            crowded.relief().await;
        }
    }
}

/// What there is of everything.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stock {
    pub(crate) subscriptions: usize,
    pub(crate) retained: usize,
    pub(crate) retained_bytes: usize,
}

impl Inner {
    fn choose(&mut self, member: &Member, filter: &str) -> Way {
        let outlives = member.record.is_some();
        if outlives || topic::is_shared(filter) || self.index.direct(filter) < DIRECT {
            return Way::Direct;
        }
        if !self.routes.contains(filter) {
            if self.routes.len() >= ROUTES {
                return Way::Direct;
            }
            self.routes.insert(filter.into());
        }
        self.index.route(filter);

        Way::Routed
    }

    fn entrance_with_room(&mut self) -> Option<&mut Entrance> {
        self.entrance.as_mut().and_then(Entrance::with_room)
    }

    fn push_to_router(&mut self, message: Message) {
        if message.qos() > Qos::AtMostOnce || message.retain() {
            self.recent.push(message.clone());
        }
        // What a router that dies has not handed on is sent again to those who resubscribe.
        if self.entrance.as_mut().is_some_and(|entrance| entrance.push(message).is_err()) {
            self.entrance = None;
        }
    }
}

#[cfg(any(test, feature = "fuzzing"))]
impl Exchange {
    /// Says whether there was a router.
    pub(crate) fn kill_router(&self) -> bool {
        let mut inner = self.lock();
        inner.entrance.as_mut().map(Entrance::kill_router).is_some()
    }
}

#[cfg(feature = "fuzzing")]
impl Exchange {
    /// Whether messages can get into a router.
    pub(crate) fn has_router(&self) -> bool {
        self.lock().entrance.is_some()
    }

    /// How many levels of filters are remembered.
    pub(crate) fn levels(&self) -> usize {
        self.lock().index.levels()
    }
}
