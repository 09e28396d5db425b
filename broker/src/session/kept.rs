//! What of a session outlives its connection (4.1).

use std::collections::BTreeSet;

use super::{subscriptions::Subscriptions, window::Window};
use crate::{
    codec::PacketId,
    exchange::{Member, Way},
    inbox::Delivery,
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
    /// The latest of them is safe when this is committed.
    pub(super) incoming_safe: Option<Ticket>,
}

impl Kept {
    pub(crate) fn new(member: Member) -> Self {
        Self {
            member,
            subscriptions: Subscriptions::default(),
            window: Window::default(),
            incoming: BTreeSet::new(),
            incoming_safe: None,
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

    /// The client is there, and takes so many messages at once.
    pub(super) fn connect(&mut self, receive_maximum: u16) {
        self.window.connect(receive_maximum);
        self.member.inbox.attend();
    }
}
