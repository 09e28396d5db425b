//! QoS 2 (4.3.3), and what is sent again after a reconnect (4.4).

use std::num::NonZeroU16;

use broker::Limits;

use crate::{
    client::{Client, Hello, PUBACK, PUBCOMP, PUBREC, PUBREL, Publish, V5, V311, Version, packet},
    site::Site,
};

const VERSIONS: [Version; 2] = [V311, V5];

/// A client whose session outlives its connection, and which gets all of `a` at QoS 2.
async fn subscriber(site: &Site, version: Version) -> Client {
    let mut subscriber = site.client_that_says(Hello::persistent(version, "subscriber")).await;
    assert_eq!(subscriber.subscribe("a", 2).await, 2);
    subscriber
}

/// [MQTT-4.3.3-8], [MQTT-4.3.3-10]: until PUBREL the identifier stands for the same message.
#[tokio::test]
async fn a_message_that_is_sent_again_before_its_release_is_delivered_once() {
    let site = Site::start().await;

    for version in VERSIONS {
        let mut publisher = site.client(version, "publisher").await;
        let mut subscriber = subscriber(&site, version).await;
        let message = Publish { qos: 2, id: 3, ..Publish::new("a", "once") };
        publisher.publish(message.clone()).await;
        assert_eq!(publisher.answered(PUBREC, 3).await, 0);
        for dup in [1, 1, 0] {
            publisher.publish(Publish { dup, ..message.clone() }).await;
            assert_eq!(publisher.answered(PUBREC, 3).await, 0);
        }
        publisher.answer(PUBREL, 3).await;
        assert_eq!(publisher.answered(PUBCOMP, 3).await, 0);

        assert_eq!(subscriber.taken().await, "once");
        subscriber.expect_silence("a").await;
    }
}

/// 4.3.3: after PUBREL the identifier may stand for another message.
#[tokio::test]
async fn an_identifier_that_was_released_stands_for_a_new_message() {
    let site = Site::start().await;
    let mut publisher = site.client(V5, "publisher").await;
    let mut subscriber = subscriber(&site, V5).await;

    for payload in ["one", "two", "three"] {
        publisher.publish_exactly_once(Publish::new("a", payload)).await;
        assert_eq!(subscriber.taken().await, payload);
    }
}

/// [MQTT-4.3.3-11], 3.7.2.1: a PUBREL is answered whether or not there is something to release.
#[tokio::test]
async fn the_release_of_nothing_is_answered_with_a_reason() {
    let site = Site::start().await;

    for (version, reason) in [(V311, 0), (V5, 0x92)] {
        let mut client = site.client(version, "client").await;
        client.answer(PUBREL, 77).await;
        assert_eq!(client.answered(PUBCOMP, 77).await, reason);
    }
}

/// 3.6.2.1: likewise a PUBREC.
#[tokio::test]
async fn the_receipt_of_nothing_is_answered_with_a_reason() {
    let site = Site::start().await;

    for (version, reason) in [(V311, 0), (V5, 0x92)] {
        let mut client = site.client(version, "client").await;
        client.answer(PUBREC, 77).await;
        assert_eq!(client.answered(PUBREL, 77).await, reason);
    }
}

/// [MQTT-4.3.3-2] to [MQTT-4.3.3-7]: the broker as the sender.
#[tokio::test]
async fn a_subscriber_is_led_through_all_four_packets() {
    let site = Site::start().await;

    for version in VERSIONS {
        let mut publisher = site.client(version, "publisher").await;
        let mut subscriber = site.client(version, "subscriber").await;
        subscriber.subscribe("a", 2).await;
        for n in 1..=3 {
            publisher.publish_exactly_once(Publish::new("a", "x")).await;
            let message = subscriber.message().await;
            assert_eq!((message.qos, message.id), (2, n));
            subscriber.answer(PUBREC, n).await;
            assert_eq!(subscriber.answered(PUBREL, n).await, 0);
            // Whoever did not get the PUBREL asks again.
            subscriber.answer(PUBREC, n).await;
            assert_eq!(subscriber.answered(PUBREL, n).await, 0);
            subscriber.answer(PUBCOMP, n).await;
        }
    }
}

/// 3.8.4: the lower of the two qualities, for all nine pairs.
#[tokio::test]
async fn a_message_arrives_at_the_lower_of_the_two_qualities() {
    let site = Site::start().await;

    for (published, subscribed) in (0..9).map(|n| (n / 3, n % 3)) {
        let mut publisher = site.client(V5, "publisher").await;
        let mut subscriber = site.client(V5, "subscriber").await;
        subscriber.subscribe("a", subscribed).await;
        publisher.publish(Publish { qos: published, id: 3, ..Publish::new("a", "x") }).await;
        assert_eq!(subscriber.message().await.qos, published.min(subscribed));
    }
}

/// [MQTT-4.4.0-1], [MQTT-4.6.0-1], [MQTT-3.3.1-1]: with the identifiers from before, in order.
#[tokio::test]
async fn what_was_open_is_sent_again_in_its_order_and_under_its_identifiers() {
    let site = Site::start().await;

    for version in VERSIONS {
        let mut publisher = site.client(version, "publisher").await;
        let mut client = subscriber(&site, version).await;
        client.subscribe("b", 1).await;
        for (topic, payload) in [("a", "1"), ("b", "2"), ("a", "3"), ("b", "4")] {
            publisher.publish_exactly_once(Publish::new(topic, payload)).await;
        }
        let mut ids = Vec::new();
        for _ in 0..4 {
            ids.push(client.message().await.id);
        }
        client.answer(PUBREC, ids[2]).await;
        client.answered(PUBREL, ids[2]).await;
        client.answer(PUBACK, ids[1]).await;
        client.leave().await;

        let hello = Hello::persistent(version, "subscriber");
        let (mut client, present) = site.session(hello.clone()).await;
        assert!(present);
        let message = client.repeated().await;
        assert_eq!((message.id, &message.payload[..], message.qos), (ids[0], &b"1"[..], 2));
        assert_eq!(client.answered(PUBREL, ids[2]).await, 0);
        let message = client.repeated().await;
        assert_eq!((message.id, &message.payload[..], message.qos), (ids[3], &b"4"[..], 1));
        client.answer(PUBREC, ids[0]).await;
        client.answered(PUBREL, ids[0]).await;
        for id in [ids[0], ids[2]] {
            client.answer(PUBCOMP, id).await;
        }
        client.answer(PUBACK, ids[3]).await;
        client.expect_silence("a").await;
        client.leave().await;

        site.client_that_says(Hello { clean: 1, properties: &[], ..hello }).await.leave().await;
    }
}

/// [MQTT-4.3.3-4], 4.9: a PUBREC that refuses ends the exchange, and its place is free.
#[tokio::test]
async fn a_message_that_the_client_refuses_makes_room_for_the_next() {
    let in_flight = NonZeroU16::new(1).unwrap();
    let site = Site::with(Limits { in_flight, ..Limits::default() }).await;
    let mut publisher = site.client(V5, "publisher").await;
    let mut subscriber = subscriber(&site, V5).await;
    for payload in ["refused", "taken"] {
        publisher.publish_exactly_once(Publish::new("a", payload)).await;
    }

    let refused = subscriber.message().await;
    let [high, low] = refused.id.to_be_bytes();
    subscriber.send(&packet(PUBREC, &[high, low, 0x97])).await;
    assert_eq!(subscriber.taken().await, "taken");
    subscriber.leave().await;
    let (mut subscriber, _) = site.session(Hello::persistent(V5, "subscriber")).await;
    subscriber.expect_silence("a").await;
}

/// [MQTT-4.4.0-1]: the client resumes where it was cut off, between PUBREC and PUBREL.
#[tokio::test]
async fn a_publisher_that_was_cut_off_before_its_release_goes_on() {
    let site = Site::start().await;

    for version in VERSIONS {
        let mut subscriber = subscriber(&site, version).await;
        let hello = Hello::persistent(version, "publisher");
        let (mut publisher, _) = site.session(hello.clone()).await;
        let message = Publish { qos: 2, id: 5, ..Publish::new("a", "once") };
        publisher.publish(message.clone()).await;
        publisher.answered(PUBREC, 5).await;
        drop(publisher);

        for _ in 0..3 {
            let (mut publisher, present) = site.session(hello.clone()).await;
            assert!(present);
            publisher.publish(Publish { dup: 1, ..message.clone() }).await;
            assert_eq!(publisher.answered(PUBREC, 5).await, 0);
        }
        let (mut publisher, _) = site.session(hello).await;
        publisher.answer(PUBREL, 5).await;
        assert_eq!(publisher.answered(PUBCOMP, 5).await, 0);

        assert_eq!(subscriber.taken().await, "once");
        subscriber.expect_silence("a").await;
    }
}

/// 4.1: a new session knows nothing of the identifiers of the one before.
#[tokio::test]
async fn an_identifier_is_forgotten_with_its_session() {
    let site = Site::start().await;
    let mut subscriber = subscriber(&site, V5).await;

    for payload in ["one", "two"] {
        let mut publisher = site.client(V5, "publisher").await;
        publisher.publish(Publish { qos: 2, id: 5, ..Publish::new("a", payload) }).await;
        assert_eq!(publisher.answered(PUBREC, 5).await, 0);
        assert_eq!(subscriber.taken().await, payload);
    }
}
