//! What a server says, as short as the standard allows.

use std::num::NonZeroU32;

use bytes::{BufMut, BytesMut};

use super::{PacketId, Qos, Reason, Version, property};
use crate::{message::Message, outbox::Outbox};

/// What an accepted client is told in CONNACK (3.2.2.3); before MQTT 5 nobody could be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Offer<'a> {
    /// The name that a client without one was given.
    pub(crate) assigned_client_id: Option<&'a str>,
    pub(crate) maximum_packet_size: u32,
    pub(crate) topic_aliases: u16,
    /// Whether the client asked for a session that outlives its connection.
    pub(crate) session_expiry_asked: bool,
}

/// CONNACK of a client that is welcome. The session is always a new one.
pub(crate) fn accept(out: &mut BytesMut, version: Version, offer: &Offer<'_>) {
    let mut properties = BytesMut::new();

    if version == Version::V5 {
        properties.put_slice(&[property::MAXIMUM_QOS, 1]);
        properties.put_slice(&[property::SHARED_SUBSCRIPTION_AVAILABLE, 0]);
        properties.put_u8(property::MAXIMUM_PACKET_SIZE);
        properties.put_u32(offer.maximum_packet_size);
        properties.put_u8(property::TOPIC_ALIAS_MAXIMUM);
        properties.put_u16(offer.topic_aliases);
        if offer.session_expiry_asked {
            properties.put_u8(property::SESSION_EXPIRY);
            properties.put_u32(0);
        }
        if let Some(client_id) = offer.assigned_client_id {
            properties.put_u8(property::ASSIGNED_CLIENT_IDENTIFIER);
            put_text(&mut properties, client_id);
        }
    }
    connack(out, version, Reason::Success, &properties);
}

/// CONNACK of a client that is not.
pub(crate) fn refuse(out: &mut BytesMut, version: Version, reason: Reason) {
    connack(out, version, reason, &[]);
}

fn connack(out: &mut BytesMut, version: Version, reason: Reason, properties: &[u8]) {
    out.put_u8(0x20);
    match version {
        Version::V5 => {
            put_variable(out, 2 + block_length(properties.len()));
            out.put_slice(&[0, reason.code()]);
            put_block(out, properties);
        }
        Version::V31 | Version::V311 => out.put_slice(&[2, 0, reason.return_code()]),
    }
}

/// PUBACK (3.4): before MQTT 5 it cannot say that a message was refused.
pub(crate) fn puback(out: &mut BytesMut, version: Version, id: PacketId, reason: Reason) {
    match (version, reason) {
        (Version::V31 | Version::V311, _) | (Version::V5, Reason::Success) => {
            out.put_slice(&[0x40, 2]);
            out.put_u16(id.get());
        }
        (Version::V5, reason) => {
            out.put_slice(&[0x40, 3]);
            out.put_u16(id.get());
            out.put_u8(reason.code());
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

/// DISCONNECT (3.14): before MQTT 5 a server could only hang up.
pub(crate) fn disconnect(out: &mut BytesMut, version: Version, reason: Reason) {
    match version {
        Version::V5 => out.put_slice(&[0xe0, 1, reason.code()]),
        Version::V31 | Version::V311 => {}
    }
}

/// A message on its way to one subscriber.
#[derive(Debug)]
pub(crate) struct Outgoing<'a> {
    pub(crate) message: &'a Message,
    /// There is one where the QoS is 1.
    pub(crate) packet_id: Option<PacketId>,
    pub(crate) retain: bool,
    /// What is left of the expiry interval.
    pub(crate) expiry: Option<u32>,
    /// The identifier of the subscription that matched.
    pub(crate) identifier: Option<NonZeroU32>,
}

impl Outgoing<'_> {
    /// How many bytes the packet has.
    pub(crate) fn length(&self, version: Version) -> usize {
        let body = self.body_length(version);
        1 + variable_length(body) + body
    }

    /// PUBLISH (3.3). A clean session never repeats one, so DUP is never set.
    pub(crate) fn write(&self, out: &mut Outbox, version: Version) {
        let qos = if self.packet_id.is_some() { Qos::AtLeastOnce } else { Qos::AtMostOnce };
        let topic = self.message.topic();
        let body = self.body_length(version);
        let open = out.open();

        open.put_u8(0x30 | qos.bits() << 1 | u8::from(self.retain));
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

    fn write_properties(&self, out: &mut BytesMut) {
        put_variable(out, self.properties_length());
        out.put_slice(self.message.properties());
        if let Some(expiry) = self.expiry {
            out.put_u8(property::MESSAGE_EXPIRY);
            out.put_u32(expiry);
        }
        if let Some(identifier) = self.identifier {
            out.put_u8(property::SUBSCRIPTION_IDENTIFIER);
            put_variable(out, identifier.get() as usize);
        }
    }

    fn body_length(&self, version: Version) -> usize {
        let properties = match version {
            Version::V5 => block_length(self.properties_length()),
            Version::V31 | Version::V311 => 0,
        };
        let packet_id = if self.packet_id.is_some() { 2 } else { 0 };

        2 + self.message.topic().len() + packet_id + properties + self.message.payload_length()
    }

    fn properties_length(&self) -> usize {
        let expiry = if self.expiry.is_some() { 5 } else { 0 };
        let identifier = self.identifier.map_or(0, |id| 1 + variable_length(id.get() as usize));

        self.message.properties().len() + expiry + identifier
    }
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
