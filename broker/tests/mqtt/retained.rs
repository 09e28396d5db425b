//! Retained messages (3.3.1.3), and what a subscription makes of them (3.8.3.1).

use std::collections::BTreeSet;

use crate::{
    client::{Client, Hello, Publish, V5, V311},
    site::Site,
};

const AS_PUBLISHED: u8 = 0b1000;
const IF_NEW: u8 = 0b01_0000;
const NEVER: u8 = 0b10_0000;

async fn retain(client: &mut Client, topic: &str, payload: &str) {
    let publish = Publish { topic, payload: payload.as_bytes(), retain: 1, ..Publish::default() };
    assert_eq!(client.publish_and_wait(publish).await, 0);
}

/// Shows that nothing more comes before what is published now.
async fn expect_only_this(client: &mut Client) {
    client.publish(Publish { topic: "state/this", ..Publish::default() }).await;
    assert_eq!(client.heard().await.0, "state/this");
}

#[tokio::test]
async fn a_newcomer_is_told_every_state_whatever_their_number() {
    let site = Site::start().await;
    let mut publisher = site.client(V5, "publisher").await;
    let topics: BTreeSet<String> = (0..500).map(|n| format!("state/{n}")).collect();
    for topic in &topics {
        retain(&mut publisher, topic, topic).await;
    }

    for (version, qos) in [(V311, 0), (V311, 1), (V5, 0), (V5, 1)] {
        let mut newcomer = site.client(version, "newcomer").await;
        newcomer.subscribe("state/#", qos).await;
        let mut heard = BTreeSet::new();
        while heard.len() < topics.len() {
            let message = newcomer.message().await;
            assert_eq!((message.qos, message.retain), (qos, 1));
            assert_eq!(message.payload, message.topic.as_bytes());
            if qos > 0 {
                newcomer.send(&[&[0x40, 2][..], &message.id.to_be_bytes()].concat()).await;
            }
            assert!(heard.insert(message.topic), "twice");
        }
        assert_eq!(heard, topics);
    }
}

/// 3.3.1.3: stock brokers cut such a snapshot short.
#[tokio::test]
async fn a_newcomer_is_told_ten_thousand_states() {
    const STATES: usize = 10_000;
    let site = Site::start().await;
    let mut publisher = site.client(V5, "publisher").await;
    let states = (0..STATES).flat_map(|n| {
        let topic = format!("state/{n}");
        Publish { retain: 1, ..Publish::new(&topic, &topic) }.encode(V5)
    });
    publisher.send(&states.collect::<Vec<u8>>()).await;
    publisher.ping().await;

    for (version, qos) in [(V311, 0), (V311, 1), (V5, 0), (V5, 1)] {
        let mut newcomer = site.client(version, "newcomer").await;
        newcomer.subscribe("state/+", qos).await;
        let mut heard = BTreeSet::new();
        for _ in 0..STATES {
            let message = newcomer.message().await;
            assert_eq!(message.payload, message.topic.as_bytes());
            assert!(heard.insert(message.topic), "twice");
        }
        newcomer.leave().await;
    }
}

#[tokio::test]
async fn only_the_latest_state_is_told() {
    let site = Site::start().await;
    let mut client = site.client(V311, "client").await;
    retain(&mut client, "state/a", "open").await;
    retain(&mut client, "state/a", "closed").await;
    client.subscribe("state/+", 0).await;

    assert_eq!(client.heard().await.1, "closed");
    expect_only_this(&mut client).await;
}

#[tokio::test]
async fn an_empty_retained_message_erases_and_is_sent_on() {
    let site = Site::start().await;
    let mut client = site.client(V5, "client").await;
    let mut watcher = site.client(V5, "watcher").await;
    watcher.subscribe("state/a", AS_PUBLISHED).await;
    retain(&mut client, "state/a", "open").await;
    retain(&mut client, "state/a", "").await;

    assert_eq!(watcher.heard().await.1, "open");
    assert_eq!(watcher.heard().await.1, "");
    client.subscribe("state/+", 0).await;
    expect_only_this(&mut client).await;
}

#[tokio::test]
async fn an_empty_message_that_is_not_retained_erases_nothing() {
    let site = Site::start().await;
    let mut client = site.client(V5, "client").await;
    retain(&mut client, "state/a", "open").await;
    client.publish_and_wait(Publish { topic: "state/a", ..Publish::default() }).await;
    client.subscribe("state/a", 0).await;

    assert_eq!(client.heard().await.1, "open");
}

#[tokio::test]
async fn live_messages_are_marked_only_for_those_who_ask() {
    let site = Site::start().await;
    let mut publisher = site.client(V311, "publisher").await;
    let mut plain = site.client(V5, "plain").await;
    let mut curious = site.client(V5, "curious").await;
    plain.subscribe("state/a", 1).await;
    curious.subscribe("state/a", 1 | AS_PUBLISHED).await;
    retain(&mut publisher, "state/a", "open").await;

    assert_eq!(plain.message().await.retain, 0);
    assert_eq!(curious.message().await.retain, 1);
}

#[tokio::test]
async fn a_subscription_may_do_without_retained_messages() {
    let site = Site::start().await;
    let mut client = site.client(V5, "client").await;
    retain(&mut client, "state/a", "open").await;

    client.subscribe("state/+", NEVER).await;
    expect_only_this(&mut client).await;
    client.subscribe("state/+", IF_NEW).await;
    expect_only_this(&mut client).await;
    client.subscribe("state/+", 0).await;
    assert_eq!(client.heard().await.1, "open");
    client.subscribe("state/a", IF_NEW).await;
    assert_eq!(client.heard().await.1, "open");
}

#[tokio::test]
async fn a_newcomer_never_hears_an_older_state_after_a_newer_one() {
    let site = Site::start().await;
    let mut publisher = site.client(V5, "publisher").await;

    for round in 0..50 {
        let topic = format!("state/{round}");
        for n in 0..20 {
            let payload = format!("{n:02}");
            let publish = Publish {
                topic: &topic,
                payload: payload.as_bytes(),
                retain: 1,
                ..Publish::default()
            };
            publisher.publish(publish).await;
        }
        let mut newcomer = site.client(V5, "newcomer").await;
        newcomer.subscribe(&topic, 0).await;
        let mut before = String::new();
        while before != "19" {
            let (_, state) = newcomer.heard().await;
            assert!(state > before, "{state} after {before}");
            before = state;
        }
    }
}

#[tokio::test]
async fn an_expired_state_is_not_told() {
    let site = Site::start().await;
    let mut client = site.client(V5, "client").await;
    let expiring = Publish {
        topic: "state/a",
        payload: b"open",
        retain: 1,
        properties: &[2, 0, 0, 0, 0],
        ..Publish::default()
    };
    client.publish_and_wait(expiring).await;
    client.subscribe("state/+", 0).await;

    expect_only_this(&mut client).await;
}

/// 3.8.3.1: retain handling 1 looks at the session, which may be one that goes on.
#[tokio::test]
async fn a_subscription_of_a_session_that_goes_on_is_not_a_new_one() {
    let site = Site::start().await;
    let mut publisher = site.client(V5, "publisher").await;
    retain(&mut publisher, "state/a", "open").await;
    let hello = || Hello::persistent(V5, "client");
    let mut client = site.client_that_says(hello()).await;
    client.subscribe("state/+", IF_NEW).await;
    assert_eq!(client.heard().await.1, "open");
    client.leave().await;

    let (mut client, _) = site.session(hello()).await;
    client.subscribe("state/+", IF_NEW).await;
    expect_only_this(&mut client).await;
    client.unsubscribe("state/+").await;
    client.subscribe("state/+", IF_NEW).await;
    assert_eq!(client.heard().await.1, "open");
}

/// 3.3.1.3: what is sent because it is retained is marked, whatever the options are, and the flag
/// of what is forwarded is that of its publisher only for those who ask.
#[tokio::test]
async fn what_is_told_to_a_newcomer_is_marked_and_at_the_lower_quality() {
    let site = Site::start().await;
    let mut publisher = site.client(V5, "publisher").await;
    publisher.publish_exactly_once(Publish { retain: 1, ..Publish::new("state/a", "open") }).await;

    for qos in 0..3 {
        for options in [qos, qos | AS_PUBLISHED] {
            let mut client = site.client(V5, "client").await;
            client.subscribe("state/a", options).await;
            let message = client.message().await;
            assert_eq!((message.qos, message.retain), (qos, 1));
        }
    }
}
