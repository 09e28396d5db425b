//! Topic aliases that the broker gives (3.1.2.11.5, 3.3.2.3.4).

use crate::{
    client::{Client, Hello, Publish, V5},
    site::Site,
};

/// A client that takes two aliases, and hears everything.
async fn listener(site: &Site) -> Client {
    let hello = Hello { client_id: "listener", properties: &[34, 0, 2], ..Hello::new(V5) };
    let mut listener = site.client_that_says(hello).await;
    listener.subscribe("#", 0).await;
    listener
}

async fn hear(listener: &mut Client, topic: &str, alias: &[u8]) {
    let message = listener.message().await;
    assert_eq!((&message.topic[..], &message.properties[..]), (topic, alias));
}

/// [MQTT-3.1.2-26]: no more than the client wants.
#[tokio::test]
async fn the_first_topics_get_the_aliases_that_there_are() {
    let site = Site::start().await;
    let mut listener = listener(&site).await;
    let mut publisher = site.client(V5, "publisher").await;
    for topic in ["a", "b", "c", "b", "a", "c"] {
        publisher.publish(Publish::new(topic, "x")).await;
    }

    hear(&mut listener, "a", &[35, 0, 1]).await;
    hear(&mut listener, "b", &[35, 0, 2]).await;
    hear(&mut listener, "c", &[]).await;
    hear(&mut listener, "", &[35, 0, 2]).await;
    hear(&mut listener, "", &[35, 0, 1]).await;
    hear(&mut listener, "c", &[]).await;
}

/// [MQTT-3.1.2-27]: none where the client did not say that it knows them.
#[tokio::test]
async fn a_client_that_wants_no_aliases_gets_none() {
    let site = Site::start().await;
    let mut client = site.client(V5, "client").await;
    client.subscribe("#", 0).await;

    for _ in 0..3 {
        client.publish(Publish::new("a", "x")).await;
        hear(&mut client, "a", &[]).await;
    }
}

/// [MQTT-3.3.2-7]: a new connection knows nothing of the aliases of the one before.
#[tokio::test]
async fn aliases_end_with_their_connection() {
    let site = Site::start().await;
    let properties = [crate::client::FOR_AN_HOUR, &[34, 0, 2]].concat();
    let hello = || Hello { properties: &properties, ..Hello::persistent(V5, "client") };

    for _ in 0..2 {
        let mut client = site.client_that_says(hello()).await;
        client.subscribe("a", 1).await;
        client.publish(Publish::new("a", "x")).await;
        hear(&mut client, "a", &[35, 0, 1]).await;
        client.publish(Publish::new("a", "x")).await;
        hear(&mut client, "", &[35, 0, 1]).await;
        // What is sent again on the next connection is named in full.
        client.publish_and_wait(Publish::new("a", "open")).await;
        hear(&mut client, "", &[35, 0, 1]).await;
        client.leave().await;

        let mut client = site.client_that_says(hello()).await;
        let again = client.repeated().await;
        assert_eq!((&again.topic[..], &again.payload[..]), ("a", &b"open"[..]));
        client.answer(crate::client::PUBACK, again.id).await;
        client.leave().await;
    }
}

/// 3.3.2.3.4: each message under its own topic, however many match one wildcard, and whatever
/// aliases its publisher uses.
#[tokio::test]
async fn a_listener_hears_every_gate_under_its_own_name() {
    let site = Site::start().await;
    let mut listener = listener(&site).await;
    let mut publishers = Vec::new();
    for n in 0..5 {
        publishers.push(site.client(V5, &format!("publisher-{n}")).await);
    }
    for round in 0..3 {
        for (n, publisher) in publishers.iter_mut().enumerate() {
            let gate = format!("gate/{n}");
            let topic = if round == 0 { &gate } else { "" };
            let named = Publish::new(topic, &gate);
            publisher.publish(Publish { properties: &[35, 0, 1], ..named }).await;
            let _ = publisher.ping().await;
        }
    }

    let mut names = [const { String::new() }; 3];
    for n in (0..3).flat_map(|_| 0..5) {
        let message = listener.message().await;
        let alias = message.properties.last().copied().unwrap_or(0);
        if !message.topic.is_empty() {
            names[usize::from(alias)] = message.topic;
        }
        assert_eq!(names[usize::from(alias)].as_bytes(), message.payload);
        assert_eq!(message.payload, format!("gate/{n}").into_bytes());
    }
}
