//! What has its time: messages (3.3.2.3.3) and sessions (3.1.2.11.2).

use crate::{
    client::{FOR_A_SECOND, FOR_AN_HOUR, Hello, Publish, V5, packet},
    site::Site,
};

const ONE_SECOND: &[u8] = &[2, 0, 0, 0, 1];

fn hello(properties: &[u8]) -> Hello<'_> {
    Hello { properties, ..Hello::persistent(V5, "client") }
}

/// [MQTT-3.1.2-23], [MQTT-4.1.0-2]: a session ends when its time is up, and not before.
#[tokio::test]
async fn a_session_is_over_when_its_time_is_up() {
    let site = Site::start().await;
    site.client_that_says(hello(FOR_A_SECOND)).await.leave().await;
    let (client, present) = site.session(hello(FOR_A_SECOND)).await;
    assert!(present);
    client.leave().await;
    site.until("sessions_expired_total", 1).await;

    assert_eq!(site.figure("sessions").await, 0);
    let (_, present) = site.session(hello(FOR_A_SECOND)).await;
    assert!(!present);
}

/// 3.1.2.11.2: without an interval, it is over at once.
#[tokio::test]
async fn a_session_without_an_interval_is_over_with_its_connection() {
    let site = Site::start().await;
    site.client_that_says(hello(&[])).await.leave().await;

    assert_eq!(site.figure("sessions").await, 0);
    let (_, present) = site.session(hello(&[])).await;
    assert!(!present);
}

/// 3.14.2.2.2: the interval of DISCONNECT replaces that of CONNECT.
#[tokio::test]
async fn a_client_may_prolong_its_session_when_it_leaves() {
    let site = Site::start().await;
    let mut client = site.client_that_says(hello(FOR_A_SECOND)).await;
    client.send(&packet(0xe0, &[&[0, 5], FOR_AN_HOUR].concat())).await;
    assert_eq!(client.last_packet().await, None);
    site.let_a_second_pass().await;

    let (_, present) = site.session(hello(FOR_A_SECOND)).await;
    assert!(present);
}

/// 3.1.2.11.2: while its client is connected, a session has no end.
#[tokio::test]
async fn the_interval_runs_only_while_the_client_is_away() {
    let site = Site::start().await;
    site.client_that_says(hello(FOR_A_SECOND)).await.leave().await;
    let mut client = site.client_that_says(hello(FOR_A_SECOND)).await;
    client.subscribe("a", 0).await;
    site.let_a_second_pass().await;

    client.expect_silence("a").await;
}

/// [MQTT-3.3.2-5]: what has expired while it waited is not delivered, and is counted.
#[tokio::test]
async fn a_message_that_waited_too_long_is_not_delivered() {
    let site = Site::start().await;
    let mut client = site.client_that_says(hello(FOR_AN_HOUR)).await;
    client.subscribe("a", 1).await;
    client.leave().await;
    let mut publisher = site.client(V5, "publisher").await;
    for (payload, properties) in [("short", ONE_SECOND), ("endless", &[])] {
        publisher.publish_and_wait(Publish { properties, ..Publish::new("a", payload) }).await;
    }
    site.let_a_second_pass().await;

    let (mut client, _) = site.session(hello(FOR_AN_HOUR)).await;
    assert_eq!(client.taken().await, "endless");
    assert_eq!(site.figure("messages_dropped_total").await, 1);
}

/// [MQTT-3.3.2-6]: the interval that is sent on is less what the message has waited.
#[tokio::test]
async fn the_time_that_a_message_waited_is_taken_off_its_interval() {
    let site = Site::start().await;
    let mut client = site.client_that_says(hello(FOR_AN_HOUR)).await;
    client.subscribe("a", 1).await;
    client.leave().await;
    let mut publisher = site.client(V5, "publisher").await;
    let message = Publish { properties: &[2, 0, 0, 0, 100], ..Publish::new("a", "x") };
    publisher.publish_and_wait(message).await;
    site.let_a_second_pass().await;

    let (mut client, _) = site.session(hello(FOR_AN_HOUR)).await;
    let left = client.message().await.properties;
    assert_eq!(left[..4], [2, 0, 0, 0]);
    assert!((90..100).contains(&left[4]), "{left:?}");
}

/// 3.3.2.3.3, 3.3.1.3: a retained message that has expired is forgotten, and that is stored.
#[tokio::test]
async fn a_retained_message_is_forgotten_when_it_expires() {
    let site = Site::start().await;
    let mut client = site.client(V5, "client").await;
    let short = Publish { retain: 1, properties: ONE_SECOND, ..Publish::new("a", "short") };
    client.publish_and_wait(short).await;
    site.let_a_second_pass().await;

    assert_eq!(site.figure("retained_messages").await, 0);
    client.subscribe("a", 0).await;
    client.expect_silence("a").await;
}
