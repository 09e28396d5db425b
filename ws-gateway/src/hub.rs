//! Who is told what.
//!
//! | message | the gate's channel | `gate_all` | `admin` |
//! |---|---|---|---|
//! | states, events and answers of a gate | ✓ | ✓ | ✓ |
//! | `system_status` of a gateway | | ✓ | ✓ |
//! | commands, sessions, what was not valid | | | ✓ |
//!
//! A client that may know of some gates alone is told the part that concerns them: see [`Sight`].
//!
//! What is said is put into the log of its channel once, however many listen; shards write it to
//! the clients. Who joins gets a place in the log and the snapshot under one short lock, so it sees
//! a change in its snapshot or after it, never in neither.

mod channel;
mod feed;
mod latest;
mod log;
mod shard;
mod sight;
mod window;

use std::{
    collections::{BTreeMap, HashSet},
    num::NonZero,
    sync::atomic::{AtomicBool, Ordering},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use schemas::{
    CONTRACT, GateId, Hello, Id, Report, SessionBody, SessionMessage, Source, SystemStatus,
    Timestamp, Topic,
};

use tokio::time::{self, Instant};

use crate::{
    config::Limits,
    coverage::Coverage,
    figures::Figures,
    outbox::{Frame, Outbox},
};
pub(crate) use channel::Channel;
use feed::{Feed, Listener};
pub(crate) use feed::{Following, Memo};
use latest::Latest;
pub(crate) use latest::{Arrival, GateView, Outcome};
use log::Kind;
pub(crate) use log::{BATCH, Slot};
pub(crate) use shard::Shard;
pub(crate) use sight::{About, Sight};
use window::Window;

/// When the gateway stops, clients are sent away no faster than one in this time.
const DEPARTURE: Duration = Duration::from_millis(1);

/// The latest states, the recent events, and the clients that are told.
#[derive(Debug)]
pub(crate) struct Hub {
    inner: Mutex<Inner>,
    is_draining: AtomicBool,
    shards: Vec<Arc<Shard>>,
    limits: Limits,
    figures: Arc<Figures>,
}

#[derive(Debug)]
struct Inner {
    rooms: BTreeMap<Channel, Room>,
    latest: Latest,
    /// Of these nothing is missed, so that windows are whole.
    covered: Coverage,
    /// Commands that no gate has answered yet.
    awaited: HashSet<Id>,
}

/// A channel: what was said, and who listens.
#[derive(Debug)]
struct Room {
    feed: Arc<Feed>,
    window: Window,
}

/// Who comes in, and where to.
#[derive(Debug)]
pub(crate) struct Guest {
    pub(crate) session: u64,
    pub(crate) channel: Channel,
    pub(crate) sight: Sight,
    /// What `hello` calls it.
    pub(crate) role: String,
}

/// The place of one client in the hub.
#[derive(Debug)]
pub(crate) struct Seat {
    pub(crate) session: u64,
    pub(crate) channel: Channel,
    pub(crate) outbox: Arc<Outbox>,
}

/// What `/status` shows of the hub.
#[derive(Debug)]
pub(crate) struct View {
    /// How many clients each channel has.
    pub(crate) channels: BTreeMap<String, usize>,
    pub(crate) gates: Vec<GateView>,
}

impl Hub {
    pub(crate) fn new(limits: Limits, covered: Coverage, figures: Arc<Figures>) -> Self {
        let inner = Inner {
            rooms: BTreeMap::new(),
            latest: Latest::new(limits.gates),
            covered,
            awaited: HashSet::new(),
        };

        // One for each thread that can write at the same time.
        let shards = thread::available_parallelism().map_or(1, NonZero::get);
        let shards = (0..shards).map(|number| Arc::new(Shard::new(number))).collect();

        Self { inner: Mutex::new(inner), is_draining: false.into(), shards, limits, figures }
    }

    /// Those who write to the clients: each is to run until the last client is gone.
    pub(crate) fn shards(&self) -> impl Iterator<Item = Arc<Shard>> {
        self.shards.iter().cloned()
    }

    /// Lets a client in: `hello`, what it missed, the snapshot, and from here on what happens.
    pub(crate) fn join(&self, guest: Guest, after: Option<&str>, now: Timestamp) -> Seat {
        let Guest { session, channel, sight, role } = guest;
        let mut inner = self.inner();
        let Inner { rooms, latest, .. } = &mut *inner;
        let room = rooms.entry(channel.clone()).or_insert_with(|| self.room());
        let missed: Option<Vec<Frame>> = after
            .and_then(|id| room.window.after(id, &sight))
            .map(|frames| frames.cloned().collect());
        let recovered = after.map(|_| missed.is_some());

        let last_event = room.window.newest(&sight).cloned();
        let mut greeting = vec![hello(&channel, &role, (recovered, last_event), now)];
        greeting.extend(missed.into_iter().flatten());
        greeting.extend(snapshot(latest, &channel, &sight, now));

        let following = Following::new(&room.feed, sight.clone());
        let outbox = Outbox::following(greeting, following, self.limits.queued_bytes);
        let outbox = Arc::new(outbox);
        let listener = Listener { outbox: Arc::clone(&outbox), sight, role: role.into() };
        room.feed.join(session, listener);

        Seat { session, channel, outbox }
    }

    /// Lets a client go.
    pub(crate) fn leave(&self, seat: &Seat) {
        let mut inner = self.inner();
        let Some(room) = inner.rooms.get_mut(&seat.channel) else { return };

        room.feed.leave(seat.session);
        if room.feed.size() > 0 {
            return;
        }
        room.feed.log().clear();
        if room.window.is_empty() {
            inner.rooms.remove(&seat.channel);
        }
    }

    /// Whether the gateway stops, so that nobody should come any more.
    pub(crate) fn is_draining(&self) -> bool {
        self.is_draining.load(Ordering::Relaxed)
    }

    /// Sends all clients away, each when it has been told what is pending, one after the other and
    /// all within some time.
    pub(crate) async fn drain(&self, within: Duration) {
        self.is_draining.store(true, Ordering::Relaxed);
        let all: Vec<Listener> =
            self.inner().rooms.values().flat_map(|room| room.feed.listeners()).collect();
        let count = u32::try_from(all.len()).unwrap_or(u32::MAX);
        let (start, pause) = (Instant::now(), (within / count.max(1)).min(DEPARTURE));

        for (n, Listener { outbox, .. }) in (0..count).zip(all) {
            time::sleep_until(start + pause * n).await;
            outbox.finish();
        }
    }

    /// A state came: it is kept, and told unless it is no news.
    pub(crate) fn state(&self, report: &Report, frame: &Frame, arrival: Arrival) -> Outcome {
        let mut inner = self.inner();
        let outcome = inner.latest.take_in(report, frame, arrival);

        if let Outcome::News(slot) = outcome {
            let about = About::from(&report.source);
            for channel in channels(&report.source) {
                if let Some(room) = inner.rooms.get(&channel) {
                    self.say(room, Kind::State(slot), &about, frame);
                }
            }
        }

        outcome
    }

    /// An event or an answer came: it is told, and kept for those who come back.
    pub(crate) fn event(&self, report: &Report, frame: &Frame) -> Outcome {
        let mut inner = self.inner();
        let Inner { rooms, latest, covered, .. } = &mut *inner;
        let is_heard = match &report.source {
            Source::Gate(gate) => covered.has(gate),
            Source::Bridge(_) => true,
        };
        let outcome = latest.note(report, frame, is_heard);

        if let Outcome::News(_) = outcome {
            let about = About::from(&report.source);
            for channel in channels(&report.source) {
                self.tell_event(rooms, covered, channel, (&about, report.id.as_ref()), frame);
            }
        }

        outcome
    }

    /// Something that only `admin` is shown.
    pub(crate) fn tell_admin(&self, about: About, id: Option<Id>, frame: &Frame) {
        let mut inner = self.inner();
        let Inner { rooms, covered, .. } = &mut *inner;

        self.tell_event(rooms, covered, Channel::Admin, (&about, id.as_ref()), frame);
    }

    /// Somebody cleared a retained state.
    pub(crate) fn forget(&self, topic: &Topic) {
        self.inner().latest.forget(topic);
    }

    /// Of gates that are not covered nothing is shown as the latest but whether they are there, and
    /// no window is kept that would have gaps.
    pub(crate) fn forget_all_but(&self, covered: &Coverage) {
        let mut inner = self.inner();

        inner.covered = covered.clone();
        inner.latest.forget_all_but(covered);
        inner.rooms.retain(|channel, room| {
            if covered.covers(channel) {
                return true;
            }
            room.window.clear();
            room.feed.size() > 0
        });
    }

    /// From here on nothing is missed of these.
    pub(crate) fn settle(&self, covered: &Coverage) {
        self.inner().covered = covered.clone();
    }

    /// The broker was away: nobody knows which events were missed, so no window is complete, and
    /// every client is told so, and what is the case.
    pub(crate) fn resume_after_gap(&self, now: Timestamp) {
        let mut inner = self.inner();
        let Inner { rooms, latest, .. } = &mut *inner;

        for (channel, room) in rooms {
            room.window.clear();
            for Listener { outbox, sight, role } in room.feed.listeners() {
                let mut greeting = vec![hello(channel, &role, (Some(false), None), now)];
                greeting.extend(snapshot(latest, channel, &sight, now));
                outbox.greet(greeting);
            }
        }
    }

    /// What a gate says of itself.
    pub(crate) fn system_status(&self, gate: &GateId) -> Option<SystemStatus> {
        self.inner().latest.system_status(gate).cloned()
    }

    /// Whether anything is known of a gate.
    pub(crate) fn knows(&self, gate: &GateId) -> bool {
        self.inner().latest.knows(gate)
    }

    /// A command is on its way to a gate.
    pub(crate) fn expect_answer(&self, command: Id) {
        self.inner().awaited.insert(command);
    }

    /// A gate answered.
    pub(crate) fn answered(&self, command: &Id) {
        self.inner().awaited.remove(command);
    }

    /// Nobody waits for the answer any more; whether it was still missing.
    pub(crate) fn give_up(&self, command: &Id) -> bool {
        self.inner().awaited.remove(command)
    }

    /// How many clients each channel has, and what is known of the gates.
    pub(crate) fn view(&self) -> View {
        let inner = self.inner();
        let known = inner.latest.gates().map(|gate| Channel::Gate(gate.clone()));
        let mut channels: BTreeMap<String, usize> = [Channel::All, Channel::Admin]
            .into_iter()
            .chain(known)
            .map(|channel| (channel.to_string(), 0))
            .collect();
        for (channel, room) in &inner.rooms {
            channels.insert(channel.to_string(), room.feed.size());
        }

        View { channels, gates: inner.latest.view() }
    }

    /// Tells an event, and keeps it where none is missing before or after it.
    fn tell_event(
        &self,
        rooms: &mut BTreeMap<Channel, Room>,
        covered: &Coverage,
        channel: Channel,
        (about, id): (&About, Option<&Id>),
        frame: &Frame,
    ) {
        let is_covered = covered.covers(&channel);
        if !is_covered && !rooms.contains_key(&channel) {
            return;
        }
        let room = rooms.entry(channel).or_insert_with(|| self.room());

        self.say(room, Kind::Event, about, frame);
        if is_covered {
            room.window.push(about.clone(), id.cloned(), frame.clone());
        }
    }

    /// Says something to all who listen. Where nobody does it costs nothing.
    fn say(&self, room: &Room, kind: Kind, about: &About, frame: &Frame) {
        if room.feed.size() == 0 {
            return;
        }

        room.feed.log().push(kind, about.clone(), frame.clone());
        for shard in &self.shards {
            shard.call(&room.feed);
        }
    }

    fn room(&self) -> Room {
        let Limits { queued_bytes, recent_events, recent_bytes, .. } = self.limits;
        let feed = Feed::new(self.shards.len(), queued_bytes, Arc::clone(&self.figures));

        Room { feed: Arc::new(feed), window: Window::new(recent_events, recent_bytes) }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Who is told what this source says.
fn channels(source: &Source) -> Vec<Channel> {
    match source {
        Source::Gate(gate) => vec![Channel::Gate(gate.clone()), Channel::All, Channel::Admin],
        Source::Bridge(_) => vec![Channel::All, Channel::Admin],
    }
}

/// A message of the gateway itself, as a frame.
pub(crate) fn say(channel: &Channel, body: SessionBody, now: Timestamp) -> Frame {
    SessionMessage { body, gate_id: channel.to_string(), timestamp: now, id: None }.encode().into()
}

/// What is the case, for a client with this sight.
fn snapshot(latest: &Latest, channel: &Channel, sight: &Sight, now: Timestamp) -> Vec<Frame> {
    let mut snapshot = vec![say(channel, SessionBody::SnapshotBegin {}, now)];
    snapshot.extend(latest.states(channel, sight).cloned());
    snapshot.push(say(channel, SessionBody::SnapshotEnd {}, now));

    snapshot
}

/// What a client is told of the events before: whether it gets those that it missed, and the last.
type Before = (Option<bool>, Option<Id>);

fn hello(channel: &Channel, role: &str, (recovered, last_event): Before, now: Timestamp) -> Frame {
    let hello = Hello {
        server_time: now,
        contract: CONTRACT.to_owned(),
        channel: channel.to_string(),
        role: role.to_owned(),
        recovered,
        last_event,
    };

    say(channel, SessionBody::Hello(hello), now)
}

#[cfg(test)]
mod tests;
