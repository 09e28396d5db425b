//! Topic aliases (3.3.2.3.4): each direction has its own, and only on this connection.

use std::collections::HashMap;

use bytes::Bytes;
use bytestring::ByteString;

use super::Close;
use crate::{
    codec::{Reason, encode::Alias},
    message::Message,
};

/// What each alias of the client stands for.
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

/// The topic aliases that the broker has given towards one client: the first topics get one each.
#[derive(Debug)]
pub(super) struct OwnAliases {
    aliases: HashMap<Bytes, u16>,
    maximum: u16,
}

impl OwnAliases {
    pub(super) fn new(maximum: u16) -> Self {
        Self { aliases: HashMap::new(), maximum }
    }

    /// How the topic of a message is to be said. Whoever asks has to send it.
    pub(super) fn of(&mut self, message: &Message) -> Option<Alias> {
        if let Some(known) = self.aliases.get(message.topic()) {
            return Some(Alias::Known(*known));
        }
        let next = self.aliases.len() as u16 + 1;
        if next > self.maximum {
            return None;
        }
        // A copy: the name of the message is part of the message's memory.
        self.aliases.insert(Bytes::copy_from_slice(message.topic()), next);

        Some(Alias::New(next))
    }
}
