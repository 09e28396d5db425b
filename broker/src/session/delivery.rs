//! How messages leave a session: by way of the queue, as fast as the client takes them.

use std::time::Duration;

use super::{Close, Session, TOO_SLOW, queue::Delivery};
use crate::{
    codec::{PacketId, Qos, encode},
    exchange::Snapshot,
    message::{Life, Message},
};

/// From here on messages wait in the queue, where they can be counted and expire.
const OUTBOX_ENOUGH: usize = 64 * 1024;

impl Session {
    /// Takes the retained messages for a subscription.
    pub(crate) fn snapshot(
        &mut self,
        key: usize,
        snapshot: Snapshot,
        now: Duration,
    ) -> Result<(), Close> {
        let origin = self.origin;
        let Some(subscription) = self.subscriptions.get_mut(key) else { return Ok(()) };

        subscription.snapshot = snapshot.sequence;
        let (qos, no_local) = (subscription.qos, subscription.no_local);
        let identifier = subscription.identifier;
        let deliveries = snapshot
            .messages
            .into_iter()
            .filter(|message| !(no_local && message.origin() == origin))
            .map(|message| Delivery {
                qos: message.qos().min(qos),
                retain: true,
                identifier,
                message,
            });
        self.queue.push_snapshot(deliveries).map_err(|_| TOO_SLOW)?;
        self.pump(now);

        Ok(())
    }

    /// Takes a message from the router, for the subscription with that key.
    pub(crate) fn message(
        &mut self,
        key: usize,
        message: Message,
        now: Duration,
    ) -> Result<(), Close> {
        // Unsubscribed since.
        let Some(subscription) = self.subscriptions.get(key) else { return Ok(()) };
        let is_own = subscription.no_local && message.origin() == self.origin;
        let is_known = message.retain() && message.sequence() <= subscription.snapshot;
        if is_own || is_known {
            return Ok(());
        }

        let delivery = Delivery {
            qos: message.qos().min(subscription.qos),
            retain: subscription.retain_as_published && message.retain(),
            identifier: subscription.identifier,
            message,
        };
        let pushed = self.queue.push(delivery);
        self.pump(now);

        pushed.map_err(|_| TOO_SLOW)
    }

    /// Moves what waits into the outbox, as far as the client lets it. Called after a write.
    pub(crate) fn pump(&mut self, now: Duration) {
        while self.outbox.len() < OUTBOX_ENOUGH
            && let Some(next) = self.queue.front()
            && (next.qos == Qos::AtMostOnce || self.window.has_room())
        {
            let delivery = self.queue.pop().expect("it has a front");
            self.deliver(&delivery, now);
        }
    }

    fn deliver(&mut self, delivery: &Delivery, now: Duration) {
        let Delivery { message, qos, retain, identifier } = delivery;
        let Some(expiry) = expiry(message.life(now)) else { return self.figures.dropped.add() };
        let mut outgoing = encode::Outgoing {
            message,
            packet_id: (*qos > Qos::AtMostOnce).then_some(PacketId::MIN),
            retain: *retain,
            expiry,
            identifier: *identifier,
        };
        // 3.1.2.11.4: as if it had been sent.
        if outgoing.length(self.version) > self.maximum_packet_size {
            return self.figures.dropped.add();
        }

        outgoing.packet_id = outgoing.packet_id.map(|_| self.window.take());
        outgoing.write(&mut self.outbox, self.version);
        self.figures.sent.add();
    }
}

/// `None` where it is over.
fn expiry(life: Life) -> Option<Option<u32>> {
    match life {
        Life::Endless => Some(None),
        Life::Seconds(left) => Some(Some(left)),
        Life::Over => None,
    }
}
