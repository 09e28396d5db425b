//! PUBLISH (3.3), and what it has in common with a will.

use bytes::{Bytes, BytesMut};
use bytestring::ByteString;

use super::{DecodeError, PacketId, Qos, Version, property, reader::Reader};
use crate::topic;

/// What somebody publishes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Publication {
    pub(crate) topic: ByteString,
    pub(crate) payload: Bytes,
    pub(crate) qos: Qos,
    pub(crate) retain: bool,
    /// How many seconds it is worth something.
    pub(crate) expiry: Option<u32>,
    /// The properties that are a subscriber's business, as they came, ready to be sent on.
    pub(crate) properties: Bytes,
}

/// A PUBLISH as it came.
#[derive(Debug)]
pub(crate) struct Publish {
    /// The topic is empty where an alias stands for it.
    pub(crate) publication: Publication,
    /// There is one unless the QoS is 0.
    pub(crate) packet_id: Option<PacketId>,
    pub(crate) alias: Option<u16>,
}

impl Publish {
    pub(super) fn decode(
        mut reader: Reader,
        flags: u8,
        version: Version,
    ) -> Result<Self, DecodeError> {
        let qos = Qos::from_bits(flags >> 1)?;
        if qos == Qos::AtMostOnce && flags & 0b1000 != 0 {
            return Err(DecodeError::Malformed("DUP at QoS 0"));
        }
        let topic = reader.text()?;
        let packet_id = (qos > Qos::AtMostOnce).then(|| reader.packet_id()).transpose()?;

        let mut forwarded = Forwarded::default();
        let mut alias = None;
        if version == Version::V5 {
            property::read(&mut reader, |id, value| match id {
                property::TOPIC_ALIAS => {
                    alias = Some(value.two_bytes()?);
                    Ok(())
                }
                _ => forwarded.read(id, value),
            })?;
        }
        check_topic(&topic, alias)?;

        let (expiry, properties) = forwarded.into_parts();
        let retain = flags & 1 != 0;
        let payload = reader.into_rest();
        let publication = Publication { topic, payload, qos, retain, expiry, properties };

        Ok(Self { publication, packet_id, alias })
    }
}

/// 3.3.2.1: a name without wildcards; 3.3.2.3.4: empty only where an alias stands for it.
fn check_topic(topic: &str, alias: Option<u16>) -> Result<(), DecodeError> {
    match alias {
        None if topic.is_empty() => Err(DecodeError::Protocol("neither a topic nor an alias")),
        Some(_) if topic.is_empty() => Ok(()),
        None | Some(_) if topic::is_name(topic) => Ok(()),
        None | Some(_) => Err(DecodeError::Topic),
    }
}

/// The properties of a PUBLISH or a will that reach a subscriber (3.3.2.3).
#[derive(Debug, Default)]
pub(super) struct Forwarded {
    expiry: Option<u32>,
    properties: BytesMut,
}

impl Forwarded {
    pub(super) fn read(&mut self, id: u8, value: &mut Reader) -> Result<(), DecodeError> {
        let verbatim = match id {
            property::MESSAGE_EXPIRY => {
                self.expiry = Some(value.four_bytes()?);
                return Ok(());
            }
            property::PAYLOAD_FORMAT => value.verbatim(|value| value.flag().map(drop))?,
            property::CONTENT_TYPE => value.verbatim(|value| value.text().map(drop))?,
            property::RESPONSE_TOPIC => value.verbatim(response_topic)?,
            property::CORRELATION_DATA => value.verbatim(|value| value.binary().map(drop))?,
            property::USER_PROPERTY => value.verbatim(property::skip_user_property)?,
            _ => return Err(property::UNKNOWN),
        };
        self.properties.extend_from_slice(&[id]);
        self.properties.extend_from_slice(&verbatim);

        Ok(())
    }

    pub(super) fn into_parts(self) -> (Option<u32>, Bytes) {
        (self.expiry, self.properties.freeze())
    }
}

fn response_topic(value: &mut Reader) -> Result<(), DecodeError> {
    match topic::is_name(&value.text()?) {
        true => Ok(()),
        false => Err(DecodeError::Protocol("a response topic that is not a topic name")),
    }
}
