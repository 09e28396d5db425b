//! SUBSCRIBE and UNSUBSCRIBE (3.8 to 3.11, 4.7).

use std::collections::BTreeSet;

use crate::{
    client::{PUBREC, PUBREL, Packet, Publish, V5, V311, packet, subscribe, text, unsubscribe},
    site::Site,
};

const NO_LOCAL: u8 = 0b100;

#[tokio::test]
async fn each_filter_is_answered_in_order() {
    let site = Site::start().await;
    let requests = [("a/#", 0), ("a/#/b", 1), ("$share/g/a", 1), ("$share/a", 1), ("c", 2)];

    for (version, expected) in [(V311, [0, 0x80, 1, 0x80, 2]), (V5, [0, 0x8f, 1, 0x8f, 2])] {
        let mut client = site.client(version, "client").await;
        let mut body = vec![0, 7];
        body.extend((version == V5).then_some(0));
        for (filter, qos) in requests {
            body.extend([text(filter), vec![qos]].concat());
        }
        client.send(&packet(0x82, &body)).await;
        let answer = client.packet().await;
        assert_eq!(answer.first, 0x90);
        assert!(answer.body.ends_with(&expected), "{answer:x?}");
    }
}

#[tokio::test]
async fn a_subscription_is_in_effect_when_it_is_answered() {
    let site = Site::start().await;
    let mut publisher = site.client(V5, "publisher").await;

    for n in 0..100 {
        let topic = format!("topic/{n}");
        let mut subscriber = site.client(V311, "subscriber").await;
        subscriber.subscribe(&topic, 0).await;
        publisher.publish(Publish { topic: &topic, ..Publish::default() }).await;
        assert_eq!(subscriber.heard().await.0, topic);
    }
}

#[tokio::test]
async fn an_unsubscribe_is_answered_whatever_it_names() {
    let site = Site::start().await;
    let mut old = site.client(V311, "old").await;
    old.send(&unsubscribe(V311, "never/heard/of")).await;
    assert_eq!(old.packet().await, Packet { first: 0xb0, body: vec![0, 8] });

    let mut new = site.client(V5, "new").await;
    new.subscribe("a", 0).await;
    for reason in [0, 0x11] {
        new.send(&unsubscribe(V5, "a")).await;
        assert_eq!(new.packet().await, Packet { first: 0xb0, body: vec![0, 8, 0, reason] });
    }
}

#[tokio::test]
async fn nothing_more_comes_after_an_unsubscribe() {
    let site = Site::start().await;
    let mut client = site.client(V5, "client").await;
    client.subscribe("a", 0).await;
    client.subscribe("b", 0).await;
    client.send(&unsubscribe(V5, "a")).await;
    client.packet().await;
    client.publish(Publish { topic: "a", ..Publish::default() }).await;
    client.publish(Publish { topic: "b", ..Publish::default() }).await;

    assert_eq!(client.heard().await.0, "b");
    client.subscribe("a", 0).await;
    client.publish(Publish { topic: "a", ..Publish::default() }).await;
    assert_eq!(client.heard().await.0, "a");
}

#[tokio::test]
async fn a_client_may_be_spared_its_own_messages() {
    let site = Site::start().await;
    let mut one = site.client(V5, "one").await;
    let mut other = site.client(V5, "other").await;
    one.subscribe("a", NO_LOCAL).await;
    one.publish_and_wait(Publish { topic: "a", payload: b"own", ..Publish::default() }).await;
    other.publish(Publish { topic: "a", payload: b"other's", ..Publish::default() }).await;

    assert_eq!(one.heard().await.1, "other's");
}

#[tokio::test]
async fn a_message_comes_once_and_names_the_subscriptions_that_matched() {
    let site = Site::start().await;
    let mut client = site.client(V5, "client").await;
    for (filter, identifier) in [("a/+", 5), ("a/#", 6)] {
        client.send(&subscribe(V5, filter, 0, &[11, identifier])).await;
        client.packet().await;
    }
    client.publish(Publish { topic: "a/b", ..Publish::default() }).await;

    let properties = client.message().await.properties;
    let identifiers: BTreeSet<_> = properties.chunks(2).collect();
    assert_eq!(identifiers, BTreeSet::from([&[11, 5][..], &[11, 6]]));
    client.ping().await;
}

#[tokio::test]
async fn wildcards_do_not_match_the_brokers_own_topics() {
    let mut config = crate::site::config(broker::Limits::default());
    config.figures_every = std::time::Duration::from_secs(60);
    let site = Site::of(config).await;
    let mut client = site.client(V311, "client").await;
    client.subscribe("#", 0).await;
    client.subscribe("+/broker/version", 0).await;
    client.publish(Publish { topic: "a", ..Publish::default() }).await;
    assert_eq!(client.heard().await.0, "a");

    client.subscribe("$SYS/broker/version", 0).await;
    let (topic, version) = client.heard().await;
    assert_eq!(topic, "$SYS/broker/version");
    assert!(version.starts_with("manless "));
}

/// [MQTT-3.3.4-2], [MQTT-3.3.4-3], [MQTT-3.3.4-4], 3.3.4: one message, with all identifiers, at the
/// highest quality of those that match.
#[tokio::test]
async fn of_overlapping_subscriptions_the_highest_quality_counts() {
    let site = Site::start().await;
    let mut client = site.client(V5, "client").await;
    for (filter, qos, identifier) in [("a/+", 0, 1), ("a/#", 2, 2), ("a/b", 1, 3), ("c", 2, 4)] {
        client.send(&subscribe(V5, filter, qos, &[11, identifier])).await;
        client.packet().await;
    }
    let mut old = site.client(V311, "old").await;
    for (filter, qos) in [("a/#", 1), ("+/b", 2)] {
        old.subscribe(filter, qos).await;
    }
    let mut publisher = site.client(V5, "publisher").await;
    publisher.publish_exactly_once(Publish::new("a/b", "x")).await;

    let message = client.message().await;
    let identifiers: BTreeSet<_> = message.properties.chunks(2).collect();
    assert_eq!(identifiers, BTreeSet::from([&[11, 1][..], &[11, 2], &[11, 3]]));
    assert_eq!(message.qos, 2);
    client.expect_silence("c").await;
    assert_eq!(old.message().await.qos, 2);
    old.subscribe("c", 0).await;
    old.expect_silence("c").await;
}

/// [MQTT-3.8.4-3]: the same filter again replaces the options, the identifier among them.
#[tokio::test]
async fn a_filter_that_is_subscribed_to_again_has_the_new_options() {
    let site = Site::start().await;
    let mut client = site.client(V5, "client").await;
    let mut publisher = site.client(V5, "publisher").await;

    for (options, identifier) in [(0, 1), (2, 2), (1, 3)] {
        client.send(&subscribe(V5, "a", options, &[11, identifier])).await;
        client.packet().await;
        publisher.publish_exactly_once(Publish::new("a", "x")).await;
        let message = client.message().await;
        assert_eq!((message.qos, &message.properties[..]), (options, &[11, identifier][..]));
    }
    client.send(&subscribe(V5, "a", NO_LOCAL, &[])).await;
    client.packet().await;
    client.publish(Publish::new("a", "own")).await;
    client.subscribe("b", 0).await;
    client.expect_silence("b").await;
    client.unsubscribe("a").await;
    publisher.publish_and_wait(Publish::new("a", "x")).await;
    client.expect_silence("b").await;
}

/// 3.8.2.1.2: the identifier is up to four bytes long, and 0 is none.
#[tokio::test]
async fn a_subscription_may_have_any_identifier_but_0() {
    let site = Site::start().await;
    let mut client = site.client(V5, "client").await;
    for identifier in [&[11, 0x7f][..], &[11, 0xff, 0xff, 0xff, 0x7f]] {
        client.send(&subscribe(V5, "a", 0, identifier)).await;
        client.packet().await;
        client.publish(Publish::new("a", "x")).await;
        assert_eq!(client.message().await.properties, identifier);
    }

    client.send(&subscribe(V5, "a", 0, &[11, 0])).await;
    client.expect_close(0x82).await;
}

/// [MQTT-3.10.4-3], 3.10.4: what was sent is completed after the end of its subscription.
#[tokio::test]
async fn a_message_on_its_way_is_completed_after_an_unsubscribe() {
    let site = Site::start().await;
    let mut client = site.client(V5, "client").await;
    client.subscribe("a", 2).await;
    let mut publisher = site.client(V5, "publisher").await;
    publisher.publish_exactly_once(Publish::new("a", "x")).await;
    let id = client.message().await.id;
    client.unsubscribe("a").await;

    client.answer(PUBREC, id).await;
    assert_eq!(client.answered(PUBREL, id).await, 0);
}
