//! Wills (3.1.2.5).

use std::time::Duration;

use broker::{Config, Limits};

use crate::{
    client::{Client, Hello, Message, Publish, V5, V311, packet},
    site::{Site, config},
};

const WILL: Publish<'_> =
    Publish { topic: "gone", payload: b"offline", qos: 1, retain: 0, id: 0, properties: &[] };

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
