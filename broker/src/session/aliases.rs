//! The topic aliases that a client has given (3.3.2.3.4): its own, and only on this connection.

use std::collections::HashMap;

use bytestring::ByteString;

use super::Close;
use crate::codec::Reason;

/// What each alias stands for.
#[derive(Debug)]
pub(super) struct Aliases {
    topics: HashMap<u16, ByteString>,
    maximum: u16,
}

impl Aliases {
    pub(super) fn new(maximum: u16) -> Self {
        Self { topics: HashMap::new(), maximum }
    }

    /// The topic that is meant: by its name, which the alias stands for from here on, or by the
    /// alias alone.
    pub(super) fn resolve(&mut self, topic: ByteString, alias: u16) -> Result<ByteString, Close> {
        if alias == 0 || alias > self.maximum {
            return Err(Close::new(Reason::AliasInvalid, "a topic alias beyond the maximum"));
        }
        if topic.is_empty() {
            let known = self.topics.get(&alias).cloned();
            return known.ok_or(Close::new(Reason::ProtocolError, "an unknown topic alias"));
        }
        // A copy: the name that came is part of a buffer that would be kept with it.
        self.topics.insert(alias, ByteString::from(&topic[..]));

        Ok(topic)
    }
}
