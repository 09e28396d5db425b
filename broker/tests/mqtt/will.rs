//! Wills (3.1.2.5).

use std::time::{Duration, Instant};

use broker::{Config, Limits};

use crate::{
    client::{Client, FOR_AN_HOUR, Hello, Message, Publish, V5, V311, packet},
    site::{Site, config},
};

const WILL: Publish<'_> = Publish {
    topic: "gone",
    payload: b"offline",
    qos: 1,
    retain: 0,
    dup: 0,
    id: 0,
    properties: &[],
};

fn hello(version: crate::client::Version) -> Hello<'static> {
    Hello { client_id: "mortal", will: Some(WILL), ..Hello::new(version) }
}

async fn watcher(site: &Site) -> Client {
    let mut watcher = site.client(V5, "watcher").await;
    watcher.subscribe("#", 1).await;
    watcher
}

/// Shows that nothing was published before.
async fn expect_only_this(watcher: &mut Client) {
    watcher.publish(Publish { topic: "this", ..Publish::default() }).await;
    assert_eq!(watcher.heard().await.0, "this");
}

#[tokio::test]
async fn a_client_that_is_cut_off_leaves_its_will() {
    let site = Site::start().await;
    let mut watcher = watcher(&site).await;

    for version in [V311, V5] {
        drop(site.client_that_says(hello(version)).await);
        let Message { topic, payload, qos, .. } = watcher.message().await;
        assert_eq!((&topic[..], &payload[..], qos), ("gone", &b"offline"[..], 1));
    }
}

#[tokio::test]
async fn a_client_that_falls_silent_leaves_its_will() {
    let site = Site::start().await;
    let mut watcher = watcher(&site).await;
    let _silent = site.client_that_says(Hello { keep_alive: 1, ..hello(V311) }).await;

    assert_eq!(watcher.heard().await, ("gone".into(), "offline".into()));
}

#[tokio::test]
async fn a_client_that_says_good_bye_takes_its_will_along() {
    let site = Site::start().await;
    let mut watcher = watcher(&site).await;

    for version in [V311, V5] {
        let mut client = site.client_that_says(hello(version)).await;
        client.send(&[0xe0, 0]).await;
        assert_eq!(client.last_packet().await, None);
        expect_only_this(&mut watcher).await;
    }
}

#[tokio::test]
async fn a_client_may_ask_for_its_will_when_it_leaves() {
    let site = Site::start().await;
    let mut watcher = watcher(&site).await;
    site.client_that_says(hello(V5)).await.send(&packet(0xe0, &[0x04])).await;

    assert_eq!(watcher.heard().await.0, "gone");
}

#[tokio::test]
async fn a_client_that_breaks_the_rules_leaves_its_will() {
    let site = Site::start().await;
    let mut watcher = watcher(&site).await;
    site.client_that_says(hello(V311)).await.send(&[0xb0, 2, 0, 1]).await;

    assert_eq!(watcher.heard().await.0, "gone");
}

#[tokio::test]
async fn a_client_that_takes_over_triggers_the_will_once() {
    let site = Site::start().await;
    let mut watcher = watcher(&site).await;
    let _first = site.client_that_says(hello(V5)).await;
    let mut second = site.client_that_says(hello(V5)).await;

    assert_eq!(watcher.heard().await.0, "gone");
    second.send(&[0xe0, 0]).await;
    assert_eq!(second.last_packet().await, None);
    expect_only_this(&mut watcher).await;
}

#[tokio::test]
async fn a_will_may_be_retained() {
    let site = Site::start().await;
    let will = Some(Publish { retain: 1, ..WILL });
    let mut watcher = watcher(&site).await;
    drop(site.client_that_says(Hello { will, ..hello(V311) }).await);
    watcher.heard().await;

    let mut late = site.client(V311, "late").await;
    late.subscribe("gone", 0).await;
    let message = late.message().await;
    assert_eq!((&message.payload[..], message.retain), (&b"offline"[..], 1));
}

/// The configuration of a broker to which clients have to come back soon.
fn impatient() -> Config {
    config(Limits { return_within: Duration::from_secs(1), ..Limits::default() })
}

#[tokio::test]
async fn a_client_that_does_not_come_back_to_a_broker_that_was_started_again_leaves_its_will() {
    let site = Site::of(impatient()).await;
    let _mortal = site.client_that_says(hello(V311)).await;

    let site = site.restart(impatient()).await;

    assert_eq!(watcher(&site).await.heard().await, ("gone".into(), "offline".into()));
}

#[tokio::test]
async fn a_client_that_comes_back_to_a_broker_that_was_started_again_does_not() {
    let site = Site::of(impatient()).await;
    let _mortal = site.client_that_says(hello(V311)).await;

    let site = site.restart(impatient()).await;
    let mut watcher = watcher(&site).await;
    let mut back = site.client_that_says(hello(V311)).await;
    back.send(&[0xe0, 0]).await;
    assert_eq!(back.last_packet().await, None);
    drop(site.client_that_says(Hello { client_id: "other", ..hello(V311) }).await);

    assert_eq!(watcher.heard().await.0, "gone");
    expect_only_this(&mut watcher).await;
}

/// [MQTT-3.2.2-2]: a will that has outlived the broker is not a session.
#[tokio::test]
async fn a_client_whose_will_was_kept_has_no_session_for_that() {
    let site = Site::of(impatient()).await;
    let _mortal = site.client_that_says(hello(V311)).await;

    let site = site.restart(impatient()).await;
    let mut back = Client::open(site.address, V311).await;
    back.send(&Hello { clean: 0, ..hello(V311) }.encode()).await;

    assert_eq!(back.packet().await.body, [0, 0]);
}

#[tokio::test]
async fn a_client_that_said_good_bye_left_nothing_behind() {
    let site = Site::of(impatient()).await;
    let mut mortal = site.client_that_says(hello(V311)).await;
    mortal.send(&[0xe0, 0]).await;
    assert_eq!(mortal.last_packet().await, None);
    let _other = site.client_that_says(Hello { client_id: "other", ..hello(V311) }).await;

    let site = site.restart(impatient()).await;
    let mut watcher = watcher(&site).await;

    assert_eq!(watcher.heard().await.0, "gone");
    expect_only_this(&mut watcher).await;
}

/// A client whose will is due when it has been gone for so many seconds.
fn delayed(delay: &'static [u8; 5], session: &'static [u8]) -> Hello<'static> {
    let will = Some(Publish { properties: delay, ..WILL });
    Hello { client_id: "mortal", will, clean: 0, properties: session, ..Hello::new(V5) }
}

const AFTER_A_SECOND: &[u8; 5] = &[24, 0, 0, 0, 1];
const AFTER_A_MINUTE: &[u8; 5] = &[24, 0, 0, 0, 60];

/// [MQTT-3.1.3-9], 3.1.3.2.2.
#[tokio::test]
async fn a_will_waits_for_its_delay() {
    let site = Site::start().await;
    let mut watcher = watcher(&site).await;
    let mortal = site.client_that_says(delayed(AFTER_A_SECOND, FOR_AN_HOUR)).await;
    let start = Instant::now();
    drop(mortal);

    let Message { topic, properties, .. } = watcher.message().await;
    assert_eq!((&topic[..], &properties[..]), ("gone", &b""[..]));
    assert!(start.elapsed() >= Duration::from_secs(1));
    assert_eq!(site.figure("sessions_away").await, 1);
}

/// [MQTT-3.1.3-9]: a client that is back before its time is up has not died.
#[tokio::test]
async fn a_client_that_is_back_in_time_has_no_will_published() {
    let site = Site::start().await;
    let mut watcher = watcher(&site).await;

    for _ in 0..3 {
        let (mut mortal, _) = site.session(delayed(AFTER_A_SECOND, FOR_AN_HOUR)).await;
        mortal.ping().await;
    }
    let (mortal, present) = site.session(delayed(AFTER_A_SECOND, FOR_AN_HOUR)).await;
    assert!(present);
    mortal.leave().await;
    site.let_a_second_pass().await;
    watcher.expect_silence("this").await;
}

/// 3.1.3.2.2: the end of the session, if that is earlier.
#[tokio::test]
async fn a_will_is_published_when_the_session_ends_before_its_delay() {
    let site = Site::start().await;
    let mut watcher = watcher(&site).await;

    for session in [&[][..], crate::client::FOR_A_SECOND] {
        drop(site.client_that_says(delayed(AFTER_A_MINUTE, session)).await);
        assert_eq!(watcher.heard().await, ("gone".into(), "offline".into()));
    }
}

/// [MQTT-3.1.4-3], 3.1.2.5: a clean start ends the session, and with it the delay.
#[tokio::test]
async fn a_clean_start_publishes_the_will_that_waits() {
    let site = Site::start().await;
    let mut watcher = watcher(&site).await;
    drop(site.client_that_says(delayed(AFTER_A_MINUTE, FOR_AN_HOUR)).await);
    site.until("sessions_away", 1).await;
    let mut mortal = site.client(V5, "mortal").await;

    assert_eq!(watcher.heard().await, ("gone".into(), "offline".into()));
    mortal.ping().await;
}

/// 3.1.4: a take-over is no exception: without a delay the will is published, with one the client
/// is back in time.
#[tokio::test]
async fn the_delay_holds_for_a_client_that_is_taken_over() {
    let site = Site::start().await;
    let mut watcher = watcher(&site).await;
    let _first = site.client_that_says(delayed(AFTER_A_MINUTE, FOR_AN_HOUR)).await;
    let (_second, present) = site.session(delayed(AFTER_A_MINUTE, FOR_AN_HOUR)).await;
    assert!(present);

    watcher.expect_silence("this").await;
}

/// 3.14.4: with 0x00 the will is discarded, with 0x04 it keeps its delay.
#[tokio::test]
async fn a_good_bye_discards_a_will_that_would_have_waited() {
    let site = Site::start().await;
    let mut watcher = watcher(&site).await;
    let mut mortal = site.client_that_says(delayed(AFTER_A_SECOND, FOR_AN_HOUR)).await;
    mortal.send(&packet(0xe0, &[4])).await;
    assert_eq!(mortal.last_packet().await, None);
    watcher.expect_silence("this").await;
    assert_eq!(watcher.heard().await.0, "gone");

    site.client_that_says(delayed(AFTER_A_SECOND, FOR_AN_HOUR)).await.leave().await;
    site.let_a_second_pass().await;
    watcher.expect_silence("this").await;
}

/// [MQTT-3.1.2-9] and 3.1.3.2: a will is a message with all that belongs to one.
#[tokio::test]
async fn a_will_has_the_properties_of_a_message() {
    let site = Site::start().await;
    let mut watcher = site.client(V5, "watcher").await;
    watcher.subscribe("gone", 2).await;
    let properties = [1, 1, 3, 0, 1, b't', 38, 0, 1, b'k', 0, 1, b'v'];
    let will = Some(Publish { qos: 2, properties: &properties, ..WILL });
    drop(site.client_that_says(Hello { will, ..hello(V5) }).await);

    let message = watcher.message().await;
    assert_eq!((message.qos, &message.properties[..]), (2, &properties[..]));
}
