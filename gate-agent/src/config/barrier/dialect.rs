//! `gates.*.barrier.protocol`: a barrier controller that speaks something else.

use std::{ops::RangeInclusive, time::Duration};

use schemas::BarrierStatus;
use serde::Deserialize;
use service::config::ConfigError;

use super::{Pattern, Wire};
use crate::config::{seconds, within};

const POLL_EVERY: RangeInclusive<Duration> = Duration::from_millis(100)..=seconds(60);
const SILENCE: RangeInclusive<Duration> = Duration::from_millis(300)..=seconds(600);
const MOVES_IN: RangeInclusive<Duration> = seconds(1)..=seconds(300);
const LENGTH: RangeInclusive<usize> = 1..=256;
/// How many polls may stay without a report before the controller is lost.
const POLLS: u32 = 3;

/// What to send to a barrier controller, and what its reports mean.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dialect {
    /// What opens the boom.
    pub open: Wire,
    /// What closes it.
    pub close: Wire,
    /// What stops it. Absent: it cannot be stopped, and a command that wants it fails.
    pub stop: Option<Wire>,
    /// What asks for a report.
    pub poll: Option<Wire>,
    /// How often that is asked.
    #[serde(default = "poll_every", with = "humantime_serde")]
    pub poll_every: Duration,
    /// What ends a report.
    pub report_end: Option<Wire>,
    /// How many bytes a report has, where nothing ends it.
    pub report_length: Option<usize>,
    /// What a report of fixed length begins with.
    pub report_start: Option<Wire>,
    /// What reports mean. All that are in a report hold.
    #[serde(default)]
    pub reports: Vec<Report>,
    /// How long no report may come before the controller counts as lost. Absent: three polls, and
    /// for ever where nothing is polled.
    #[serde(default, with = "humantime_serde")]
    pub silence: Option<Duration>,
    /// How long a movement takes, where no report says that it has ended; rather too long.
    #[serde(default, with = "humantime_serde")]
    pub moves_in: Option<Duration>,
}

/// What is in a report, and what that means.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// A regular expression.
    pub pattern: Pattern,
    /// Where the boom is.
    pub position: Option<PositionReport>,
    /// The loop under the boom.
    pub r#loop: Option<LoopReport>,
    /// The loop in front of the boom, on which a vehicle waits that wants to pass.
    pub arming: Option<LoopReport>,
    /// Who has moved the boom.
    pub moved_by: Option<MoverReport>,
    /// The last order was refused.
    pub refused: Option<RefusalReport>,
}

/// Where the boom is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the words of the contract")]
pub enum PositionReport {
    Closed,
    Opening,
    Open,
    Closing,
    Stopped,
    Unknown,
}

/// What a loop tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoopReport {
    /// No vehicle is on it.
    Clear,
    /// One is.
    Occupied,
}

/// Who has moved the boom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MoverReport {
    /// Somebody at the barrier.
    Hand,
    /// The controller, for safety.
    Itself,
}

/// Why an order was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalReport {
    /// A vehicle is under the boom.
    Occupied,
    /// The fire alarm, or another emergency.
    Emergency,
    /// Anything else.
    Unable,
}

impl Dialect {
    /// How long no report may come.
    pub(crate) fn silence(&self) -> Option<Duration> {
        self.silence.or(self.poll.as_ref().map(|_| self.poll_every * POLLS))
    }

    /// Whether reports tell of the loop.
    pub(crate) fn reports_loop(&self) -> bool {
        self.reports.iter().any(|report| report.r#loop.is_some())
    }

    /// Whether reports tell of this position.
    pub(crate) fn reports(&self, position: BarrierStatus) -> bool {
        self.reports.iter().any(|report| report.position.map(BarrierStatus::from) == Some(position))
    }

    pub(super) fn validate(&self, key: &str, travel: Duration) -> Result<(), ConfigError> {
        let key = |name: &str| format!("{key}.{name}");

        within(key("poll_every"), &self.poll_every, POLL_EVERY)?;
        self.silence.iter().try_for_each(|time| within(key("silence"), time, SILENCE))?;
        self.moves_in.iter().try_for_each(|time| within(key("moves_in"), time, MOVES_IN))?;
        self.report_length.iter().try_for_each(|n| within(key("report_length"), n, LENGTH))?;

        match self.objection(travel) {
            None => Ok(()),
            Some((name, reason)) => {
                Err(ConfigError::Refused { key: key(name), reason: reason.to_owned() })
            }
        }
    }

    /// What cannot work, by the key that has to be changed.
    fn objection(&self, travel: Duration) -> Option<(&'static str, &'static str)> {
        let none = |wire: &Wire| wire.as_bytes().is_empty();
        let ends_are_reported =
            self.reports(BarrierStatus::Open) && self.reports(BarrierStatus::Closed);
        let says_something = |report: &Report| {
            report.position.is_some()
                || report.r#loop.is_some()
                || report.arming.is_some()
                || report.moved_by.is_some()
                || report.refused.is_some()
        };

        if none(&self.open) {
            Some(("open", "nothing would be sent"))
        } else if none(&self.close) {
            Some(("close", "nothing would be sent"))
        } else if self.open == self.close {
            Some(("close", "it is the same as `open`: one order cannot mean both"))
        } else if self.stop.as_ref().is_some_and(none) {
            Some(("stop", "nothing would be sent; leave it out where there is no such order"))
        } else if self.poll.as_ref().is_some_and(none) {
            Some(("poll", "nothing would be sent; leave it out where nothing is asked"))
        } else if self.poll.is_some() && self.reports.is_empty() {
            Some(("reports", "what is asked has an answer: say what the answers mean"))
        } else if self.report_end.as_ref().is_some_and(none) {
            Some(("report_end", "nothing ends nothing"))
        } else if self.report_end.is_some() && self.report_length.is_some() {
            Some(("report_length", "a report has an end or a length, not both"))
        } else if self.report_start.is_some() && self.report_length.is_none() {
            Some(("report_start", "only reports of a fixed length begin with something"))
        } else if !self.reports.iter().all(says_something) {
            Some((
                "reports",
                "each has to say something: position, loop, arming, moved_by or refused",
            ))
        } else if self.reports.iter().any(|report| report.pattern.is_in(b"")) {
            Some(("reports", "a pattern that is in an empty report is in every one"))
        } else if !ends_are_reported && self.moves_in.is_none() {
            Some(("moves_in", "no report says open and closed: say how long a movement takes"))
        } else if self.moves_in.is_some_and(|time| time >= travel) {
            Some((
                "moves_in",
                "has to be less than the gate's `travel`, or no movement ends in time",
            ))
        } else if self.reports_loop() && self.silence().is_none() {
            Some(("silence", "say how old a reading of the loop may be, or how it is polled"))
        } else if self.silence().is_some_and(|time| self.poll.is_some() && time <= self.poll_every)
        {
            Some(("silence", "has to be longer than `poll_every`"))
        } else {
            None
        }
    }
}

impl From<PositionReport> for BarrierStatus {
    fn from(position: PositionReport) -> Self {
        match position {
            PositionReport::Closed => Self::Closed,
            PositionReport::Opening => Self::Opening,
            PositionReport::Open => Self::Open,
            PositionReport::Closing => Self::Closing,
            PositionReport::Stopped => Self::Stopped,
            PositionReport::Unknown => Self::Unknown,
        }
    }
}

fn poll_every() -> Duration {
    Duration::from_secs(1)
}
