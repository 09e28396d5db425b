//! How much of what a reader sent was no card, and when to say so.

use std::time::Duration;

use card_link::Noise;
use tokio::time::Instant;

/// Noise is told at once, and then no more often than this.
const TELL_EVERY: Duration = Duration::from_secs(10);

/// What a reader has sent since its port was opened.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    cards: u64,
    noise: u64,
    latest: Option<Noise>,
    told: Option<Instant>,
    due: Option<Instant>,
}

impl Tally {
    pub(crate) fn count(&mut self, found: &Result<String, Noise>, now: Instant) {
        match found {
            Ok(_) => self.cards = self.cards.saturating_add(1),
            Err(noise) => {
                self.noise = self.noise.saturating_add(1);
                self.latest = Some(*noise);
                let due = self.told.map_or(now, |told| now.max(told + TELL_EVERY));
                self.due.get_or_insert(due);
            }
        }
    }

    /// When to [`Tally::tell`]; `None` while nothing is new.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// How much noise there is, for a person.
    pub(crate) fn tell(&mut self, now: Instant) -> String {
        self.told = Some(now);
        self.due = None;
        let all = self.cards.saturating_add(self.noise);
        let latest = self.latest.map(|noise| noise.to_string()).unwrap_or_default();

        format!(
            "noise: {} of {all} readings since the port was opened, the latest: {latest}",
            self.noise
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_is_told_at_once_and_then_now_and_then() {
        let (mut tally, start) = (Tally::default(), Instant::now());
        let soon = start + TELL_EVERY / 2;

        tally.count(&Ok("A".to_owned()), start);
        assert_eq!(tally.due(), None);
        tally.count(&Err(Noise::Cut), start);
        assert_eq!(tally.due(), Some(start));
        assert!(tally.tell(start).starts_with("noise: 1 of 2 readings"));

        tally.count(&Err(Noise::Cut), soon);
        tally.count(&Err(Noise::Checksum), soon);
        assert_eq!(tally.due(), Some(start + TELL_EVERY));
        let told = tally.tell(start + TELL_EVERY);
        assert!(told.starts_with("noise: 3 of 4") && told.ends_with("wrong checksum"), "{told}");
        assert_eq!(tally.due(), None);
    }
}
