//! What was handed to the router a short while ago: with a router that dies, what it had not handed on
//! yet would be lost, although its publisher has been told that it arrived.
//!
//! Kept are more messages and bytes than may wait for the router (`router.rs`), so that whatever a
//! subscriber has not got is among them: it takes what its link brings without delay.

use std::collections::VecDeque;

use crate::{message::Message, topic};

const MESSAGES: usize = 8_192;
const BYTES: usize = 8 << 20;

/// The latest messages of QoS 1 and 2, and of those that are retained, in order.
#[derive(Debug, Default)]
pub(super) struct Recent {
    messages: VecDeque<Message>,
    bytes: usize,
}

impl Recent {
    pub(super) fn push(&mut self, message: Message) {
        self.bytes += message.size();
        self.messages.push_back(message);

        while self.messages.len() > MESSAGES || self.bytes > BYTES {
            let Some(oldest) = self.messages.pop_front() else { return };
            self.bytes -= oldest.size();
        }
    }

    /// Those that `filter` matches and that come after the one numbered `after`.
    pub(super) fn matching(&self, filter: &str, after: u64) -> Vec<Message> {
        let first = self.messages.partition_point(|message| message.sequence() <= after);

        self.messages
            .range(first..)
            .filter(|message| topic::matches(filter.as_bytes(), message.topic()))
            .cloned()
            .collect()
    }
}
