//! How messages leave a session: by way of the inbox, as fast as the client takes them.

use std::{num::NonZeroU32, time::Duration};

use super::{
    Close, Session, TOO_SLOW,
    recording::{Held, Until},
    window::{Again, Keep},
};
use crate::{
    codec::{
        PacketId, Qos, Reason, Version,
        encode::{self, Answer, Outgoing},
    },
    exchange::Snapshot,
    inbox::{Delivery, Overrun, Pushed},
    message::{Life, Message},
    store::Change,
};

/// From here on messages wait in the inbox, where they can be counted and expire.
const OUTBOX_ENOUGH: usize = 64 * 1024;
/// How many messages are taken from the inbox at once.
const TAKEN_AT_ONCE: usize = 64;

impl From<Overrun> for Close {
    fn from(_: Overrun) -> Self {
        TOO_SLOW
    }
}

impl Session {
    /// Takes the retained messages for a subscription that is routed.
    pub(crate) fn snapshot(&mut self, key: u32, snapshot: Snapshot) {
        let Some(subscription) = self.kept.subscriptions.get_mut(key) else { return };
        subscription.snapshot = snapshot.sequence;

        let qos = subscription.qos;
        let identifiers: Vec<NonZeroU32> = subscription.identifier.into_iter().collect();
        let member = &self.kept.member;
        let is_own = |message: &Message| message.origin() == member.origin;
        let wanted = snapshot
            .messages
            .into_iter()
            .filter(|message| !(subscription.no_local && is_own(message)))
            .filter(|message| member.may_have(message));
        member.inbox.push_snapshot(wanted.map(|message| Delivery {
            key,
            qos: message.qos().min(qos),
            retain: true,
            identifiers: identifiers.clone(),
            recorded: false,
            message,
        }));
    }

    /// Takes a message from the router, for the subscription with that key.
    pub(crate) fn message(&mut self, key: u32, message: Message) -> Result<(), Close> {
        // Unsubscribed since.
        let Some(subscription) = self.kept.subscriptions.get_mut(key) else { return Ok(()) };
        let is_own = subscription.no_local && message.origin() == self.kept.member.origin;
        let is_known = message.retain() && message.sequence() <= subscription.snapshot;
        // Sent again after the end of a router.
        let is_old = message.sequence() <= subscription.seen;
        subscription.seen = subscription.seen.max(message.sequence());
        if is_own || is_known || is_old || !self.kept.member.may_have(&message) {
            return Ok(());
        }

        let delivery = Delivery {
            key,
            qos: message.qos().min(subscription.qos),
            retain: subscription.retain_as_published && message.retain(),
            identifiers: subscription.identifier.into_iter().collect(),
            recorded: false,
            message,
        };
        match self.kept.member.inbox.push(delivery) {
            Pushed::Taken | Pushed::Crowded | Pushed::Skipped => Ok(()),
            Pushed::Full => Err(TOO_SLOW),
        }
    }

    /// Moves what waits into the outbox, as far as the client lets it.
    pub(crate) fn pump(&mut self, now: Duration) -> Result<(), Close> {
        self.send_again(now);

        loop {
            if self.next.is_empty() {
                // What cannot be sent is left where it is counted, all but one that may be of QoS 0.
                let most = match self.outbox.len() < OUTBOX_ENOUGH {
                    true => self.kept.window.room().clamp(1, TAKEN_AT_ONCE),
                    false => 0,
                };
                self.kept.member.inbox.take(most, &mut self.next)?;
            }
            let may_send = |next: &Delivery| {
                let has_room = match next.qos {
                    Qos::AtMostOnce => self.held.len() < TAKEN_AT_ONCE,
                    Qos::AtLeastOnce | Qos::ExactlyOnce => self.kept.window.has_room(),
                };
                has_room && self.outbox.len() < OUTBOX_ENOUGH
            };
            if !self.next.front().is_some_and(may_send) {
                // Whoever lets too much wait is cut off also while it lets nothing through.
                self.kept.member.inbox.take(0, &mut self.next)?;
                return Ok(());
            }
            if let Some(delivery) = self.next.pop_front() {
                self.deliver(delivery, now);
            }
        }
    }

    /// 4.4: what was open when the client was last connected, once that is on disk.
    fn send_again(&mut self, now: Duration) {
        while self.resumes.is_none()
            && self.outbox.len() < OUTBOX_ENOUGH
            && let Some(again) = self.kept.window.again()
        {
            match again {
                Again::Message(id, delivery) => self.repeat(id, &delivery, now),
                Again::Release(id) => {
                    let (out, reason) = (self.outbox.open(), Reason::Success);
                    encode::answer(out, self.version, Answer::Rel, id, reason, "");
                }
            }
        }
    }

    /// A message that has been sent is sent again, expired or not: the client may have it.
    fn repeat(&mut self, id: PacketId, delivery: &Delivery, now: Duration) {
        let outgoing = Outgoing { dup: true, ..outgoing(delivery, Some(id), now) };

        if outgoing.length(self.version) <= self.maximum_packet_size {
            outgoing.write(&mut self.outbox, self.version);
            self.figures.sent.add();
        }
    }

    /// Gives a message its place in the window, and sends it as soon as that is safe.
    fn deliver(&mut self, delivery: Delivery, now: Duration) {
        let Delivery { message, qos, key, recorded, .. } = &delivery;
        if message.life(now) == Life::Over {
            return self.drop_delivery(&delivery);
        }
        let any_id = (*qos > Qos::AtMostOnce).then_some(PacketId::MIN);
        let length = outgoing(&delivery, any_id, now).length(self.version);
        // 3.1.2.11.4: as if it had been sent.
        if length + ALIAS > self.maximum_packet_size {
            return self.drop_delivery(&delivery);
        }

        let (mut until, mut packet_id) = (Until::Now, None);
        if any_id.is_some() {
            let id = self.kept.window.send(&delivery, self.keep(&delivery));
            if *qos == Qos::ExactlyOnce && *recorded {
                let (sequence, key) = (message.sequence(), *key);
                let packet_id = id.get();
                let sending = |session| Change::Sending { session, sequence, key, packet_id };
                until = self.note(sending);
            }
            packet_id = Some(id);
        }
        match self.held.is_empty() && until == Until::Now {
            true => self.write(&delivery, packet_id, now),
            false => self.held.push_back(Held { until, delivery, packet_id }),
        }
    }

    /// What a session that outlives its connection has sent may have to be sent again; and what a
    /// shared subscription was given, to another of its members.
    fn keep(&self, delivery: &Delivery) -> Keep {
        match self.expiry > 0 || self.kept.subscriptions.shared(delivery.key).is_some() {
            true => Keep::Message,
            false => Keep::IdOnly,
        }
    }

    pub(super) fn write(
        &mut self,
        delivery: &Delivery,
        packet_id: Option<PacketId>,
        now: Duration,
    ) {
        let mut outgoing = outgoing(delivery, packet_id, now);
        if self.version == Version::V5 {
            outgoing.alias = self.own_aliases.of(&delivery.message);
        }

        outgoing.write(&mut self.outbox, self.version);
        self.figures.sent.add();
    }

    fn drop_delivery(&mut self, delivery: &Delivery) {
        self.figures.dropped.add();
        if delivery.recorded {
            self.forget(delivery.message.sequence(), delivery.key);
        }
    }
}

/// How many bytes a topic alias adds to a packet.
const ALIAS: usize = 3;

fn outgoing(delivery: &Delivery, packet_id: Option<PacketId>, now: Duration) -> Outgoing<'_> {
    Outgoing {
        message: &delivery.message,
        qos: delivery.qos,
        packet_id,
        dup: false,
        retain: delivery.retain,
        expiry: match delivery.message.life(now) {
            Life::Endless => None,
            Life::Seconds(left) => Some(left),
            Life::Over => Some(0),
        },
        identifiers: &delivery.identifiers,
        alias: None,
    }
}
