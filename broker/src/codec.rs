//! MQTT 3.1, 3.1.1 and 5 on the wire, as a server sees it: strict in, minimal out.
//!
//! [`frame::cut`] takes one packet off the bytes that have come, [`Packet::decode`] turns it into a
//! value or says why it may not be one; [`encode`] writes what a server says. What is malformed is
//! refused whole: no later part of the broker checks a packet again.
//!
//! Sections are those of the OASIS standards, MQTT 5 unless said otherwise. Why this is ours:
//! `docs/decisions/0002-mqtt-codec.md`.

mod connect;
pub(crate) mod encode;
pub(crate) mod frame;
mod packet;
mod property;
mod publish;
mod reader;
mod reason;
mod subscribe;
#[cfg(test)]
mod tests;

pub(crate) use connect::{Connect, Will};
pub(crate) use packet::{DecodeError, Disconnect, Packet, PacketId, Qos, Verdict, Version};
pub(crate) use publish::{Publication, Publish};
pub(crate) use reason::Reason;
pub(crate) use subscribe::{Request, RetainHandling, Subscribe, Unsubscribe};
