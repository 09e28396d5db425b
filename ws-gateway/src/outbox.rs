//! What one client is still to be told.
//!
//! The hub puts frames in and never waits; the session takes out all that is pending. A client
//! that keeps up gets every state. One that falls behind gets the latest of each, every event, and,
//! past the bound, a close with 4008.

mod queue;

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use tokio::sync::Notify;
use tokio_tungstenite::tungstenite::Utf8Bytes;
use tokio_util::sync::CancellationToken;

use crate::session::End;
use queue::{Full, Queue};
pub(crate) use queue::{Pushed, Slot};

/// The text of one frame, shared by everybody who gets it.
pub(crate) type Frame = Utf8Bytes;

/// The frame of a message that this gateway wrote.
pub(crate) fn frame(json: Vec<u8>) -> Frame {
    String::from_utf8(json).expect("JSON is UTF-8").into()
}

/// The queue of one client, between the hub and its session.
#[derive(Debug)]
pub(crate) struct Outbox {
    queue: Mutex<Queue>,
    filled: Notify,
    over: CancellationToken,
    end: OnceLock<End>,
}

impl Outbox {
    /// A queue for at most `max_bytes` of events, which begins with `greeting`.
    pub(crate) fn new(greeting: Vec<Frame>, max_bytes: usize) -> Self {
        Self {
            queue: Mutex::new(Queue::new(greeting, max_bytes)),
            filled: Notify::new(),
            over: CancellationToken::new(),
            end: OnceLock::new(),
        }
    }

    /// Adds a frame that counts: it is told, or the client is closed.
    pub(crate) fn push_event(&self, frame: &Frame) -> Pushed {
        self.push(|queue| queue.push_event(frame.clone()))
    }

    /// Adds a frame of which only the latest of its slot counts.
    pub(crate) fn push_state(&self, slot: Slot, frame: &Frame) -> Pushed {
        self.push(|queue| Ok(queue.push_state(slot, frame.clone())))
    }

    /// Ends the session: what is still queued is not told.
    pub(crate) fn close(&self, end: End) {
        // Whoever was first says why.
        let _ = self.end.set(end);
        self.queue().clear();
        self.over.cancel();
    }

    /// Takes out what fits into one write. Empty: nothing is pending.
    pub(crate) fn take(&self, max_bytes: usize) -> Vec<Frame> {
        self.queue().take(max_bytes)
    }

    /// Resolves when something may be pending.
    pub(crate) async fn filled(&self) {
        self.filled.notified().await;
    }

    /// Resolves when somebody ended the session, with why.
    pub(crate) async fn closed(&self) -> End {
        self.over.cancelled().await;

        self.end.get().cloned().unwrap_or(End::Left)
    }

    fn push(&self, push: impl FnOnce(&mut Queue) -> Result<Pushed, Full>) -> Pushed {
        if self.over.is_cancelled() {
            return Pushed::Refused;
        }

        let pushed = push(&mut self.queue());
        match pushed {
            Ok(pushed) => {
                self.filled.notify_one();
                pushed
            }
            Err(Full) => {
                self.close(End::Slow);
                Pushed::Overflowed
            }
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
