//! What waits for one client because it takes its time: bounded, and over the bound it goes.
//!
//! A snapshot of retained messages does not count towards the bound, as its size is not the
//! client's fault and the store has its own; but a client that asks for more while it has not yet
//! read what it asked for is cut off like any that does not keep up.

use std::{collections::VecDeque, num::NonZeroU32};

use crate::{codec::Qos, config::Limits, message::Message};

/// A message with what its subscription makes of it.
#[derive(Debug)]
pub(super) struct Delivery {
    pub(super) message: Message,
    pub(super) qos: Qos,
    pub(super) retain: bool,
    pub(super) identifier: Option<NonZeroU32>,
}

/// The client does not keep up.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Overflow;

/// Deliveries, in order.
#[derive(Debug)]
pub(super) struct Queue {
    waiting: VecDeque<(Source, Delivery)>,
    live: usize,
    live_bytes: usize,
    most: usize,
    most_bytes: usize,
    most_retained: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    Live,
    Snapshot,
}

impl Queue {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            waiting: VecDeque::new(),
            live: 0,
            live_bytes: 0,
            most: limits.queued_messages,
            most_bytes: limits.queued_bytes,
            most_retained: limits.retained_messages.saturating_mul(2),
        }
    }

    pub(super) fn front(&self) -> Option<&Delivery> {
        self.waiting.front().map(|(_, delivery)| delivery)
    }

    pub(super) fn pop(&mut self) -> Option<Delivery> {
        let (source, delivery) = self.waiting.pop_front()?;

        if source == Source::Live {
            self.live -= 1;
            self.live_bytes -= delivery.message.size();
        }
        Some(delivery)
    }

    /// Appends what was just published.
    pub(super) fn push(&mut self, delivery: Delivery) -> Result<(), Overflow> {
        self.live += 1;
        self.live_bytes += delivery.message.size();
        self.waiting.push_back((Source::Live, delivery));

        match self.live > self.most || self.live_bytes > self.most_bytes {
            true => Err(Overflow),
            false => Ok(()),
        }
    }

    /// Appends what is retained.
    pub(super) fn push_snapshot(
        &mut self,
        deliveries: impl Iterator<Item = Delivery>,
    ) -> Result<(), Overflow> {
        self.waiting.extend(deliveries.map(|delivery| (Source::Snapshot, delivery)));

        match self.waiting.len() - self.live > self.most_retained {
            true => Err(Overflow),
            false => Ok(()),
        }
    }
}
