//! What a lane is told.

use std::{borrow::Cow, time::Duration};

use schemas::{BarrierStatus, GateAction, Id, Timestamp};

use crate::BarrierOrder;

/// Something that happened to the lane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// The barrier controller reported.
    Barrier(Reading),
    /// It refused an order.
    BarrierRefused(BarrierOrder, Refusal),
    /// It does not answer, or its port is gone.
    BarrierLost,
    /// The reader read a card.
    Card(String),
    /// What is to become of a card: the answer to [`Action::Decide`](crate::Action::Decide).
    Verdict {
        /// Which card.
        card: String,
        /// What is to become of it.
        verdict: Verdict,
    },
    /// Somebody wants something done. It is known to be live, and not a duplicate.
    Command(LaneCommand),
    /// What the clock on the wall shows. Told about once a second while a mode has an end.
    Clock(Timestamp),
}

/// All that the barrier controller knows, at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// Where the boom is.
    pub position: BarrierStatus,
    /// What the loop under the boom says.
    pub presence: Presence,
    /// What the loop in front of the boom says.
    pub arming: Presence,
    /// Who caused the last movement.
    pub mover: Mover,
}

/// What a loop says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// No loop is fitted.
    NotFitted,
    /// Nothing is there.
    Clear,
    /// A vehicle is there.
    Occupied,
}

/// Who caused the last movement, as the barrier controller sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mover {
    /// Nobody since it started.
    Nobody,
    /// An order of this system.
    Order,
    /// Somebody at its manual or fire contact.
    Hand,
    /// Its own logic.
    Itself,
}

/// Why the barrier controller refused an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// A vehicle is on the loop.
    Occupied,
    /// Its emergency contact is active.
    Emergency,
    /// Anything else: it is broken, busy or did not understand.
    Unable,
}

/// What is to become of a card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// At once.
    Final(Ruling),
    /// Somebody else is asked: the next `open` grants it, the next `close` denies it.
    Ask {
        /// How long they have.
        within: Duration,
        /// What holds when they have not answered by then.
        otherwise: Ruling,
    },
}

/// What was decided on a card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ruling {
    /// The boom opens.
    Grant,
    /// It does not, for this reason.
    Deny(Cow<'static, str>),
}

/// A command to the boom or to its lane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaneCommand {
    /// By which its answers are recognised.
    pub id: Id,
    /// What is wanted.
    pub action: GateAction,
    /// How long the boom is to stay fully open.
    pub open_for: Option<Duration>,
    /// The card that an `open` or `close` is the answer to.
    pub card: Option<String>,
    /// Until when a hold lasts.
    pub until: Option<Timestamp>,
    /// Who wants it.
    pub requested_by: Option<String>,
    /// Why.
    pub reason: Option<String>,
}

impl LaneCommand {
    /// A command that says nothing but what is wanted.
    pub fn new(id: Id, action: GateAction) -> Self {
        Self {
            id,
            action,
            open_for: None,
            card: None,
            until: None,
            requested_by: None,
            reason: None,
        }
    }
}
