//! What a server says, as short as the standard allows.

use std::num::NonZeroU32;

use bytes::{BufMut, BytesMut};

use super::{PacketId, Qos, Reason, Version, property};
use crate::{message::Message, outbox::Outbox};

/// What an accepted client is told in CONNACK (3.2.2.3); before MQTT 5 nobody could be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Offer<'a> {
    /// Whether there is a session from before.
    pub(crate) session_present: bool,
    /// The name that a client without one was given.
    pub(crate) assigned_client_id: Option<&'a str>,
    /// In seconds, where the session ends sooner than the client asked for.
    pub(crate) session_expiry: Option<u32>,
    /// In seconds, where the client has to be heard from more often than it said.
    pub(crate) keep_alive: Option<u16>,
    /// How many messages of QoS 1 and 2 the broker takes at once.
    pub(crate) receive_maximum: u16,
    pub(crate) maximum_packet_size: u32,
    pub(crate) topic_aliases: u16,
}

/// CONNACK of a client that is welcome.
pub(crate) fn accept(out: &mut BytesMut, version: Version, offer: &Offer<'_>) {
    let mut properties = BytesMut::new();

    if version == Version::V5 {
        if let Some(seconds) = offer.session_expiry {
            properties.put_u8(property::SESSION_EXPIRY);
            properties.put_u32(seconds);
        }
        properties.put_u8(property::RECEIVE_MAXIMUM);
        properties.put_u16(offer.receive_maximum);
        properties.put_u8(property::MAXIMUM_PACKET_SIZE);
        properties.put_u32(offer.maximum_packet_size);
        if let Some(client_id) = offer.assigned_client_id {
            properties.put_u8(property::ASSIGNED_CLIENT_IDENTIFIER);
            put_text(&mut properties, client_id);
        }
        properties.put_u8(property::TOPIC_ALIAS_MAXIMUM);
        properties.put_u16(offer.topic_aliases);
        if let Some(seconds) = offer.keep_alive {
            properties.put_u8(property::SERVER_KEEP_ALIVE);
            properties.put_u16(seconds);
        }
    }
    connack(out, version, offer.session_present, Reason::Success, &properties);
}

/// CONNACK of a client that is not, with a reason for people to read.
pub(crate) fn refuse(out: &mut BytesMut, version: Version, reason: Reason, text: &str) {
    connack(out, version, false, reason, &reason_string(text));
}

fn connack(
    out: &mut BytesMut,
    version: Version,
    session_present: bool,
    reason: Reason,
    properties: &[u8],
) {
    // 3.1, 3.2: the byte is reserved there.
    let flags = u8::from(session_present && version != Version::V31);

    out.put_u8(0x20);
    match version {
        Version::V5 => {
            put_variable(out, 2 + block_length(properties.len()));
            out.put_slice(&[flags, reason.code()]);
            put_block(out, properties);
        }
        Version::V31 | Version::V311 => out.put_slice(&[2, flags, reason.return_code()]),
    }
}

/// The four answers about one message: PUBACK, PUBREC, PUBREL and PUBCOMP (3.4 to 3.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Answer {
    Ack = 0x40,
    Rec = 0x50,
    Rel = 0x62,
    Comp = 0x70,
}

impl Answer {
    /// The first answer to a message of that QoS.
    pub(crate) fn to(qos: Qos) -> Self {
        if qos == Qos::ExactlyOnce { Self::Rec } else { Self::Ack }
    }
}

/// An answer about a message; before MQTT 5 it cannot say that something is wrong. `text` is for
/// people to read, and empty where they do not want to.
pub(crate) fn answer(
    out: &mut BytesMut,
    version: Version,
    answer: Answer,
    id: PacketId,
    reason: Reason,
    text: &str,
) {
    out.put_u8(answer as u8);
    match (version, reason) {
        (Version::V31 | Version::V311, _) | (Version::V5, Reason::Success) => {
            out.put_u8(2);
            out.put_u16(id.get());
        }
        (Version::V5, reason) => {
            let properties = reason_string(text);
            // 3.4.2.2.1: no properties need no length.
            let block = if properties.is_empty() { 0 } else { block_length(properties.len()) };
            put_variable(out, 3 + block);
            out.put_u16(id.get());
            out.put_u8(reason.code());
            if !properties.is_empty() {
                put_block(out, &properties);
            }
        }
    }
}

/// SUBACK (3.9): one code per filter, in order.
pub(crate) fn suback(out: &mut BytesMut, version: Version, id: PacketId, reasons: &[Reason]) {
    out.put_u8(0x90);
    match version {
        Version::V5 => put_reasons(out, id, reasons),
        Version::V31 | Version::V311 => {
            put_variable(out, 2 + reasons.len());
            out.put_u16(id.get());
            let code = |reason: &Reason| if reason.is_refusal() { 0x80 } else { reason.code() };
            out.extend(reasons.iter().map(code));
        }
    }
}

/// What SUBACK and UNSUBACK of MQTT 5 have in common: no properties, and one code per filter.
fn put_reasons(out: &mut BytesMut, id: PacketId, reasons: &[Reason]) {
    put_variable(out, 3 + reasons.len());
    out.put_u16(id.get());
    out.put_u8(0);
    out.extend(reasons.iter().map(|reason| reason.code()));
}

/// UNSUBACK (3.11): only MQTT 5 has a code per filter.
pub(crate) fn unsuback(out: &mut BytesMut, version: Version, id: PacketId, reasons: &[Reason]) {
    out.put_u8(0xb0);
    match version {
        Version::V5 => put_reasons(out, id, reasons),
        Version::V31 | Version::V311 => {
            out.put_u8(2);
            out.put_u16(id.get());
        }
    }
}

/// PINGRESP (3.13).
pub(crate) fn pingresp(out: &mut BytesMut) {
    out.put_slice(&[0xd0, 0]);
}

/// DISCONNECT (3.14) with a reason for people to read: before MQTT 5 a server could only hang up.
pub(crate) fn disconnect(out: &mut BytesMut, version: Version, reason: Reason, text: &str) {
    if version != Version::V5 {
        return;
    }
    let properties = reason_string(text);

    out.put_u8(0xe0);
    put_variable(out, 1 + block_length(properties.len()));
    out.put_u8(reason.code());
    put_block(out, &properties);
}

/// A message on its way to one subscriber.
#[derive(Debug)]
pub(crate) struct Outgoing<'a> {
    pub(crate) message: &'a Message,
    /// At what QoS, and with which identifier unless that is 0.
    pub(crate) qos: Qos,
    pub(crate) packet_id: Option<PacketId>,
    /// It has been sent before (3.3.1.1).
    pub(crate) dup: bool,
    pub(crate) retain: bool,
    /// What is left of the expiry interval.
    pub(crate) expiry: Option<u32>,
    /// The identifiers of the subscriptions that matched.
    pub(crate) identifiers: &'a [NonZeroU32],
    pub(crate) alias: Option<Alias>,
}

/// How a topic is said (3.3.2.3.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Alias {
    /// By its name, for which the number stands from here on.
    New(u16),
    /// By the number alone.
    Known(u16),
}

impl Outgoing<'_> {
    /// How many bytes the packet has.
    pub(crate) fn length(&self, version: Version) -> usize {
        let body = self.body_length(version);
        1 + variable_length(body) + body
    }

    /// PUBLISH (3.3).
    pub(crate) fn write(&self, out: &mut Outbox, version: Version) {
        let topic = self.topic();
        let body = self.body_length(version);
        let open = out.open();

        open.put_u8(0x30 | u8::from(self.dup) << 3 | self.qos.bits() << 1 | u8::from(self.retain));
        put_variable(open, body);
        open.put_u16(topic.len() as u16);
        open.put_slice(topic);
        if let Some(id) = self.packet_id {
            open.put_u16(id.get());
        }
        if version == Version::V5 {
            self.write_properties(open);
        }
        out.append(self.message.payload());
    }

    fn topic(&self) -> &[u8] {
        match self.alias {
            Some(Alias::Known(_)) => &[],
            Some(Alias::New(_)) | None => self.message.topic(),
        }
    }

    fn write_properties(&self, out: &mut BytesMut) {
        put_variable(out, self.properties_length());
        out.put_slice(self.message.properties());
        if let Some(expiry) = self.expiry {
            out.put_u8(property::MESSAGE_EXPIRY);
            out.put_u32(expiry);
        }
        for identifier in self.identifiers {
            out.put_u8(property::SUBSCRIPTION_IDENTIFIER);
            put_variable(out, identifier.get() as usize);
        }
        if let Some(Alias::New(alias) | Alias::Known(alias)) = self.alias {
            out.put_u8(property::TOPIC_ALIAS);
            out.put_u16(alias);
        }
    }

    fn body_length(&self, version: Version) -> usize {
        let properties = match version {
            Version::V5 => block_length(self.properties_length()),
            Version::V31 | Version::V311 => 0,
        };
        let packet_id = if self.packet_id.is_some() { 2 } else { 0 };

        2 + self.topic().len() + packet_id + properties + self.message.payload_length()
    }

    fn properties_length(&self) -> usize {
        let expiry = if self.expiry.is_some() { 5 } else { 0 };
        let length = |id: &NonZeroU32| 1 + variable_length(id.get() as usize);
        let identifiers: usize = self.identifiers.iter().map(length).sum();
        let alias = if self.alias.is_some() { 3 } else { 0 };

        self.message.properties().len() + expiry + identifiers + alias
    }
}

/// A block with one property, or none.
fn reason_string(text: &str) -> BytesMut {
    let mut properties = BytesMut::new();

    if !text.is_empty() {
        properties.put_u8(property::REASON_STRING);
        put_text(&mut properties, text);
    }
    properties
}

fn put_block(out: &mut BytesMut, properties: &[u8]) {
    put_variable(out, properties.len());
    out.put_slice(properties);
}

fn block_length(properties: usize) -> usize {
    variable_length(properties) + properties
}

fn put_text(out: &mut BytesMut, text: &str) {
    out.put_u16(text.len() as u16);
    out.put_slice(text.as_bytes());
}

/// A variable byte integer (1.5.5).
fn put_variable(out: &mut BytesMut, mut value: usize) {
    while value > 0x7f {
        out.put_u8((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.put_u8(value as u8);
}

fn variable_length(value: usize) -> usize {
    match value {
        0..=0x7f => 1,
        0x80..=0x3fff => 2,
        0x4000..=0x1f_ffff => 3,
        _ => 4,
    }
}
