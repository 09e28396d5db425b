//! SUBSCRIBE (3.8) and UNSUBSCRIBE (3.10).

use std::num::NonZeroU32;

use bytestring::ByteString;

use super::{DecodeError, PacketId, Qos, Version, property, reader::Reader};

/// A client wants to hear of something.
#[derive(Debug)]
pub(crate) struct Subscribe {
    pub(crate) packet_id: PacketId,
    pub(crate) identifier: Option<NonZeroU32>,
    /// At least one.
    pub(crate) requests: Vec<Request>,
}

/// One topic filter of a SUBSCRIBE with its options (3.8.3.1); the filter is any string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) filter: ByteString,
    pub(crate) qos: Qos,
    pub(crate) no_local: bool,
    pub(crate) retain_as_published: bool,
    pub(crate) retain_handling: RetainHandling,
}

/// When retained messages are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RetainHandling {
    Always,
    IfNew,
    Never,
}

/// A client has heard enough of something.
#[derive(Debug)]
pub(crate) struct Unsubscribe {
    pub(crate) packet_id: PacketId,
    /// At least one.
    pub(crate) filters: Vec<ByteString>,
}

impl Subscribe {
    pub(super) fn read(reader: &mut Reader, version: Version) -> Result<Self, DecodeError> {
        let packet_id = reader.packet_id()?;
        let mut identifier = None;
        if version == Version::V5 {
            property::read(reader, |id, value| {
                match id {
                    property::SUBSCRIPTION_IDENTIFIER => identifier = Some(non_zero(value)?),
                    property::USER_PROPERTY => property::skip_user_property(value)?,
                    _ => return Err(property::UNKNOWN),
                }
                Ok(())
            })?;
        }

        let mut requests = Vec::new();
        while !reader.is_empty() {
            requests.push(Request::read(reader, version)?);
        }
        if requests.is_empty() {
            return Err(DecodeError::Protocol("SUBSCRIBE to nothing"));
        }

        Ok(Self { packet_id, identifier, requests })
    }
}

impl Request {
    /// The options as one byte, as they came.
    pub(crate) fn options(&self) -> u8 {
        let retain_handling = match self.retain_handling {
            RetainHandling::Always => 0,
            RetainHandling::IfNew => 1,
            RetainHandling::Never => 2,
        };

        self.qos.bits()
            | u8::from(self.no_local) << 2
            | u8::from(self.retain_as_published) << 3
            | retain_handling << 4
    }

    fn read(reader: &mut Reader, version: Version) -> Result<Self, DecodeError> {
        let filter = reader.text()?;
        let options = reader.byte()?;
        let reserved = if version == Version::V5 { 0b1100_0000 } else { 0b1111_1100 };

        if options & reserved != 0 {
            return Err(DecodeError::Malformed("a reserved subscription option"));
        }
        let retain_handling = match options >> 4 & 0b11 {
            0 => RetainHandling::Always,
            1 => RetainHandling::IfNew,
            2 => RetainHandling::Never,
            _ => return Err(DecodeError::Protocol("retain handling 3")),
        };
        let no_local = options & 0b100 != 0;
        if no_local && filter.starts_with("$share/") {
            return Err(DecodeError::Protocol("no local on a shared subscription"));
        }

        Ok(Self {
            filter,
            qos: Qos::from_bits(options)?,
            no_local,
            retain_as_published: options & 0b1000 != 0,
            retain_handling,
        })
    }
}

impl Unsubscribe {
    pub(super) fn read(reader: &mut Reader, version: Version) -> Result<Self, DecodeError> {
        let packet_id = reader.packet_id()?;
        if version == Version::V5 {
            property::read(reader, |id, value| match id {
                property::USER_PROPERTY => property::skip_user_property(value),
                _ => Err(property::UNKNOWN),
            })?;
        }

        let mut filters = Vec::new();
        while !reader.is_empty() {
            filters.push(reader.text()?);
        }
        if filters.is_empty() {
            return Err(DecodeError::Protocol("UNSUBSCRIBE from nothing"));
        }

        Ok(Self { packet_id, filters })
    }
}

fn non_zero(value: &mut Reader) -> Result<NonZeroU32, DecodeError> {
    NonZeroU32::new(value.variable()?).ok_or(DecodeError::Protocol("subscription identifier 0"))
}
