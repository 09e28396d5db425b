//! The codec against an independent one, against what is malformed, and against noise.

use bytes::{Buf, Bytes, BytesMut};
use mqtt_proto::{Pid, QoS, QosPid, TopicFilter, TopicName, v3, v5};
use proptest::prelude::*;

use super::{
    encode::{self, Answer, Offer, Outgoing},
    *,
};
use crate::{
    message::{Draft, Origin},
    outbox::Outbox,
};

fn decode(version: Version, bytes: &[u8]) -> Result<Option<Packet>, DecodeError> {
    let mut received = BytesMut::from(bytes);

    frame::cut(&mut received, 1 << 20)?.map(|frame| Packet::decode(frame, version)).transpose()
}

fn accepted(version: Version, bytes: &[u8]) -> Packet {
    decode(version, bytes).expect("accepted").expect("complete")
}

fn from_v5(packet: v5::Packet) -> Packet {
    accepted(Version::V5, packet.encode().expect("encodes").as_ref())
}

fn text() -> impl Strategy<Value = String> {
    "[^\0]{0,40}"
}

fn topic() -> impl Strategy<Value = String> {
    "[^+#\0]{1,40}"
}

fn user_properties() -> impl Strategy<Value = Vec<v5::UserProperty>> {
    let property = (text(), text())
        .prop_map(|(name, value)| v5::UserProperty { name: name.into(), value: value.into() });
    prop::collection::vec(property, 0..4)
}

fn name_of(topic: &str) -> TopicName {
    TopicName::try_from(topic).unwrap()
}

fn payload() -> impl Strategy<Value = Bytes> {
    prop::collection::vec(any::<u8>(), 0..300).prop_map(Bytes::from)
}

prop_compose! {
    fn publish_properties()(
        message_expiry_interval in any::<Option<u32>>(),
        topic_alias in any::<Option<u16>>(),
        response_topic in prop::option::of(topic()),
        correlation_data in prop::option::of(payload()),
        content_type in prop::option::of(text()),
        user_properties in user_properties(),
    ) -> v5::PublishProperties {
        v5::PublishProperties {
            payload_is_utf8: Some(false),
            message_expiry_interval,
            topic_alias,
            response_topic: response_topic.map(|name| name_of(&name)),
            correlation_data,
            user_properties,
            subscription_id: None,
            content_type: content_type.map(Into::into),
        }
    }
}

fn qos_pid(qos: u8, id: u16) -> QosPid {
    let pid = Pid::try_from(id).unwrap();
    match qos {
        0 => QosPid::Level0,
        1 => QosPid::Level1(pid),
        _ => QosPid::Level2(pid),
    }
}

proptest! {
    /// Whatever a client publishes, with whatever properties, a subscriber gets the same.
    #[test]
    fn a_publish_passes_through_unchanged(
        topic in topic(),
        payload in payload(),
        properties in publish_properties(),
        qos in 0..3_u8,
        id in 1..=u16::MAX,
        retain: bool,
    ) {
        let mut theirs = v5::Publish::new(
            qos_pid(qos, id),
            name_of(&topic),
            payload.clone(),
        );
        theirs.retain = retain;
        theirs.properties = properties.clone();
        let Packet::Publish(ours) = from_v5(v5::Packet::Publish(theirs.clone())) else { panic!() };

        prop_assert_eq!(&ours.publication.topic[..], &topic[..]);
        prop_assert_eq!(&ours.publication.payload, &payload);
        prop_assert_eq!(ours.publication.qos.bits(), qos);
        prop_assert_eq!(ours.publication.retain, retain);
        prop_assert_eq!(ours.packet_id.map(PacketId::get), (qos > 0).then_some(id));
        prop_assert_eq!(ours.alias, properties.topic_alias);
        prop_assert_eq!(ours.publication.expiry, properties.message_expiry_interval);

        let message = Draft::new(&ours.publication, Origin(1), Default::default()).number(1);
        let outgoing = Outgoing {
            message: &message,
            qos: ours.publication.qos,
            packet_id: ours.packet_id,
            dup: false,
            retain,
            expiry: ours.publication.expiry,
            identifiers: &[],
            alias: None,
        };
        let bytes = written(&outgoing, Version::V5);
        prop_assert_eq!(bytes.len(), outgoing.length(Version::V5));
        let Ok(Some(v5::Packet::Publish(mut back))) = v5::Packet::decode(&bytes) else { panic!() };
        prop_assert_eq!(back.properties.topic_alias, None);
        back.properties.topic_alias = theirs.properties.topic_alias;
        prop_assert_eq!(back, theirs);
    }

    #[test]
    fn a_publish_passes_to_older_clients_without_its_properties(
        topic in topic(),
        payload in payload(),
        id in 1..=u16::MAX,
    ) {
        let theirs = v3::Publish::new(qos_pid(1, id), name_of(&topic), payload);
        let bytes = v3::Packet::Publish(theirs.clone()).encode().unwrap();
        let Packet::Publish(ours) = accepted(Version::V311, bytes.as_ref()) else { panic!() };

        let message = Draft::new(&ours.publication, Origin(1), Default::default()).number(1);
        let outgoing = Outgoing {
            message: &message,
            qos: ours.publication.qos,
            packet_id: ours.packet_id,
            dup: false,
            retain: false,
            expiry: Some(1),
            identifiers: &[],
            alias: None,
        };
        let bytes = written(&outgoing, Version::V311);
        prop_assert_eq!(bytes.len(), outgoing.length(Version::V311));
        prop_assert_eq!(v3::Packet::decode(&bytes), Ok(Some(v3::Packet::Publish(theirs))));
    }

    #[test]
    fn a_connect_is_understood(
        client_id in text(),
        keep_alive: u16,
        receive_max in 1..=u16::MAX,
        expiry in any::<Option<u32>>(),
        user_properties in user_properties(),
        will in prop::option::of((topic(), payload(), 0..3_u8)),
    ) {
        let mut theirs = v5::Connect::new(client_id.as_str().into(), keep_alive);
        theirs.properties.receive_max = Some(receive_max);
        theirs.properties.session_expiry_interval = expiry;
        theirs.properties.user_properties = user_properties;
        theirs.username = Some("somebody".into());
        theirs.last_will = will.clone().map(|(topic, payload, qos)| {
            let topic = name_of(&topic);
            v5::LastWill::new(QoS::from_u8(qos).unwrap(), topic, payload)
        });
        let Packet::Connect(ours) = from_v5(v5::Packet::Connect(theirs)) else { panic!() };

        prop_assert_eq!(ours.version, Version::V5);
        prop_assert_eq!(&ours.client_id[..], &client_id[..]);
        prop_assert_eq!(ours.keep_alive, keep_alive);
        prop_assert_eq!(ours.receive_maximum, receive_max);
        prop_assert_eq!(ours.session_expiry, expiry.unwrap_or(0));
        prop_assert_eq!(ours.username.as_deref(), Some("somebody"));
        let ours = ours.will.map(|Will { publication: it, .. }| {
            (it.topic.to_string(), it.payload, it.qos.bits())
        });
        prop_assert_eq!(ours, will);
    }

    #[test]
    fn a_subscribe_is_understood(
        filter in "[a-z]{1,9}(/[a-z]{0,9}){0,3}(/#)?",
        id in 1..=u16::MAX,
        no_local: bool,
        retain_as_published: bool,
    ) {
        let mut options = v5::SubscriptionOptions::new(QoS::Level1);
        options.no_local = no_local;
        options.retain_as_published = retain_as_published;
        let topics = vec![(TopicFilter::try_from(&filter[..]).unwrap(), options)];
        let theirs = v5::Subscribe::new(Pid::try_from(id).unwrap(), topics);
        let Packet::Subscribe(ours) = from_v5(v5::Packet::Subscribe(theirs)) else { panic!() };

        prop_assert_eq!(ours.packet_id.get(), id);
        let expected = Request {
            filter: filter.into(),
            qos: Qos::AtLeastOnce,
            no_local,
            retain_as_published,
            retain_handling: RetainHandling::Always,
        };
        prop_assert_eq!(ours.requests, [expected]);
    }

    #[test]
    fn noise_never_does_harm(
        first: u8,
        body in prop::collection::vec(any::<u8>(), 0..200),
        version in prop::sample::select(vec![Version::V31, Version::V311, Version::V5]),
    ) {
        let _ = decode(version, &body);
        let _ = decode(version, &framed(first, &body));
    }

    /// A packet that is cut short, prolonged or has a byte changed is refused or understood.
    #[test]
    fn a_damaged_packet_never_does_harm(
        topic in topic(),
        properties in publish_properties(),
        at: prop::sample::Index,
        byte: u8,
    ) {
        let topic = name_of(&topic);
        let mut publish = v5::Publish::new(qos_pid(1, 1), topic, Bytes::from_static(b"x"));
        publish.properties = properties;
        let mut bytes = v5::Packet::Publish(publish).encode().unwrap().as_ref().to_vec();
        let at = at.index(bytes.len());
        let _ = decode(Version::V5, &bytes[..at]);
        bytes[at] = byte;
        let _ = decode(Version::V5, &bytes);
    }
}

fn written(outgoing: &Outgoing<'_>, version: Version) -> Vec<u8> {
    let mut outbox = Outbox::default();
    outgoing.write(&mut outbox, version);
    let length = outbox.remaining();
    outbox.copy_to_bytes(length).to_vec()
}

fn framed(first: u8, body: &[u8]) -> Vec<u8> {
    match body.len() {
        length @ ..128 => [&[first, length as u8], body].concat(),
        length => [&[first, length as u8 | 128, (length >> 7) as u8], body].concat(),
    }
}

fn said(write: impl FnOnce(&mut BytesMut)) -> Vec<u8> {
    let mut out = BytesMut::new();
    write(&mut out);
    out.to_vec()
}

#[test]
fn what_the_server_says_is_understood() {
    let id = PacketId::new(300).unwrap();
    let offer = Offer {
        session_present: true,
        assigned_client_id: Some("auto-1"),
        session_expiry: Some(7),
        keep_alive: Some(60),
        receive_maximum: 100,
        maximum_packet_size: 1 << 20,
        topic_aliases: 32,
    };

    let connack = said(|out| encode::accept(out, Version::V5, &offer));
    let Ok(Some(v5::Packet::Connack(connack))) = v5::Packet::decode(&connack) else { panic!() };
    assert_eq!(connack.properties.assigned_client_id.as_deref(), Some("auto-1"));
    assert_eq!(connack.properties.max_packet_size, Some(1 << 20));
    assert_eq!(connack.properties.session_expiry_interval, Some(7));
    assert_eq!(connack.properties.server_keep_alive, Some(60));
    assert_eq!(connack.properties.receive_max, Some(100));
    assert!(connack.session_present);

    let reasons = [Reason::GrantedQos1, Reason::QuotaExceeded];
    let suback = said(|out| encode::suback(out, Version::V5, id, &reasons));
    let Ok(Some(v5::Packet::Suback(suback))) = v5::Packet::decode(&suback) else { panic!() };
    assert_eq!((suback.pid.value(), suback.topics.len()), (300, 2));

    let suback = said(|out| encode::suback(out, Version::V311, id, &reasons));
    let Ok(Some(v3::Packet::Suback(suback))) = v3::Packet::decode(&suback) else { panic!() };
    assert_eq!(suback.topics.len(), 2);

    let refused = |text| {
        said(|out| {
            encode::answer(out, Version::V5, Answer::Ack, id, Reason::NotAuthorized, text);
        })
    };
    let Ok(Some(v5::Packet::Puback(puback))) = v5::Packet::decode(&refused("why")) else {
        panic!()
    };
    assert_eq!(puback.reason_code, v5::PubackReasonCode::NotAuthorized);
    assert_eq!(puback.properties.reason_string.as_deref(), Some("why"));
    let Ok(Some(v5::Packet::Puback(puback))) = v5::Packet::decode(&refused("")) else { panic!() };
    assert_eq!(puback.properties.reason_string, None);

    let reasons = [Reason::Success, Reason::NoSubscriptionExisted];
    let unsuback = said(|out| encode::unsuback(out, Version::V5, id, &reasons));
    let Ok(Some(v5::Packet::Unsuback(unsuback))) = v5::Packet::decode(&unsuback) else { panic!() };
    assert_eq!(unsuback.topics.len(), 2);

    let disconnect = said(|out| encode::disconnect(out, Version::V5, Reason::TakenOver, "why"));
    let Ok(Some(v5::Packet::Disconnect(gone))) = v5::Packet::decode(&disconnect) else { panic!() };
    assert_eq!(gone.reason_code, v5::DisconnectReasonCode::SessionTakenOver);
    assert!(said(|out| encode::disconnect(out, Version::V311, Reason::TakenOver, "")).is_empty());
}

/// CONNECT of MQTT 5 with these flags, properties and what follows the client identifier `a`.
fn connect(flags: u8, properties: &[u8], rest: &[u8]) -> Vec<u8> {
    let head = [0, 4, b'M', b'Q', b'T', b'T', 5, flags, 0, 10, properties.len() as u8];
    framed(0x10, &[&head[..], properties, &[0, 1, b'a'], rest].concat())
}

/// CONNECT of MQTT 3.1.1, in the same way.
fn old_connect(flags: u8, rest: &[u8]) -> Vec<u8> {
    let head = [0, 4, b'M', b'Q', b'T', b'T', 4, flags, 0, 10, 0, 1, b'a'];
    framed(0x10, &[&head[..], rest].concat())
}

#[test]
fn what_is_malformed_is_refused() {
    use Version::{V5, V311};

    let will: &[u8] = &[0, 1, b't', 0, 1, b'p'];
    let cases: Vec<(&str, Version, Vec<u8>)> = vec![
        ("the reserved flag", V311, old_connect(3, &[])),
        ("flags of a will without a will", V311, old_connect(0x0a, &[])),
        ("a will of QoS 3", V311, old_connect(0x1e, will)),
        ("a will with a wildcard", V311, old_connect(6, &[0, 1, b'#', 0, 1, b'p'])),
        ("a will to nowhere", V311, old_connect(6, &[0, 0, 0, 1, b'p'])),
        ("a password without a user name", V311, old_connect(0x42, &[0, 1, b'p'])),
        ("bytes after CONNECT", V311, old_connect(2, &[9])),
        ("bytes after CONNECT", V5, connect(2, &[], &[9])),
        ("receive maximum 0", V5, connect(2, &[33, 0, 0], &[])),
        ("maximum packet size 0", V5, connect(2, &[39, 0, 0, 0, 0], &[])),
        ("a property twice", V5, connect(2, &[33, 0, 1, 33, 0, 1], &[])),
        ("an unknown property", V5, connect(2, &[127, 0], &[])),
        ("a property of another packet", V5, connect(2, &[35, 0, 1], &[])),
        ("authentication data alone", V5, connect(2, &[22, 0, 1, 1], &[])),
        ("a flag that is 2", V5, connect(2, &[23, 2], &[])),
        ("DUP at QoS 0", V311, framed(0x38, &[0, 1, b't'])),
        ("QoS 3", V311, framed(0x36, &[0, 1, b't', 0, 1])),
        ("packet identifier 0", V311, framed(0x32, &[0, 1, b't', 0, 0])),
        ("no packet identifier", V311, framed(0x32, &[0, 1, b't'])),
        ("a wildcard in a name", V311, framed(0x30, &[0, 1, b'+'])),
        ("U+0000 in a name", V311, framed(0x30, &[0, 1, 0])),
        ("half a surrogate pair", V311, framed(0x30, &[0, 3, 0xed, 0xa0, 0x80])),
        ("no topic", V311, framed(0x30, &[0, 0])),
        ("neither topic nor alias", V5, framed(0x30, &[0, 0, 0])),
        ("no length of properties", V5, framed(0x30, &[0, 1, b't'])),
        ("properties beyond the end", V5, framed(0x30, &[0, 1, b't', 50, 1, 1])),
        ("needless bytes in a length", V5, framed(0x30, &[0, 1, b't', 0x80, 0])),
        ("an identifier from a client", V5, framed(0x30, &[0, 1, b't', 2, 11, 1])),
        ("an interval twice", V5, framed(0x30, &[0, 1, b't', 10, 2, 0, 0, 0, 1, 2, 0, 0, 0, 1])),
        ("a response to a wildcard", V5, framed(0x30, &[0, 1, b't', 4, 8, 0, 1, b'#'])),
        ("flags of PUBACK", V311, framed(0x41, &[0, 1])),
        ("a long PUBACK", V311, framed(0x40, &[0, 1, 0])),
        ("an unknown reason", V5, framed(0x40, &[0, 1, 0x42])),
        ("flags of SUBSCRIBE", V311, framed(0x80, &[0, 1, 0, 1, b'a', 0])),
        ("SUBSCRIBE to nothing", V311, framed(0x82, &[0, 1])),
        ("reserved options", V311, framed(0x82, &[0, 1, 0, 1, b'a', 4])),
        ("reserved options", V5, framed(0x82, &[0, 1, 0, 0, 1, b'a', 0x41])),
        ("retain handling 3", V5, framed(0x82, &[0, 1, 0, 0, 1, b'a', 0x31])),
        ("subscription identifier 0", V5, framed(0x82, &[0, 1, 2, 11, 0, 0, 1, b'a', 1])),
        ("UNSUBSCRIBE from nothing", V311, framed(0xa2, &[0, 1])),
        ("a PINGREQ with a body", V311, framed(0xc0, &[1])),
        ("a DISCONNECT with a body", V311, framed(0xe0, &[0])),
        ("bytes after DISCONNECT", V5, framed(0xe0, &[0, 0, 9])),
        ("needless bytes in a length", V311, vec![0xc0, 0x80, 0]),
        ("a length of five bytes", V311, vec![0xc0, 0x80, 0x80, 0x80, 0x80, 1]),
        ("a type that does not exist", V311, framed(0x00, &[])),
        ("UNSUBACK", V5, framed(0xb0, &[0, 1, 0, 0])),
        ("CONNACK", V5, framed(0x20, &[0, 0, 0])),
    ];

    for (what, version, bytes) in cases {
        assert!(decode(version, &bytes).is_err(), "{what} was accepted in {version:?}");
    }
}

#[test]
fn a_packet_that_is_too_long_is_refused_before_it_has_come() {
    let mut received = BytesMut::from(&[0x30, 0xff, 0x7f][..]);

    assert_eq!(
        frame::cut(&mut received, 1024).unwrap_err(),
        DecodeError::TooLarge { length: 16_386, max: 1024 }
    );
}
