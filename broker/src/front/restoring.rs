//! Sessions that were stored, put back as if their client had just left.

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use access::Rights;
use tokio::time::Instant;

use super::Front;
use crate::{
    admission::Principal,
    codec::{PacketId, Qos, Will},
    exchange::Member,
    inbox::{Delivery, Inbox},
    index::Subscriber,
    message::Message,
    registry::{Owner, Parked, Since},
    session::Kept,
    store::{Change, StoredDelivery, StoredSession, StoredSubscription, StoredWill},
    topic,
};

const NO_LOCAL: u8 = 0b100;
const RETAIN_AS_PUBLISHED: u8 = 0b1000;

impl Front {
    /// Returns a session whose time is up, and which has to be ended once all are there.
    pub(super) fn restore(&self, stored: StoredSession) -> Option<Kept> {
        let StoredSession { id, user, client_id, expiry, away_since_ms, .. } = stored;
        let inbox = Arc::new(Inbox::new(&self.limits));
        let owner = self.admission.recall(&user, &client_id);
        // Into the session of somebody who is not known comes nothing.
        let sight = match &owner {
            Some(owner) => owner.sight(),
            None => Some(Arc::new(Rights::nothing())),
        };
        let member = Member { inbox, origin: self.next_origin(), record: Some(id), sight };
        let mut kept = Kept::new(member);
        for subscription in stored.subscriptions {
            self.restore_subscription(&mut kept, &subscription);
        }
        for delivery in stored.queue {
            if restore_delivery(&mut kept, &delivery, owner.as_ref()).is_none() {
                let StoredDelivery { sequence, key, .. } = delivery;
                self.exchange.store().submit([Change::Done { session: id, sequence, key }]);
            }
        }
        for id in stored.incoming.into_iter().filter_map(PacketId::new) {
            kept.restore_incoming(id);
        }
        let Some(ends) = self.end_of(expiry, away_since_ms) else { return Some(kept) };
        if away_since_ms.is_none() {
            let since_ms = self.exchange.now().as_millis() as u64;
            self.exchange.store().submit([Change::Away { session: id, since_ms }]);
        }

        self.registry.restore(
            Owner { user, client_id },
            Parked { kept, ends, will: None, since: Since::Start },
        );
        None
    }

    /// Has the will of a client that was connected published, unless it comes back in time.
    pub(super) fn restore_will(&self, stored: StoredWill) {
        let StoredWill { user, client_id, delay, topic, envelope } = stored;
        let owner = Owner { user, client_id };
        let Some(message) = Message::from_store(&topic, envelope) else { return };
        let will = Will { publication: message.into_publication(), delay };
        let wait = self.limits.return_within.max(Duration::from_secs(delay.into()));
        let due = Instant::now() + wait;

        if let Err(will) = self.registry.leave_will(&owner, (due, will)) {
            let inbox = Arc::new(Inbox::new(&self.limits));
            let member = Member { inbox, origin: self.next_origin(), record: None, sight: None };
            self.registry.restore(
                owner,
                Parked {
                    kept: Kept::new(member),
                    ends: Some(due),
                    will: Some((due, will)),
                    since: Since::Start,
                },
            );
        }
    }

    /// When a session is over, if ever; `None` where it is already.
    #[expect(clippy::option_option, reason = "no end and no session are two things")]
    fn end_of(&self, expiry: u32, away_since_ms: Option<u64>) -> Option<Option<Instant>> {
        if expiry == u32::MAX {
            return Some(None);
        }
        let away = away_since_ms.map_or(Duration::ZERO, |since| {
            self.exchange.now().saturating_sub(Duration::from_millis(since))
        });
        let left = Duration::from_secs(expiry.into()).checked_sub(away)?;

        (!left.is_zero()).then(|| Some(Instant::now() + left))
    }

    fn restore_subscription(&self, kept: &mut Kept, stored: &StoredSubscription) {
        let StoredSubscription { key, filter, options, identifier } = stored;
        let Ok(qos) = Qos::from_bits(*options) else { return };

        kept.restore_subscription(*key, filter);
        self.exchange.resubscribe(
            filter,
            Subscriber {
                inbox: Arc::clone(&kept.member.inbox),
                key: *key,
                no_local: (options & NO_LOCAL != 0).then_some(kept.member.origin),
                qos,
                retain_as_published: options & RETAIN_AS_PUBLISHED != 0,
                identifier: identifier.and_then(NonZeroU32::new),
                record: kept.member.record,
                shared: topic::is_shared(filter),
                sight: kept.member.sight.clone(),
            },
        );
    }
}

/// `None` where it makes no sense, or its owner may not have it any more. Without an owner who is
/// known it stays: nobody gets at it.
fn restore_delivery(
    kept: &mut Kept,
    stored: &StoredDelivery,
    owner: Option<&Principal>,
) -> Option<()> {
    let packet_id = stored.packet_id.and_then(PacketId::new);
    if stored.received {
        kept.restore_received(packet_id?, stored.sequence, stored.key);
        return Some(());
    }

    let (topic, envelope) = stored.body.clone()?;
    let delivery = Delivery {
        message: Message::from_store(&topic, envelope)?,
        key: stored.key,
        qos: Qos::from_bits(stored.qos).ok()?,
        retain: stored.retain,
        identifiers: stored.identifiers.iter().copied().filter_map(NonZeroU32::new).collect(),
        recorded: true,
    };
    if owner.is_some() && !kept.member.may_have(&delivery.message) {
        return None;
    }
    match packet_id {
        Some(id) => kept.restore_sent(id, delivery),
        None => kept.member.inbox.restore(delivery),
    }
    Some(())
}
