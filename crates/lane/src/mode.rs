//! Modes: who rules the boom, for whom, why, and until when.

use std::time::Instant;

use schemas::{BarrierStatus, EventName, Id, LaneMode, Timestamp};

use crate::{Lane, LaneCommand, OpenedBy, Record};

/// The mode of a lane, which is to outlive a restart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mode {
    /// Who rules the boom.
    pub mode: LaneMode,
    /// Who wanted it so.
    pub owner: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// When a hold ends by itself.
    pub until: Option<Timestamp>,
}

impl Mode {
    /// Cards and commands open, time closes.
    pub const AUTO: Self = Self::of(LaneMode::Auto);

    /// Nobody in particular wanted it, and it has no end.
    pub const fn of(mode: LaneMode) -> Self {
        Self { mode, owner: None, reason: None, until: None }
    }

    /// As somebody wanted it. Only a hold ends by itself.
    fn wanted(mode: LaneMode, command: &LaneCommand) -> Self {
        let is_hold = matches!(mode, LaneMode::HeldOpen | LaneMode::HeldClosed);

        Self {
            mode,
            owner: command.requested_by.clone(),
            reason: command.reason.clone(),
            until: command.until.filter(|_| is_hold),
        }
    }
}

impl Lane {
    /// A hold that has lasted as long as it was to ends.
    pub(crate) fn on_clock(&mut self, clock: Timestamp, now: Instant) {
        if self.mode.until.is_none_or(|until| clock < until) {
            return;
        }

        self.return_to_auto(
            EventName::Auto,
            None,
            Some("the hold has lasted as long as it was to"),
        );
        self.close_after_a_while(now);
    }

    pub(crate) fn enter(&mut self, mode: LaneMode, event: EventName, command: &LaneCommand) {
        self.mode = Mode::wanted(mode, command);
        self.record(Record::Event {
            event,
            card: None,
            command: Some(command.id.clone()),
            detail: None,
        });
    }

    pub(crate) fn return_to_auto(
        &mut self,
        event: EventName,
        command: Option<Id>,
        detail: Option<&'static str>,
    ) {
        self.mode = Mode::AUTO;
        let detail = detail.map(Into::into);
        self.record(Record::Event { event, card: None, command, detail });
    }

    /// A boom that was held open closes as after any opening; one that somebody opened by hand, or
    /// that got stuck, stays as it is until it is moved.
    pub(crate) fn close_after_a_while(&mut self, now: Instant) {
        if self.position() == BarrierStatus::Open && self.opened_by == OpenedBy::Software {
            self.phase = self.phase.with_timer(self.closing_timer(now));
        }
    }
}
