//! What one client and the broker owe each other, free of I/O.
//!
//! A [`Session`] is told what came from the client ([`Session::packet`]) and from the router
//! ([`Session::message`], [`Session::subscribed`]). It answers with the [`Step`] that its
//! connection has to take, and writes what the client shall get into its outbox. It reads no clock,
//! owns no socket and never awaits; `connection.rs` does all of that.
//!
//! A SUBSCRIBE is answered when the router says that it is in effect; then come the retained
//! messages, which the connection fetches ([`Session::settle`], [`Session::snapshot`]).
//!
//! Sessions are clean: they end with their connection, and nothing is sent twice.

mod aliases;
mod delivery;
mod queue;
mod subscribing;
mod subscriptions;
#[cfg(test)]
mod tests;
mod window;

use std::{collections::VecDeque, sync::Arc, time::Duration};

use tracing::warn;

pub(crate) use self::subscriptions::Route;
use self::{
    aliases::Aliases, queue::Queue, subscribing::Unsettled, subscriptions::Subscriptions,
    window::Window,
};
use crate::{
    admission::{Admission, Principal},
    codec::{
        Connect, DecodeError, Disconnect, Packet, PacketId, Publication, Publish, Qos, Reason,
        Version, Will, encode,
    },
    config::Limits,
    figures::Figures,
    message::Origin,
    outbox::Outbox,
};

/// One client's session.
#[derive(Debug)]
pub(crate) struct Session {
    origin: Origin,
    principal: Principal,
    version: Version,
    maximum_packet_size: usize,
    maximum_subscriptions: usize,
    may_outlive_connection: bool,
    will: Option<Will>,
    admission: Arc<Admission>,
    figures: Arc<Figures>,
    aliases: Aliases,
    subscriptions: Subscriptions,
    unsettled: VecDeque<Unsettled>,
    last_ticket: u16,
    queue: Queue,
    window: Window,
    outbox: Outbox,
}

/// What a session shares with all others.
#[derive(Debug, Clone)]
pub(crate) struct Surroundings {
    pub(crate) admission: Arc<Admission>,
    pub(crate) figures: Arc<Figures>,
    pub(crate) limits: Arc<Limits>,
}

/// What the connection has to do about a packet.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Nothing: the session has answered by itself, or there is no answer.
    Done,
    /// Publish, then tell [`Session::published`].
    Publish(Publication, Option<PacketId>),
    /// Have the router match these filters, the last of them under this ticket.
    Subscribe(Vec<Route>, u16),
    /// Have the router forget these filters.
    Unsubscribe(Vec<Route>),
    /// The client has left as it should.
    Leave,
}

/// Why the broker closes a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{reason}: {detail}")]
pub(crate) struct Close {
    pub(crate) reason: Reason,
    pub(crate) detail: &'static str,
}

impl Close {
    pub(crate) const fn new(reason: Reason, detail: &'static str) -> Self {
        Self { reason, detail }
    }
}

impl From<DecodeError> for Close {
    fn from(error: DecodeError) -> Self {
        let detail = match error {
            DecodeError::Malformed(detail) | DecodeError::Protocol(detail) => detail,
            DecodeError::Topic => "a topic name that is empty or has a wildcard",
            DecodeError::Version(_) => "another protocol level",
            DecodeError::TooLarge { .. } => "a packet beyond the maximum",
        };
        Self::new(error.reason(), detail)
    }
}

impl Session {
    pub(crate) fn new(
        connect: Connect,
        origin: Origin,
        principal: Principal,
        surroundings: &Surroundings,
    ) -> Self {
        let Surroundings { admission, figures, limits } = surroundings;

        Self {
            origin,
            principal,
            version: connect.version,
            maximum_packet_size: connect.maximum_packet_size as usize,
            maximum_subscriptions: limits.subscriptions,
            may_outlive_connection: connect.session_expiry > 0,
            will: connect.will,
            admission: Arc::clone(admission),
            figures: Arc::clone(figures),
            aliases: Aliases::new(limits.topic_aliases),
            subscriptions: Subscriptions::default(),
            unsettled: VecDeque::new(),
            last_ticket: 0,
            queue: Queue::new(limits),
            window: Window::new(connect.receive_maximum.min(limits.in_flight.get())),
            outbox: Outbox::default(),
        }
    }

    pub(crate) fn version(&self) -> Version {
        self.version
    }

    pub(crate) fn origin(&self) -> Origin {
        self.origin
    }

    /// What the client is to be sent.
    pub(crate) fn outbox(&mut self) -> &mut Outbox {
        &mut self.outbox
    }

    /// What is to be published now that the client is gone.
    pub(crate) fn take_will(&mut self) -> Option<Will> {
        self.will.take()
    }

    /// Tells the client why it is disconnected.
    pub(crate) fn disconnect(&mut self, reason: Reason) {
        encode::disconnect(self.outbox.open(), self.version, reason);
    }

    /// Takes a packet from the client.
    pub(crate) fn packet(&mut self, packet: Packet, now: Duration) -> Result<Step, Close> {
        match packet {
            Packet::Publish(publish) => self.publish(publish),
            Packet::PubAck(id) => {
                self.acknowledged(id, now);
                Ok(Step::Done)
            }
            Packet::Subscribe(subscribe) => Ok(self.subscribe(&subscribe)),
            Packet::Unsubscribe(unsubscribe) => Ok(self.unsubscribe(unsubscribe)),
            Packet::PingReq => {
                encode::pingresp(self.outbox.open());
                Ok(Step::Done)
            }
            Packet::Disconnect(disconnect) => self.leave(&disconnect),
            Packet::Connect(_) => Err(Close::new(Reason::ProtocolError, "a second CONNECT")),
            Packet::ExactlyOnce => {
                Err(Close::new(Reason::ProtocolError, "a packet of a QoS that is not in use"))
            }
            Packet::Auth => {
                Err(Close::new(Reason::ProtocolError, "AUTH without an authentication method"))
            }
        }
    }

    fn publish(&mut self, publish: Publish) -> Result<Step, Close> {
        let Publish { mut publication, packet_id, alias } = publish;
        self.figures.received.add();

        if publication.qos == Qos::ExactlyOnce {
            return Err(Close::new(Reason::QosUnsupported, "a message of QoS 2"));
        }
        if let Some(alias) = alias {
            publication.topic = self.aliases.resolve(publication.topic, alias)?;
        }
        if let Err(denied) = self.admission.publish(self.principal, &publication) {
            self.figures.refused.add();
            warn!(topic = %publication.topic, reason = %denied, "Refused a message");
            // Before MQTT 5 a PUBACK cannot say so. The message is acknowledged all the same (4.3.2
            // and 3.3.5 of 3.1.1): the only other answer would be to close the connection, and a
            // client that tries again would be cut off for ever.
            self.acknowledge(packet_id, denied.reason());
            return Ok(Step::Done);
        }

        Ok(Step::Publish(publication, packet_id))
    }

    /// Takes note of what became of a message from the client.
    pub(crate) fn published(&mut self, packet_id: Option<PacketId>, reason: Reason) {
        self.acknowledge(packet_id, reason);
    }

    fn acknowledge(&mut self, packet_id: Option<PacketId>, reason: Reason) {
        if let Some(id) = packet_id {
            encode::puback(self.outbox.open(), self.version, id, reason);
        }
    }

    fn acknowledged(&mut self, id: PacketId, now: Duration) {
        // An acknowledgement of nothing changes nothing.
        if self.window.release(id) {
            self.pump(now);
        }
    }

    fn leave(&mut self, disconnect: &Disconnect) -> Result<Step, Close> {
        // 3.14.2.2.2: a session that was to end with its connection cannot be given a longer life.
        if disconnect.session_expiry.is_some_and(|expiry| expiry > 0)
            && !self.may_outlive_connection
        {
            return Err(Close::new(Reason::ProtocolError, "a session expiry after none"));
        }
        if !disconnect.with_will {
            self.will = None;
        }

        Ok(Step::Leave)
    }
}

/// The client lets more wait for it than it may.
pub(crate) const TOO_SLOW: Close =
    Close::new(Reason::QuotaExceeded, "the client does not keep up with its subscriptions");
