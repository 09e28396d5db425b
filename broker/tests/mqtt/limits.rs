//! What one client may take up, and that it is nobody else's problem.

use std::num::NonZeroU16;

use broker::Limits;
use tokio::io::AsyncWriteExt;

use crate::{
    client::{Client, Hello, Publish, V5, V311, packet},
    site::Site,
};

#[tokio::test]
async fn a_client_that_stops_reading_is_cut_off_and_the_others_go_on() {
    let limits = Limits { queued_messages: 200, queued_bytes: 4 << 20, ..Limits::default() };
    let site = Site::with(limits).await;
    let mut publisher = site.client(V5, "publisher").await;
    let mut lively = site.client(V5, "lively").await;
    let mut stalled = site.client(V5, "stalled").await;
    lively.subscribe("a", 1).await;
    stalled.subscribe("a", 0).await;
    let payload = vec![7; 64 * 1024];

    // More than sockets, outbox and queue hold together.
    for _ in 0..400 {
        publisher
            .publish_and_wait(Publish { topic: "a", payload: &payload, ..Publish::default() })
            .await;
        let message = lively.message().await;
        assert_eq!(message.payload.len(), payload.len());
        lively.send(&[&[0x40, 2][..], &message.id.to_be_bytes()].concat()).await;
    }
    let mut heard = 0;
    while stalled.last_packet().await.is_some_and(|packet| packet.first >> 4 == 3) {
        heard += 1;
    }
    assert!(heard < 400);
}

#[tokio::test]
async fn a_client_that_acknowledges_nothing_is_cut_off() {
    let in_flight = NonZeroU16::new(10).unwrap();
    let site = Site::with(Limits { in_flight, queued_messages: 20, ..Limits::default() }).await;
    let mut publisher = site.client(V311, "publisher").await;
    let mut subscriber = site.client(V5, "subscriber").await;
    subscriber.subscribe("a", 1).await;
    // 10 are in flight, one is next, and 20 wait.
    for _ in 0..32 {
        publisher.publish_and_wait(Publish { topic: "a", ..Publish::default() }).await;
    }

    for _ in 0..10 {
        subscriber.message().await;
    }
    subscriber.expect_close(0x97).await;
}

#[tokio::test]
async fn a_packet_that_is_too_long_is_refused() {
    let site = Site::with(Limits { packet_size: 2_048, ..Limits::default() }).await;

    for version in [V311, V5] {
        let mut client = site.client(version, "client").await;
        let fits = Publish { topic: "a", payload: &[0; 2_000], ..Publish::default() };
        assert_eq!(client.publish_and_wait(fits).await, 0);
        client.send(&packet(0x30, &[0; 2_046])[..64]).await;
        client.expect_close(0x95).await;
    }
}

#[tokio::test]
async fn a_client_is_spared_what_is_too_long_for_it() {
    let site = Site::start().await;
    let hello = Hello { client_id: "small", properties: &[39, 0, 0, 0, 64], ..Hello::new(V5) };
    let mut small = site.client_that_says(hello).await;
    let mut publisher = site.client(V5, "publisher").await;
    small.subscribe("a", 1).await;
    for payload in [&[0; 100][..], b"fits"] {
        publisher.publish_and_wait(Publish { topic: "a", payload, ..Publish::default() }).await;
    }

    let message = small.message().await;
    assert_eq!((&message.payload[..], message.id), (&b"fits"[..], 1));
}

#[tokio::test]
async fn subscriptions_are_counted() {
    let site = Site::with(Limits { subscriptions: 2, ..Limits::default() }).await;
    let mut client = site.client(V5, "client").await;

    for (filter, code) in [("a", 0), ("b", 0), ("c", 0x97), ("a", 0)] {
        assert_eq!(client.subscribe(filter, 0).await, code, "{filter}");
    }
}

#[tokio::test]
async fn retained_messages_are_counted() {
    let site = Site::with(Limits { retained_messages: 1, ..Limits::default() }).await;
    let mut client = site.client(V5, "client").await;

    for (topic, reason) in [("a", 0), ("b", 0x97), ("a", 0)] {
        let publish = Publish { topic, payload: b"x", retain: 1, ..Publish::default() };
        assert_eq!(client.publish_and_wait(publish).await, reason, "{topic}");
    }
}

#[tokio::test]
async fn links_are_given_back() {
    let site = Site::with(Limits { connections: 16, ..Limits::default() }).await;

    for _ in 0..300 {
        let mut client = site.client(V5, "client").await;
        client.subscribe("a", 0).await;
        client.publish(Publish { topic: "a", ..Publish::default() }).await;
        client.message().await;
    }
}

/// 4.7.3: a server may have its limits, for names and for filters.
#[tokio::test]
async fn levels_are_counted() {
    let site = Site::with(Limits { topic_levels: 3, ..Limits::default() }).await;

    for (version, subscribed, published) in [(V311, 0x80, 0), (V5, 0x8f, 0x90)] {
        let mut client = site.client(version, "client").await;
        assert_eq!(client.subscribe("a/#/c/d", 0).await, subscribed);
        assert_eq!(client.subscribe("+/+/+/+", 0).await, subscribed);
        assert_eq!(client.subscribe("$share/g/a/b/+", 0).await, 0);
        assert_eq!(client.subscribe("#", 0).await, 0);
        let deep = Publish { retain: 1, ..Publish::new("a/b/c/d", "x") };
        assert_eq!(client.publish_and_wait(deep).await, published);
        client.expect_silence("a/b/c").await;
    }
}

/// 3.2.2.2: without a word, as there is no knowing what somebody wants who has not said it.
#[tokio::test]
async fn connections_of_one_address_are_counted() {
    let limits = Limits { connections_per_address: 2, ..Limits::default() };
    let site = Site::with(limits).await;
    let mut first = site.client(V5, "first").await;
    let second = site.client(V311, "second").await;

    let mut third = Client::open(site.address, V5).await;
    assert_eq!(third.last_packet().await, None);
    assert_eq!(site.figure("connections_crowded_addresses_total").await, 1);
    first.ping().await;
    drop(second);
    // It takes a moment to notice that it has left.
    while welcome(&site).await.is_none() {}
    first.ping().await;
}

async fn welcome(site: &Site) -> Option<()> {
    let mut client = Client::open(site.address, V5).await;
    let _ = client.stream.write_all(&Hello::new(V5).encode()).await;
    client.last_packet().await.map(drop)
}

/// The same of an address whose connections say nothing.
#[tokio::test]
async fn silent_connections_do_not_count_against_those_who_speak() {
    let limits = Limits { connections_per_address: 2, ..Limits::default() };
    let site = Site::with(limits).await;
    let mut silent = Vec::new();
    for _ in 0..10 {
        silent.push(Client::open(site.address, V5).await);
    }
    site.client(V5, "client").await.ping().await;

    site.until("connections_crowded_out_total", 9).await;
    for mut client in silent.drain(..9) {
        assert_eq!(client.last_packet().await, None);
    }
}

/// When there are too many who say nothing, the one that has waited longest has to go.
#[tokio::test]
async fn handshakes_are_counted() {
    let site = Site::with(Limits { handshakes: 2, ..Limits::default() }).await;
    let mut first = Client::open(site.address, V5).await;
    let mut second = Client::open(site.address, V5).await;
    site.client(V5, "client").await.ping().await;

    assert_eq!(first.last_packet().await, None);
    assert_eq!(site.figure("connections_crowded_out_total").await, 1);
    second.send(&Hello::new(V5).encode()).await;
    assert_eq!(second.packet().await.first, 0x20);
}

/// 4.9: who publishes too fast is slowed down, and loses nothing.
#[tokio::test]
async fn a_client_that_publishes_too_fast_is_slowed_down() {
    let site = Site::with(Limits { publishes_per_second: 5, ..Limits::default() }).await;
    let mut subscriber = site.client(V5, "subscriber").await;
    subscriber.subscribe("a", 0).await;
    let mut publisher = site.client(V5, "publisher").await;
    let burst = (0..10).flat_map(|n| Publish::new("a", &n.to_string()).encode(V5));
    publisher.send(&burst.collect::<Vec<u8>>()).await;

    for n in 0..10 {
        assert_eq!(subscriber.taken().await, n.to_string());
    }
    assert!(site.figure("publish_throttled_total").await > 0);
}
