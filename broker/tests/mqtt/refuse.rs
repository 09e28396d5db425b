//! What is refused, and how (contract section 5, rule 2; 4.13).

use crate::{
    client::{Client, Hello, Publish, V5, V311, Version, packet},
    site::Site,
};

const COMMAND: &str = "parking/gate_in/gate_control";

async fn watcher(site: &Site) -> Client {
    let mut watcher = site.client(V5, "watcher").await;
    watcher.subscribe("#", 0).await;
    watcher
}

#[tokio::test]
async fn a_retained_command_is_neither_sent_on_nor_kept() {
    let site = Site::start().await;
    let mut watcher = watcher(&site).await;

    for (version, reason) in [(V311, 0), (V5, 0x87)] {
        let mut client = site.client(version, "client").await;
        let command = Publish { topic: COMMAND, payload: b"open", retain: 1, ..Publish::default() };
        client.publish(command.clone()).await;
        assert_eq!(client.publish_and_wait(command.clone()).await, reason);
        let live = Publish { retain: 0, payload: b"live", ..command };
        assert_eq!(client.publish_and_wait(live).await, 0);

        assert_eq!(watcher.heard().await, (COMMAND.into(), "live".into()));
        let mut late = site.client(V5, "late").await;
        late.subscribe(COMMAND, 0).await;
        late.ping().await;
    }
}

#[tokio::test]
async fn a_client_whose_will_is_a_retained_command_does_not_get_in() {
    let site = Site::start().await;

    for (version, code) in [(V311, 5), (V5, 0x87)] {
        let will =
            Some(Publish { topic: COMMAND, payload: b"open", retain: 1, ..Publish::default() });
        let mut client = Client::open(site.address, version).await;
        client.send(&Hello { client_id: "client", will, ..Hello::new(version) }.encode()).await;
        assert_eq!(client.packet().await.body[1], code);
        assert_eq!(client.last_packet().await, None);
    }
}

#[tokio::test]
async fn the_brokers_own_topics_cannot_be_published_to() {
    let site = Site::start().await;
    let mut client = site.client(V5, "client").await;
    client.subscribe("$SYS/#", 0).await;
    let publish = Publish { topic: "$SYS/broker/uptime", payload: b"forged", ..Publish::default() };

    assert_eq!(client.publish_and_wait(publish).await, 0x90);
    client.ping().await;
}

#[tokio::test]
async fn a_packet_that_breaks_the_rules_costs_its_sender_the_connection_and_nobody_else() {
    let site = Site::start().await;
    let mut bystander = watcher(&site).await;
    let cases: [(Version, Vec<u8>, u8); 16] = [
        (V5, packet(0xb0, &[0, 1, 0, 0]), 0x82),
        (V5, packet(0x20, &[0, 0, 0]), 0x82),
        (V5, packet(0xd0, &[]), 0x82),
        (V5, packet(0xf0, &[0x18, 0]), 0x82),
        (V5, packet(0x36, &[0, 1, b'a', 0, 1, 0]), 0x81),
        (V5, packet(0x38, &[0, 1, b'a', 0]), 0x81),
        (V5, packet(0x32, &[0, 1, b'a', 0, 0, 0]), 0x82),
        (V5, packet(0x30, &[0, 3, b'a', b'/', b'#', 0]), 0x90),
        (V5, packet(0x30, &[0, 1, 0, 0]), 0x81),
        (V5, packet(0x30, &[0, 1, 0xff, 0]), 0x81),
        (V5, packet(0x30, &[0, 1, b'a', 2, 11, 1]), 0x81),
        (V5, packet(0x82, &[0, 1, 0]), 0x82),
        (V5, packet(0x80, &[0, 1, 0, 0, 1, b'a', 0]), 0x81),
        (V5, vec![0xc0, 0x80, 0], 0x81),
        (V5, vec![0xc0, 0xff, 0xff, 0xff, 0xff, 0x7f], 0x81),
        (V311, packet(0xf0, &[]), 0),
    ];

    for (version, bytes, reason) in cases {
        let mut client = site.client(version, "rude").await;
        client.send(&bytes).await;
        client.expect_close(reason).await;
        bystander.ping().await;
    }
}

#[tokio::test]
async fn many_that_break_off_leave_no_trace() {
    let site = Site::start().await;
    for _ in 0..200 {
        let mut client = Client::open(site.address, V5).await;
        client.send(&Hello { client_id: "a/b", ..Hello::new(V5) }.encode()).await;
        client.stream.set_zero_linger().unwrap();
    }

    site.client(V5, "a/b").await.ping().await;
}

/// Contract section 2: no broker ever queues a command for a gate that is away.
#[tokio::test]
async fn a_command_does_not_wait_for_somebody_who_is_away() {
    let site = Site::start().await;
    let hello = || Hello { client_id: "gate", clean: 0, ..Hello::new(V311) };
    let mut gate = site.client_that_says(hello()).await;
    gate.subscribe("parking/#", 1).await;
    gate.send(&[0xe0, 0]).await;
    assert_eq!(gate.last_packet().await, None);
    let mut operator = site.client(V5, "operator").await;

    for topic in [COMMAND, "parking/gate_in/parking_event"] {
        let publish = Publish { topic, payload: b"open", ..Publish::default() };
        assert_eq!(operator.publish_and_wait(publish).await, 0);
    }

    let mut gate = site.client_that_says(hello()).await;
    assert_eq!(gate.heard().await.0, "parking/gate_in/parking_event");
    operator.publish(Publish { topic: COMMAND, payload: b"live", ..Publish::default() }).await;
    assert_eq!(gate.heard().await.1, "live");
}

/// Contract section 2, against [MQTT-4.4.0-1]: a command that is late is worse than none.
#[tokio::test]
async fn a_command_that_was_not_acknowledged_is_not_sent_again() {
    let site = Site::start().await;
    let hello = || Hello { client_id: "gate", clean: 0, ..Hello::new(V311) };
    let mut gate = site.client_that_says(hello()).await;
    gate.subscribe("parking/#", 1).await;
    let mut operator = site.client(V5, "operator").await;
    let publish = Publish { topic: COMMAND, payload: b"open", ..Publish::default() };
    assert_eq!(operator.publish_and_wait(publish).await, 0);
    assert_eq!(gate.heard().await.0, COMMAND);
    drop(gate);

    let mut gate = site.client_that_says(hello()).await;
    gate.ping().await;
}
