//! From when on.

use anyhow::{Context, Result};
use jiff::{Span, Timestamp, Zoned, civil::Date, tz::TimeZone};

/// A time, a day of this place, or how long ago.
pub(crate) fn parse(text: &str) -> Result<Timestamp> {
    at(text, &Zoned::now())
}

fn at(text: &str, now: &Zoned) -> Result<Timestamp> {
    if let Ok(time) = text.parse::<Timestamp>() {
        return Ok(time);
    }
    if let Ok(day) = text.parse::<Date>() {
        return day_of(day, now.time_zone()).context("there is no such day here");
    }

    let ago: Span = text
        .parse()
        .context("write a time (2026-03-01T08:00:00Z), a day (2026-03-01), or 2h, 7d")?;
    Ok(now.checked_sub(ago).context("that is too long ago")?.timestamp())
}

fn day_of(day: Date, zone: &TimeZone) -> Result<Timestamp, jiff::Error> {
    Ok(day.to_zoned(zone.clone())?.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_a_day_and_a_while_ago_are_understood() {
        let now: Zoned = "2026-03-02T12:00:00+01:00[Europe/Berlin]".parse().unwrap();
        let since = |text: &str| at(text, &now).unwrap().to_string();

        assert_eq!(since("2026-03-01T08:00:00Z"), "2026-03-01T08:00:00Z");
        assert_eq!(since("2026-03-01"), "2026-02-28T23:00:00Z");
        assert_eq!(since("2h"), "2026-03-02T09:00:00Z");
        assert_eq!(since("7d"), "2026-02-23T11:00:00Z");
        assert!(at("yesterday-ish", &now).is_err());
    }
}
