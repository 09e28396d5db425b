//! What has to be on disk before it is said, so that exactly once holds for a client that is cut off
//! and for a broker that is killed (4.3.3, 4.4).
//!
//! | what is said | what is on disk before                    |
//! |--------------|-------------------------------------------|
//! | PUBLISH      | the packet identifier, at QoS 2           |
//! | PUBACK       | the message                               |
//! | PUBREC       | the message, and its packet identifier    |
//! | PUBREL       | that the client has received the message  |
//! | PUBCOMP      | that the packet identifier is free again  |
//!
//! That is for sessions that outlive their connection; the others have nothing on disk. Changes are
//! collected while packets and messages are taken, and the store is told of all of them at once: a
//! whole window waits for one commit.

use std::time::Duration;

use super::Session;
use crate::{
    codec::PacketId,
    inbox::Delivery,
    store::{Change, Ticket},
};

/// What something has to wait for before it is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Until {
    /// Nothing.
    Now,
    /// What the store is told next.
    Recorded,
    Committed(Ticket),
}

/// A message that has its place in the window, and is written when that is on disk, and what comes
/// before it is written.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) until: Until,
    pub(super) delivery: Delivery,
    pub(super) packet_id: Option<PacketId>,
}

impl From<Option<Ticket>> for Until {
    fn from(ticket: Option<Ticket>) -> Self {
        ticket.map_or(Self::Now, Self::Committed)
    }
}

impl Until {
    pub(super) fn is_over(self, is_committed: impl Fn(Ticket) -> bool) -> bool {
        match self {
            Self::Now => true,
            Self::Recorded => false,
            Self::Committed(ticket) => is_committed(ticket),
        }
    }

    fn ticket(self) -> Option<Ticket> {
        match self {
            Self::Now | Self::Recorded => None,
            Self::Committed(ticket) => Some(ticket),
        }
    }
}

impl Session {
    /// Has the store told of a step, if the session is one that it knows.
    pub(super) fn note(&mut self, change: impl FnOnce(u64) -> Change) -> Until {
        let Some(session) = self.kept.member.record else { return Until::Now };
        self.changes.push(change(session));

        Until::Recorded
    }

    /// What the store is to be told; then [`Session::recorded`] is.
    pub(crate) fn take_changes(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.changes)
    }

    /// What was taken is on disk when `ticket` is committed.
    pub(crate) fn recorded(&mut self, ticket: Ticket) {
        self.kept.safe = Some(ticket);
        let answers = self.unanswered.iter_mut().map(|next| &mut next.until);
        let messages = self.held.iter_mut().map(|next| &mut next.until);

        for until in answers.chain(messages).filter(|until| **until == Until::Recorded) {
            *until = Until::Committed(ticket);
        }
    }

    /// Which ticket the store has to commit before there is more to say.
    pub(crate) fn waits_for(&self) -> Option<Ticket> {
        [
            self.unanswered.front().and_then(|next| next.until.ticket()),
            self.unsettled.front().and_then(|next| next.commit),
            self.held.front().and_then(|next| next.until.ticket()),
            self.resumes,
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// Says what is safe to be said: answers, and messages.
    pub(crate) fn release(&mut self, is_committed: impl Fn(Ticket) -> bool, now: Duration) {
        self.answer(&is_committed);
        self.resumes = self.resumes.filter(|ticket| !is_committed(*ticket));

        while self.held.front().is_some_and(|next| next.until.is_over(&is_committed))
            && let Some(Held { delivery, packet_id, .. }) = self.held.pop_front()
        {
            self.write(&delivery, packet_id, now);
        }
    }
}
