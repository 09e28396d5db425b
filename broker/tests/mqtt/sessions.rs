//! Sessions that outlive their connection (3.1.2.4, 4.1).

use std::num::NonZeroU16;

use broker::Limits;

use crate::{
    client::{Client, FOR_AN_HOUR, Hello, PUBACK, Publish, V5, V311, Version, packet},
    site::Site,
};

const VERSIONS: [Version; 2] = [V311, V5];

fn hello(version: Version) -> Hello<'static> {
    Hello::persistent(version, "client")
}

/// Somebody who is away, and gets all of `a`.
async fn subscribe_and_leave(site: &Site, version: Version) {
    let mut client = site.client_that_says(hello(version)).await;
    client.subscribe("a", 2).await;
    client.leave().await;
}

async fn publisher(site: &Site) -> Client {
    site.client(V5, "publisher").await
}

/// [MQTT-3.2.2-2], [MQTT-3.2.2-3], [MQTT-3.1.2-4] to [MQTT-3.1.2-6].
#[tokio::test]
async fn a_client_is_told_whether_it_has_a_session() {
    let site = Site::start().await;

    for version in VERSIONS {
        for (clean, expected) in [(0, false), (0, true), (0, true), (1, false)] {
            let (client, present) = site.session(Hello { clean, ..hello(version) }).await;
            assert_eq!(present, expected, "{version:?}");
            client.leave().await;
        }
        let (client, present) = site.session(Hello { properties: &[], ..hello(version) }).await;
        // Of MQTT 5 it is the expiry that makes a session last, before it is the flag.
        assert_eq!(present, version == V5);
        client.leave().await;
        let clean = Hello { clean: 1, properties: &[], ..hello(version) };
        site.client_that_says(clean).await.leave().await;
    }
}

/// [MQTT-3.1.2-4]: subscriptions and what waits are gone.
#[tokio::test]
async fn a_clean_start_discards_what_there_was() {
    let site = Site::start().await;

    for version in VERSIONS {
        subscribe_and_leave(&site, version).await;
        publisher(&site).await.publish_and_wait(Publish::new("a", "old")).await;
        let clean = Hello { clean: 1, properties: &[], ..hello(version) };
        let mut client = site.client_that_says(clean).await;
        client.subscribe("b", 0).await;
        client.publish_and_wait(Publish::new("a", "not subscribed to")).await;
        client.expect_silence("b").await;
        client.leave().await;

        let (_, present) = site.session(hello(version)).await;
        assert!(!present);
    }
}

/// 4.1, 4.5: QoS 1 and 2 wait, in order; QoS 0 is not queued (the broker may choose).
#[tokio::test]
async fn what_was_published_meanwhile_is_delivered_in_order_but_for_qos_0() {
    let site = Site::start().await;
    let mut publisher = publisher(&site).await;

    for version in VERSIONS {
        subscribe_and_leave(&site, version).await;
        for n in 0..30 {
            let payload = n.to_string();
            let publish = Publish::new("a", &payload);
            match n % 3 {
                0 => publisher.publish(publish).await,
                1 => assert_eq!(publisher.publish_and_wait(publish).await, 0),
                _ => publisher.publish_exactly_once(publish).await,
            }
        }

        let (mut client, present) = site.session(hello(version)).await;
        assert!(present);
        for n in (0..30).filter(|n| n % 3 > 0) {
            assert_eq!(client.taken().await, n.to_string());
        }
        client.expect_silence("a").await;
        client.leave().await;
        let clean = Hello { clean: 1, properties: &[], ..hello(version) };
        site.client_that_says(clean).await.leave().await;
    }
}

/// 4.1, 3.4.2.1: a queue has an end; the newest messages are dropped, and that is counted.
#[tokio::test]
async fn a_queue_keeps_the_oldest_messages() {
    let site = Site::with(Limits { queued_messages: 3, ..Limits::default() }).await;
    subscribe_and_leave(&site, V5).await;
    let mut publisher = publisher(&site).await;
    for payload in ["1", "2", "3", "4", "5"] {
        assert_eq!(publisher.publish_and_wait(Publish::new("a", payload)).await, 0);
    }

    assert_eq!(site.figure("messages_dropped_total").await, 2);
    let (mut client, _) = site.session(hello(V5)).await;
    for payload in ["1", "2", "3"] {
        assert_eq!(client.taken().await, payload);
    }
    client.expect_silence("a").await;
}

/// Likewise by bytes.
#[tokio::test]
async fn a_queue_holds_so_many_bytes() {
    let site = Site::with(Limits { queued_bytes: 10_000, ..Limits::default() }).await;
    subscribe_and_leave(&site, V5).await;
    let mut publisher = publisher(&site).await;
    for n in 0..5 {
        let payload = n.to_string().repeat(4_000);
        publisher.publish_and_wait(Publish::new("a", &payload)).await;
    }

    assert_eq!(site.figure("messages_dropped_total").await, 3);
}

/// [MQTT-3.1.4-3], 4.4: whoever takes over gets the session with all that is open.
#[tokio::test]
async fn a_client_that_takes_over_has_the_session() {
    let site = Site::start().await;

    for version in VERSIONS {
        let mut first = site.client_that_says(hello(version)).await;
        first.subscribe("a", 1).await;
        publisher(&site).await.publish_and_wait(Publish::new("a", "open")).await;
        let sent = first.message().await;

        let (mut second, present) = site.session(hello(version)).await;
        assert!(present);
        first.expect_close(0x8e).await;
        assert_eq!(second.repeated().await, sent);
        second.answer(PUBACK, sent.id).await;
        second.expect_silence("a").await;
        second.leave().await;
        let clean = Hello { clean: 1, properties: &[], ..hello(version) };
        site.client_that_says(clean).await.leave().await;
    }
}

/// 4.9, 4.4: a smaller receive maximum holds for what is sent again, too.
#[tokio::test]
async fn what_is_sent_again_keeps_to_the_new_receive_maximum() {
    let in_flight = NonZeroU16::new(3).unwrap();
    let site = Site::with(Limits { in_flight, ..Limits::default() }).await;
    let mut client = site.client_that_says(hello(V5)).await;
    client.subscribe("a", 1).await;
    let mut publisher = publisher(&site).await;
    for payload in ["1", "2", "3", "4"] {
        publisher.publish_and_wait(Publish::new("a", payload)).await;
    }
    for _ in 0..3 {
        client.message().await;
    }
    client.leave().await;

    let properties = [FOR_AN_HOUR, &[33, 0, 1]].concat();
    let (mut client, _) = site.session(Hello { properties: &properties, ..hello(V5) }).await;
    for payload in ["1", "2", "3"] {
        let message = client.repeated().await;
        assert_eq!(message.payload, payload.as_bytes());
        client.ping().await;
        client.answer(PUBACK, message.id).await;
    }
    assert_eq!(client.taken().await, "4");
}

/// 3.3.1.3, 3.8.4: a session that goes on is told what is retained when it subscribes.
#[tokio::test]
async fn a_session_that_goes_on_is_told_what_is_retained() {
    let site = Site::start().await;
    publisher(&site)
        .await
        .publish_and_wait(Publish { retain: 1, ..Publish::new("a", "open") })
        .await;

    for round in 0..3 {
        let (mut client, present) = site.session(hello(V311)).await;
        assert_eq!(present, round > 0);
        client.subscribe("a", 1).await;
        assert_eq!(client.taken().await, "open");
        client.leave().await;
    }
}

/// 3.2.2.3.2: a client that asks for more than there is is told what it gets.
#[tokio::test]
async fn a_session_that_lasts_less_than_asked_for_is_announced() {
    let session_expiry = std::time::Duration::from_secs(600);
    let site = Site::with(Limits { session_expiry, ..Limits::default() }).await;
    let mut client = Client::open(site.address, V5).await;
    client.send(&hello(V5).encode()).await;

    let body = client.packet().await.body;
    assert_eq!(body[3..8], [17, 0, 0, 2, 88]);
}

#[tokio::test]
async fn sessions_are_counted() {
    let site = Site::with(Limits { sessions: 1, ..Limits::default() }).await;
    site.client_that_says(hello(V5)).await.leave().await;

    for (version, code) in [(V311, 3), (V5, 0x97)] {
        let mut other = Client::open(site.address, version).await;
        other.send(&Hello::persistent(version, "other").encode()).await;
        assert_eq!(other.packet().await.body[1], code);
        assert_eq!(other.last_packet().await, None);
    }
    site.client(V5, "clean").await.ping().await;
    let (_, present) = site.session(hello(V5)).await;
    assert!(present);
}

/// [MQTT-4.1.0-1]: a session is not lost with a connection that breaks.
#[tokio::test]
async fn a_session_outlives_any_end_of_its_connection() {
    let site = Site::start().await;

    for version in VERSIONS {
        subscribe_and_leave(&site, version).await;
        for end in [&[0xb0, 2, 0, 1][..], &[0xf0, 0, 0], &[]] {
            let (mut client, present) = site.session(hello(version)).await;
            assert!(present);
            client.send(end).await;
        }
        let (client, present) = site.session(hello(version)).await;
        assert!(present);
        client.leave().await;
        let clean = Hello { clean: 1, properties: &[], ..hello(version) };
        site.client_that_says(clean).await.leave().await;
    }
}

/// 3.14.2.2.2: DISCONNECT may change the interval.
#[tokio::test]
async fn a_client_may_end_its_session_when_it_leaves() {
    let site = Site::start().await;
    let mut client = site.client_that_says(hello(V5)).await;
    client.send(&packet(0xe0, &[0, 5, 17, 0, 0, 0, 0])).await;
    assert_eq!(client.last_packet().await, None);

    let (_, present) = site.session(hello(V5)).await;
    assert!(!present);
}

/// [MQTT-3.14.2-2]... 3.14.2.2.2: but not give one to a session that was to have none.
#[tokio::test]
async fn a_session_that_was_to_end_cannot_be_prolonged() {
    let site = Site::start().await;
    let mut client = site.client(V5, "client").await;
    client.send(&packet(0xe0, &[0, 5, 17, 0, 0, 0, 9])).await;

    client.expect_close(0x82).await;
}
