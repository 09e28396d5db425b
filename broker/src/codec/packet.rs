//! Any packet that a client may send.

use std::num::NonZeroU16;

use super::{
    Connect, Publish, Reason, Subscribe, Unsubscribe, frame::Frame, property, reader::Reader,
};

/// Names a packet until it is acknowledged.
pub(crate) type PacketId = NonZeroU16;

/// What CONNECT said the client speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    /// 3.1, `MQIsdp`.
    V31,
    /// 3.1.1.
    V311,
    /// 5.0.
    V5,
}

/// Quality of service (4.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(clippy::enum_variant_names, reason = "the names of the standard")]
pub(crate) enum Qos {
    AtMostOnce,
    AtLeastOnce,
    ExactlyOnce,
}

impl Qos {
    /// The two bits that stand for it; the fourth value is reserved.
    pub(crate) fn from_bits(bits: u8) -> Result<Self, DecodeError> {
        match bits & 0b11 {
            0 => Ok(Self::AtMostOnce),
            1 => Ok(Self::AtLeastOnce),
            2 => Ok(Self::ExactlyOnce),
            _ => Err(DecodeError::Malformed("QoS 3")),
        }
    }

    pub(crate) fn bits(self) -> u8 {
        match self {
            Self::AtMostOnce => 0,
            Self::AtLeastOnce => 1,
            Self::ExactlyOnce => 2,
        }
    }
}

/// The bytes are not a packet that this broker may accept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DecodeError {
    #[error("{0}")]
    Malformed(&'static str),
    #[error("{0}")]
    Protocol(&'static str),
    #[error("a topic name that is empty or has a wildcard")]
    Topic,
    #[error("protocol level {0}")]
    Version(u8),
    #[error("a packet of {length} bytes, more than {max}")]
    TooLarge { length: usize, max: usize },
}

impl DecodeError {
    /// What an MQTT 5 client is told before the connection is closed.
    pub(crate) fn reason(self) -> Reason {
        match self {
            Self::Malformed(_) => Reason::Malformed,
            Self::Protocol(_) => Reason::ProtocolError,
            Self::Topic => Reason::TopicInvalid,
            Self::Version(_) => Reason::UnsupportedVersion,
            Self::TooLarge { .. } => Reason::PacketTooLarge,
        }
    }
}

/// A packet from a client.
#[derive(Debug)]
pub(crate) enum Packet {
    Connect(Box<Connect>),
    Publish(Publish),
    /// The answer to a message of QoS 1.
    PubAck(PacketId),
    /// The first answer to a message of QoS 2, and whether the client takes it.
    PubRec(PacketId, Verdict),
    /// The client will not send its message of QoS 2 again.
    PubRel(PacketId),
    /// The last answer to a message of QoS 2.
    PubComp(PacketId),
    Subscribe(Subscribe),
    Unsubscribe(Unsubscribe),
    PingReq,
    Disconnect(Disconnect),
    /// AUTH: only MQTT 5 has it, and only after an authentication method was agreed on.
    Auth,
}

/// Whether a receiver takes a message (3.5.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Taken,
    /// The exchange is over, and the message as good as delivered.
    Refused,
}

/// A client says that it leaves (3.14).
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Disconnect {
    /// 0x04: the will shall be published all the same.
    pub(crate) with_will: bool,
    /// A session expiry interval that replaces the one of CONNECT.
    pub(crate) session_expiry: Option<u32>,
}

impl Packet {
    /// Turns a frame into a packet: the only way in.
    pub(crate) fn decode(frame: Frame, version: Version) -> Result<Self, DecodeError> {
        let Frame { first, body } = frame;
        let mut reader = Reader::new(body);

        // 2.1.3: the low four bits are fixed for all but PUBLISH.
        let packet = match (first >> 4, first & 0x0f) {
            (1, 0) => Self::Connect(Box::new(Connect::read(&mut reader)?)),
            (3, flags) => return Publish::decode(reader, flags, version).map(Self::Publish),
            (4, 0) => Self::PubAck(acknowledgement(&mut reader, version)?.0),
            (5, 0) => {
                let (id, verdict) = acknowledgement(&mut reader, version)?;
                Self::PubRec(id, verdict)
            }
            (6, 2) => Self::PubRel(completion(&mut reader, version)?),
            (7, 0) => Self::PubComp(completion(&mut reader, version)?),
            (8, 2) => Self::Subscribe(Subscribe::read(&mut reader, version)?),
            (10, 2) => Self::Unsubscribe(Unsubscribe::read(&mut reader, version)?),
            (12, 0) => Self::PingReq,
            (14, 0) => Self::Disconnect(Disconnect::read(&mut reader, version)?),
            (15, 0) if version == Version::V5 => return Ok(Self::Auth),
            (2 | 9 | 11 | 13, _) => {
                return Err(DecodeError::Protocol("a packet that only a server sends"));
            }
            _ => return Err(DecodeError::Malformed("a packet type or flags that do not exist")),
        };
        reader.finish()?;

        Ok(packet)
    }
}

/// PUBACK and PUBREC (3.4, 3.5).
fn acknowledgement(
    reader: &mut Reader,
    version: Version,
) -> Result<(PacketId, Verdict), DecodeError> {
    let (id, code) = answer(reader, version)?;

    match code {
        0x00 | 0x10 => Ok((id, Verdict::Taken)),
        0x80 | 0x83 | 0x87 | 0x90 | 0x91 | 0x97 | 0x99 => Ok((id, Verdict::Refused)),
        _ => Err(DecodeError::Malformed("a reason code that does not exist")),
    }
}

/// PUBREL and PUBCOMP (3.6, 3.7): that the other side knows nothing of it changes nothing.
fn completion(reader: &mut Reader, version: Version) -> Result<PacketId, DecodeError> {
    let (id, code) = answer(reader, version)?;

    match code {
        0x00 | 0x92 => Ok(id),
        _ => Err(DecodeError::Malformed("a reason code that does not exist")),
    }
}

/// What the four have in common: a packet identifier and, in MQTT 5, a reason code, of which 0 may
/// be left out.
fn answer(reader: &mut Reader, version: Version) -> Result<(PacketId, u8), DecodeError> {
    let id = reader.packet_id()?;
    let mut code = 0;

    if version == Version::V5 && !reader.is_empty() {
        code = reader.byte()?;
        if !reader.is_empty() {
            property::skip_diagnostics(reader)?;
        }
    }

    Ok((id, code))
}

impl Disconnect {
    fn read(reader: &mut Reader, version: Version) -> Result<Self, DecodeError> {
        let mut disconnect = Self { with_will: false, session_expiry: None };

        if version == Version::V5 && !reader.is_empty() {
            disconnect.with_will = match reader.byte()? {
                0x00 => false,
                0x04 | 0x80..=0x83 | 0x90 | 0x93..=0x99 => true,
                _ => return Err(DecodeError::Malformed("a reason code that does not exist")),
            };
            if !reader.is_empty() {
                disconnect.read_properties(reader)?;
            }
        }

        Ok(disconnect)
    }

    fn read_properties(&mut self, reader: &mut Reader) -> Result<(), DecodeError> {
        property::read(reader, |id, value| {
            match id {
                property::SESSION_EXPIRY => self.session_expiry = Some(value.four_bytes()?),
                property::REASON_STRING => drop(value.text()?),
                property::USER_PROPERTY => property::skip_user_property(value)?,
                _ => return Err(property::UNKNOWN),
            }
            Ok(())
        })
    }
}
