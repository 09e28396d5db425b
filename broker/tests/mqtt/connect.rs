//! CONNECT, CONNACK and the life of a connection (3.1, 3.2, 3.12, 3.14).

use std::time::Duration;

use broker::{Broker, Limits};
use schemas::Root;
use tokio::{task::JoinSet, time::Instant};

use crate::{
    client::{Client, Hello, Packet, Publish, V5, V31, V311, packet, text},
    site::{Site, config, open_to_all},
};

#[tokio::test]
async fn every_version_is_welcome_on_the_same_port() {
    let site = Site::start().await;

    for version in [V31, V311, V5] {
        let mut client = site.client(version, "any").await;
        client.ping().await;
    }
}

#[tokio::test]
async fn mqtt_5_clients_are_told_what_is_offered() {
    let site = Site::start().await;
    let mut client = Client::open(site.address, V5).await;
    let properties = [17, 0, 0, 0, 60];
    client
        .send(&Hello { client_id: "a", properties: &properties, ..Hello::new(V5) }.encode())
        .await;

    // 3.2.2.3: 100 messages at once, 1 MiB, 32 aliases, and a sign of life a minute.
    let offered = [33, 0, 100, 39, 0, 16, 0, 0, 34, 0, 32, 19, 0, 60];
    let body = [&[0, 0, 14][..], &offered].concat();
    assert_eq!(client.packet().await, Packet { first: 0x20, body });
}

#[tokio::test]
async fn a_client_without_a_name_is_given_one() {
    let site = Site::start().await;
    let mut client = Client::open(site.address, V5).await;
    client.send(&Hello::new(V5).encode()).await;

    let body = client.packet().await.body;
    let assigned = body.iter().position(|byte| *byte == 18).unwrap();
    assert!(body[assigned + 3..].starts_with(b"auto-"));
}

#[tokio::test]
async fn an_old_client_without_a_name_needs_a_clean_session() {
    let site = Site::start().await;

    for (clean, code) in [(1, 0), (0, 2)] {
        let mut client = Client::open(site.address, V311).await;
        client.send(&Hello { clean, ..Hello::new(V311) }.encode()).await;
        assert_eq!(client.packet().await, Packet { first: 0x20, body: vec![0, code] });
    }
}

#[tokio::test]
async fn an_unknown_version_is_told_so() {
    let site = Site::start().await;
    let mut client = Client::open(site.address, V311).await;
    let body = [text("MQTT"), vec![6, 2, 0, 0], text("a")].concat();
    client.send(&packet(0x10, &body)).await;

    assert_eq!(client.packet().await.body, [0, 1]);
    assert_eq!(client.last_packet().await, None);
}

#[tokio::test]
async fn an_authentication_method_is_refused() {
    let site = Site::start().await;
    let mut client = Client::open(site.address, V5).await;
    let properties = [vec![21], text("SCRAM-SHA-256")].concat();
    client.send(&Hello { properties: &properties, ..Hello::new(V5) }.encode()).await;

    assert_eq!(client.packet().await.body[1], 0x8c);
    assert_eq!(client.last_packet().await, None);
}

#[tokio::test]
async fn a_second_connect_is_an_error() {
    let site = Site::start().await;

    for version in [V311, V5] {
        let mut client = site.client(version, "twice").await;
        client.send(&Hello { client_id: "twice", ..Hello::new(version) }.encode()).await;
        client.expect_close(0x82).await;
    }
}

#[tokio::test]
async fn a_client_that_connects_again_takes_over() {
    let site = Site::start().await;

    for version in [V311, V5] {
        // A name that stock brokers choked on.
        let mut first = site.client(version, "site/gate_in").await;
        let mut second = site.client(version, "site/gate_in").await;
        first.expect_close(0x8e).await;
        second.ping().await;
    }
}

#[tokio::test]
async fn of_many_that_take_over_from_each_other_one_is_left() {
    let site = Site::start().await;
    let mut clients = JoinSet::new();
    for _ in 0..20 {
        let address = site.address;
        clients.spawn(async move {
            let mut client = Client::open(address, V5).await;
            client.send(&Hello { client_id: "same", ..Hello::new(V5) }.encode()).await;
            assert_eq!(client.packet().await.first, 0x20);
            client
        });
    }

    // Each got in, whoever threw it out afterwards; and so does the next.
    clients.join_all().await;
    site.client(V5, "same").await.ping().await;
}

#[tokio::test]
async fn a_client_that_falls_silent_is_dropped() {
    let site = Site::start().await;

    for version in [V311, V5] {
        let started = Instant::now();
        let hello = Hello { client_id: "silent", keep_alive: 1, ..Hello::new(version) };
        let mut client = site.client_that_says(hello).await;
        client.expect_close(0x8d).await;
        assert!(started.elapsed() >= Duration::from_millis(1_500));
    }
}

#[tokio::test]
async fn silent_connections_hinder_nobody_and_are_dropped() {
    let limits = Limits { connect_within: Duration::from_millis(500), ..Limits::default() };
    let site = Site::with(limits).await;
    let mut silent = Vec::new();
    for _ in 0..100 {
        silent.push(Client::open(site.address, V5).await);
    }

    site.client(V5, "lively").await.ping().await;
    for mut client in silent {
        assert_eq!(client.last_packet().await, None);
    }
}

#[tokio::test]
async fn who_does_not_speak_mqtt_is_dropped() {
    let site = Site::start().await;

    for bytes in
        [&b"GET / HTTP/1.1\r\n\r\n"[..], &[0x30, 3, 0, 1, b'a'], &[0x10, 0xff, 0xff, 0xff, 0x7f]]
    {
        let mut client = Client::open(site.address, V311).await;
        client.send(bytes).await;
        assert_eq!(client.last_packet().await, None);
    }
}

#[tokio::test]
async fn clients_are_told_that_the_broker_stops() {
    let site = Site::start().await;
    let mut old = site.client(V311, "old").await;
    let mut new = site.client(V5, "new").await;
    let _silent = Client::open(site.address, V5).await;

    let (_, (), ()) = tokio::join!(site.stop(), old.expect_close(0), new.expect_close(0x8b));
}

#[tokio::test]
async fn a_port_that_is_taken_is_an_error_that_names_it() {
    let site = Site::start().await;
    let config = broker::Config { listen: site.address.into(), ..config(Limits::default()) };
    let dir = tempfile::tempdir().unwrap();

    let error =
        Broker::bind(config, Root::default(), open_to_all(), dir.path()).await.err().unwrap();
    let expected = format!("cannot listen on {}: another program uses the port", site.address);
    assert!(error.to_string().starts_with(&expected), "{error}");
}

#[tokio::test]
async fn a_port_can_be_taken_again_at_once() {
    let site = Site::start().await;
    let mut client = site.client(V5, "a").await;
    let config = broker::Config { listen: site.address.into(), ..config(Limits::default()) };
    site.stop().await;
    client.expect_close(0x8b).await;

    Site::of(config).await.client(V5, "a").await.ping().await;
}

#[tokio::test]
async fn without_logins_only_loopback_addresses_are_allowed() {
    let listen = "0.0.0.0:0".parse().unwrap();
    let config = broker::Config { listen, ..broker::Config::default() };
    let dir = tempfile::tempdir().unwrap();

    let error = config.validate(&open_to_all()).unwrap_err().to_string();
    assert!(error.contains("manless user add NAME --role ROLE"), "{error}");
    assert!(Broker::bind(config, Root::default(), open_to_all(), dir.path()).await.is_err());
}

#[tokio::test]
async fn one_client_too_many_is_told_so() {
    let site = Site::with(Limits { connections: 1, ..Limits::default() }).await;
    let mut first = site.client(V5, "first").await;

    for (version, code) in [(V311, 3), (V5, 0x89)] {
        let mut client = Client::open(site.address, version).await;
        client.send(&Hello { client_id: "second", ..Hello::new(version) }.encode()).await;
        assert_eq!(client.packet().await.body[1], code);
        assert_eq!(client.last_packet().await, None);
    }
    first.publish_and_wait(Publish { topic: "a", ..Publish::default() }).await;
}
