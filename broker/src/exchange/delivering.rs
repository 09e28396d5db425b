//! What becomes of a message for each of those who get it, and of that for the store.

use std::sync::Arc;

use crate::{
    codec::Qos,
    inbox::{Delivery, Note},
    index::Subscriber,
    message::Message,
    store::Change,
};

/// One delivery for each session, however many of its subscriptions match (3.3.4); shared ones are
/// each for themselves (4.8.2).
pub(super) fn deliveries<'a>(
    message: &Message,
    to: Vec<&'a Subscriber>,
) -> Vec<(&'a Subscriber, Delivery)> {
    let mut deliveries: Vec<(&Subscriber, Delivery)> = Vec::with_capacity(to.len());

    for subscriber in to {
        let qos = message.qos().min(subscriber.qos);
        let retain = subscriber.retain_as_published && message.retain();
        let recorded =
            subscriber.record.is_some() && qos > Qos::AtMostOnce && !message.is_command();
        let same = |(known, _): &&mut (&Subscriber, Delivery)| {
            !known.shared && Arc::ptr_eq(&known.inbox, &subscriber.inbox)
        };
        if !subscriber.shared
            && subscriber.inbox.note(message.sequence()) == Note::Again
            && let Some((_, delivery)) = deliveries.iter_mut().find(same)
        {
            delivery.qos = delivery.qos.max(qos);
            delivery.retain |= retain;
            delivery.recorded |= recorded;
            delivery.identifiers.extend(subscriber.identifier);
            continue;
        }
        deliveries.push((
            subscriber,
            Delivery {
                message: message.clone(),
                key: subscriber.key,
                qos,
                retain,
                identifiers: subscriber.identifier.into_iter().collect(),
                recorded,
            },
        ));
    }

    deliveries
}

/// What a new subscriber is told of what is retained.
pub(super) fn snapshot(subscriber: &Subscriber, messages: Vec<Message>) -> Vec<Delivery> {
    let delivery = |message: Message| {
        let qos = message.qos().min(subscriber.qos);

        Delivery {
            key: subscriber.key,
            qos,
            retain: true,
            identifiers: subscriber.identifier.into_iter().collect(),
            recorded: subscriber.record.is_some() && qos > Qos::AtMostOnce,
            message,
        }
    };
    let wanted = messages.into_iter().filter(|message| subscriber.wants(message));

    wanted.map(delivery).collect()
}

/// What the broker says of itself is not stored: it is said anew.
pub(super) fn retained_change(message: &Message) -> Option<Change> {
    let topic = message.shared_topic();
    if topic.starts_with(b"$") {
        return None;
    }

    Some(match message.payload_length() {
        0 => Change::Forget { topic },
        _ => Change::Retain { topic, envelope: message.envelope() },
    })
}

pub(super) fn queue_change(session: u64, delivery: &Delivery) -> Change {
    let Delivery { message, key, qos, retain, identifiers, .. } = delivery;

    Change::Queue {
        session,
        sequence: message.sequence(),
        key: *key,
        qos: qos.bits(),
        retain: *retain,
        identifiers: identifiers.iter().map(|identifier| identifier.get()).collect(),
        topic: message.shared_topic(),
        envelope: message.envelope(),
    }
}
