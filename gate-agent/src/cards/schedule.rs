//! On which days and at which hours a card is valid, in the time of the place.

use std::str::FromStr;

use jiff::civil::{DateTime, Time, Weekday};
use serde::Deserialize;

/// The days and hours of a card. Without any, it is valid at all times.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Schedule {
    pub(crate) days: Option<Vec<Day>>,
    pub(crate) hours: Option<Vec<Hours>>,
}

/// A day of the week: `mon`, `tue`, …
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Day {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

/// Hours of a day: `07:00-19:00`. Those that end before they begin last into the next day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Hours {
    from: Time,
    until: Time,
}

/// The text is not a span of hours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("hours are written as \"07:00-19:00\", not \"{0}\"")]
pub(crate) struct HoursError(String);

impl Schedule {
    /// Whether a card is valid at this time.
    pub(crate) fn contains(&self, at: DateTime) -> bool {
        let Some(hours) = &self.hours else { return self.is_day(at.weekday()) };

        hours.iter().any(|hours| {
            let began = match hours.began(at.time()) {
                Some(Began::Today) => at.weekday(),
                Some(Began::Yesterday) => at.weekday().previous(),
                None => return false,
            };
            self.is_day(began)
        })
    }

    fn is_day(&self, day: Weekday) -> bool {
        self.days.as_ref().is_none_or(|days| days.iter().any(|named| named.weekday() == day))
    }
}

/// The day on which hours began that are not over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Began {
    Today,
    Yesterday,
}

impl Hours {
    fn began(self, at: Time) -> Option<Began> {
        let through_midnight = self.until <= self.from;

        match (at >= self.from, at < self.until) {
            (true, true) => Some(Began::Today),
            (true, false) if through_midnight => Some(Began::Today),
            (false, true) if through_midnight => Some(Began::Yesterday),
            (true | false, false) | (false, true) => None,
        }
    }
}

impl Day {
    fn weekday(self) -> Weekday {
        match self {
            Self::Mon => Weekday::Monday,
            Self::Tue => Weekday::Tuesday,
            Self::Wed => Weekday::Wednesday,
            Self::Thu => Weekday::Thursday,
            Self::Fri => Weekday::Friday,
            Self::Sat => Weekday::Saturday,
            Self::Sun => Weekday::Sunday,
        }
    }
}

impl FromStr for Hours {
    type Err = HoursError;

    fn from_str(text: &str) -> Result<Self, HoursError> {
        let error = || HoursError(text.to_owned());
        let (from, until) = text.split_once('-').ok_or_else(error)?;
        let time = |text: &str| -> Option<Time> {
            let (hour, minute) = text.trim().split_once(':')?;
            let (hour, minute) = (two_digits(hour)?, two_digits(minute)?);
            // Midnight is the end of a day as well as its beginning.
            let hour = if (hour, minute) == (24, 0) { 0 } else { hour };
            Time::new(hour, minute, 0, 0).ok()
        };

        Ok(Self { from: time(from).ok_or_else(error)?, until: time(until).ok_or_else(error)? })
    }
}

impl TryFrom<String> for Hours {
    type Error = HoursError;

    fn try_from(text: String) -> Result<Self, HoursError> {
        text.parse()
    }
}

fn two_digits(text: &str) -> Option<i8> {
    let is_number = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());

    is_number.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-03-02 is a Monday.
    const MONDAY: i8 = 2;

    #[test]
    fn without_days_and_hours_it_is_always() {
        assert!(Schedule::default().contains(at(MONDAY, 3, 0)));
    }

    #[test]
    fn hours_begin_when_they_say_and_end_before_they_say() {
        let office = schedule(&[Day::Mon, Day::Tue], &["07:00-12:00", "13:00-19:00"]);

        for (day, hour, minute, expected) in [
            (MONDAY, 7, 0, true),
            (MONDAY, 6, 59, false),
            (MONDAY, 11, 59, true),
            (MONDAY, 12, 0, false),
            (MONDAY, 18, 59, true),
            (MONDAY, 19, 0, false),
            (MONDAY + 1, 8, 0, true),
            (MONDAY + 2, 8, 0, false),
        ] {
            assert_eq!(office.contains(at(day, hour, minute)), expected, "{day} {hour}:{minute}");
        }
    }

    #[test]
    fn hours_through_midnight_belong_to_the_day_on_which_they_began() {
        let night = schedule(&[Day::Mon], &["22:00-06:00"]);

        for (day, hour, expected) in [
            (MONDAY, 23, true),
            (MONDAY + 1, 5, true),
            (MONDAY + 1, 6, false),
            (MONDAY + 1, 23, false),
            (MONDAY, 5, false),
        ] {
            assert_eq!(night.contains(at(day, hour, 0)), expected, "{day} {hour}");
        }
    }

    #[test]
    fn a_whole_day_ends_at_24() {
        for hours in ["00:00-24:00", "00:00-00:00", "24:00-24:00"] {
            let day = schedule(&[Day::Mon], &[hours]);
            assert!(day.contains(at(MONDAY, 0, 0)) && day.contains(at(MONDAY, 23, 59)), "{hours}");
            assert!(!day.contains(at(MONDAY + 1, 0, 0)), "{hours}");
        }
    }

    #[test]
    fn what_is_not_hours_is_refused() {
        for text in
            ["", "7-19", "07:00", "07:00-25:00", "07:60-08:00", "7:00-19:00", "a-b", "24:01-24:02"]
        {
            assert!(text.parse::<Hours>().is_err(), "{text}");
        }
    }

    fn schedule(days: &[Day], hours: &[&str]) -> Schedule {
        Schedule {
            days: Some(days.to_vec()),
            hours: Some(hours.iter().map(|text| text.parse().unwrap()).collect()),
        }
    }

    fn at(day: i8, hour: i8, minute: i8) -> DateTime {
        jiff::civil::date(2026, 3, day).at(hour, minute, 0, 0)
    }
}
