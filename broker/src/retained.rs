//! The latest retained message of every topic (3.3.1.3), in memory and within bounds.

use std::{collections::HashMap, time::Duration};

use bytes::Bytes;

use crate::{
    message::{Life, Message},
    topic,
};

/// All retained messages.
#[derive(Debug)]
pub(crate) struct Retained {
    messages: HashMap<Bytes, Message>,
    bytes: usize,
    capacity: Capacity,
}

/// How much may be retained.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Capacity {
    pub(crate) messages: usize,
    pub(crate) bytes: usize,
}

/// There is no room for another retained message.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Full;

impl Retained {
    pub(crate) fn new(capacity: Capacity) -> Self {
        Self { messages: HashMap::new(), bytes: 0, capacity }
    }

    /// Keeps a message in place of the one before; one without payload only erases (3.3.1.3).
    pub(crate) fn keep(&mut self, message: &Message) -> Result<(), Full> {
        if message.payload_length() == 0 {
            self.remove(message.topic());
            return Ok(());
        }
        if !self.has_room_for(message) {
            return Err(Full);
        }

        // A map keeps the key that it has, and the key is part of the older message's memory.
        self.remove(message.topic());
        self.bytes += message.size();
        self.messages.insert(message.shared_topic(), message.clone());

        Ok(())
    }

    /// What a new subscriber is sent.
    pub(crate) fn matching(&self, filter: &str, now: Duration) -> Vec<Message> {
        let alive = |message: &&Message| message.life(now) != Life::Over;

        if !filter.contains(['+', '#']) {
            return self
                .messages
                .get(filter.as_bytes())
                .filter(alive)
                .cloned()
                .into_iter()
                .collect();
        }
        self.messages
            .values()
            .filter(|message| topic::matches(filter, message.topic()))
            .filter(alive)
            .cloned()
            .collect()
    }

    /// Forgets what has expired, and says which topics that were.
    pub(crate) fn sweep(&mut self, now: Duration) -> Vec<Bytes> {
        let is_over = |message: &Message| message.life(now) == Life::Over;
        let expired: Vec<Bytes> = self
            .messages
            .iter()
            .filter(|(_, message)| is_over(message))
            .map(|(topic, _)| topic.clone())
            .collect();

        for topic in &expired {
            self.remove(topic);
        }
        expired
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn len(&self) -> usize {
        self.messages.len()
    }

    fn has_room_for(&self, message: &Message) -> bool {
        let replaced = self.messages.get(message.topic());
        let messages = self.messages.len() + 1 - usize::from(replaced.is_some());
        let bytes = self.bytes + message.size() - replaced.map_or(0, Message::size);

        messages <= self.capacity.messages && bytes <= self.capacity.bytes
    }

    fn remove(&mut self, topic: &[u8]) {
        if let Some(message) = self.messages.remove(topic) {
            self.bytes -= message.size();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        codec::{Publication, Qos},
        message::{Draft, Origin},
    };

    const NOW: Duration = Duration::ZERO;

    fn message(topic: &str, payload: &'static str) -> Message {
        let publication = Publication {
            topic: topic.into(),
            payload: Bytes::from_static(payload.as_bytes()),
            qos: Qos::AtMostOnce,
            retain: true,
            expiry: (payload == "short-lived").then_some(5),
            properties: Bytes::new(),
        };
        Draft::new(&publication, Origin::BROKER, NOW).number(1)
    }

    fn retained() -> Retained {
        Retained::new(Capacity { messages: 3, bytes: 1024 })
    }

    #[test]
    fn the_latest_message_of_a_topic_counts() {
        let mut retained = retained();
        retained.keep(&message("a", "one")).unwrap();
        retained.keep(&message("a", "two")).unwrap();

        let found = retained.matching("+", NOW);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].payload(), &b"two"[..]);
        assert_eq!(retained.bytes, message("a", "two").size());
    }

    #[test]
    fn an_empty_message_erases() {
        let mut retained = retained();
        retained.keep(&message("a", "one")).unwrap();
        retained.keep(&message("a", "")).unwrap();

        assert_eq!((retained.len(), retained.bytes), (0, 0));
    }

    #[test]
    fn what_has_expired_is_neither_sent_nor_kept() {
        let mut retained = retained();
        let later = Duration::from_secs(6);
        retained.keep(&message("a", "short-lived")).unwrap();

        assert_eq!(retained.matching("a", NOW).len(), 1);
        assert_eq!(retained.matching("a", later).len(), 0);
        retained.sweep(later);
        assert_eq!((retained.len(), retained.bytes), (0, 0));
    }

    #[test]
    fn a_full_store_takes_only_what_it_knows() {
        let mut retained = retained();
        for topic in ["a", "b", "c"] {
            retained.keep(&message(topic, "one")).unwrap();
        }

        assert_eq!(retained.keep(&message("d", "one")), Err(Full));
        assert_eq!(retained.keep(&message("a", "two")), Ok(()));
        let large: &'static str = "x".repeat(1024).leak();
        assert_eq!(retained.keep(&message("a", large)), Err(Full));
    }
}
