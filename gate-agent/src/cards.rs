//! Who decides on a card: everybody may pass, a list says who may, or somebody is asked.
//!
//! Whoever is asked hears `card_detected` with the decision `pending`, and answers with a
//! `gate_control`: `open` or `close`. Where there is no broker nobody can hear it, and what holds
//! without an answer holds at once: a gate is never shut because a network is.

mod list;
mod reload;
mod schedule;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use jiff::civil::DateTime;
use lane::{Ruling, Verdict};
use schemas::GateId;
use service::config::ConfigError;
use tokio::sync::watch;

use crate::config::{self, Otherwise};
use list::CardList;
pub(crate) use reload::Reload;

/// The list of cards where it is not said elsewhere.
const FILE: &str = "cards.toml";
const NO_ANSWER: &str = "nobody has answered in time";
const NO_BROKER: &str = "nobody can be asked: there is no broker";

/// Decides on cards.
#[derive(Debug)]
pub(crate) struct Cards {
    rule: Rule,
    asking: Option<Asking>,
}

/// What holds where nobody is asked, or nobody answers.
#[derive(Debug)]
enum Rule {
    Grant,
    Deny,
    List(watch::Receiver<Arc<CardList>>),
}

#[derive(Debug)]
struct Asking {
    within: Duration,
    link: watch::Receiver<Link>,
}

/// Whether there is a broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Link {
    Up,
    Down,
}

/// The list as it was at the start, where it is needed.
#[derive(Debug, Clone)]
pub(crate) struct Loaded {
    path: PathBuf,
    list: Option<Arc<CardList>>,
}

impl Loaded {
    /// Reads the list, if the gate needs one.
    ///
    /// # Errors
    ///
    /// It cannot be read, or is not a list of cards.
    pub(crate) fn read(
        gate: &GateId,
        config: &config::Lane,
        data_dir: &Path,
    ) -> Result<Self, ConfigError> {
        let path = config.card_list.clone().unwrap_or_else(|| data_dir.join(FILE));
        let list = config.has_list().then(|| CardList::read(&path)).transpose();

        match list {
            Ok(list) => Ok(Self { path, list: list.map(Arc::new) }),
            Err(error) => Err(ConfigError::Refused {
                key: format!("gates.{gate}.lane.card_list"),
                reason: error.to_string(),
            }),
        }
    }
}

impl Cards {
    /// What decides, and what keeps its list up to date, where there is one.
    pub(crate) fn new(
        loaded: Loaded,
        config: &config::Lane,
        link: watch::Receiver<Link>,
    ) -> (Self, Option<Reload>) {
        let (list, reload) = match loaded.list {
            Some(list) => {
                let (sender, receiver) = watch::channel(list);
                (Some(receiver), Some(Reload::new(loaded.path, sender)))
            }
            None => (None, None),
        };
        let asked = config.ask.filter(|_| config.cards == config::Cards::Ask);
        let rule = match (list, asked.map(|ask| ask.otherwise)) {
            (Some(list), _) => Rule::List(list),
            (None, Some(Otherwise::Deny | Otherwise::List)) => Rule::Deny,
            (None, Some(Otherwise::Open) | None) => Rule::Grant,
        };
        let asking = asked.map(|ask| Asking { within: ask.within, link });

        (Self { rule, asking }, reload)
    }

    /// What is to become of a card that comes at this time of the place.
    pub(crate) fn verdict(&self, card: &str, at: DateTime) -> Verdict {
        match &self.asking {
            None => Verdict::Final(self.ruling(card, at, NO_ANSWER)),
            Some(asking) if *asking.link.borrow() == Link::Down => {
                Verdict::Final(self.ruling(card, at, NO_BROKER))
            }
            Some(asking) => {
                Verdict::Ask { within: asking.within, otherwise: self.ruling(card, at, NO_ANSWER) }
            }
        }
    }

    fn ruling(&self, card: &str, at: DateTime, denial: &'static str) -> Ruling {
        match &self.rule {
            Rule::Grant => Ruling::Grant,
            Rule::Deny => Ruling::Deny(denial.into()),
            Rule::List(list) => match list.borrow().objection(card, at) {
                None => Ruling::Grant,
                Some(objection) => Ruling::Deny(objection.into()),
            },
        }
    }
}
