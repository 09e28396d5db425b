//! Streams of cameras: each runs as long as somebody watches.
//!
//! The first viewer has the camera started, whoever watches renews it, and the last one that leaves
//! ends it. No task looks after a stream: a viewer that takes its frames does. One that is stuck
//! renews nothing, and the stream that nobody takes ends at the gate.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use audit::Via;
use bytes::Bytes;
use schemas::{Answer, AnswerCode, CameraAction, CameraControl, Command, GateId, Id};
use service::stamp;
use tokio::{
    sync::watch,
    time::{self, Instant},
};

use crate::{
    audit::Who,
    command::{self, Refusal},
    config::Limits,
    demand::Listening,
    hub::Channel,
    questions::Question,
    relay::Relay,
    visitor::Visitor,
};

/// How long a stream runs that nobody renews.
const LENGTH: Duration = Duration::from_secs(60);
const RENEWED_AFTER: Duration = Duration::from_secs(40);
/// A stream that sends nothing for so long is started again: somebody else may have ended it.
const SILENT_AFTER: Duration = Duration::from_secs(2);
/// One that sends nothing for so long has ended.
const ENDS_AFTER: Duration = Duration::from_secs(5);
/// How often a viewer that gets no frames looks whether there is something to do.
const LOOKS_EVERY: Duration = Duration::from_millis(500);

/// Who watches which gate.
#[derive(Debug, Default)]
pub(crate) struct Streams {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    streams: HashMap<GateId, Stream>,
    next_number: u64,
}

/// The stream of one gate.
#[derive(Debug, Default)]
struct Stream {
    viewers: Vec<Place>,
    ordered: Option<Ordered>,
}

#[derive(Debug)]
struct Place {
    number: u64,
    address: IpAddr,
    frames_per_second: u32,
}

/// What the gate was told last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Ordered {
    frames_per_second: u32,
    at: Instant,
}

/// What somebody wants to watch.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub(crate) gate: GateId,
    pub(crate) frames_per_second: u32,
    pub(crate) visitor: Visitor,
}

/// Somebody who watches. Dropped, it leaves.
#[derive(Debug)]
pub(crate) struct Viewer {
    relay: Arc<Relay>,
    wanted: Wanted,
    number: u64,
    /// The frames are heard, and the gate is known by its states.
    _listening: Listening,
    frames: watch::Receiver<Bytes>,
    /// When the last frame came.
    came: Instant,
    /// When a further frame is wanted.
    next: Instant,
}

/// There is nothing to watch.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum StreamError {
    #[error("no gate `{0}` was ever heard of: check its name")]
    NoSuchGate(GateId),
    #[error("{}", .0.message)]
    Refused(Refusal),
    #[error("the camera of {0} was started, and no frame of it came: look at the camera")]
    NoFrames(GateId),
    #[error("{0} viewers watch streams already: `gateway.limits.stream_viewers`")]
    TooMany(usize),
    #[error(
        "{0} viewers of this address watch streams already: \
         `gateway.limits.stream_viewers_per_address`"
    )]
    TooManyOfAddress(usize),
}

impl Streams {
    /// How many watch.
    pub(crate) fn viewers(&self) -> usize {
        self.inner().viewers().count()
    }

    fn enter(&self, wanted: &Wanted, limits: &Limits) -> Result<u64, StreamError> {
        let mut inner = self.inner();
        if inner.viewers().count() >= limits.stream_viewers {
            return Err(StreamError::TooMany(limits.stream_viewers));
        }
        let address = wanted.visitor.address();
        let same = inner.viewers().filter(|viewer| viewer.address == address).count();
        if same >= limits.stream_viewers_per_address {
            return Err(StreamError::TooManyOfAddress(limits.stream_viewers_per_address));
        }

        inner.next_number += 1;
        let number = inner.next_number;
        let place = Place { number, address, frames_per_second: wanted.frames_per_second };
        inner.streams.entry(wanted.gate.clone()).or_default().viewers.push(place);
        Ok(number)
    }

    /// Whether the stream has run, and nobody watches any more.
    fn leave(&self, gate: &GateId, number: u64) -> bool {
        let mut inner = self.inner();
        let Some(stream) = inner.streams.get_mut(gate) else { return false };

        stream.viewers.retain(|viewer| viewer.number != number);
        stream.viewers.is_empty()
            && inner.streams.remove(gate).is_some_and(|stream| stream.ordered.is_some())
    }

    /// How many frames a second the gate is to be asked for, if it is time to.
    fn due(&self, gate: &GateId, silence: Duration, now: Instant) -> Option<u32> {
        self.inner().streams.get_mut(gate)?.due(silence, now)
    }

    /// The gate does not stream.
    fn refused(&self, gate: &GateId) {
        if let Some(stream) = self.inner().streams.get_mut(gate) {
            stream.ordered = None;
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn viewers(&self) -> impl Iterator<Item = &Place> {
        self.streams.values().flat_map(|stream| &stream.viewers)
    }
}

impl Stream {
    fn due(&mut self, silence: Duration, now: Instant) -> Option<u32> {
        let wanted = self.viewers.iter().map(|viewer| viewer.frames_per_second).max()?;
        let is_fresh = self.ordered.is_some_and(|ordered| {
            let age = now.duration_since(ordered.at);
            let is_silent = silence >= SILENT_AFTER && age >= SILENT_AFTER;
            ordered.frames_per_second >= wanted && age < RENEWED_AFTER && !is_silent
        });
        if is_fresh {
            return None;
        }

        self.ordered = Some(Ordered { frames_per_second: wanted, at: now });
        Some(wanted)
    }
}

impl Wanted {
    /// How long a viewer waits between two frames. One that is early by a little is taken: the one
    /// after it may be late.
    fn pause(&self) -> Duration {
        Duration::from_secs(1) / self.frames_per_second * 3 / 4
    }
}

impl Viewer {
    /// Comes to watch: the stream runs, and has its first frame.
    pub(crate) async fn open(relay: Arc<Relay>, wanted: Wanted) -> Result<Self, StreamError> {
        let gate = &wanted.gate;
        let listening = relay.listen(&Channel::Gate(gate.clone())).await;
        relay.reach(gate).map_err(|refusal| {
            if refusal.code == AnswerCode::GateOffline && !relay.hub.knows(gate) {
                return StreamError::NoSuchGate(gate.clone());
            }
            StreamError::Refused(refusal)
        })?;
        let frames = relay.pictures.frames(gate);
        let frames = frames.ok_or_else(|| StreamError::NoSuchGate(gate.clone()))?;
        let number = relay.streams.enter(&wanted, &relay.config.limits)?;

        let now = Instant::now();
        let mut viewer =
            Self { relay, wanted, number, _listening: listening, frames, came: now, next: now };
        viewer.first_frame().await?;
        Ok(viewer)
    }

    /// The next frame, or a later one. `None`: the stream has ended.
    pub(crate) async fn next(&mut self) -> Option<Bytes> {
        time::sleep_until(self.next).await;

        loop {
            if let Some(frames_per_second) = self.due() {
                self.renew(frames_per_second);
            }
            match time::timeout(LOOKS_EVERY, self.frames.changed()).await {
                Ok(changed) => {
                    changed.ok()?;
                    self.came = Instant::now();
                    self.next = self.came + self.wanted.pause();
                    self.relay.figures.stream_frames.count();
                    return Some(self.frames.borrow_and_update().clone());
                }
                Err(_) if self.came.elapsed() >= ENDS_AFTER => return None,
                Err(_) => {}
            }
        }
    }

    async fn first_frame(&mut self) -> Result<(), StreamError> {
        let relay = Arc::clone(&self.relay);

        while self.came.elapsed() < ENDS_AFTER {
            let mut question = match self.due() {
                Some(frames_per_second) => {
                    let id = stamp::new_id();
                    let question = relay.questions.open(id.clone());
                    self.order(start(frames_per_second, id)).map_err(StreamError::Refused)?;
                    Some(question)
                }
                None => None,
            };
            tokio::select! {
                biased;
                changed = self.frames.changed() => {
                    self.frames.mark_changed();
                    return changed.map_err(|_| StreamError::NoFrames(self.wanted.gate.clone()));
                }
                answer = refusal(question.as_mut()) => {
                    relay.streams.refused(&self.wanted.gate);
                    return Err(StreamError::Refused(why(answer)));
                }
                () = time::sleep(SILENT_AFTER) => {}
            }
        }

        relay.streams.refused(&self.wanted.gate);
        Err(StreamError::NoFrames(self.wanted.gate.clone()))
    }

    fn due(&self) -> Option<u32> {
        self.relay.streams.due(&self.wanted.gate, self.came.elapsed(), Instant::now())
    }

    fn order(&self, control: CameraControl) -> Result<(), Refusal> {
        let (command, who) = self.command(control);
        self.relay.audit.commanded(&command, &who);

        self.send(&command).inspect_err(|refusal| {
            self.relay.audit.refused(&command, &who, refusal);
        })
    }

    fn renew(&self, frames_per_second: u32) {
        let (command, who) = self.command(start(frames_per_second, stamp::new_id()));
        self.relay.audit.repeated(&command, &who);

        // Without a broker no frame comes either, and that ends it.
        let _ = self.send(&command);
    }

    fn command(&self, control: CameraControl) -> (Command, Who) {
        let Wanted { gate, visitor, .. } = &self.wanted;
        let command = command::to_camera(gate, control);

        (command::stamp(command, visitor.name(), stamp::now()), Who::of(visitor, Via::Http, None))
    }

    fn send(&self, command: &Command) -> Result<(), Refusal> {
        self.relay
            .publish_bytes(&command.topic(), command.encode())
            .map_err(|_| Refusal::no_broker())
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        if self.relay.streams.leave(&self.wanted.gate, self.number) {
            let stop = command::camera_control(CameraAction::StopStream, stamp::new_id());
            // Without a broker, the stream ends by itself.
            let _ = self.order(stop);
        }
    }
}

fn start(frames_per_second: u32, id: Id) -> CameraControl {
    CameraControl {
        fps: Some(frames_per_second),
        max_seconds: Some(LENGTH.as_secs() as u32),
        ..command::camera_control(CameraAction::StartStream, id)
    }
}

/// The answer to a question, if it is none that one would like to hear.
async fn refusal(question: Option<&mut Question<'_>>) -> Answer {
    if let Some(question) = question
        && let Some(answer) = question.answer().await
        && !answer.success
    {
        return answer;
    }

    std::future::pending().await
}

fn why(answer: Answer) -> Refusal {
    let message = answer.message.unwrap_or_else(|| "the gate does not start a stream".to_owned());

    Refusal::failed(answer.code.unwrap_or(AnswerCode::HardwareOffline), message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_ordered_once_renewed_and_ordered_anew_when_it_is_silent() {
        let (streams, now) = (Streams::default(), Instant::now());
        let due = |silent: u64, after: u64| {
            let after = Duration::from_secs(after);
            streams.due(&gate(), Duration::from_secs(silent), now + after)
        };
        let slow = streams.enter(&wanted(5, 1), &Limits::default()).unwrap();

        assert_eq!((due(0, 0), due(0, 1), due(0, 39)), (Some(5), None, None));
        assert_eq!((due(0, 40), due(0, 41)), (Some(5), None));
        assert_eq!((due(2, 43), due(3, 44), due(4, 45)), (Some(5), None, Some(5)));

        let quick = streams.enter(&wanted(10, 1), &Limits::default()).unwrap();
        assert_eq!((due(0, 46), due(0, 47)), (Some(10), None));
        assert!(!streams.leave(&gate(), quick));
        assert!(streams.leave(&gate(), slow), "the last one ends it");
        assert!(!streams.leave(&gate(), slow));
    }

    #[test]
    fn nobody_ends_a_stream_that_never_ran() {
        let (streams, now) = (Streams::default(), Instant::now());
        let viewer = streams.enter(&wanted(5, 1), &Limits::default()).unwrap();
        assert_eq!(streams.due(&gate(), Duration::ZERO, now), Some(5));

        streams.refused(&gate());

        assert!(!streams.leave(&gate(), viewer));
    }

    #[test]
    fn viewers_are_counted_and_those_of_an_address_too() {
        let streams = Streams::default();
        let limits =
            Limits { stream_viewers: 3, stream_viewers_per_address: 2, ..Limits::default() };
        let enter = |host| streams.enter(&wanted(5, host), &limits);

        let first = enter(1).unwrap();
        enter(1).unwrap();
        assert_eq!(enter(1), Err(StreamError::TooManyOfAddress(2)));
        enter(2).unwrap();
        assert_eq!(enter(3), Err(StreamError::TooMany(3)));
        streams.leave(&gate(), first);
        enter(3).unwrap();
        assert_eq!(streams.viewers(), 3);
    }

    fn gate() -> GateId {
        "gate_in".parse().unwrap()
    }

    fn wanted(frames_per_second: u32, host: u8) -> Wanted {
        Wanted {
            gate: gate(),
            frames_per_second,
            visitor: Visitor::new(access::User::anonymous(), [10, 0, 0, host].into()),
        }
    }
}
