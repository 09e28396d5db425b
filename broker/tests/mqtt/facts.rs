//! What stock brokers choke on: packets that anybody may send, after which somebody else suffered.
//!
//! That silent connections to the ports for TLS and WebSocket stop nobody is shown where those are.

use std::num::NonZeroU16;

use broker::Limits;

use crate::{
    client::{
        Client, FOR_AN_HOUR, Hello, PUBCOMP, PUBREC, PUBREL, Packet, Publish, V5, V311, Version,
        packet, unsubscribe, user_property,
    },
    site::Site,
};

const VERSIONS: [Version; 2] = [V311, V5];

/// Shows that the broker is well: somebody connects, subscribes, publishes and hears.
async fn expect_health(site: &Site) {
    for version in VERSIONS {
        let mut client = site.client(version, "health").await;
        client.subscribe("health", 1).await;
        client.expect_silence("health").await;
        client.leave().await;
    }
    assert_eq!(site.figure("router_restarts_total").await, 0);
}

/// Enough subscribers of one filter for the router to serve the last of them.
async fn crowd(site: &Site, filter: &str, qos: u8) -> Vec<Client> {
    let mut crowd = Vec::new();
    for n in 0..12 {
        let mut client = site.client(VERSIONS[n % 2], &format!("crowd-{n}")).await;
        client.subscribe(filter, qos).await;
        crowd.push(client);
    }
    crowd
}

/// 1.5.4: a topic may begin with any character. The router's thread died of it.
#[tokio::test]
async fn a_topic_that_begins_with_a_character_of_several_bytes() {
    let site = Site::start().await;
    let mut crowd = crowd(&site, "#", 0).await;
    let mut publisher = site.client(V5, "publisher").await;
    publisher.publish(Publish::new("é/x", "message")).await;
    for client in &mut crowd {
        assert_eq!(client.heard().await, ("é/x".into(), "message".into()));
    }

    let will = Some(Publish::new("門/x", "will"));
    drop(site.client_that_says(Hello { client_id: "mortal", will, ..Hello::new(V5) }).await);
    for client in &mut crowd {
        assert_eq!(client.heard().await, ("門/x".into(), "will".into()));
    }
    drop(crowd);
    expect_health(&site).await;
}

/// 4.8.2: the router's thread died of a member that leaves without an acknowledgement.
#[tokio::test]
async fn a_member_of_a_shared_subscription_that_leaves_without_an_acknowledgement() {
    let site = Site::start().await;
    let mut publisher = site.client(V5, "publisher").await;

    for version in VERSIONS {
        for _ in 0..3 {
            let mut member = site.client_that_says(Hello::persistent(version, "member")).await;
            member.subscribe("$share/g/a", 1).await;
            publisher.publish_and_wait(Publish::new("a", "x")).await;
            member.packet().await;
            drop(member);
        }
        expect_health(&site).await;
    }
}

/// 3.14: the router's thread died of a client that floods itself and leaves.
#[tokio::test]
async fn a_client_that_floods_itself_and_leaves() {
    let site = Site::start().await;
    let _crowd = crowd(&site, "flood", 0).await;
    let flood: Vec<u8> = (0..2_000).flat_map(|_| Publish::new("flood", "x").encode(V5)).collect();

    for _ in 0..10 {
        let mut client = site.client(V5, "flooder").await;
        client.subscribe("flood", 0).await;
        client.send(&[&flood[..], &[0xe0, 0]].concat()).await;
    }
    expect_health(&site).await;
}

/// 3.3.2.3.4: likewise of an alias that means nothing, in the middle of a flood.
#[tokio::test]
async fn an_alias_that_means_nothing_in_the_middle_of_a_flood() {
    let site = Site::start().await;
    let _crowd = crowd(&site, "flood", 0).await;
    let flood: Vec<u8> = (0..500).flat_map(|_| Publish::new("flood", "x").encode(V5)).collect();

    for _ in 0..10 {
        let mut client = site.client(V5, "flooder").await;
        client.subscribe("flood", 0).await;
        let alias = Publish { properties: &[35, 0, 7], ..Publish::default() }.encode(V5);
        client.send(&[&flood[..], &alias].concat()).await;
        while client.packet().await.first >> 4 == 3 {}
        assert_eq!(client.last_packet().await, None);
    }
    expect_health(&site).await;
}

/// 3.3.2.3.7: clients of MQTT 3.1.1, and in the end their port, died of properties.
#[tokio::test]
async fn a_user_property_on_its_way_to_an_older_client() {
    let site = Site::start().await;
    let mut publisher = site.client(V5, "publisher").await;
    let properties = user_property("k", "v");
    let mut old = site.client_that_says(Hello::persistent(V311, "old")).await;
    old.subscribe("a", 1).await;
    for retain in [0, 1] {
        let message = Publish { retain, properties: &properties, ..Publish::new("a", "x") };
        publisher.publish_and_wait(message).await;
        assert_eq!(old.taken().await, "x");
    }
    old.leave().await;
    let message = Publish { properties: &properties, ..Publish::new("a", "waited") };
    publisher.publish_and_wait(message).await;

    let (mut old, _) = site.session(Hello::persistent(V311, "old")).await;
    assert_eq!(old.taken().await, "waited");
    expect_health(&site).await;
}

/// 3.1.3.1, 3.1.4: ports died of a name with a slash that came twice, of clients that broke off, and
/// of one client too many that tried again.
#[tokio::test]
async fn clients_that_come_twice_break_off_or_are_too_many() {
    let site = Site::with(Limits { connections: 4, ..Limits::default() }).await;

    for round in 0..50 {
        let version = VERSIONS[round % 2];
        let hello = Hello { client_id: "site/gate/in", ..Hello::new(version) }.encode();
        for _ in 0..3 {
            let mut client = Client::open(site.address, version).await;
            client.send(&hello).await;
            client.stream.set_zero_linger().unwrap();
        }
    }
    let mut all = Vec::new();
    while all.len() < 4 {
        let name = format!("client-{}", all.len());
        let mut client = Client::open(site.address, V5).await;
        client.send(&Hello { client_id: &name, ..Hello::new(V5) }.encode()).await;
        // Some of those before may not have left.
        if client.packet().await.body[1] == 0 {
            all.push(client);
        }
    }
    for _ in 0..50 {
        let mut client = Client::open(site.address, V5).await;
        client.send(&Hello { client_id: "too/many", ..Hello::new(V5) }.encode()).await;
        assert_eq!(client.packet().await.body[1], 0x89);
    }
    all.truncate(1);
    site.until_left("clients_connected", 1).await;
    expect_health(&site).await;
}

/// [MQTT-4.13.1-1]: packets that only a server sends cost places, until there was none left.
#[tokio::test]
async fn packets_that_only_a_server_sends() {
    let site = Site::with(Limits { connections: 8, ..Limits::default() }).await;
    let packets =
        [packet(0xb0, &[0, 1, 0, 0]), packet(0x20, &[0, 0, 0]), packet(0x90, &[0, 1, 0, 0])];

    for n in 0..48 {
        let mut client = site.client(V5, &format!("rude-{n}")).await;
        client.send(&packets[n % 3]).await;
        client.expect_close(0x82).await;
    }
    expect_health(&site).await;
}

/// [MQTT-4.4.0-1]: every resume was cut off, for ever.
#[tokio::test]
async fn a_publisher_of_qos_2_that_is_cut_off_before_its_release() {
    let site = Site::start().await;

    for version in VERSIONS {
        let hello = Hello::persistent(version, "publisher");
        let (mut publisher, _) = site.session(hello.clone()).await;
        publisher.publish(Publish { qos: 2, id: 1, ..Publish::new("a", "x") }).await;
        publisher.answered(PUBREC, 1).await;
        drop(publisher);

        let (mut publisher, present) = site.session(hello.clone()).await;
        assert!(present);
        publisher.answer(PUBREL, 1).await;
        assert_eq!(publisher.answered(PUBCOMP, 1).await, 0);
        publisher.publish_exactly_once(Publish::new("a", "x")).await;
        publisher.leave().await;
        let clean = Hello { clean: 1, properties: &[], ..hello };
        site.client_that_says(clean).await.leave().await;
    }
}

/// [MQTT-3.1.2-22]: a keep alive of 0 was refused.
#[tokio::test]
async fn a_client_that_never_says_anything_may_stay() {
    let limits = Limits { keep_alive: std::time::Duration::ZERO, ..Limits::default() };
    let site = Site::with(limits).await;

    for version in VERSIONS {
        let mut quiet = site.client(version, "quiet").await;
        quiet.subscribe("a", 0).await;
        let mut silent =
            site.client_that_says(Hello { keep_alive: 1, ..Hello::new(version) }).await;
        silent.expect_close(0x8d).await;
        quiet.expect_silence("a").await;
    }
}

/// [MQTT-3.10.4-5]: an UNSUBSCRIBE from what was never subscribed to was not answered.
#[tokio::test]
async fn an_unsubscribe_from_nothing() {
    let site = Site::start().await;

    for (version, body) in [(V311, vec![0, 8]), (V5, vec![0, 8, 0, 0x11])] {
        let mut client = site.client(version, "client").await;
        client.send(&unsubscribe(version, "never/+/heard/of")).await;
        assert_eq!(client.packet().await, Packet { first: 0xb0, body });
    }
}

/// 3.3.1.3: an empty message that is not retained erased one that was.
#[tokio::test]
async fn an_empty_message_without_the_flag() {
    let site = Site::start().await;
    let mut client = site.client(V5, "client").await;
    client.publish_and_wait(Publish { retain: 1, ..Publish::new("a", "kept") }).await;
    for qos in 0..2 {
        client.publish(Publish { qos, id: 4, ..Publish::new("a", "") }).await;
    }
    assert_eq!(client.answered(0x40, 4).await, 0);

    client.subscribe("a", 0).await;
    assert_eq!(client.heard().await.1, "kept");
}

/// 4.1: of a session that goes on, subscriptions with wildcards and what waited for them.
#[tokio::test]
async fn a_session_of_many_subscriptions_goes_on() {
    let in_flight = NonZeroU16::new(5).unwrap();
    let site = Site::with(Limits { in_flight, ..Limits::default() }).await;
    let hello = Hello { properties: FOR_AN_HOUR, ..Hello::persistent(V5, "client") };
    let mut client = site.client_that_says(hello.clone()).await;
    for n in 0..100 {
        client.subscribe(&format!("gate/{n}/+"), 1).await;
    }
    client.leave().await;
    let mut publisher = site.client(V5, "publisher").await;
    for n in 0..100 {
        publisher.publish_and_wait(Publish::new(&format!("gate/{n}/door"), "x")).await;
    }

    let (mut client, present) = site.session(hello).await;
    assert!(present);
    for n in 0..100 {
        let message = client.message().await;
        assert_eq!(message.topic, format!("gate/{n}/door"));
        client.answer(0x40, message.id).await;
    }
}
