//! What a lane is told.

use std::time::Duration;

use schemas::{BarrierStatus, GateAction, Id};

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
    /// Somebody wants something done. It is known to be live, and not a duplicate.
    Command(LaneCommand),
}

/// All that the barrier controller knows, at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// Where the boom is.
    pub position: BarrierStatus,
    /// What the loop under the boom says.
    pub presence: Presence,
    /// Who caused the last movement.
    pub mover: Mover,
}

/// What the loop under the boom says.
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

/// A command to the boom or to its lane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaneCommand {
    /// By which its answers are recognised.
    pub id: Id,
    /// What is wanted.
    pub action: GateAction,
    /// How long the boom is to stay fully open.
    pub open_for: Option<Duration>,
}
