//! What the barrier task needs of a conversation with a controller, whatever is spoken.

use std::time::Instant;

use lane::{BarrierOrder, Reading, Refusal};

/// What the controller said, for those who decide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Heard {
    /// It is there, with this firmware.
    Found(Option<String>),
    /// How things are.
    Reading(Reading),
    /// It will not do that.
    Refused(BarrierOrder, Refusal),
    /// It is gone, for this reason.
    Lost(String),
}

/// What to send, and what is known now.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) say: Vec<u8>,
    pub(crate) heard: Vec<Heard>,
}

/// A conversation with a barrier controller, without the port and without a clock.
pub(crate) trait Conversation: Send {
    /// The port was opened.
    fn on_up(&mut self, now: Instant) -> Step;

    /// The lane wants something.
    fn on_order(&mut self, order: BarrierOrder, now: Instant) -> Step;

    /// Bytes arrived.
    fn on_bytes(&mut self, bytes: &[u8], now: Instant) -> Vec<Heard>;

    /// The port is gone, or does not take what it is sent.
    fn on_down(&mut self, reason: String) -> Vec<Heard>;

    /// When [`Conversation::on_due`] wants to be called.
    fn due(&self) -> Instant;

    /// Time has passed. Calling early or twice does no harm.
    fn on_due(&mut self, now: Instant) -> Step;
}

impl Step {
    pub(crate) fn say(say: Vec<u8>) -> Self {
        Self { say, heard: Vec::new() }
    }

    pub(crate) fn heard(heard: Vec<Heard>) -> Self {
        Self { say: Vec::new(), heard }
    }
}
