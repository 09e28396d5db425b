//! What can happen to the store, one step at a time.

use std::sync::Arc;

use bytes::Bytes;

/// One step. What it names is a number or bytes; what they mean is the caller's affair.
///
/// A step about a session that is not stored, or about a delivery that is not, changes nothing.
#[derive(Debug, Clone)]
pub(crate) enum Change {
    /// The retained message of a topic, in place of the one before.
    Retain { topic: Bytes, envelope: Bytes },
    /// A topic has no retained message any more.
    Forget { topic: Bytes },
    /// A session begins, or its client is back: it is not [`Change::Away`].
    Session {
        session: u64,
        user: Arc<str>,
        client_id: Arc<str>,
        /// Seconds; `u32::MAX` is for ever.
        expiry: u32,
    },
    /// The client is gone, since this many milliseconds after 1970.
    Away { session: u64, since_ms: u64 },
    /// A session is over, with everything that belongs to it. Its number is not used again.
    End { session: u64 },
    /// A subscription, in place of the one with the same key.
    Subscribe { session: u64, key: u32, filter: Arc<str>, options: u8, identifier: Option<u32> },
    /// A subscription is over.
    Unsubscribe { session: u64, key: u32 },
    /// A message waits for a session, in place of the one with the same session, sequence and key:
    /// that is a retained message that was asked for again. Whatever has the same sequence has the
    /// same topic and envelope, which are stored once.
    Queue {
        session: u64,
        sequence: u64,
        key: u32,
        qos: u8,
        retain: bool,
        identifiers: Vec<u32>,
        topic: Bytes,
        envelope: Bytes,
    },
    /// The message has a packet identifier, which it keeps.
    Sending { session: u64, sequence: u64, key: u32, packet_id: u16 },
    /// PUBREC came: the packet identifier is needed until the end, the message is not.
    Received { session: u64, sequence: u64, key: u32 },
    /// The message was acknowledged, expired or dropped.
    Done { session: u64, sequence: u64, key: u32 },
    /// A message of QoS 2 was accepted from the client.
    Incoming { session: u64, packet_id: u16 },
    /// The client has released it.
    Released { session: u64, packet_id: u16 },
    /// What is to be published if the client does not come back, in place of the one before.
    Will { user: Arc<str>, client_id: Arc<str>, delay: u32, topic: Bytes, envelope: Bytes },
    /// It was published, or the client has taken it along.
    WillGone { user: Arc<str>, client_id: Arc<str> },
}

/// Whether a change has the disk written for its own sake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Urgency {
    /// As soon as the disk is free.
    Urgent,
    /// Along with something urgent, or within a second.
    Patient,
}

impl Change {
    /// A message that is sent once more than needed (QoS 1), or a will that is published or missing,
    /// is the worst that the loss of a patient change can lead to.
    pub(crate) fn urgency(&self) -> Urgency {
        match self {
            Self::Done { .. } | Self::Away { .. } | Self::Will { .. } | Self::WillGone { .. } => {
                Urgency::Patient
            }
            Self::Retain { .. }
            | Self::Forget { .. }
            | Self::Session { .. }
            | Self::End { .. }
            | Self::Subscribe { .. }
            | Self::Unsubscribe { .. }
            | Self::Queue { .. }
            | Self::Sending { .. }
            | Self::Received { .. }
            | Self::Incoming { .. }
            | Self::Released { .. } => Urgency::Urgent,
        }
    }

    /// Bytes that wait with it.
    pub(crate) fn size(&self) -> usize {
        let carried = match self {
            Self::Retain { topic, envelope } | Self::Queue { topic, envelope, .. } => {
                topic.len() + envelope.len()
            }
            Self::Forget { topic } => topic.len(),
            Self::Will { user, client_id, topic, envelope, .. } => {
                user.len() + client_id.len() + topic.len() + envelope.len()
            }
            Self::WillGone { user, client_id } => user.len() + client_id.len(),
            Self::Session { user, client_id, .. } => user.len() + client_id.len(),
            Self::Subscribe { filter, .. } => filter.len(),
            Self::Away { .. }
            | Self::End { .. }
            | Self::Unsubscribe { .. }
            | Self::Sending { .. }
            | Self::Received { .. }
            | Self::Done { .. }
            | Self::Incoming { .. }
            | Self::Released { .. } => 0,
        };

        size_of::<Self>() + carried
    }
}
