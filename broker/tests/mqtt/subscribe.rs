//! SUBSCRIBE and UNSUBSCRIBE (3.8 to 3.11, 4.7).

use std::collections::BTreeSet;

use crate::{
    client::{Packet, Publish, V5, V311, packet, subscribe, text, unsubscribe},
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
