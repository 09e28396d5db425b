//! A message on its way through the broker, in one piece of memory.
//!
//! ```text
//! t/ or s/ │ topic │ flags 1 │ origin 8 │ sequence 8 │ arrival 8 │ expiry 4 │ properties' length 4 │ properties │ payload
//! └── what the router matches ──┘└────────────────────── what the router carries as payload ─────────────────────────┘
//! ```
//!
//! The router has to get nothing right but the matching of topics: all that MQTT says of a message
//! travels before its payload. The prefix keeps the router's byte slicing inside of one-byte
//! characters, and `$…` topics out of reach of wildcards at the front (4.7.2).

use std::time::Duration;

use bytes::{Buf, BufMut, Bytes, BytesMut};

use crate::{
    codec::{Publication, Qos},
    topic,
};

/// How many bytes come before properties and payload.
const HEADER: usize = 1 + 8 + 8 + 8 + 4 + 4;
const PREFIX: usize = 2;
const SEQUENCE: usize = 1 + 8;
const RETAIN: u8 = 0b100;
const EXPIRES: u8 = 0b1000;
const COMMAND: u8 = 0b1_0000;

/// Who published: one connection of one client, or the broker itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Origin(pub(crate) u64);

impl Origin {
    /// The broker itself.
    pub(crate) const BROKER: Self = Self(0);
}

/// A message that has everything but its place in the order of all messages.
#[derive(Debug)]
pub(crate) struct Draft {
    bytes: BytesMut,
    topic: usize,
}

/// A message: cheap to clone, its bytes are shared.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    topic: Bytes,
    envelope: Bytes,
}

/// What is left of a message's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Life {
    Endless,
    Seconds(u32),
    Over,
}

/// The filter that makes the router match what `filter` matches.
pub(crate) fn routed(filter: &str) -> String {
    format!("{}{filter}", prefix(filter))
}

fn prefix(topic: &str) -> &'static str {
    if topic::is_reserved(topic) { "s/" } else { "t/" }
}

impl Draft {
    /// `now` counts from 1970, as what is stored outlives the broker.
    pub(crate) fn new(publication: &Publication, origin: Origin, now: Duration) -> Self {
        let Publication { topic, payload, qos, retain, expiry, properties } = publication;
        let topic_length = PREFIX + topic.len();
        let length = topic_length + HEADER + properties.len() + payload.len();
        let mut bytes = BytesMut::with_capacity(length);

        bytes.put_slice(prefix(topic).as_bytes());
        bytes.put_slice(topic.as_bytes());
        bytes.put_u8(
            qos.bits()
                | if *retain { RETAIN } else { 0 }
                | if expiry.is_some() { EXPIRES } else { 0 },
        );
        bytes.put_u64(origin.0);
        bytes.put_u64(0);
        bytes.put_u64(now.as_millis() as u64);
        bytes.put_u32(expiry.unwrap_or(0));
        bytes.put_u32(properties.len() as u32);
        bytes.put_slice(properties);
        bytes.put_slice(payload);

        Self { bytes, topic: topic_length }
    }

    /// Says that it is a command: worth something to those who are connected, and to nobody later.
    pub(crate) fn mark_command(&mut self) {
        self.bytes[self.topic] |= COMMAND;
    }

    pub(crate) fn is_command(&self) -> bool {
        self.bytes[self.topic] & COMMAND != 0
    }

    /// Whether somebody may be told that it is safe.
    pub(crate) fn is_acknowledged(&self) -> bool {
        self.bytes[self.topic] & 0b11 != Qos::AtMostOnce.bits()
    }

    /// Gives the message its place in the order of all messages.
    pub(crate) fn number(mut self, sequence: u64) -> Message {
        let at = self.topic + SEQUENCE;
        self.bytes[at..at + 8].copy_from_slice(&sequence.to_be_bytes());
        let topic = self.bytes.split_to(self.topic).freeze();

        Message { topic, envelope: self.bytes.freeze() }
    }
}

impl Message {
    /// Takes a message back from the store; `None` for bytes that are none.
    pub(crate) fn from_store(topic: &[u8], envelope: Bytes) -> Option<Self> {
        let name = std::str::from_utf8(topic).ok()?;
        let properties = envelope.get(29..HEADER).map(|mut length| length.get_u32() as usize)?;
        let is_whole = envelope.len() >= HEADER + properties && Qos::from_bits(envelope[0]).is_ok();

        is_whole.then(|| Self { topic: routed(name).into(), envelope })
    }

    /// What somebody published, or would have.
    pub(crate) fn into_publication(self) -> Publication {
        let topic = std::str::from_utf8(self.topic()).expect("a topic is UTF-8").into();
        let expires = self.envelope[0] & EXPIRES != 0;

        Publication {
            topic,
            payload: self.payload(),
            qos: self.qos(),
            retain: self.retain(),
            expiry: expires.then(|| (&self.envelope[25..]).get_u32()),
            properties: self.envelope.slice(HEADER..self.payload_start()),
        }
    }

    /// All of it but the topic, as it is stored.
    pub(crate) fn envelope(&self) -> Bytes {
        self.envelope.clone()
    }

    /// Takes a message back from the router.
    pub(crate) fn from_router(topic: Bytes, envelope: Bytes) -> Self {
        Self { topic, envelope }
    }

    /// The topic as the router knows it, and what it carries.
    pub(crate) fn into_router(self) -> (Bytes, Bytes) {
        (self.topic, self.envelope)
    }

    pub(crate) fn topic(&self) -> &[u8] {
        &self.topic[PREFIX..]
    }

    /// The topic, to be kept without a copy.
    pub(crate) fn shared_topic(&self) -> Bytes {
        self.topic.slice(PREFIX..)
    }

    pub(crate) fn qos(&self) -> Qos {
        Qos::from_bits(self.envelope[0]).expect("written by `Draft::new`")
    }

    pub(crate) fn retain(&self) -> bool {
        self.envelope[0] & RETAIN != 0
    }

    pub(crate) fn is_command(&self) -> bool {
        self.envelope[0] & COMMAND != 0
    }

    pub(crate) fn origin(&self) -> Origin {
        Origin(self.number_at(1))
    }

    pub(crate) fn sequence(&self) -> u64 {
        self.number_at(SEQUENCE)
    }

    pub(crate) fn properties(&self) -> &[u8] {
        &self.envelope[HEADER..self.payload_start()]
    }

    pub(crate) fn payload(&self) -> Bytes {
        self.envelope.slice(self.payload_start()..)
    }

    pub(crate) fn payload_length(&self) -> usize {
        self.envelope.len() - self.payload_start()
    }

    /// What it takes up.
    pub(crate) fn size(&self) -> usize {
        self.topic.len() + self.envelope.len()
    }

    /// 3.3.2.3.3: how much of the expiry interval is left.
    pub(crate) fn life(&self, now: Duration) -> Life {
        if self.envelope[0] & EXPIRES == 0 {
            return Life::Endless;
        }
        let waited = (now.as_millis() as u64).saturating_sub(self.number_at(17)) / 1000;
        let interval = (&self.envelope[25..]).get_u32();

        match u64::from(interval).saturating_sub(waited) {
            0 => Life::Over,
            left => Life::Seconds(left as u32),
        }
    }

    fn payload_start(&self) -> usize {
        HEADER + (&self.envelope[29..]).get_u32() as usize
    }

    fn number_at(&self, at: usize) -> u64 {
        (&self.envelope[at..]).get_u64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn publication(topic: &str) -> Publication {
        Publication {
            topic: topic.into(),
            payload: Bytes::from_static(b"payload"),
            qos: Qos::AtLeastOnce,
            retain: true,
            expiry: Some(10),
            properties: Bytes::from_static(&[1, 1]),
        }
    }

    #[test]
    fn a_message_keeps_what_was_published() {
        let now = Duration::from_millis(1_500);
        let message = Draft::new(&publication("é/x"), Origin(7), now).number(42);
        let (topic, envelope) = message.into_router();
        let message = Message::from_router(topic.clone(), envelope);

        assert_eq!(&topic[..], "t/é/x".as_bytes());
        assert_eq!(message.topic(), "é/x".as_bytes());
        assert_eq!(message.payload(), &b"payload"[..]);
        assert_eq!(message.payload_length(), 7);
        assert_eq!(message.properties(), [1, 1]);
        assert_eq!(message.origin(), Origin(7));
        assert_eq!(message.sequence(), 42);
        assert_eq!((message.qos(), message.retain()), (Qos::AtLeastOnce, true));
        assert_eq!(message.life(now + Duration::from_secs(4)), Life::Seconds(6));
        assert_eq!(message.life(now + Duration::from_secs(10)), Life::Over);
    }

    #[test]
    fn a_message_without_an_interval_never_expires() {
        let publication = Publication { expiry: None, ..publication("x") };
        let message = Draft::new(&publication, Origin::BROKER, Duration::ZERO).number(1);

        assert_eq!(message.life(Duration::from_secs(1 << 40)), Life::Endless);
    }

    #[test]
    fn topics_of_the_server_are_routed_apart() {
        assert_eq!(routed("#"), "t/#");
        assert_eq!(routed("$SYS/#"), "s/$SYS/#");
    }
}
