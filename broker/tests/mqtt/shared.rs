//! Shared subscriptions (4.8.2).

use std::{collections::BTreeSet, num::NonZeroU16};

use broker::Limits;

use crate::{
    client::{Client, Hello, PUBACK, PUBREC, Publish, V5, V311, packet, subscribe},
    site::Site,
};

const SHARED: &str = "$share/group/a";

async fn members(site: &Site, qos: u8) -> [Client; 3] {
    let mut members = Vec::new();
    for name in ["one", "two", "three"] {
        let mut member = site.client(V5, name).await;
        assert_eq!(member.subscribe(SHARED, qos).await, qos);
        members.push(member);
    }
    members.try_into().unwrap_or_else(|_| unreachable!())
}

async fn publish(site: &Site, payloads: impl IntoIterator<Item = u32>) {
    let mut publisher = site.client(V5, "publisher").await;
    for payload in payloads {
        publisher.publish_and_wait(Publish::new("a", &payload.to_string())).await;
    }
}

/// [MQTT-4.8.2-4]... 4.8.2: each message goes to one member, and they take turns.
#[tokio::test]
async fn each_message_goes_to_one_member_and_they_take_turns() {
    let site = Site::start().await;
    let mut members = members(&site, 1).await;
    publish(&site, 0..9).await;

    let mut heard = BTreeSet::new();
    for member in &mut members {
        for _ in 0..3 {
            assert!(heard.insert(member.taken().await), "twice");
        }
        member.ping().await;
    }
    assert_eq!(heard.len(), 9);
}

/// 4.8.2: a client may be a member and subscribe by itself, and there may be several groups.
#[tokio::test]
async fn every_group_and_every_other_subscriber_gets_a_message() {
    let site = Site::start().await;
    let mut clients = Vec::new();
    for (name, filter) in [
        ("one", SHARED),
        ("two", "$share/other/a"),
        ("three", "$share/wide/#"),
        ("four", "a"),
        ("old", "+"),
    ] {
        let version = if name == "old" { V311 } else { V5 };
        let mut client = site.client(version, name).await;
        client.subscribe(filter, 1).await;
        clients.push(client);
    }
    clients[3].subscribe(SHARED, 1).await;
    publish(&site, 0..4).await;

    for n in 0..4 {
        let payload = n.to_string();
        for client in &mut clients[1..3] {
            assert_eq!(client.taken().await, payload);
        }
        assert_eq!(clients[4].taken().await, payload);
    }
    // Of the first group: two each, on top of what the ordinary subscription brings.
    for (client, messages) in [(0, 2), (3, 6)] {
        for _ in 0..messages {
            clients[client].taken().await;
        }
        clients[client].ping().await;
    }
}

/// 4.8.2: the subscription lasts for as long as it has members.
#[tokio::test]
async fn those_who_stay_get_what_one_who_left_would_have_got() {
    let site = Site::start().await;
    let [mut leaves, mut unsubscribes, mut stays] = members(&site, 1).await;
    unsubscribes.unsubscribe(SHARED).await;
    leaves.ping().await;
    leaves.leave().await;
    publish(&site, 0..6).await;

    for n in 0..6 {
        assert_eq!(stays.taken().await, n.to_string());
    }
    unsubscribes.ping().await;
    stays.leave().await;
    publish(&site, [7]).await;
}

/// 4.8.2: of members who are away, those who are there get it; where nobody is, it waits.
#[tokio::test]
async fn a_member_that_is_away_gets_what_nobody_else_is_there_for() {
    let site = Site::start().await;
    let hello = || Hello::persistent(V5, "away");
    let mut away = site.client_that_says(hello()).await;
    away.subscribe(SHARED, 1).await;
    away.leave().await;
    let mut here = site.client(V5, "here").await;
    here.subscribe(SHARED, 1).await;

    publish(&site, 0..4).await;
    for n in 0..4 {
        assert_eq!(here.taken().await, n.to_string());
    }
    here.leave().await;
    publish(&site, 4..6).await;
    let (mut away, _) = site.session(hello()).await;
    for n in 4..6 {
        assert_eq!(away.taken().await, n.to_string());
    }
}

/// [MQTT-3.8.4-4] does not hold for them: 3.8.4, 4.8.2: no retained messages for a shared one.
#[tokio::test]
async fn a_member_is_not_told_what_is_retained() {
    let site = Site::start().await;
    let mut client = site.client(V5, "client").await;
    client.publish_and_wait(Publish { retain: 1, ..Publish::new("a", "open") }).await;
    client.subscribe(SHARED, 1).await;

    client.expect_silence("a").await;
}

/// 4.8.2: each member has the QoS that it was granted.
#[tokio::test]
async fn a_member_gets_messages_at_its_own_quality() {
    let site = Site::start().await;
    for qos in [0, 1, 2] {
        let mut member = site.client(V5, "member").await;
        member.subscribe(SHARED, qos).await;
        let mut publisher = site.client(V5, "publisher").await;
        publisher.publish_exactly_once(Publish::new("a", "x")).await;
        assert_eq!(member.message().await.qos, qos);
    }
}

/// 4.8.2: what a member of a session that ended has not acknowledged (QoS 1), or not even been sent,
/// goes to another.
#[tokio::test]
async fn what_a_member_did_not_acknowledge_goes_to_another() {
    let in_flight = NonZeroU16::new(2).unwrap();
    let site = Site::with(Limits { in_flight, ..Limits::default() }).await;
    let mut first = site.client(V5, "first").await;
    first.subscribe(SHARED, 1).await;
    publish(&site, 0..5).await;
    let acknowledged = first.message().await;
    first.answer(PUBACK, acknowledged.id).await;
    first.message().await;
    first.message().await;

    let mut second = site.client(V5, "second").await;
    second.subscribe(SHARED, 1).await;
    first.leave().await;
    for n in 1..5 {
        assert_eq!(second.taken().await, n.to_string());
    }
}

/// The same when the session of somebody who is away expires.
#[tokio::test]
async fn what_waited_for_a_member_whose_session_expired_goes_to_another() {
    let site = Site::start().await;
    let properties = crate::client::FOR_A_SECOND;
    let hello = Hello { properties, ..Hello::persistent(V5, "short") };
    let mut short = site.client_that_says(hello).await;
    short.subscribe(SHARED, 2).await;
    short.leave().await;
    publish(&site, 0..3).await;
    let mut long = site.client_that_says(Hello::persistent(V5, "long")).await;
    long.subscribe(SHARED, 1).await;

    for n in 0..3 {
        assert_eq!(long.taken().await, n.to_string());
    }
}

/// Where there is no other member, that is counted.
#[tokio::test]
async fn what_is_left_without_a_member_is_counted() {
    let site = Site::start().await;
    let mut member = site.client(V5, "member").await;
    member.subscribe(SHARED, 1).await;
    publish(&site, 0..3).await;
    for _ in 0..3 {
        member.message().await;
    }
    member.leave().await;

    assert_eq!(site.figure("messages_dropped_total").await, 3);
}

/// [MQTT-4.8.2-5]: a message of QoS 2 that one member may have got is not for another.
#[tokio::test]
async fn a_message_of_qos_2_that_was_sent_goes_to_nobody_else() {
    let site = Site::start().await;
    let mut first = site.client(V5, "first").await;
    first.subscribe(SHARED, 2).await;
    let mut publisher = site.client(V5, "publisher").await;
    publisher.publish_exactly_once(Publish::new("a", "x")).await;
    first.message().await;

    let mut second = site.client(V5, "second").await;
    second.subscribe(SHARED, 2).await;
    first.leave().await;
    second.expect_silence("a").await;
}

/// [MQTT-4.8.2-6]: nor is one that a member has refused.
#[tokio::test]
async fn a_message_that_a_member_refused_goes_to_nobody_else() {
    let site = Site::start().await;
    let [mut first, mut second, third] = members(&site, 2).await;
    third.leave().await;
    let mut publisher = site.client(V5, "publisher").await;
    publisher.publish_and_wait(Publish::new("a", "x")).await;
    publisher.publish_exactly_once(Publish::new("a", "y")).await;
    for (member, answer) in [(&mut first, PUBACK), (&mut second, PUBREC)] {
        let [high, low] = member.message().await.id.to_be_bytes();
        member.send(&packet(answer, &[high, low, 0x97])).await;
        member.ping().await;
    }
    first.leave().await;

    second.expect_silence("a").await;
}

/// 4.8.2, after a restart: a group is there with its members, and takes turns.
#[tokio::test]
async fn a_group_is_there_after_a_restart() {
    let site = Site::start().await;
    for name in ["one", "two"] {
        let mut member = site.client_that_says(Hello::persistent(V5, name)).await;
        member.subscribe(SHARED, 1).await;
    }
    let site = site.restart(crate::site::config(Limits::default())).await;
    let mut heard = BTreeSet::new();
    let mut members = Vec::new();
    for name in ["one", "two"] {
        members.push(site.session(Hello::persistent(V5, name)).await.0);
    }
    publish(&site, 0..4).await;
    for member in &mut members {
        for _ in 0..2 {
            assert!(heard.insert(member.taken().await));
        }
    }
}

/// [MQTT-3.8.3-4], [MQTT-4.8.2-1], [MQTT-4.8.2-2].
#[tokio::test]
async fn what_cannot_be_shared_is_refused() {
    let site = Site::start().await;
    let mut client = site.client(V5, "client").await;
    for filter in ["$share//a", "$share/g", "$share/g/", "$share/+/a", "$share/#", "$share/g/#/a"] {
        assert_eq!(client.subscribe(filter, 0).await, 0x8f, "{filter}");
    }

    client.send(&subscribe(V5, SHARED, 0b100, &[])).await;
    client.expect_close(0x82).await;
}
