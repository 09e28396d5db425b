//! Properties (2.2.2): their identifiers, and the block they come in.

use super::{DecodeError, reader::Reader};

pub(super) const PAYLOAD_FORMAT: u8 = 1;
pub(super) const MESSAGE_EXPIRY: u8 = 2;
pub(super) const CONTENT_TYPE: u8 = 3;
pub(super) const RESPONSE_TOPIC: u8 = 8;
pub(super) const CORRELATION_DATA: u8 = 9;
pub(super) const SUBSCRIPTION_IDENTIFIER: u8 = 11;
pub(super) const SESSION_EXPIRY: u8 = 17;
pub(super) const ASSIGNED_CLIENT_IDENTIFIER: u8 = 18;
pub(super) const SERVER_KEEP_ALIVE: u8 = 19;
pub(super) const AUTHENTICATION_METHOD: u8 = 21;
pub(super) const AUTHENTICATION_DATA: u8 = 22;
pub(super) const REQUEST_PROBLEM_INFORMATION: u8 = 23;
pub(super) const WILL_DELAY: u8 = 24;
pub(super) const REQUEST_RESPONSE_INFORMATION: u8 = 25;
pub(super) const REASON_STRING: u8 = 31;
pub(super) const RECEIVE_MAXIMUM: u8 = 33;
pub(super) const TOPIC_ALIAS_MAXIMUM: u8 = 34;
pub(super) const TOPIC_ALIAS: u8 = 35;
pub(super) const USER_PROPERTY: u8 = 38;
pub(super) const MAXIMUM_PACKET_SIZE: u8 = 39;

/// Reads a block of properties; `accept` is given each identifier and reads the value.
///
/// All but user properties may come only once in what a client sends.
pub(super) fn read(
    reader: &mut Reader,
    mut accept: impl FnMut(u8, &mut Reader) -> Result<(), DecodeError>,
) -> Result<(), DecodeError> {
    let length = reader.variable()?;
    let mut block = Reader::new(reader.take(length as usize)?);
    let mut seen = 0_u64;

    while !block.is_empty() {
        let id = block.byte()?;
        let bit = 1_u64.checked_shl(id.into()).ok_or(UNKNOWN)?;

        if seen & bit != 0 && id != USER_PROPERTY {
            return Err(DecodeError::Protocol("a property that may come once came twice"));
        }
        seen |= bit;
        accept(id, &mut block)?;
    }

    Ok(())
}

/// The answer to an identifier that does not belong into a packet, or is none at all.
pub(super) const UNKNOWN: DecodeError =
    DecodeError::Malformed("a property that does not belong there");

/// Reads past a user property that goes no further than this broker.
pub(super) fn skip_user_property(reader: &mut Reader) -> Result<(), DecodeError> {
    reader.text()?;
    reader.text()?;

    Ok(())
}

/// Reads the two properties of an acknowledgement: for people to read, and nothing to act on.
pub(super) fn skip_diagnostics(reader: &mut Reader) -> Result<(), DecodeError> {
    read(reader, |id, value| match id {
        REASON_STRING => value.text().map(drop),
        USER_PROPERTY => skip_user_property(value),
        _ => Err(UNKNOWN),
    })
}
