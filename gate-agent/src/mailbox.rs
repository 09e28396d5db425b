//! What waits to be published, apart from the journal.
//!
//! Whoever has something to say posts it here and never waits. States are kept as the latest of
//! each type; answers and faults queue up to a bound, over which the oldest is dropped and
//! counted; of a stream only the newest frame is kept.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use schemas::{GateId, MessageType, Report, Root, Topic};
use tokio::sync::Notify;
use tracing::warn;

/// Answers to many commands; more than that piles up only while no broker is there.
const QUEUE: usize = 256;
/// Pictures that were asked for, of up to a megabyte each.
const FETCHED: usize = 4;

/// A letter: where it goes and what is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Post {
    pub(crate) kind: MessageType,
    pub(crate) topic: String,
    pub(crate) bytes: Bytes,
}

/// The handle of the mailbox; clones share one.
#[derive(Debug, Clone)]
pub(crate) struct Mailbox {
    root: Root,
    gate: GateId,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    letters: Mutex<Letters>,
    posted: Notify,
}

#[derive(Debug, Default)]
struct Letters {
    states: BTreeMap<MessageType, Post>,
    queue: VecDeque<Post>,
    frame: Option<Post>,
}

impl Mailbox {
    pub(crate) fn new(root: Root, gate: GateId) -> Self {
        Self { root, gate, shared: Arc::default() }
    }

    /// Posts a state; one of the same type that has not left is replaced.
    pub(crate) fn post_state(&self, report: &Report) {
        let post = self.sealed(report.body.message_type(), report.encode().into());

        self.letters().states.insert(post.kind, post);
        self.shared.posted.notify_one();
    }

    /// Posts an answer, a fault or other news.
    pub(crate) fn post(&self, report: &Report) {
        let post = self.sealed(report.body.message_type(), report.encode().into());
        let mut letters = self.letters();

        if letters.queue.len() == QUEUE
            && let Some(dropped) = letters.queue.pop_front()
        {
            warn!(topic = dropped.topic, "Dropped the oldest of too many unsent messages");
        }
        letters.queue.push_back(post);
        drop(letters);
        self.shared.posted.notify_one();
    }

    /// Posts a picture: the latest one, or a frame of a stream.
    pub(crate) fn post_picture(&self, kind: MessageType, jpeg: Bytes) {
        let post = self.sealed(kind, jpeg);
        let mut letters = self.letters();

        if kind == MessageType::Stream {
            letters.frame = Some(post);
        } else {
            letters.states.insert(kind, post);
        }
        drop(letters);
        self.shared.posted.notify_one();
    }

    /// Posts a picture that somebody asked for, in its turn with the answers; whether there was
    /// room for it.
    pub(crate) fn post_fetched(&self, jpeg: Bytes) -> bool {
        let post = self.sealed(MessageType::Picture, jpeg);
        let mut letters = self.letters();

        let waiting = letters.queue.iter().filter(|post| post.kind == MessageType::Picture).count();
        if waiting >= FETCHED || letters.queue.len() >= QUEUE {
            return false;
        }
        letters.queue.push_back(post);
        drop(letters);
        self.shared.posted.notify_one();

        true
    }

    /// The next letter, if there is one: answers first, `system_status` last.
    pub(crate) fn take(&self) -> Option<Post> {
        let mut letters = self.letters();

        if let Some(post) = letters.queue.pop_front() {
            return Some(post);
        }
        let next =
            letters.states.keys().copied().min_by_key(|kind| *kind == MessageType::SystemStatus);
        next.and_then(|kind| letters.states.remove(&kind)).or_else(|| letters.frame.take())
    }

    /// Puts back what did not get through, unless something newer has been posted.
    pub(crate) fn put_back(&self, post: Post) {
        let mut letters = self.letters();

        match post.kind {
            // Whoever asked has asked on a connection that is gone.
            MessageType::Stream | MessageType::Picture => {}
            MessageType::SystemStatus
            | MessageType::HardwareStatus
            | MessageType::GateStatus
            | MessageType::Image => {
                letters.states.entry(post.kind).or_insert(post);
            }
            MessageType::CardDetected
            | MessageType::ParkingEntry
            | MessageType::ParkingExit
            | MessageType::ParkingEvent
            | MessageType::ImageCaptured
            | MessageType::Error
            | MessageType::GateControlResponse
            | MessageType::CameraControlResponse
            | MessageType::GateControl
            | MessageType::CameraControl
            | MessageType::RequestStatus
            | MessageType::RequestEvents => letters.queue.push_front(post),
        }
    }

    /// Resolves when something has been posted. Cancel-safe.
    pub(crate) async fn posted(&self) {
        self.shared.posted.notified().await;
    }

    fn sealed(&self, kind: MessageType, bytes: Bytes) -> Post {
        Post { kind, topic: Topic::Gate(self.gate.clone(), kind).below(&self.root), bytes }
    }

    fn letters(&self) -> MutexGuard<'_, Letters> {
        self.shared.letters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use schemas::{Body, Fault};

    use super::*;
    use crate::voice::Voice;

    #[test]
    fn of_a_state_only_the_latest_leaves_and_the_birth_leaves_last() {
        let mailbox = mailbox();
        for kind in [MessageType::SystemStatus, MessageType::Image, MessageType::Image] {
            mailbox.post_picture(kind, Bytes::from(kind.to_string()));
        }

        let left: Vec<MessageType> =
            std::iter::from_fn(|| mailbox.take()).map(|post| post.kind).collect();

        assert_eq!(left, [MessageType::Image, MessageType::SystemStatus]);
    }

    #[test]
    fn the_queue_is_bounded_and_drops_the_oldest() {
        let mailbox = mailbox();
        for n in 0..=QUEUE {
            mailbox.post(&fault(n));
        }

        let left: Vec<Post> = std::iter::from_fn(|| mailbox.take()).collect();

        assert_eq!(left.len(), QUEUE);
        assert!(String::from_utf8_lossy(&left[0].bytes).contains("\"n1\""));
    }

    #[test]
    fn what_did_not_get_through_gives_way_to_what_is_newer() {
        let mailbox = mailbox();
        mailbox.post_picture(MessageType::Image, Bytes::from_static(b"old"));
        let old = mailbox.take().unwrap();
        mailbox.post_picture(MessageType::Image, Bytes::from_static(b"new"));

        mailbox.put_back(old);

        assert_eq!(mailbox.take().unwrap().bytes, "new");
        assert_eq!(mailbox.take(), None);
    }

    fn mailbox() -> Mailbox {
        Mailbox::new(Root::default(), gate())
    }

    fn gate() -> GateId {
        "gate_in".parse().unwrap()
    }

    fn fault(n: usize) -> Report {
        Voice::new(gate()).report(Body::Error(Fault {
            code: format!("n{n}"),
            message: String::new(),
            command_id: None,
            detail: None,
        }))
    }
}
