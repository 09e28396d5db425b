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
//! A frame is made once and shared. Everything happens under one short lock, so a client sees a
//! change in its snapshot or after it, never in neither.

mod channel;
mod latest;
mod sight;
mod window;

use std::{
    collections::{BTreeMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use schemas::{
    CONTRACT, GateId, Hello, Id, Report, SessionBody, SessionMessage, Source, SystemStatus,
    Timestamp, Topic,
};

use crate::{
    config::Limits,
    figures::Figures,
    outbox::{Frame, Outbox, Pushed, Slot},
};
pub(crate) use channel::Channel;
use latest::Latest;
pub(crate) use latest::{Arrival, GateView, Outcome};
pub(crate) use sight::{About, Sight};
use window::Window;

/// The latest states, the recent events, and the clients that are told.
#[derive(Debug)]
pub(crate) struct Hub {
    inner: Mutex<Inner>,
    limits: Limits,
    figures: Arc<Figures>,
}

#[derive(Debug)]
struct Inner {
    rooms: BTreeMap<Channel, Room>,
    latest: Latest,
    /// Commands that no gate has answered yet.
    awaited: HashSet<Id>,
}

/// A channel: who listens, and what was said.
#[derive(Debug)]
struct Room {
    members: Vec<Member>,
    window: Window,
}

#[derive(Debug)]
struct Member {
    session: u64,
    sight: Sight,
    role: String,
    outbox: Arc<Outbox>,
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
    pub(crate) fn new(limits: Limits, figures: Arc<Figures>) -> Self {
        let inner = Inner {
            rooms: BTreeMap::new(),
            latest: Latest::new(limits.gates),
            awaited: HashSet::new(),
        };

        Self { inner: Mutex::new(inner), limits, figures }
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

        let mut greeting = vec![hello(&channel, &role, recovered, now)];
        greeting.extend(missed.into_iter().flatten());
        greeting.push(say(&channel, SessionBody::SnapshotBegin {}, now));
        greeting.extend(latest.states(&channel, &sight).cloned());
        greeting.push(say(&channel, SessionBody::SnapshotEnd {}, now));
        self.figures.delivered.add(greeting.len());

        let outbox = Arc::new(Outbox::new(greeting, self.limits.queued_bytes));
        room.members.push(Member { session, sight, role, outbox: Arc::clone(&outbox) });

        Seat { session, channel, outbox }
    }

    /// Lets a client go.
    pub(crate) fn leave(&self, seat: &Seat) {
        let mut inner = self.inner();
        let Some(room) = inner.rooms.get_mut(&seat.channel) else { return };

        room.members.retain(|member| member.session != seat.session);
        if room.members.is_empty() && room.window.is_empty() {
            inner.rooms.remove(&seat.channel);
        }
    }

    /// A state came: it is kept, and told unless it is no news.
    pub(crate) fn state(&self, report: &Report, frame: &Frame, arrival: Arrival) -> Outcome {
        let mut inner = self.inner();
        let outcome = inner.latest.take_in(report, frame, arrival);

        if let Outcome::News(slot) = outcome {
            let about = About::from(&report.source);
            for channel in channels(&report.source) {
                self.tell_state(inner.rooms.get(&channel), &about, slot, frame);
            }
        }

        outcome
    }

    /// An event or an answer came: it is told, and kept for those who come back.
    pub(crate) fn event(&self, report: &Report, frame: &Frame) -> Outcome {
        let mut inner = self.inner();
        let outcome = inner.latest.note(report, frame);

        if let Outcome::News(_) = outcome {
            let about = About::from(&report.source);
            for channel in channels(&report.source) {
                let room = inner.rooms.entry(channel).or_insert_with(|| self.room());
                self.tell_event(room, about.clone(), report.id.clone(), frame);
            }
        }

        outcome
    }

    /// Something that only `admin` is shown.
    pub(crate) fn tell_admin(&self, about: About, id: Option<Id>, frame: &Frame) {
        let mut inner = self.inner();
        let room = inner.rooms.entry(Channel::Admin).or_insert_with(|| self.room());

        self.tell_event(room, about, id, frame);
    }

    /// Somebody cleared a retained state.
    pub(crate) fn forget(&self, topic: &Topic) {
        self.inner().latest.forget(topic);
    }

    /// The broker was away: nobody knows which events were missed, so no window is complete, and
    /// every client is told so.
    pub(crate) fn resume_after_gap(&self, now: Timestamp) {
        let mut inner = self.inner();

        for (channel, room) in &mut inner.rooms {
            room.window.clear();
            for member in &room.members {
                let frame = hello(channel, &member.role, Some(false), now);
                self.figure(member.outbox.push_event(&frame));
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
            channels.insert(channel.to_string(), room.members.len());
        }

        View { channels, gates: inner.latest.view() }
    }

    fn tell_state(&self, room: Option<&Room>, about: &About, slot: Slot, frame: &Frame) {
        for outbox in room.iter().flat_map(|room| room.listeners(about)) {
            self.figure(outbox.push_state(slot, frame));
        }
    }

    fn tell_event(&self, room: &mut Room, about: About, id: Option<Id>, frame: &Frame) {
        for outbox in room.listeners(&about) {
            self.figure(outbox.push_event(frame));
        }
        room.window.push(about, id, frame.clone());
    }

    fn figure(&self, pushed: Pushed) {
        match pushed {
            Pushed::Queued => self.figures.delivered.count(),
            Pushed::Conflated => {
                self.figures.delivered.count();
                self.figures.conflated.count();
            }
            Pushed::Overflowed => self.figures.slow_clients.count(),
            Pushed::Refused => {}
        }
    }

    fn room(&self) -> Room {
        let window = Window::new(self.limits.recent_events, self.limits.recent_bytes);

        Room { members: Vec::new(), window }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Room {
    /// Those who are told what is about this.
    fn listeners(&self, about: &About) -> impl Iterator<Item = &Outbox> {
        let seeing = self.members.iter().filter(|member| member.sight.sees(about));

        seeing.map(|member| &*member.outbox)
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

fn hello(channel: &Channel, role: &str, recovered: Option<bool>, now: Timestamp) -> Frame {
    let hello = Hello {
        server_time: now,
        contract: CONTRACT.to_owned(),
        channel: channel.to_string(),
        role: role.to_owned(),
        recovered,
    };

    say(channel, SessionBody::Hello(hello), now)
}

#[cfg(test)]
mod tests;
