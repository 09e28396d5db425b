//! The list of cards: a TOML file that a person edits and a program writes.
//!
//! ```toml
//! [cards.04A1B2C3]                  # as the reader reads it; large and small letters are the same
//! name = "Ann"                      # for whoever reads the file; all of these may be left out
//! valid_from = 2026-01-01
//! valid_until = 2026-12-31          # that day included; or 2026-12-31T18:00:00
//! days = ["mon", "tue", "wed", "thu", "fri"]
//! hours = ["07:00-19:00"]
//! ```
//!
//! It is TOML and not CSV because a spreadsheet takes `04E1` for the number 40.

use std::{
    collections::{BTreeMap, HashMap},
    fs, io,
    path::{Path, PathBuf},
};

use jiff::civil::{Date, DateTime, Time};
use serde::Deserialize;
use toml::value::Datetime;

use super::schedule::{Day, Hours, Schedule};

/// The cards that may pass, and when.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct CardList {
    cards: HashMap<String, Permit>,
}

/// When a card may pass.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Permit {
    from: Option<DateTime>,
    /// The first moment at which it may not any more.
    until: Option<DateTime>,
    schedule: Schedule,
}

/// The file as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Contents {
    #[serde(default)]
    cards: BTreeMap<String, Entry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    #[serde(rename = "name")]
    _name: Option<String>,
    valid_from: Option<Datetime>,
    valid_until: Option<Datetime>,
    days: Option<Vec<Day>>,
    hours: Option<Vec<Hours>>,
}

/// The list cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ListError {
    /// It cannot be read.
    #[error("cannot read the list of cards {path}: {source}", path = .path.display())]
    Read { path: PathBuf, source: io::Error },
    /// It is not a list of cards.
    #[error("{path}, line {line}: {reason}", path = .path.display())]
    Invalid { path: PathBuf, line: usize, reason: String },
    /// One of its cards is not possible.
    #[error("{path}, card {card}: {reason}", path = .path.display())]
    Card { path: PathBuf, card: String, reason: &'static str },
}

impl CardList {
    /// Reads the file.
    pub(crate) fn read(path: &Path) -> Result<Self, ListError> {
        let text = fs::read_to_string(path)
            .map_err(|source| ListError::Read { path: path.to_owned(), source })?;

        Self::parse(&text, path)
    }

    fn parse(text: &str, path: &Path) -> Result<Self, ListError> {
        let contents: Contents = toml::from_str(text).map_err(|error| ListError::Invalid {
            path: path.to_owned(),
            line: line_of(text, error.span().map_or(0, |span| span.start)),
            reason: error.message().to_owned(),
        })?;

        let mut cards = HashMap::with_capacity(contents.cards.len());
        for (card, entry) in contents.cards {
            let refuse =
                |reason| ListError::Card { path: path.to_owned(), card: card.clone(), reason };
            let permit = Permit::from_entry(entry).map_err(refuse)?;
            if cards.insert(card.to_uppercase(), permit).is_some() {
                return Err(refuse("it is there twice: large and small letters are the same"));
            }
        }

        Ok(Self { cards })
    }

    pub(crate) fn len(&self) -> usize {
        self.cards.len()
    }

    /// Why the card may not pass at this time of the place, if it may not.
    pub(crate) fn objection(&self, card: &str, at: DateTime) -> Option<&'static str> {
        match self.cards.get(&card.to_uppercase()) {
            None => Some("the card is not in the list"),
            Some(permit) => permit.objection(at),
        }
    }
}

impl Permit {
    fn from_entry(entry: Entry) -> Result<Self, &'static str> {
        let from = entry.valid_from.map(|from| moment(from, Time::midnight())).transpose()?;
        let until = match entry.valid_until {
            // A date alone is a whole day.
            Some(Datetime { date: Some(date), time: None, offset: None }) => {
                let tomorrow = civil_date(date)?.tomorrow().map_err(|_| NO_DATE)?;
                Some(tomorrow.to_datetime(Time::midnight()))
            }
            Some(until) => Some(moment(until, Time::midnight())?),
            None => None,
        };
        if from.zip(until).is_some_and(|(from, until)| until <= from) {
            return Err("`valid_until` is before `valid_from`");
        }

        Ok(Self { from, until, schedule: Schedule { days: entry.days, hours: entry.hours } })
    }

    fn objection(&self, at: DateTime) -> Option<&'static str> {
        if self.from.is_some_and(|from| at < from) {
            Some("the card is not valid yet")
        } else if self.until.is_some_and(|until| at >= until) {
            Some("the card is not valid any more")
        } else if !self.schedule.contains(at) {
            Some("the card is not valid at this hour")
        } else {
            None
        }
    }
}

const NO_DATE: &str = "a date is written as 2026-12-31, or with a time of the place: \
                       2026-12-31T18:00:00";

fn moment(written: Datetime, default: Time) -> Result<DateTime, &'static str> {
    let (Some(date), None) = (written.date, written.offset) else { return Err(NO_DATE) };
    let time = match written.time {
        None => default,
        Some(time) => {
            let [hour, minute] = [time.hour, time.minute].map(|n| i8::try_from(n).ok());
            let second = i8::try_from(time.second.unwrap_or(0)).ok();
            hour.zip(minute)
                .zip(second)
                .and_then(|((hour, minute), second)| Time::new(hour, minute, second, 0).ok())
                .ok_or(NO_DATE)?
        }
    };

    Ok(civil_date(date)?.to_datetime(time))
}

fn civil_date(date: toml::value::Date) -> Result<Date, &'static str> {
    let year = i16::try_from(date.year).map_err(|_| NO_DATE)?;
    let month = i8::try_from(date.month).map_err(|_| NO_DATE)?;
    let day = i8::try_from(date.day).map_err(|_| NO_DATE)?;

    Date::new(year, month, day).map_err(|_| NO_DATE)
}

fn line_of(text: &str, at: usize) -> usize {
    1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_card_is_valid_on_its_first_and_on_its_last_day() {
        let list = parse("[cards.A1]\nvalid_from = 2026-03-02\nvalid_until = 2026-03-04").unwrap();

        for (day, hour, expected) in [
            (1, 23, Some("the card is not valid yet")),
            (2, 0, None),
            (4, 23, None),
            (5, 0, Some("the card is not valid any more")),
        ] {
            assert_eq!(list.objection("A1", date(2026, 3, day).at(hour, 0, 0, 0)), expected);
        }
    }

    #[test]
    fn a_time_is_exact_and_of_the_place() {
        let list = parse("[cards.A1]\nvalid_until = 2026-03-04T18:00:00").unwrap();

        assert_eq!(list.objection("A1", date(2026, 3, 4).at(17, 59, 59, 0)), None);
        assert!(list.objection("A1", date(2026, 3, 4).at(18, 0, 0, 0)).is_some());
        assert!(parse("[cards.A1]\nvalid_until = 2026-03-04T18:00:00Z").is_err());
    }

    #[test]
    fn days_and_hours_are_kept() {
        let list = parse("[cards.A1]\ndays = [\"mon\"]\nhours = [\"07:00-19:00\"]").unwrap();

        let objection = |day, hour| list.objection("A1", date(2026, 3, day).at(hour, 0, 0, 0));
        assert_eq!(objection(2, 8), None);
        assert_eq!(objection(2, 20), Some("the card is not valid at this hour"));
        assert_eq!(objection(3, 8), Some("the card is not valid at this hour"));
    }

    #[test]
    fn letters_are_the_same_whether_large_or_small() {
        let list = parse("[cards]\n04a1b2c3 = { name = \"Ann\" }").unwrap();

        let noon = date(2026, 3, 2).at(12, 0, 0, 0);
        assert_eq!(list.objection("04A1B2C3", noon), None);
        assert_eq!(list.objection("04A1B2C4", noon), Some("the card is not in the list"));
        assert!(parse("[cards]\na1 = {}\nA1 = {}").is_err());
    }

    #[test]
    fn an_empty_list_lets_nobody_in() {
        let list = parse("").unwrap();

        assert!(list.objection("A1", date(2026, 3, 2).at(12, 0, 0, 0)).is_some());
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        for (text, expected) in [
            ("[cards.A1]\nnmae = \"Ann\"", "line 2: unknown field `nmae`"),
            ("[cards.A1]\ndays = [\"monday\"]", "line 2: unknown variant `monday`"),
            ("[cards.A1]\n\nhours = [\"7-19\"]", "line 3: hours are written as"),
            ("cards = 1", "line 1: "),
            ("[cards.A1]\nvalid_from = 07:00:00", "card A1: a date is written as"),
            (
                "[cards.A1]\nvalid_from = 2026-02-02\nvalid_until = 2026-02-01",
                "card A1: `valid_until`",
            ),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.starts_with("/cards.toml, ") && error.contains(expected), "{error}");
        }
    }

    fn parse(text: &str) -> Result<CardList, ListError> {
        CardList::parse(text, Path::new("/cards.toml"))
    }
}
