//! What a lane wants done.

use std::borrow::Cow;

use schemas::{
    AnswerCode, AnswerStatus, Confirmation, Decision, EventName, GateAction, Id, PassageTrigger,
};

/// Something the lane wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// An order to the barrier controller.
    Order(BarrierOrder),
    /// Who decides on cards is to decide on this one: told as [`Input::Verdict`](crate::Input).
    Decide(String),
    /// Something for the journal.
    Record(Record),
    /// Something is wrong that somebody should look at.
    Alarm(Alarm),
    /// What became of a command.
    Answer {
        /// Which command.
        id: Id,
        /// What it wanted.
        action: GateAction,
        /// What became of it.
        outcome: Outcome,
    },
}

/// An order to the barrier controller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BarrierOrder {
    /// Raise the boom.
    Open,
    /// Lower the boom.
    Close,
    /// Stand still.
    Stop,
}

/// Something that somebody should look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alarm {
    /// A loop has been occupied for longer than vehicles stay.
    LoopStuck(WhichLoop),
    /// The barrier controller cannot do what it was ordered to.
    OrderRefused(BarrierOrder),
}

/// A loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhichLoop {
    /// The one under the boom.
    Closing,
    /// The one in front of it.
    Arming,
}

/// Something that happened and is worth keeping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    /// A card was read.
    Card {
        /// Which one.
        card: String,
        /// What was decided.
        decision: Decision,
        /// Why, where it was refused.
        reason: Option<Cow<'static, str>>,
        /// The command that decided.
        command: Option<Id>,
    },
    /// A vehicle went through.
    Passage {
        /// What opened the gate.
        trigger: PassageTrigger,
        /// How it is known.
        confirmation: Confirmation,
        /// The card that was granted.
        card: Option<String>,
        /// The command that opened the gate.
        command: Option<Id>,
    },
    /// Anything else that is notable.
    Event {
        /// What.
        event: EventName,
        /// The card it is about.
        card: Option<String>,
        /// The command it is about.
        command: Option<Id>,
        /// More, for a person.
        detail: Option<Cow<'static, str>>,
    },
}

/// What became of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// How far it got.
    pub status: AnswerStatus,
    /// Why it failed.
    pub code: Option<AnswerCode>,
    /// The same, for a person.
    pub message: Option<&'static str>,
}

impl Outcome {
    pub(crate) const ACCEPTED: Self = Self::of(AnswerStatus::Accepted);
    pub(crate) const EXECUTING: Self = Self::of(AnswerStatus::Executing);
    pub(crate) const SUCCEEDED: Self = Self::of(AnswerStatus::Succeeded);
    pub(crate) const REPLACED: Self = Self {
        status: AnswerStatus::Failed,
        code: None,
        message: Some("another command took its place"),
    };

    pub(crate) const fn expired(message: &'static str) -> Self {
        Self {
            status: AnswerStatus::Expired,
            code: Some(AnswerCode::Expired),
            message: Some(message),
        }
    }

    pub(crate) const fn rejected(code: AnswerCode, message: &'static str) -> Self {
        Self { status: AnswerStatus::Rejected, code: Some(code), message: Some(message) }
    }

    pub(crate) const fn failed(code: AnswerCode, message: &'static str) -> Self {
        Self { status: AnswerStatus::Failed, code: Some(code), message: Some(message) }
    }

    const fn of(status: AnswerStatus) -> Self {
        Self { status, code: None, message: None }
    }
}

impl Record {
    pub(crate) fn event(event: EventName) -> Self {
        Self::Event { event, card: None, command: None, detail: None }
    }
}
