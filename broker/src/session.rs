//! What one client and the broker owe each other, free of I/O.
//!
//! A [`Session`] is told what came from the client ([`Session::packet`]) and takes what waits in its
//! inbox ([`Session::pump`]). It answers with the [`Step`] that its connection has to take, and writes
//! what the client shall get into its outbox. It reads no clock, owns no socket and never awaits;
//! `connection.rs` does all of that. What of it outlives the connection is [`Kept`].
//!
//! A message from the client is answered when it is where it has to be: with those who are
//! connected, and on disk where it has to outlive the broker. A SUBSCRIBE is answered when it is in
//! effect. Answers keep the order of what they answer (4.6).

mod acknowledging;
mod aliases;
mod delivery;
mod kept;
mod recording;
mod subscribing;
mod subscriptions;
#[cfg(test)]
mod tests;
mod window;

use std::{collections::VecDeque, sync::Arc, time::Duration};

use service::seldom::Seldom;
use tracing::warn;

use self::{
    acknowledging::Unanswered,
    aliases::{Aliases, OwnAliases},
    recording::Held,
    subscribing::Unsettled,
};
pub(crate) use self::{
    kept::Kept,
    subscribing::{Asked, Due},
    subscriptions::Route,
};
use crate::{
    admission::{Admission, Principal},
    codec::{
        Connect, DecodeError, Disconnect, Packet, PacketId, Publication, Publish, Qos, Reason,
        Version, Will, encode,
    },
    exchange::Member,
    figures::Figures,
    inbox::Delivery,
    limits::Limits,
    outbox::Outbox,
    store::{Change, Ticket},
};

/// How often it is logged that one client is refused something.
const TELL_EVERY: Duration = Duration::from_secs(10);

/// One client's session while the client is connected.
#[derive(Debug)]
pub(crate) struct Session {
    kept: Kept,
    principal: Principal,
    version: Version,
    /// For how many seconds the session outlives this connection.
    expiry: u32,
    maximum_packet_size: usize,
    wants_problem_information: bool,
    will: Option<Will>,
    admission: Arc<Admission>,
    figures: Arc<Figures>,
    limits: Arc<Limits>,
    aliases: Aliases,
    own_aliases: OwnAliases,
    unanswered: VecDeque<Unanswered>,
    unsettled: VecDeque<Unsettled>,
    last_ticket: u16,
    refusals: Seldom,
    /// What was taken from the inbox and has not been sent.
    next: VecDeque<Delivery>,
    held: VecDeque<Held>,
    /// What was open when the client was last connected is sent again when this is committed.
    resumes: Option<Ticket>,
    /// What the store has to be told.
    changes: Vec<Change>,
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
    /// The same, about a message that was refused: that is work as well.
    Refused,
    /// Publish, then tell [`Session::published`].
    Publish(Publication, Option<PacketId>),
    /// Put these subscriptions into effect, then tell [`Session::placed`].
    Subscribe(Vec<Asked>),
    /// End these subscriptions.
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
    /// A session whose client is connected; `kept` is new, or what is left of an earlier
    /// connection. `expiry` is how many seconds it is to outlive this one.
    pub(crate) fn new(
        connect: Connect,
        mut kept: Kept,
        expiry: u32,
        principal: Principal,
        surroundings: &Surroundings,
    ) -> Self {
        let Surroundings { admission, figures, limits } = surroundings;
        kept.connect(connect.receive_maximum.min(limits.in_flight.get()));

        Self {
            resumes: kept.safe,
            kept,
            principal,
            version: connect.version,
            expiry,
            maximum_packet_size: connect.maximum_packet_size as usize,
            wants_problem_information: connect.wants_problem_information,
            will: connect.will,
            admission: Arc::clone(admission),
            figures: Arc::clone(figures),
            limits: Arc::clone(limits),
            aliases: Aliases::new(limits.topic_aliases),
            own_aliases: OwnAliases::new(connect.topic_alias_maximum.min(limits.topic_aliases)),
            unanswered: VecDeque::new(),
            unsettled: VecDeque::new(),
            last_ticket: 0,
            refusals: Seldom::new(TELL_EVERY),
            next: VecDeque::new(),
            held: VecDeque::new(),
            changes: Vec::new(),
            outbox: Outbox::default(),
        }
    }

    pub(crate) fn version(&self) -> Version {
        self.version
    }

    /// The session as the exchange knows it.
    pub(crate) fn member(&self) -> &Member {
        &self.kept.member
    }

    /// For how many seconds it outlives its connection.
    pub(crate) fn expiry(&self) -> u32 {
        self.expiry
    }

    /// What the client is to be sent.
    pub(crate) fn outbox(&mut self) -> &mut Outbox {
        &mut self.outbox
    }

    /// What is to be published now that the client is gone.
    pub(crate) fn take_will(&mut self) -> Option<Will> {
        self.will.take()
    }

    /// Ends the connection: what is left is what outlives it.
    pub(crate) fn into_kept(mut self) -> Kept {
        let refused = self.refusals.take_unsaid();
        if refused > 0 {
            warn!(user = %self.principal.user, refused, "Refused more messages or subscriptions");
        }
        self.kept.member.inbox.leave(self.next);
        self.kept
    }

    /// Tells the client why it is disconnected.
    pub(crate) fn disconnect(&mut self, reason: Reason, text: &str) {
        let text = if text.len() + 8 > self.maximum_packet_size { "" } else { text };
        encode::disconnect(self.outbox.open(), self.version, reason, text);
    }

    /// Takes a packet from the client.
    pub(crate) fn packet(&mut self, packet: Packet, now: Duration) -> Result<Step, Close> {
        match packet {
            Packet::Publish(publish) => return self.publish(publish, now),
            Packet::PubAck(id) => self.acknowledged(id, now)?,
            Packet::PubRec(id, verdict) => self.received(id, verdict, now)?,
            Packet::PubRel(id) => self.released(id),
            Packet::PubComp(id) => self.completed(id, now)?,
            Packet::Subscribe(subscribe) => return Ok(self.subscribe(subscribe, now)),
            Packet::Unsubscribe(unsubscribe) => return Ok(self.unsubscribe(unsubscribe)),
            Packet::PingReq => encode::pingresp(self.outbox.open()),
            Packet::Disconnect(disconnect) => return self.leave(&disconnect),
            Packet::Connect(_) => {
                return Err(Close::new(Reason::ProtocolError, "a second CONNECT"));
            }
            Packet::Auth => {
                let detail = "AUTH without an authentication method";
                return Err(Close::new(Reason::ProtocolError, detail));
            }
        }

        Ok(Step::Done)
    }

    fn publish(&mut self, publish: Publish, now: Duration) -> Result<Step, Close> {
        let Publish { mut publication, packet_id, alias } = publish;
        self.figures.received.add();

        if let Some(alias) = alias {
            publication.topic = self.aliases.resolve(publication.topic, alias)?;
        }
        if let Some(id) = packet_id {
            self.check_receive_maximum(id)?;
            if publication.qos == Qos::ExactlyOnce && self.kept.incoming.contains(&id) {
                self.answer_again(id);
                return Ok(Step::Done);
            }
        }
        if let Err(denied) = self.admission.publish(&self.principal, &publication) {
            self.figures.refused.add();
            if let Some(refused) = self.refusals.happened(now) {
                let (topic, user) = (&publication.topic, &self.principal.user);
                warn!(%topic, %user, reason = %denied, refused, "Refused a message");
            }
            // Before MQTT 5 an acknowledgement cannot say so. The message is acknowledged all the
            // same (4.3.2 and 3.3.5 of 3.1.1): the only other answer would be to close the
            // connection, and a client that tries again would be cut off for ever.
            self.refused(packet_id, publication.qos, denied.reason(), denied.text());
            return Ok(Step::Refused);
        }

        Ok(Step::Publish(publication, packet_id))
    }

    fn leave(&mut self, disconnect: &Disconnect) -> Result<Step, Close> {
        if let Some(expiry) = disconnect.session_expiry {
            // 3.14.2.2.2: a session that was to end with its connection cannot be given a longer
            // life.
            if expiry > 0 && self.expiry == 0 {
                return Err(Close::new(Reason::ProtocolError, "a session expiry after none"));
            }
            self.expiry = self.limits.session_seconds(expiry);
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
