//! What outlives the broker (4.1, 4.4): an orderly stop, and its death.

use broker::Limits;

use crate::{
    client::{
        Client, Hello, PUBACK, PUBCOMP, PUBREC, PUBREL, Publish, V5, V311, subscribe, user_property,
    },
    site::{Site, config, open_to_all},
};

const SUBSCRIBER: &str = "subscriber";

async fn restart(site: Site) -> Site {
    site.restart(config(Limits::default())).await
}

async fn back(site: &Site, name: &str) -> Client {
    let (client, present) = site.session(Hello::persistent(V5, name)).await;
    assert!(present, "{name} has no session any more");
    client
}

/// Somebody who is away and gets `a` at QoS 2.
async fn subscribe_and_leave(site: &Site) {
    let mut client = site.client_that_says(Hello::persistent(V5, SUBSCRIBER)).await;
    client.subscribe("a", 2).await;
    client.leave().await;
}

/// 4.1.0: retained messages are not part of any session.
#[tokio::test]
async fn retained_messages_are_there_after_a_restart() {
    let site = Site::start().await;
    let mut client = site.client(V5, "client").await;
    let properties = user_property("k", "v");
    for topic in ["state/kept", "state/erased"] {
        let publish = Publish::new(topic, "open");
        client.publish_and_wait(Publish { retain: 1, properties: &properties, ..publish }).await;
    }
    client.publish_and_wait(Publish { retain: 1, ..Publish::new("state/erased", "") }).await;

    let site = restart(site).await;
    let mut client = site.client(V5, "client").await;
    client.subscribe("state/#", 1).await;
    let message = client.message().await;
    assert_eq!((&message.topic[..], &message.payload[..]), ("state/kept", &b"open"[..]));
    assert_eq!((message.retain, message.qos, message.properties), (1, 1, properties));
    client.expect_silence("state/this").await;
}

/// [MQTT-4.1.0-1]: subscriptions with their options and identifiers.
#[tokio::test]
async fn subscriptions_are_there_after_a_restart() {
    let site = Site::start().await;
    let mut client = site.client_that_says(Hello::persistent(V5, SUBSCRIBER)).await;
    for (filter, options) in [("kept/+", 0b1010), ("own", 0b100), ("gone", 1)] {
        client.send(&subscribe(V5, filter, options, &[11, 9])).await;
        client.packet().await;
    }
    client.unsubscribe("gone").await;

    let site = restart(site).await;
    let mut client = back(&site, SUBSCRIBER).await;
    for topic in ["gone", "own", "kept/a"] {
        let publish = Publish { qos: 2, retain: 1, id: 4, ..Publish::new(topic, "x") };
        client.publish(publish).await;
        client.answered(PUBREC, 4).await;
        client.answer(PUBREL, 4).await;
        if topic != "kept/a" {
            client.answered(PUBCOMP, 4).await;
        }
    }
    let mut heard = Vec::new();
    while heard.is_empty() {
        let packet = client.packet().await;
        if packet.first >> 4 == 3 {
            heard.push((packet.first, packet.body));
        }
    }
    // At QoS 2, as it was published (retained), and under its identifier.
    assert_eq!(heard[0].0, 0x35);
    assert!(heard[0].1.starts_with(b"\0\x06kept/a\0\x01\x02\x0b\x09"), "{heard:x?}");
}

/// [MQTT-4.4.0-1], 4.6: what waits, of both qualities, once and in order.
#[tokio::test]
async fn what_waited_is_delivered_after_a_restart() {
    let site = Site::start().await;
    subscribe_and_leave(&site).await;
    let mut publisher = site.client(V311, "publisher").await;
    for n in 0..50 {
        let payload = n.to_string();
        let publish = Publish::new("a", &payload);
        match n % 2 {
            0 => assert_eq!(publisher.publish_and_wait(publish).await, 0),
            _ => publisher.publish_exactly_once(publish).await,
        }
    }

    let site = restart(site).await;
    let mut client = back(&site, SUBSCRIBER).await;
    for n in 0..50 {
        assert_eq!(client.taken().await, n.to_string());
    }
    client.expect_silence("a").await;
    client.leave().await;

    let site = restart(site).await;
    back(&site, SUBSCRIBER).await.expect_silence("a").await;
}

/// 3.3.2.3.3: the time that a message waited counts, whether or not the broker was there.
#[tokio::test]
async fn a_message_expires_while_the_broker_is_started_again() {
    let site = Site::start().await;
    subscribe_and_leave(&site).await;
    let mut publisher = site.client(V5, "publisher").await;
    let short = Publish { properties: &[2, 0, 0, 0, 1], ..Publish::new("a", "short") };
    publisher.publish_and_wait(short).await;
    publisher.publish_and_wait(Publish::new("a", "endless")).await;
    site.let_a_second_pass().await;

    let site = restart(site).await;
    assert_eq!(back(&site, SUBSCRIBER).await.taken().await, "endless");
}

/// 4.1, 3.1.2.11.2: what is over stays over.
#[tokio::test]
async fn a_session_that_was_ended_is_not_there_after_a_restart() {
    let site = Site::start().await;
    subscribe_and_leave(&site).await;
    let hello = Hello { client_id: SUBSCRIBER, ..Hello::new(V5) };
    site.client_that_says(hello).await.leave().await;

    let site = restart(site).await;
    let (_, present) = site.session(Hello::persistent(V5, SUBSCRIBER)).await;
    assert!(!present);
}

/// 3.1.2.11.2: the interval runs on while there is no broker.
#[tokio::test]
async fn a_session_whose_time_is_up_is_not_there_after_a_restart() {
    let site = Site::start().await;
    let short = Hello { properties: &[17, 0, 0, 0, 1], ..Hello::persistent(V5, SUBSCRIBER) };
    site.client_that_says(short).await.leave().await;
    site.let_a_second_pass().await;

    let site = restart(site).await;
    let (_, present) = site.session(Hello::persistent(V5, SUBSCRIBER)).await;
    assert!(!present);
}

/// 4.1: a clean session leaves nothing.
#[tokio::test]
async fn nothing_of_a_clean_session_is_there_after_a_restart() {
    let site = Site::start().await;
    let mut client = site.client(V311, SUBSCRIBER).await;
    client.subscribe("a", 1).await;
    client.publish_and_wait(Publish::new("b", "x")).await;

    let site = restart(site).await;
    let (_, present) = site.session(Hello::persistent(V311, SUBSCRIBER)).await;
    assert!(!present);
}

/// [MQTT-4.3.3-2], [MQTT-4.4.0-1]: the identifier under which a message of QoS 2 was sent is known
/// to whoever takes over from a broker that died, and so is what became of it.
#[tokio::test]
async fn a_message_to_a_subscriber_arrives_exactly_once_whenever_the_broker_dies() {
    let site = Site::start().await;
    let mut client = site.client_that_says(Hello::persistent(V5, SUBSCRIBER)).await;
    client.subscribe("a", 2).await;
    let mut publisher = site.client(V5, "publisher").await;
    for payload in ["one", "two"] {
        publisher.publish_exactly_once(Publish::new("a", payload)).await;
    }
    let sent = [client.message().await, client.message().await];

    let successor = site.after_a_crash().await;
    let mut late = back(&successor, SUBSCRIBER).await;
    for message in &sent {
        assert_eq!(late.repeated().await, *message);
    }

    client.answer(PUBREC, sent[0].id).await;
    client.answered(PUBREL, sent[0].id).await;
    let successor = site.after_a_crash().await;
    let mut late = back(&successor, SUBSCRIBER).await;
    assert_eq!(late.answered(PUBREL, sent[0].id).await, 0);
    assert_eq!(late.repeated().await, sent[1]);
    late.answer(PUBCOMP, sent[0].id).await;
    late.answer(PUBREC, sent[1].id).await;
    late.answered(PUBREL, sent[1].id).await;
    late.answer(PUBCOMP, sent[1].id).await;
    late.expect_silence("a").await;
}

/// [MQTT-4.3.3-8], [MQTT-4.3.3-11]: a message is taken once, and its identifier is free once the
/// client has been told so, whenever the broker dies.
#[tokio::test]
async fn a_message_from_a_publisher_arrives_exactly_once_whenever_the_broker_dies() {
    let site = Site::start().await;
    subscribe_and_leave(&site).await;
    let (mut publisher, _) = site.session(Hello::persistent(V5, "publisher")).await;
    let message = Publish { qos: 2, id: 5, ..Publish::new("a", "one") };
    publisher.publish(message.clone()).await;
    publisher.answered(PUBREC, 5).await;

    let successor = site.after_a_crash().await;
    let mut late = back(&successor, "publisher").await;
    late.publish(Publish { dup: 1, ..message.clone() }).await;
    assert_eq!(late.answered(PUBREC, 5).await, 0);
    late.answer(PUBREL, 5).await;
    assert_eq!(late.answered(PUBCOMP, 5).await, 0);
    let mut subscriber = back(&successor, SUBSCRIBER).await;
    assert_eq!(subscriber.taken().await, "one");
    subscriber.expect_silence("a").await;

    publisher.answer(PUBREL, 5).await;
    assert_eq!(publisher.answered(PUBCOMP, 5).await, 0);
    let successor = site.after_a_crash().await;
    let mut late = back(&successor, "publisher").await;
    late.publish(Publish { payload: b"two", ..message }).await;
    assert_eq!(late.answered(PUBREC, 5).await, 0);
    let mut subscriber = back(&successor, SUBSCRIBER).await;
    for payload in ["one", "two"] {
        assert_eq!(subscriber.taken().await, payload);
    }
}

/// 4.3.2: a message is on disk before it is acknowledged.
#[tokio::test]
async fn what_was_acknowledged_arrives_whenever_the_broker_dies() {
    let site = Site::start().await;
    subscribe_and_leave(&site).await;
    let mut publisher = site.client(V5, "publisher").await;

    for n in 1..=5 {
        publisher.publish_and_wait(Publish::new("a", "x")).await;
        let successor = site.after_a_crash().await;
        let mut subscriber = back(&successor, SUBSCRIBER).await;
        for _ in 0..n {
            assert_eq!(subscriber.taken().await, "x");
        }
    }
}

/// 4.4: a retained message that a session is told of is one like any other.
#[tokio::test]
async fn a_retained_message_on_its_way_arrives_after_a_restart() {
    let site = Site::start().await;
    let mut publisher = site.client(V5, "publisher").await;
    publisher.publish_and_wait(Publish { retain: 1, ..Publish::new("a", "open") }).await;
    let mut client = site.client_that_says(Hello::persistent(V5, SUBSCRIBER)).await;
    client.subscribe("a", 1).await;
    let sent = client.message().await;

    let site = restart(site).await;
    let mut client = back(&site, SUBSCRIBER).await;
    let again = client.packet().await;
    assert_eq!(again.first & !8, 0x33);
    assert!(again.body.ends_with(b"open"));
    client.answer(PUBACK, sent.id).await;
}

/// The contract, section 5, rule 2: nobody finds a command that was meant for yesterday.
#[tokio::test]
async fn a_command_does_not_wait_for_a_gate_that_is_away() {
    let command = || Publish::new("parking/gate_in/gate_control", "open");
    let site = Site::start().await;
    let mut gate = site.client(V5, "gate_in").await;
    gate.subscribe(command().topic, 1).await;
    gate.leave().await;
    let mut operator = site.client(V5, "operator").await;
    assert_eq!(operator.publish_and_wait(command()).await, 0);
    assert_eq!(operator.publish_and_wait(Publish { retain: 1, ..command() }).await, 0x87);

    let site = restart(site).await;
    let (mut gate, present) = site.session(Hello::persistent(V5, "gate_in")).await;
    assert!(!present);
    gate.subscribe(command().topic, 1).await;
    gate.expect_silence(command().topic).await;
}

#[tokio::test]
async fn a_store_that_cannot_be_read_is_set_aside_and_that_is_told() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("broker.db"), [7; 5_000]).unwrap();

    let site = Site::in_dir(config(Limits::default()), open_to_all(), dir).await;
    assert_eq!(site.figure("store_set_aside").await, 1);
    let site = restart(site).await;
    assert_eq!(site.figure("store_set_aside").await, 0);
}
