//! Who writes to the clients: a few tasks, each with a part of the clients.
//!
//! A shard is woken once for all that was said since it last looked. It walks its clients of that
//! channel, and writes to each what is pending. A client whose socket is full is left to its own
//! session, which goes on as soon as there is room.

use std::{
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::{sync::Notify, task, time::Instant};
use tokio_util::sync::CancellationToken;

use super::feed::Feed;

/// After so many clients others on this thread may go on.
const STRIDE: usize = 64;

/// One of the tasks.
#[derive(Debug)]
pub(crate) struct Shard {
    number: usize,
    /// Channels that have said something, and since when.
    due: Mutex<Vec<(Arc<Feed>, Instant)>>,
    called: Notify,
}

impl Shard {
    pub(super) fn new(number: usize) -> Self {
        Self { number, due: Mutex::default(), called: Notify::new() }
    }

    /// Something was said.
    pub(super) fn call(&self, feed: &Arc<Feed>) {
        if feed.crowd(self.number).becomes_due() {
            self.due().push((Arc::clone(feed), Instant::now()));
            self.called.notify_one();
        }
    }

    /// Writes until cancelled.
    pub(crate) async fn run(self: Arc<Self>, cancel: CancellationToken) {
        // Tokio lets a task do so much and then has it wait; here a stride says how much.
        let work = task::unconstrained(async {
            loop {
                self.called.notified().await;
                for (feed, since) in self.take_due() {
                    self.tell(&feed).await;
                    feed.figures.delivered_after(since.elapsed());
                }
            }
        });

        cancel.run_until_cancelled(work).await;
    }

    async fn tell(&self, feed: &Feed) {
        let crowd = feed.crowd(self.number);
        crowd.is_looked_after();
        let mut memo = feed.memo();
        let (mut some, mut last) = (Vec::new(), None);

        loop {
            crowd.some_after(last, &mut some, STRIDE);
            let Some((session, _)) = some.last() else { break };
            last = Some(*session);
            for (_, outbox) in &some {
                outbox.tell(&mut memo);
            }
            if some.len() == STRIDE {
                task::yield_now().await;
            }
        }
        feed.count(&memo.tally);
    }

    fn take_due(&self) -> Vec<(Arc<Feed>, Instant)> {
        mem::take(&mut *self.due())
    }

    fn due(&self) -> MutexGuard<'_, Vec<(Arc<Feed>, Instant)>> {
        self.due.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
