//! What a client is told when something is refused (2.4, 3.1.2.11.7, 4.13).

use broker::Limits;

use crate::{
    client::{Client, Hello, PUBACK, PUBREC, Packet, Publish, V5, packet, subscribe, text},
    site::Site,
};

const COMMAND: &str = "parking/gate_in/gate_control";

async fn client_with(site: &Site, properties: &[u8]) -> Client {
    let hello = Hello { client_id: "client", properties, ..Hello::new(V5) };
    site.client_that_says(hello).await
}

/// The answer to a command that is to be retained.
async fn refusal(client: &mut Client, qos: u8) -> Packet {
    let command = Publish { qos, id: 9, retain: 1, ..Publish::new(COMMAND, "open") };
    client.publish(command).await;
    client.packet().await
}

/// 3.4.2.2.2, 3.5.2.2.2: in words, for who has not said that it does not want any.
#[tokio::test]
async fn a_refused_message_is_answered_in_words() {
    let site = Site::start().await;
    let words = text("a command is never retained");
    let reason = [&[0, 9, 0x87, words.len() as u8 + 1, 31][..], &words].concat();

    for properties in [&[][..], &[23, 1]] {
        let mut client = client_with(&site, properties).await;
        for (qos, first) in [(1, PUBACK), (2, PUBREC)] {
            let expected = Packet { first, body: reason.clone() };
            assert_eq!(refusal(&mut client, qos).await, expected);
        }
    }
}

/// [MQTT-3.1.2-29], [MQTT-3.4.2-2]: not for who does not want them, or has no room for them.
#[tokio::test]
async fn words_that_are_not_wanted_are_not_sent() {
    let site = Site::start().await;

    for properties in [&[23, 0][..], &[39, 0, 0, 0, 30]] {
        let mut client = client_with(&site, properties).await;
        for (qos, first) in [(1, PUBACK), (2, PUBREC)] {
            let expected = Packet { first, body: vec![0, 9, 0x87] };
            assert_eq!(refusal(&mut client, qos).await, expected);
        }
    }
}

/// 3.1.2.11.7: CONNACK and DISCONNECT may say why in any case.
#[tokio::test]
async fn a_disconnect_says_why() {
    let site = Site::start().await;

    for properties in [&[][..], &[23, 0]] {
        let mut client = client_with(&site, properties).await;
        client.send(&packet(0x30, &[0, 1, b'a', 3, 35, 0, 0])).await;
        let Packet { first, body } = client.packet().await;
        assert_eq!((first, body[0], body[2]), (0xe0, 0x94, 31));
        assert_eq!(body[5..], *b"a topic alias beyond the maximum");
        assert_eq!(client.last_packet().await, None);
    }
    let mut tiny = client_with(&site, &[39, 0, 0, 0, 12]).await;
    tiny.send(&packet(0x30, &[0, 1, b'a', 3, 35, 0, 0])).await;
    assert_eq!(tiny.packet().await, Packet { first: 0xe0, body: vec![0x94, 0] });
}

/// 3.1.2.11: no property may be there twice, and those of two values have no third.
#[tokio::test]
async fn a_connect_with_properties_that_cannot_be_is_hung_up_on() {
    let site = Site::start().await;

    for properties in [&[23, 2][..], &[23, 1, 23, 1], &[33, 0, 0], &[39, 0, 0, 0, 0], &[1, 0]] {
        let mut client = Client::open(site.address, V5).await;
        client.send(&Hello { properties, ..Hello::new(V5) }.encode()).await;
        assert_eq!(client.last_packet().await, None, "{properties:?}");
    }
}

/// [MQTT-3.9.3-1]: a code for each filter, in order.
#[tokio::test]
async fn each_filter_has_its_reason() {
    let site = Site::with(Limits { subscriptions: 2, ..Limits::default() }).await;
    let mut client = site.client(V5, "client").await;
    let filters = [("a", 0), ("b/#/c", 0), ("c", 2), ("d", 1), ("a", 1)];
    let body: Vec<u8> =
        filters.iter().flat_map(|(filter, qos)| [text(filter), vec![*qos]].concat()).collect();
    client.send(&packet(0x82, &[&[0, 7, 0][..], &body].concat())).await;
    assert_eq!(client.packet().await.body, [0, 7, 0, 0, 0x8f, 2, 0x97, 1]);

    let body = [text("a"), text("d"), text("c")].concat();
    client.send(&packet(0xa2, &[&[0, 8, 0][..], &body].concat())).await;
    assert_eq!(client.packet().await.body, [0, 8, 0, 0, 0x11, 0]);
}

/// [MQTT-3.8.3-5], 3.8.3.1, 3.12: bits that have to be 0 are looked at.
#[tokio::test]
async fn reserved_bits_are_an_error() {
    let site = Site::start().await;

    for (bytes, reason) in [
        (subscribe(V5, "a", 3, &[]), 0x81),
        (subscribe(V5, "a", 0b11_0000, &[]), 0x82),
        (subscribe(V5, "a", 0b100_0000, &[]), 0x81),
        (packet(0x80, &[0, 7, 0, 0, 1, b'a', 0]), 0x81),
        (packet(0x60, &[0, 7]), 0x81),
        (packet(0xc1, &[]), 0x81),
    ] {
        let mut client = site.client(V5, "client").await;
        client.send(&bytes).await;
        client.expect_close(reason).await;
    }
}
