//! CONNECT (3.1).

use bytes::Bytes;
use bytestring::ByteString;

use super::{
    DecodeError, Publication, Qos, Version,
    property::{self, UNKNOWN},
    publish::Forwarded,
    reader::Reader,
};
use crate::topic;

/// A client introduces itself.
#[derive(Debug)]
pub(crate) struct Connect {
    pub(crate) version: Version,
    /// Whether an earlier session of the client, if there is one, is to be forgotten.
    pub(crate) clean_start: bool,
    /// In seconds; 0 is none.
    pub(crate) keep_alive: u16,
    pub(crate) client_id: ByteString,
    pub(crate) will: Option<Will>,
    pub(crate) username: Option<ByteString>,
    pub(crate) password: Option<Bytes>,
    /// How many seconds the session outlives its connection; `u32::MAX` is for ever. Before MQTT 5
    /// a session that is not clean has no end.
    pub(crate) session_expiry: u32,
    /// How many messages of QoS 1 and 2 the client takes at once.
    pub(crate) receive_maximum: u16,
    /// How long a packet the client takes.
    pub(crate) maximum_packet_size: u32,
    /// How many topic aliases the client lets the broker use.
    pub(crate) topic_alias_maximum: u16,
    /// Whether acknowledgements may say in words what is wrong (3.1.2.11.7).
    pub(crate) wants_problem_information: bool,
    /// The client wants to be asked something that this broker does not know how to ask.
    pub(crate) authentication_method: Option<ByteString>,
}

/// What a client wants to be published when it is gone (3.1.2.5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Will {
    pub(crate) publication: Publication,
    /// How many seconds the client may be gone before (3.1.3.2.2).
    pub(crate) delay: u32,
}

const CLEAN_START: u8 = 0b0000_0010;
const WILL: u8 = 0b0000_0100;
const WILL_QOS: u8 = 0b0001_1000;
const WILL_RETAIN: u8 = 0b0010_0000;
const PASSWORD: u8 = 0b0100_0000;
const USERNAME: u8 = 0b1000_0000;

impl Connect {
    pub(super) fn read(reader: &mut Reader) -> Result<Self, DecodeError> {
        let version = version(reader)?;
        let flags = reader.byte()?;
        check_flags(flags, version)?;

        let mut connect = Self {
            version,
            clean_start: flags & CLEAN_START != 0,
            keep_alive: reader.two_bytes()?,
            client_id: ByteString::new(),
            will: None,
            username: None,
            password: None,
            session_expiry: if version == Version::V5 || flags & CLEAN_START != 0 {
                0
            } else {
                u32::MAX
            },
            receive_maximum: u16::MAX,
            maximum_packet_size: u32::MAX,
            topic_alias_maximum: 0,
            wants_problem_information: true,
            authentication_method: None,
        };
        if version == Version::V5 {
            connect.read_properties(reader)?;
        }
        connect.client_id = reader.text()?;
        connect.will = (flags & WILL != 0).then(|| will(reader, flags, version)).transpose()?;
        connect.username = (flags & USERNAME != 0).then(|| reader.text()).transpose()?;
        connect.password = (flags & PASSWORD != 0).then(|| reader.binary()).transpose()?;

        Ok(connect)
    }

    fn read_properties(&mut self, reader: &mut Reader) -> Result<(), DecodeError> {
        let mut data = None;

        property::read(reader, |id, value| {
            match id {
                property::SESSION_EXPIRY => self.session_expiry = value.four_bytes()?,
                property::RECEIVE_MAXIMUM => self.receive_maximum = value.two_bytes()?,
                property::MAXIMUM_PACKET_SIZE => self.maximum_packet_size = value.four_bytes()?,
                property::TOPIC_ALIAS_MAXIMUM => self.topic_alias_maximum = value.two_bytes()?,
                property::REQUEST_RESPONSE_INFORMATION => drop(value.flag()?),
                property::REQUEST_PROBLEM_INFORMATION => {
                    self.wants_problem_information = value.flag()?;
                }
                property::USER_PROPERTY => property::skip_user_property(value)?,
                property::AUTHENTICATION_METHOD => self.authentication_method = Some(value.text()?),
                property::AUTHENTICATION_DATA => data = Some(value.binary()?),
                _ => return Err(UNKNOWN),
            }
            Ok(())
        })?;

        if self.receive_maximum == 0 || self.maximum_packet_size == 0 {
            return Err(DecodeError::Protocol("a maximum of 0"));
        }
        if data.is_some() && self.authentication_method.is_none() {
            return Err(DecodeError::Protocol("authentication data without a method"));
        }
        Ok(())
    }
}

fn version(reader: &mut Reader) -> Result<Version, DecodeError> {
    let name = reader.binary()?;

    match (&name[..], reader.byte()?) {
        (b"MQIsdp", 3) => Ok(Version::V31),
        (b"MQTT", 4) => Ok(Version::V311),
        (b"MQTT", 5) => Ok(Version::V5),
        (b"MQTT" | b"MQIsdp", level) => Err(DecodeError::Version(level)),
        _ => Err(DecodeError::Malformed("a protocol that is not MQTT")),
    }
}

/// 3.1.2.3 and what follows: bits that must be 0, alone or because another is.
fn check_flags(flags: u8, version: Version) -> Result<(), DecodeError> {
    if flags & 1 != 0 {
        return Err(DecodeError::Malformed("the reserved flag of CONNECT"));
    }
    if flags & WILL == 0 && flags & (WILL_QOS | WILL_RETAIN) != 0 {
        return Err(DecodeError::Malformed("flags of a will without a will"));
    }
    if version != Version::V5 && flags & USERNAME == 0 && flags & PASSWORD != 0 {
        return Err(DecodeError::Malformed("a password without a user name"));
    }
    Ok(())
}

fn will(reader: &mut Reader, flags: u8, version: Version) -> Result<Will, DecodeError> {
    let qos = Qos::from_bits(flags >> 3)?;
    let mut forwarded = Forwarded::default();
    let mut delay = 0;

    if version == Version::V5 {
        property::read(reader, |id, value| match id {
            property::WILL_DELAY => {
                delay = value.four_bytes()?;
                Ok(())
            }
            _ => forwarded.read(id, value),
        })?;
    }
    let topic = reader.text()?;
    if !topic::is_name(&topic) {
        return Err(DecodeError::Topic);
    }

    let (expiry, properties) = forwarded.into_parts();
    let payload = reader.binary()?;
    let retain = flags & WILL_RETAIN != 0;

    let publication = Publication { topic, payload, qos, retain, expiry, properties };

    Ok(Will { publication, delay })
}
