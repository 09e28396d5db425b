//! How much may be under way, in either direction (4.9, 3.1.2.11.3, 3.1.2.11.4, 3.2.2.3.3).

use std::num::NonZeroU16;

use broker::Limits;

use crate::{
    client::{Client, Hello, PUBCOMP, PUBREC, PUBREL, Publish, V5},
    site::Site,
};

async fn site() -> Site {
    let receive_maximum = NonZeroU16::new(2).unwrap();
    Site::with(Limits { receive_maximum, ..Limits::default() }).await
}

async fn publish(client: &mut Client, id: u16) {
    client.publish(Publish { qos: 2, id, ..Publish::new("a", "x") }).await;
}

/// [MQTT-3.3.4-7], [MQTT-3.3.4-8]: a client is told how many it may have open.
#[tokio::test]
async fn a_client_that_has_too_many_open_is_disconnected() {
    let site = site().await;
    let mut client = site.client(V5, "client").await;
    for id in [1, 2] {
        publish(&mut client, id).await;
        assert_eq!(client.answered(PUBREC, id).await, 0);
    }
    publish(&mut client, 3).await;

    client.expect_close(0x93).await;
}

/// 4.9: one that is sent again is no further one, and PUBCOMP makes room.
#[tokio::test]
async fn a_client_may_have_as_many_open_as_it_was_told() {
    let site = site().await;
    let mut client = site.client(V5, "client").await;
    for id in [1, 2, 2, 1] {
        publish(&mut client, id).await;
        assert_eq!(client.answered(PUBREC, id).await, 0);
    }
    for (released, next) in [(1, 3), (2, 4), (3, 5)] {
        client.answer(PUBREL, released).await;
        client.answered(PUBCOMP, released).await;
        publish(&mut client, next).await;
        assert_eq!(client.answered(PUBREC, next).await, 0);
    }
}

/// [MQTT-3.3.4-9], 4.9: it is PUBCOMP that frees the place of a message to a client, not PUBREC.
#[tokio::test]
async fn a_client_gets_no_more_of_qos_2_at_once_than_it_wants() {
    let site = Site::start().await;
    let mut publisher = site.client(V5, "publisher").await;
    let hello = Hello { client_id: "client", properties: &[33, 0, 1], ..Hello::new(V5) };
    let mut client = site.client_that_says(hello).await;
    client.subscribe("a", 2).await;
    for payload in ["one", "two"] {
        publisher.publish_exactly_once(Publish::new("a", payload)).await;
    }

    let first = client.message().await;
    client.ping().await;
    client.answer(PUBREC, first.id).await;
    client.answered(PUBREL, first.id).await;
    client.ping().await;
    client.answer(PUBCOMP, first.id).await;
    assert_eq!(client.taken().await, "two");
}

/// [MQTT-3.1.2-24], [MQTT-3.1.2-25]: what is too long for a session is as good as delivered.
#[tokio::test]
async fn what_is_too_long_for_a_client_does_not_stay_in_its_session() {
    let site = Site::start().await;
    let hello = || Hello::persistent(V5, "client");
    let mut client = site.client_that_says(hello()).await;
    client.subscribe("a", 1).await;
    client.leave().await;
    let mut publisher = site.client(V5, "publisher").await;
    for payload in ["long".repeat(50), "short".to_owned()] {
        publisher.publish_and_wait(Publish::new("a", &payload)).await;
    }

    let properties = [hello().properties, &[39, 0, 0, 0, 100]].concat();
    let mut small = site.client_that_says(Hello { properties: &properties, ..hello() }).await;
    assert_eq!(small.taken().await, "short");
    small.leave().await;
    let (mut client, _) = site.session(hello()).await;
    client.expect_silence("a").await;
    assert_eq!(site.figure("messages_dropped_total").await, 1);
}

/// 4.9: whatever waits for room in a window, what is not a PUBLISH does not.
#[tokio::test]
async fn a_full_window_holds_nothing_back_but_messages() {
    let site = Site::start().await;
    let hello = Hello { client_id: "client", properties: &[33, 0, 1], ..Hello::new(V5) };
    let mut client = site.client_that_says(hello).await;
    client.subscribe("a", 1).await;
    let mut publisher = site.client(V5, "publisher").await;
    for payload in ["one", "two"] {
        publisher.publish_and_wait(Publish::new("a", payload)).await;
    }
    client.message().await;

    client.ping().await;
    client.subscribe("b", 1).await;
    client.unsubscribe("b").await;
    client.publish_exactly_once(Publish::new("c", "x")).await;
    assert_eq!(client.publish_and_wait(Publish::new("c", "x")).await, 0);
}
