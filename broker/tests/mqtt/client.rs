//! A client that says exactly what it is told to say.

use std::{collections::VecDeque, io::ErrorKind, net::SocketAddr};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    time,
};

use crate::site::PATIENCE;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    V31 = 3,
    V311 = 4,
    V5 = 5,
}

pub(crate) use Version::{V5, V31, V311};

pub(crate) struct Client<S = TcpStream> {
    pub(crate) stream: S,
    version: Version,
    /// Messages that came while something else was awaited.
    aside: VecDeque<Packet>,
}

/// What a CONNECT says.
#[derive(Clone)]
pub(crate) struct Hello<'a> {
    pub(crate) version: Version,
    pub(crate) client_id: &'a str,
    pub(crate) clean: u8,
    pub(crate) keep_alive: u16,
    pub(crate) will: Option<Publish<'a>>,
    pub(crate) username: Option<&'a str>,
    pub(crate) password: Option<&'a str>,
    pub(crate) properties: &'a [u8],
}

/// A session that outlives its connection by an hour, as a property of CONNECT and DISCONNECT.
pub(crate) const FOR_AN_HOUR: &[u8] = &[17, 0, 0, 14, 16];
pub(crate) const FOR_A_SECOND: &[u8] = &[17, 0, 0, 0, 1];

/// The packets about one message.
pub(crate) const PUBACK: u8 = 0x40;
pub(crate) const PUBREC: u8 = 0x50;
pub(crate) const PUBREL: u8 = 0x62;
pub(crate) const PUBCOMP: u8 = 0x70;

/// What a PUBLISH says, or a will.
#[derive(Clone, Default)]
pub(crate) struct Publish<'a> {
    pub(crate) topic: &'a str,
    pub(crate) payload: &'a [u8],
    pub(crate) qos: u8,
    pub(crate) retain: u8,
    pub(crate) dup: u8,
    pub(crate) id: u16,
    pub(crate) properties: &'a [u8],
}

/// A packet from the broker.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Packet {
    pub(crate) first: u8,
    pub(crate) body: Vec<u8>,
}

/// A PUBLISH from the broker.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) topic: String,
    pub(crate) payload: Vec<u8>,
    pub(crate) qos: u8,
    pub(crate) retain: u8,
    pub(crate) id: u16,
    pub(crate) properties: Vec<u8>,
}

impl<'a> Hello<'a> {
    pub(crate) fn new(version: Version) -> Self {
        Self {
            version,
            client_id: "",
            clean: 1,
            keep_alive: 0,
            will: None,
            username: None,
            password: None,
            properties: &[],
        }
    }

    /// A client whose session outlives its connection.
    pub(crate) fn persistent(version: Version, client_id: &'a str) -> Self {
        let properties = if version == V5 { FOR_AN_HOUR } else { &[] };

        Self { client_id, clean: 0, properties, ..Self::new(version) }
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let name = if self.version == V31 { "MQIsdp" } else { "MQTT" };
        let will = self.will.as_ref().map_or(0, |will| 4 | will.qos << 3 | will.retain << 5);
        let mut body = text(name);
        let login = u8::from(self.username.is_some()) << 7 | u8::from(self.password.is_some()) << 6;
        body.extend([self.version as u8, self.clean << 1 | will | login]);
        body.extend(self.keep_alive.to_be_bytes());
        body.extend(block(self.version, self.properties));
        body.extend(text(self.client_id));
        if let Some(will) = &self.will {
            body.extend(block(self.version, will.properties));
            body.extend(text(will.topic));
            body.extend((will.payload.len() as u16).to_be_bytes());
            body.extend(will.payload);
        }
        body.extend([self.username, self.password].into_iter().flatten().flat_map(text));
        packet(0x10, &body)
    }
}

impl<'a> Publish<'a> {
    pub(crate) fn new(topic: &'a str, payload: &'a str) -> Self {
        Self { topic, payload: payload.as_bytes(), ..Self::default() }
    }

    pub(crate) fn encode(&self, version: Version) -> Vec<u8> {
        let mut body = text(self.topic);
        if self.qos > 0 {
            body.extend(self.id.to_be_bytes());
        }
        body.extend(block(version, self.properties));
        body.extend(self.payload);
        packet(0x30 | self.dup << 3 | self.qos << 1 | self.retain, &body)
    }
}

/// SUBSCRIBE to one filter.
pub(crate) fn subscribe(version: Version, filter: &str, options: u8, properties: &[u8]) -> Vec<u8> {
    packet(0x82, &[vec![0, 7], block(version, properties), text(filter), vec![options]].concat())
}

pub(crate) fn unsubscribe(version: Version, filter: &str) -> Vec<u8> {
    packet(0xa2, &[vec![0, 8], block(version, &[]), text(filter)].concat())
}

pub(crate) fn user_property(name: &str, value: &str) -> Vec<u8> {
    [vec![38], text(name), text(value)].concat()
}

pub(crate) fn text(text: &str) -> Vec<u8> {
    [&(text.len() as u16).to_be_bytes(), text.as_bytes()].concat()
}

pub(crate) fn packet(first: u8, body: &[u8]) -> Vec<u8> {
    [vec![first], variable(body.len()), body.to_vec()].concat()
}

fn block(version: Version, properties: &[u8]) -> Vec<u8> {
    if version == V5 { [variable(properties.len()), properties.to_vec()].concat() } else { vec![] }
}

fn variable(mut value: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value > 127 {
        bytes.push(value as u8 | 128);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

/// An answer about a message that says that all is well.
fn about(first: u8, id: u16) -> Packet {
    Packet { first, body: id.to_be_bytes().into() }
}

impl Client {
    pub(crate) async fn open(address: SocketAddr, version: Version) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, version, aside: VecDeque::new() }
    }
}

impl<S> Client<S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    /// A client that says this over some stream, and is welcome.
    pub(crate) async fn over(stream: S, hello: Hello<'_>) -> Self {
        let mut client = Self { stream, version: hello.version, aside: VecDeque::new() };
        client.send(&hello.encode()).await;
        assert_eq!(client.packet().await.first, 0x20, "no CONNACK");
        client
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
        self.stream.flush().await.unwrap();
    }

    /// The next packet.
    pub(crate) async fn packet(&mut self) -> Packet {
        match self.aside.pop_front() {
            Some(packet) => packet,
            None => self.fresh_packet().await,
        }
    }

    async fn fresh_packet(&mut self) -> Packet {
        let packet = time::timeout(PATIENCE, self.read_packet()).await;
        packet.expect("no packet came").expect("the connection was closed")
    }

    /// The next packet that is not a message; messages that come before are kept for later.
    async fn reply(&mut self) -> Packet {
        loop {
            let packet = self.fresh_packet().await;
            if packet.first >> 4 != 3 {
                return packet;
            }
            self.aside.push_back(packet);
        }
    }

    /// The next packet, or `None` where the broker has closed the connection.
    pub(crate) async fn last_packet(&mut self) -> Option<Packet> {
        if let Some(packet) = self.aside.pop_front() {
            return Some(packet);
        }
        time::timeout(PATIENCE, self.read_packet()).await.expect("neither a packet nor the end")
    }

    async fn read_packet(&mut self) -> Option<Packet> {
        let first = self.byte().await?;
        let (mut length, mut shift) = (0, 0);
        loop {
            let byte = self.byte().await?;
            length |= usize::from(byte & 127) << shift;
            shift += 7;
            if byte < 128 {
                break;
            }
        }
        let mut body = vec![0; length];
        // A client that stops reading is cut off wherever its packets are.
        self.stream.read_exact(&mut body).await.ok()?;
        Some(Packet { first, body })
    }

    async fn byte(&mut self) -> Option<u8> {
        match self.stream.read_u8().await {
            Ok(byte) => Some(byte),
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => None,
            Err(error) if error.kind() == ErrorKind::ConnectionReset => None,
            Err(error) => panic!("{error}"),
        }
    }

    /// The next packet, which is a PUBLISH that was not sent before.
    pub(crate) async fn message(&mut self) -> Message {
        let packet = self.packet().await;
        assert_eq!(packet.first & 8, 0, "DUP: {packet:x?}");
        self.read(packet)
    }

    /// The next packet, which is a PUBLISH that was sent before.
    pub(crate) async fn repeated(&mut self) -> Message {
        let packet = self.packet().await;
        assert_eq!(packet.first & 8, 8, "no DUP: {packet:x?}");
        self.read(packet)
    }

    fn read(&self, Packet { first, body }: Packet) -> Message {
        assert_eq!(first >> 4, 3, "not a PUBLISH: {first:x} {body:x?}");
        let (topic, mut rest) = body[2..].split_at(u16::from_be_bytes([body[0], body[1]]).into());
        let qos = first >> 1 & 3;
        let mut id = 0;
        if qos > 0 {
            id = u16::from_be_bytes([rest[0], rest[1]]);
            rest = &rest[2..];
        }
        let mut properties = Vec::new();
        if self.version == V5 {
            let length = usize::from(rest[0]);
            assert!(length < 128);
            properties = rest[1..=length].to_vec();
            rest = &rest[length + 1..];
        }
        let topic = String::from_utf8(topic.to_vec()).unwrap();
        Message { topic, payload: rest.to_vec(), qos, retain: first & 1, id, properties }
    }

    /// The topic and payload of the next message.
    pub(crate) async fn heard(&mut self) -> (String, String) {
        let message = self.message().await;
        (message.topic, String::from_utf8(message.payload).unwrap())
    }

    /// Subscribes and waits for the answer: its code.
    pub(crate) async fn subscribe(&mut self, filter: &str, options: u8) -> u8 {
        self.send(&subscribe(self.version, filter, options, &[])).await;
        let Packet { first, body } = self.reply().await;
        assert_eq!((first, &body[..2]), (0x90, &[0, 7][..]), "not the SUBACK");
        *body.last().unwrap()
    }

    pub(crate) async fn unsubscribe(&mut self, filter: &str) {
        self.send(&unsubscribe(self.version, filter)).await;
        assert_eq!(self.reply().await.first, 0xb0, "not the UNSUBACK");
    }

    pub(crate) async fn publish(&mut self, publish: Publish<'_>) {
        self.send(&publish.encode(self.version)).await;
    }

    /// Publishes at QoS 1 and waits for the answer: its reason.
    pub(crate) async fn publish_and_wait(&mut self, publish: Publish<'_>) -> u8 {
        self.publish(Publish { qos: 1, id: 9, ..publish }).await;
        let Packet { first, body } = self.reply().await;
        assert_eq!((first, &body[..2]), (0x40, &[0, 9][..]), "not the PUBACK");
        body.get(2).copied().unwrap_or(0)
    }

    /// One of the packets about a message.
    pub(crate) async fn answer(&mut self, first: u8, id: u16) {
        self.send(&[&[first, 2][..], &id.to_be_bytes()].concat()).await;
    }

    /// The next packet, which is this one about a message: its reason.
    pub(crate) async fn answered(&mut self, expected: u8, id: u16) -> u8 {
        let Packet { first, body } = self.packet().await;
        assert_eq!((first, &body[..2]), (expected, &id.to_be_bytes()[..]), "{first:x} {body:x?}");
        body.get(2).copied().unwrap_or(0)
    }

    /// The next message, acknowledged at its QoS: its payload.
    pub(crate) async fn taken(&mut self) -> String {
        let Message { payload, qos, id, .. } = self.message().await;
        match qos {
            0 => {}
            1 => self.answer(PUBACK, id).await,
            _ => {
                self.answer(PUBREC, id).await;
                assert_eq!(self.reply().await, about(PUBREL, id));
                self.answer(PUBCOMP, id).await;
            }
        }
        String::from_utf8(payload).unwrap()
    }

    /// Publishes at QoS 2 with all four packets.
    pub(crate) async fn publish_exactly_once(&mut self, publish: Publish<'_>) {
        let id = 11;
        self.publish(Publish { qos: 2, id, ..publish }).await;
        assert_eq!(self.reply().await, about(PUBREC, id));
        self.answer(PUBREL, id).await;
        assert_eq!(self.reply().await, about(PUBCOMP, id));
    }

    /// Shows that nothing comes on `topic`, which it has subscribed to, before what it says now.
    pub(crate) async fn expect_silence(&mut self, topic: &str) {
        self.publish(Publish { topic, payload: b"silence", ..Publish::default() }).await;
        assert_eq!(self.heard().await.1, "silence");
    }

    /// Leaves as it should, and waits until the broker has taken note.
    pub(crate) async fn leave(mut self) {
        self.send(&[0xe0, 0]).await;
        assert_eq!(self.last_packet().await, None);
    }

    pub(crate) async fn ping(&mut self) {
        self.send(&[0xc0, 0]).await;
        assert_eq!(self.packet().await, Packet { first: 0xd0, body: vec![] });
    }

    /// Waits for the broker to close the connection: DISCONNECT with a reason, if it is MQTT 5.
    pub(crate) async fn expect_close(&mut self, reason: u8) {
        if self.version == V5 {
            let Packet { first, body } = self.last_packet().await.expect("no DISCONNECT");
            assert_eq!((first, body[0]), (0xe0, reason), "not the DISCONNECT: {body:x?}");
        }
        assert_eq!(self.last_packet().await, None);
    }
}
