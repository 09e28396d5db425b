//! What of a session outlives its connection (4.1).

use std::{
    collections::{BTreeSet, VecDeque},
    sync::Arc,
};

use super::{subscriptions::Subscriptions, window::Window};
use crate::{
    codec::PacketId,
    exchange::{Member, Way},
    inbox::Delivery,
    message::Message,
    store::Ticket,
};

/// A session without its client.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) member: Member,
    pub(super) subscriptions: Subscriptions,
    pub(super) window: Window,
    /// Messages of QoS 2 from the client that it may send again.
    pub(super) incoming: BTreeSet<PacketId>,
    /// When this is committed, the store has all that it was told of the session.
    pub(super) safe: Option<Ticket>,
}

impl Kept {
    pub(crate) fn new(member: Member) -> Self {
        Self {
            member,
            subscriptions: Subscriptions::default(),
            window: Window::default(),
            incoming: BTreeSet::new(),
            safe: None,
        }
    }

    /// Puts back a subscription that was stored.
    pub(crate) fn restore_subscription(&mut self, key: u32, filter: &str) {
        self.subscriptions.restore(key, filter);
    }

    /// Puts back a message of QoS 2 that the client was sent under that identifier.
    pub(crate) fn restore_sent(&mut self, id: PacketId, delivery: Delivery) {
        self.window.restore_sent(id, delivery);
    }

    /// Puts back a message of QoS 2 that the client has received.
    pub(crate) fn restore_received(&mut self, id: PacketId, sequence: u64, key: u32) {
        self.window.restore_received(id, sequence, key);
    }

    /// Puts back a message of QoS 2 that was received from the client.
    pub(crate) fn restore_incoming(&mut self, id: PacketId) {
        self.incoming.insert(id);
    }

    /// All filters, and which way each goes.
    pub(crate) fn filters(&self) -> impl Iterator<Item = (&str, Way)> {
        self.subscriptions.filters()
    }

    /// What shared subscriptions were given that the client has not got: their filters, and the
    /// messages. One of QoS 2 that was sent is not for anybody else (4.8.2).
    pub(crate) fn undelivered(&self) -> Vec<(Arc<str>, Message)> {
        let mut waiting = VecDeque::new();
        // An inbox that is overrun has a connection, which ends before the session does.
        let _ = self.member.inbox.take(usize::MAX, &mut waiting);

        self.window
            .unacknowledged()
            .chain(&waiting)
            .filter_map(|delivery| {
                let filter = self.subscriptions.shared(delivery.key)?;
                Some((Arc::clone(filter), delivery.message.clone()))
            })
            .collect()
    }

    /// The client is there, and takes so many messages at once.
    pub(super) fn connect(&mut self, receive_maximum: u16) {
        self.window.connect(receive_maximum);
        self.member.inbox.attend();
    }
}
