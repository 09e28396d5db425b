//! Messages from one client to another (3.3, 3.4, 4.3, 4.6, 4.9).

use crate::{
    client::{Client, Message, Packet, Publish, V5, V311, packet, text, user_property},
    site::Site,
};

async fn pair(site: &Site, filter: &str, qos: u8) -> (Client, Client) {
    let publisher = site.client(V5, "publisher").await;
    let mut subscriber = site.client(V5, "subscriber").await;
    assert_eq!(subscriber.subscribe(filter, qos).await, qos);
    (publisher, subscriber)
}

async fn acknowledge(client: &mut Client, message: &Message) {
    client.send(&[&[0x40, 2][..], &message.id.to_be_bytes()].concat()).await;
}

#[tokio::test]
async fn a_message_arrives_at_the_lower_of_the_two_qualities() {
    let site = Site::start().await;

    for (published, subscribed, expected) in [(0, 0, 0), (0, 1, 0), (1, 0, 0), (1, 1, 1)] {
        let (mut publisher, mut subscriber) = pair(&site, "a/b", subscribed).await;
        let publish =
            Publish { topic: "a/b", payload: b"x", qos: published, id: 3, ..Publish::default() };
        publisher.publish(publish).await;
        assert_eq!(subscriber.message().await.qos, expected);
    }
}

#[tokio::test]
async fn messages_of_one_topic_keep_their_order() {
    let site = Site::start().await;
    let (mut publisher, mut subscriber) = pair(&site, "#", 0).await;
    let publish =
        |n: u32| Publish { topic: "a", payload: &n.to_be_bytes(), ..Publish::default() }.encode(V5);
    publisher.send(&(0..5_000).flat_map(publish).collect::<Vec<u8>>()).await;

    for n in 0..5_000_u32 {
        assert_eq!(subscriber.message().await.payload, n.to_be_bytes());
    }
}

#[tokio::test]
async fn a_client_gets_no_more_at_once_than_it_wants() {
    let site = Site::start().await;
    let mut publisher = site.client(V5, "publisher").await;
    let hello = crate::client::Hello {
        client_id: "subscriber",
        properties: &[33, 0, 2],
        ..crate::client::Hello::new(V5)
    };
    let mut subscriber = site.client_that_says(hello).await;
    subscriber.subscribe("a", 1).await;
    for n in 0..6 {
        publisher
            .publish_and_wait(Publish { topic: "a", payload: &[n], ..Publish::default() })
            .await;
    }

    let first = subscriber.message().await;
    let second = subscriber.message().await;
    subscriber.ping().await;
    acknowledge(&mut subscriber, &second).await;
    let third = subscriber.message().await;
    subscriber.ping().await;
    acknowledge(&mut subscriber, &first).await;
    acknowledge(&mut subscriber, &third).await;
    let payloads = [first.payload, second.payload, third.payload].concat();
    assert_eq!(payloads, [0, 1, 2]);
    for n in 3..6 {
        let message = subscriber.message().await;
        assert_eq!(message.payload, [n]);
        acknowledge(&mut subscriber, &message).await;
    }
}

#[tokio::test]
async fn what_was_not_acknowledged_is_gone_with_the_session() {
    let site = Site::start().await;
    let (mut publisher, mut subscriber) = pair(&site, "a", 1).await;
    publisher.publish_and_wait(Publish { topic: "a", payload: b"old", ..Publish::default() }).await;
    subscriber.message().await;
    drop(subscriber);

    let mut subscriber = site.client(V5, "subscriber").await;
    subscriber.subscribe("a", 1).await;
    publisher.publish_and_wait(Publish { topic: "a", payload: b"new", ..Publish::default() }).await;
    assert_eq!(subscriber.heard().await.1, "new");
}

#[tokio::test]
async fn an_acknowledgement_of_nothing_is_ignored() {
    let site = Site::start().await;
    let mut client = site.client(V5, "client").await;
    client.send(&[0x40, 2, 0, 77]).await;

    client.ping().await;
}

#[tokio::test]
async fn both_versions_meet_on_the_same_topics() {
    let site = Site::start().await;
    let mut old = site.client(V311, "old").await;
    let mut new = site.client(V5, "new").await;
    old.subscribe("a", 1).await;
    new.subscribe("a", 1).await;
    let properties = [user_property("k", "1"), user_property("k", "2")].concat();
    let publish = Publish {
        topic: "a",
        payload: b"from new",
        qos: 1,
        id: 1,
        properties: &properties,
        ..Publish::default()
    };
    new.publish(publish).await;

    let expected = Message {
        topic: "a".into(),
        payload: b"from new".into(),
        qos: 1,
        retain: 0,
        id: 1,
        properties: vec![],
    };
    assert_eq!(old.message().await, expected);
    old.publish(Publish { topic: "a", payload: b"from old", ..Publish::default() }).await;
    assert_eq!(old.heard().await.1, "from old");
    let mut heard = Vec::new();
    while heard.len() < 2 {
        let Packet { first, body } = new.packet().await;
        if first >> 4 == 3 {
            heard.push(String::from_utf8_lossy(&body).into_owned());
        }
    }
    assert!(heard[0].ends_with("from new") && heard[1].ends_with("from old"), "{heard:?}");
}

#[tokio::test]
async fn what_concerns_the_subscriber_reaches_it() {
    let site = Site::start().await;
    let (mut publisher, mut subscriber) = pair(&site, "a", 0).await;
    let properties = [
        vec![1, 1],
        [vec![3], text("application/json")].concat(),
        [vec![8], text("answers")].concat(),
        [vec![9, 0, 2], vec![0xca, 0xfe]].concat(),
        user_property("k", "1"),
        user_property("k", "1"),
    ]
    .concat();
    publisher.publish(Publish { topic: "a", properties: &properties, ..Publish::default() }).await;

    assert_eq!(subscriber.message().await.properties, properties);
}

#[tokio::test]
async fn what_is_left_of_the_expiry_interval_is_sent_on() {
    let site = Site::start().await;
    let (mut publisher, mut subscriber) = pair(&site, "a", 0).await;
    let properties = [2, 0, 0, 0, 100];
    publisher.publish(Publish { topic: "a", properties: &properties, ..Publish::default() }).await;

    let left = subscriber.message().await.properties;
    assert_eq!(left[..4], properties[..4]);
    assert!((90..=100).contains(&left[4]));
}

#[tokio::test]
async fn an_alias_stands_for_its_topic_on_its_own_connection_only() {
    let site = Site::start().await;
    let mut one = site.client(V5, "one").await;
    let mut other = site.client(V5, "other").await;
    let mut subscriber = site.client(V5, "subscriber").await;
    subscriber.subscribe("gate/#", 0).await;
    let alias: &[u8] = &[35, 0, 1];
    let publish =
        |topic, payload| Publish { topic, payload, properties: alias, ..Publish::default() };

    for (client, topic) in [(&mut one, "gate/one"), (&mut other, "gate/other")] {
        client.publish(publish(topic, b"named")).await;
        assert_eq!(subscriber.heard().await, (topic.into(), "named".into()));
    }
    for (client, topic) in [(&mut one, "gate/one"), (&mut other, "gate/other")] {
        client.publish(publish("", b"by alias")).await;
        assert_eq!(subscriber.heard().await, (topic.into(), "by alias".into()));
    }
    one.publish(publish("gate/new", b"renamed")).await;
    assert_eq!(subscriber.heard().await.0, "gate/new");
    one.publish(publish("", b"by alias")).await;
    assert_eq!(subscriber.heard().await.0, "gate/new");
}

#[tokio::test]
async fn an_alias_that_means_nothing_is_an_error() {
    let site = Site::start().await;

    for (alias, reason) in [(0, 0x94), (33, 0x94), (1, 0x82)] {
        let mut client = site.client(V5, "client").await;
        client.publish(Publish { properties: &[35, 0, alias], ..Publish::default() }).await;
        client.expect_close(reason).await;
    }
}

#[tokio::test]
async fn a_topic_may_begin_with_any_character() {
    let site = Site::start().await;
    let (mut publisher, mut subscriber) = pair(&site, "+/x", 1).await;

    for topic in ["é/x", "门/x", "🚗/x", "/x"] {
        publisher.publish(Publish { topic, ..Publish::default() }).await;
        assert_eq!(subscriber.heard().await.0, topic);
    }
}

#[tokio::test]
async fn a_picture_arrives_as_it_was_sent() {
    let site = Site::start().await;
    let (mut publisher, mut subscriber) = pair(&site, "image", 1).await;
    let picture: Vec<u8> = (0..1_000_000_u32).map(|n| (n % 251) as u8).collect();

    for _ in 0..5 {
        publisher
            .publish_and_wait(Publish { topic: "image", payload: &picture, ..Publish::default() })
            .await;
        let message = subscriber.message().await;
        assert!(message.payload == picture);
        acknowledge(&mut subscriber, &message).await;
    }
}

#[tokio::test]
async fn a_packet_may_come_byte_by_byte() {
    let site = Site::start().await;
    let (mut publisher, mut subscriber) = pair(&site, "a", 0).await;
    let bytes = Publish { topic: "a", payload: b"slow", ..Publish::default() }.encode(V5);
    for byte in bytes {
        publisher.send(&[byte]).await;
        tokio::task::yield_now().await;
    }

    assert_eq!(subscriber.heard().await.1, "slow");
    publisher.send(&packet(0xe0, &[0])).await;
    assert_eq!(publisher.last_packet().await, None);
}
