//! `gates.*.lane`: who decides on cards, and what the lane makes of loops.

use std::{ops::RangeInclusive, path::PathBuf, time::Duration};

use serde::Deserialize;
use service::config::ConfigError;

use super::{seconds, within};

const WITHIN: RangeInclusive<Duration> = seconds(1)..=seconds(60);
const PASSBACK: RangeInclusive<Duration> = seconds(1)..=seconds(7 * 24 * 3600);
const STUCK: RangeInclusive<Duration> = seconds(10)..=seconds(24 * 3600);

/// How a lane treats cards and loops.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Lane {
    /// Who decides on a card.
    pub cards: Cards,
    /// The list of cards. Absent: `cards.toml` in the data directory.
    pub card_list: Option<PathBuf>,
    /// How somebody is asked about a card. Needed with `cards = "ask"`.
    pub ask: Option<Ask>,
    /// How soon a card may pass again. Absent: at once.
    pub anti_passback: Option<AntiPassback>,
    /// Whether a card counts only with a vehicle on the arming loop, where one is fitted. Say `false`
    /// where that loop does not see every vehicle, such as motorcycles.
    pub arming_required: bool,
    /// A loop that is occupied for longer than this is reported as stuck. Longer than the longest
    /// queue over it.
    #[serde(with = "humantime_serde")]
    pub loop_stuck_after: Duration,
}

/// Who decides on a card.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cards {
    /// Nobody: every card opens.
    #[default]
    Open,
    /// The list of cards.
    List,
    /// An integrator.
    Ask,
}

/// How an integrator is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ask {
    /// How long the answer may take; the driver waits as long.
    #[serde(default = "answer", with = "humantime_serde")]
    pub within: Duration,
    /// What holds when none has come by then, and at once where there is no broker.
    pub otherwise: Otherwise,
}

/// What holds when nobody has answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Otherwise {
    /// The card opens.
    Open,
    /// It does not.
    Deny,
    /// What the list of cards says.
    List,
}

/// A card that has passed does not pass again soon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AntiPassback {
    /// How long after its passage.
    #[serde(with = "humantime_serde")]
    pub within: Duration,
    /// What becomes of one that comes sooner.
    #[serde(default)]
    pub rule: PassbackRule,
}

/// What becomes of a card that comes back too soon.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PassbackRule {
    /// It is denied.
    #[default]
    Hard,
    /// It is granted, and the event says so.
    Soft,
}

impl Default for Lane {
    fn default() -> Self {
        Self {
            cards: Cards::default(),
            card_list: None,
            ask: None,
            anti_passback: None,
            arming_required: true,
            loop_stuck_after: Duration::from_secs(600),
        }
    }
}

impl Lane {
    /// Whether the list of cards is needed.
    pub(crate) fn has_list(&self) -> bool {
        match self.cards {
            Cards::Open => false,
            Cards::List => true,
            Cards::Ask => self.ask.is_some_and(|ask| ask.otherwise == Otherwise::List),
        }
    }

    pub(super) fn validate(&self, key: impl Fn(&str) -> String) -> Result<(), ConfigError> {
        within(key("loop_stuck_after"), &self.loop_stuck_after, STUCK)?;
        if let Some(passback) = &self.anti_passback {
            within(key("anti_passback.within"), &passback.within, PASSBACK)?;
        }

        match &self.ask {
            Some(ask) => within(key("ask.within"), &ask.within, WITHIN),
            None if self.cards == Cards::Ask => Err(ConfigError::Refused {
                key: key("ask"),
                reason: "say what holds when nobody answers: \
                         ask = { within = \"5s\", otherwise = \"list\" }, or \"open\", or \"deny\""
                    .to_owned(),
            }),
            None => Ok(()),
        }
    }

    pub(super) fn arming(&self) -> lane::Arming {
        if self.arming_required { lane::Arming::Required } else { lane::Arming::Ignored }
    }

    pub(super) fn anti_passback(&self) -> Option<lane::AntiPassback> {
        self.anti_passback.map(|AntiPassback { within, rule }| lane::AntiPassback {
            within,
            rule: match rule {
                PassbackRule::Hard => lane::PassbackRule::Hard,
                PassbackRule::Soft => lane::PassbackRule::Soft,
            },
        })
    }
}

fn answer() -> Duration {
    Duration::from_secs(5)
}
