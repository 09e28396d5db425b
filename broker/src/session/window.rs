//! Messages of QoS 1 and 2 that a client has been sent and has not acknowledged (4.3, 4.4, 4.9).
//!
//! | stage | is waiting for | is over with |
//! |---|---|---|
//! | sent, QoS 1 | PUBACK | PUBACK |
//! | sent, QoS 2 | PUBREC | PUBREC that refuses |
//! | received | PUBCOMP | PUBCOMP |
//!
//! After a reconnect everything that is open is sent again in its order: PUBLISH with DUP, or PUBREL.

use std::collections::{BTreeMap, HashMap, VecDeque};

use crate::{
    codec::{PacketId, Qos},
    inbox::Delivery,
};

/// The packet identifiers in use, at most as many as the client wants at once.
#[derive(Debug)]
pub(super) struct Window {
    /// In the order in which they were sent.
    open: BTreeMap<u64, Open>,
    by_id: HashMap<PacketId, u64>,
    size: usize,
    last_id: PacketId,
    last_place: u64,
    /// What this connection has not been sent yet.
    unsent: VecDeque<u64>,
}

#[derive(Debug)]
struct Open {
    id: PacketId,
    stage: Stage,
    recorded: bool,
    sequence: u64,
    key: u32,
}

#[derive(Debug)]
enum Stage {
    /// With the message where it may be needed again.
    Sent(Qos, Option<Delivery>),
    Received,
}

/// What an answer of the client was about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Nothing that is open.
    Unknown,
    /// This message of the store, if it is recorded there.
    Known { recorded: bool, sequence: u64, key: u32 },
}

/// What a client that is back has to be sent again.
#[derive(Debug)]
pub(super) enum Again {
    Message(PacketId, Delivery),
    Release(PacketId),
}

/// Whether the message is needed again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
    Message,
    IdOnly,
}

impl Default for Window {
    fn default() -> Self {
        Self {
            open: BTreeMap::new(),
            by_id: HashMap::new(),
            size: 0,
            last_id: PacketId::MAX,
            last_place: 0,
            unsent: VecDeque::new(),
        }
    }
}

impl Window {
    /// The client takes so many at once, and has to be sent again what is open.
    pub(super) fn connect(&mut self, size: u16) {
        self.size = size.into();
        self.unsent = self.open.keys().copied().collect();
    }

    /// Whether anything new may be sent: what is old comes first.
    pub(super) fn has_room(&self) -> bool {
        self.room() > 0
    }

    /// How many more messages may be sent.
    pub(super) fn room(&self) -> usize {
        if self.unsent.is_empty() { self.size.saturating_sub(self.open.len()) } else { 0 }
    }

    /// What has to be sent again next, as far as the client takes it.
    pub(super) fn again(&mut self) -> Option<Again> {
        while self.open.len().saturating_sub(self.unsent.len()) < self.size {
            let place = self.unsent.pop_front()?;
            let Some(Open { id, stage, .. }) = self.open.get(&place) else { continue };
            match stage {
                // Contract, section 2: who was away does not get a command later.
                Stage::Sent(_, Some(delivery)) if delivery.message.is_command() => {
                    let id = *id;
                    self.by_id.remove(&id);
                    self.open.remove(&place);
                }
                Stage::Sent(_, Some(delivery)) => {
                    return Some(Again::Message(*id, delivery.clone()));
                }
                Stage::Sent(_, None) => {}
                Stage::Received => return Some(Again::Release(*id)),
            }
        }
        None
    }

    /// The identifier for a message that is sent now.
    pub(super) fn send(&mut self, delivery: &Delivery, keep: Keep) -> PacketId {
        let id = self.free_id();
        let kept = (keep == Keep::Message).then(|| delivery.clone());
        self.open(
            id,
            Stage::Sent(delivery.qos, kept),
            delivery.recorded,
            delivery.message.sequence(),
            delivery.key,
        );

        id
    }

    /// The next identifier that is free. There is one while the window has room, as it is never
    /// larger than the number of identifiers.
    fn free_id(&mut self) -> PacketId {
        loop {
            self.last_id = self.last_id.checked_add(1).unwrap_or(PacketId::MIN);
            if !self.by_id.contains_key(&self.last_id) {
                return self.last_id;
            }
        }
    }

    pub(super) fn restore_sent(&mut self, id: PacketId, delivery: Delivery) {
        let (sequence, key) = (delivery.message.sequence(), delivery.key);
        self.open(id, Stage::Sent(delivery.qos, Some(delivery)), true, sequence, key);
    }

    pub(super) fn restore_received(&mut self, id: PacketId, sequence: u64, key: u32) {
        self.open(id, Stage::Received, true, sequence, key);
    }

    /// The messages of QoS 1 that were kept.
    pub(super) fn unacknowledged(&self) -> impl Iterator<Item = &Delivery> {
        self.open.values().filter_map(|open| match &open.stage {
            Stage::Sent(Qos::AtLeastOnce, delivery) => delivery.as_ref(),
            Stage::Sent(Qos::AtMostOnce | Qos::ExactlyOnce, _) | Stage::Received => None,
        })
    }

    fn open(&mut self, id: PacketId, stage: Stage, recorded: bool, sequence: u64, key: u32) {
        self.last_place += 1;
        self.open.insert(self.last_place, Open { id, stage, recorded, sequence, key });
        self.by_id.insert(id, self.last_place);
    }

    /// PUBACK.
    pub(super) fn acknowledge(&mut self, id: PacketId) -> Outcome {
        self.close_if(id, |stage| matches!(stage, Stage::Sent(Qos::AtLeastOnce, _)))
    }

    /// PUBREC that refuses the message.
    pub(super) fn refuse(&mut self, id: PacketId) -> Outcome {
        self.close_if(id, |stage| matches!(stage, Stage::Sent(Qos::ExactlyOnce, _)))
    }

    /// PUBCOMP.
    pub(super) fn complete(&mut self, id: PacketId) -> Outcome {
        self.close_if(id, |stage| matches!(stage, Stage::Received))
    }

    /// PUBREC.
    pub(super) fn receive(&mut self, id: PacketId) -> Outcome {
        let open = self.by_id.get(&id).and_then(|place| self.open.get_mut(place));
        let Some(open) = open else { return Outcome::Unknown };

        match open.stage {
            Stage::Sent(Qos::ExactlyOnce, _) | Stage::Received => {
                open.stage = Stage::Received;
                open.outcome()
            }
            Stage::Sent(Qos::AtMostOnce | Qos::AtLeastOnce, _) => Outcome::Unknown,
        }
    }

    fn close_if(&mut self, id: PacketId, fits: impl Fn(&Stage) -> bool) -> Outcome {
        let Some(place) = self.by_id.get(&id).copied() else { return Outcome::Unknown };
        if !self.open.get(&place).is_some_and(|open| fits(&open.stage)) {
            return Outcome::Unknown;
        }
        self.by_id.remove(&id);

        self.open.remove(&place).map_or(Outcome::Unknown, |open| open.outcome())
    }
}

impl Open {
    fn outcome(&self) -> Outcome {
        Outcome::Known { recorded: self.recorded, sequence: self.sequence, key: self.key }
    }
}
