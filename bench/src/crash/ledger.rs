//! What was promised, and whether it was kept: free of sockets and clocks.
//!
//! | acknowledged | means |
//! |---|---|
//! | a retained message, to its publisher | it, or one that was sent later, is what a newcomer is told |
//! | a message at QoS 1, to its publisher | it reaches the subscriber's session at least once |
//! | a message at QoS 1, by the subscriber | it does not come again, unless the broker had no time to note it |

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    str::FromStr,
    time::{Duration, Instant},
};

use super::{publisher::Sent, subscriber::Heard};

/// Names a message; those of one publisher are in the order in which it sent them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Serial {
    pub(super) round: u32,
    pub(super) publisher: u8,
    pub(super) number: u32,
}

/// A promise that was not kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Breach {
    #[error("the session of the subscriber is forgotten")]
    SessionForgotten,
    #[error("{0} was acknowledged and does not arrive")]
    Lost(Serial),
    #[error("`{topic}` holds {found}, and {due} was acknowledged")]
    Retained { topic: String, due: Serial, found: Found },
    #[error("{0} comes again, long after it was acknowledged")]
    Again(Serial),
    #[error("{0} comes twice in one connection")]
    Twice(Serial),
    #[error("{0} comes, and nobody sent it")]
    Invented(Serial),
}

/// What a newcomer is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found(pub(super) Option<Serial>);

#[derive(Debug, Default)]
struct Entry {
    promised: bool,
    /// In which connection the subscriber last got it.
    heard_in: Option<u32>,
    /// When the subscriber acknowledged it.
    confirmed: Option<Instant>,
}

#[derive(Debug, Default)]
struct Kept {
    sent: Option<Serial>,
    promised: Option<Serial>,
}

#[derive(Debug, Default)]
struct Counts {
    acknowledged: u64,
    heard: u64,
    again: u64,
}

/// All promises of a run.
#[derive(Debug)]
pub(super) struct Ledger {
    forgetting: Duration,
    entries: BTreeMap<Serial, Entry>,
    retained: HashMap<String, Kept>,
    /// Counts the connections of the subscriber.
    connection: u32,
    /// What the subscriber acknowledged after that may come again.
    forgiven_since: Option<Instant>,
    breaches: Vec<Breach>,
    counts: Counts,
}

impl Ledger {
    /// What is acknowledged so shortly before the broker is killed may be forgotten.
    pub(super) fn new(forgetting: Duration) -> Self {
        Self {
            forgetting,
            entries: BTreeMap::new(),
            retained: HashMap::new(),
            connection: 0,
            forgiven_since: None,
            breaches: Vec::new(),
            counts: Counts::default(),
        }
    }

    /// The subscriber connects while the broker has had all the time in the world.
    pub(super) fn connected(&mut self, now: Instant) {
        self.connection += 1;
        self.forgiven_since = Some(now);
    }

    /// The broker is killed; the subscriber connects when it is back.
    pub(super) fn killed(&mut self, now: Instant) {
        self.connection += 1;
        self.forgiven_since = now.checked_sub(self.forgetting);
    }

    /// Something was published.
    pub(super) fn sent(&mut self, sent: Sent) {
        self.entries.entry(sent.serial).or_default().promised = sent.acknowledged;
        self.counts.acknowledged += u64::from(sent.acknowledged);

        if let Some(topic) = sent.retained_on {
            let kept = self.retained.entry(topic).or_default();
            kept.sent = kept.sent.max(Some(sent.serial));
            if sent.acknowledged {
                kept.promised = kept.promised.max(Some(sent.serial));
            }
        }
    }

    /// Something arrived, and was acknowledged.
    pub(super) fn heard(&mut self, heard: Heard) {
        let Some(entry) = self.entries.get_mut(&heard.serial) else {
            self.breaches.push(Breach::Invented(heard.serial));
            return;
        };
        self.counts.heard += 1;

        if entry.heard_in == Some(self.connection) {
            self.breaches.push(Breach::Twice(heard.serial));
        } else if let Some(confirmed) = entry.confirmed {
            self.counts.again += 1;
            if self.forgiven_since.is_some_and(|since| confirmed < since) {
                self.breaches.push(Breach::Again(heard.serial));
            }
        }
        entry.heard_in = Some(self.connection);
        entry.confirmed = Some(heard.confirmed);
    }

    /// What the subscriber has still to hear.
    pub(super) fn due(&self) -> Vec<Serial> {
        let entries = self.entries.iter();

        entries
            .filter(|(_, entry)| entry.promised && entry.heard_in.is_none())
            .map(|(serial, _)| *serial)
            .collect()
    }

    /// By topic, what is the least that a newcomer has to be told.
    pub(super) fn retained_due(&self) -> HashMap<String, Serial> {
        let retained = self.retained.iter();

        retained.filter_map(|(topic, kept)| Some((topic.clone(), kept.promised?))).collect()
    }

    /// Compares with what a newcomer was told.
    pub(super) fn compare_retained(&self, found: &HashMap<String, Serial>) -> Vec<Breach> {
        let breach = |(topic, kept): (&String, &Kept)| {
            let (due, found) = (kept.promised?, found.get(topic).copied());
            let is_kept = found >= Some(due) && found <= kept.sent;
            let topic = topic.clone();
            (!is_kept).then_some(Breach::Retained { topic, due, found: Found(found) })
        };

        self.retained.iter().filter_map(breach).collect()
    }

    /// What was broken since this was last asked.
    pub(super) fn compare(&mut self) -> Vec<Breach> {
        let mut breaches = std::mem::take(&mut self.breaches);
        for serial in self.due() {
            breaches.push(Breach::Lost(serial));
            // Once is enough.
            self.entries.entry(serial).or_default().promised = false;
        }

        breaches
    }

    pub(super) fn summary(&self) -> String {
        let Counts { acknowledged, heard, again } = self.counts;

        format!(
            "{} messages sent, {acknowledged} acknowledged, {heard} arrived, {again} of them again",
            self.entries.len()
        )
    }
}

impl fmt::Display for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{}", self.round, self.publisher, self.number)
    }
}

impl FromStr for Serial {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        let mut parts = text.trim_end().split('-');
        let mut part = || parts.next().ok_or_else(|| anyhow::anyhow!("`{text}` is no serial"));

        Ok(Self { round: part()?.parse()?, publisher: part()?.parse()?, number: part()?.parse()? })
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(serial) => serial.fmt(f),
            None => f.write_str("nothing"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOMENT: Duration = Duration::from_millis(200);

    #[test]
    fn what_was_acknowledged_has_to_arrive() {
        let mut ledger = Ledger::new(MOMENT);
        let now = Instant::now();
        ledger.sent(sent(1, true, None));
        ledger.sent(sent(2, true, None));
        ledger.sent(sent(3, false, None));
        ledger.killed(now);

        ledger.heard(heard(2, now));

        assert_eq!(ledger.compare(), [Breach::Lost(serial(1))]);
        assert_eq!(ledger.compare(), [], "it is said once");
    }

    #[test]
    fn what_arrived_before_the_crash_need_not_arrive_again_but_may() {
        let mut ledger = Ledger::new(MOMENT);
        let start = Instant::now();
        ledger.connected(start);
        ledger.sent(sent(1, true, None));
        ledger.sent(sent(2, true, None));
        ledger.heard(heard(1, start + MOMENT));
        ledger.heard(heard(2, start + MOMENT));

        ledger.killed(start + MOMENT * 2);
        ledger.heard(heard(2, start + MOMENT * 9));

        assert_eq!(ledger.compare(), []);
    }

    #[test]
    fn what_the_subscriber_acknowledged_long_ago_must_not_come_again() {
        let mut ledger = Ledger::new(MOMENT);
        let start = Instant::now();
        ledger.connected(start);
        ledger.sent(sent(1, true, None));
        ledger.heard(heard(1, start));

        ledger.killed(start + MOMENT * 2);
        ledger.heard(heard(1, start + MOMENT * 9));

        assert_eq!(ledger.compare(), [Breach::Again(serial(1))]);
    }

    #[test]
    fn without_a_crash_nothing_comes_again() {
        let mut ledger = Ledger::new(MOMENT);
        let start = Instant::now();
        ledger.killed(start);
        ledger.sent(sent(1, true, None));
        ledger.heard(heard(1, start + MOMENT));

        ledger.connected(start + MOMENT + Duration::from_millis(1));
        ledger.heard(heard(1, start + MOMENT * 2));
        ledger.heard(heard(1, start + MOMENT * 2));

        assert_eq!(ledger.compare(), [Breach::Again(serial(1)), Breach::Twice(serial(1))]);
    }

    #[test]
    fn what_nobody_sent_does_not_come() {
        let mut ledger = Ledger::new(MOMENT);

        ledger.heard(heard(1, Instant::now()));

        assert_eq!(ledger.compare(), [Breach::Invented(serial(1))]);
    }

    #[test]
    fn a_newcomer_is_told_what_was_acknowledged_last_or_what_was_sent_later() {
        let mut ledger = Ledger::new(MOMENT);
        ledger.sent(sent(1, true, Some("a")));
        ledger.sent(sent(2, true, Some("a")));
        ledger.sent(sent(3, false, Some("a")));
        ledger.sent(sent(4, false, Some("b")));

        for (found, is_kept) in
            [(None, false), (Some(1), false), (Some(2), true), (Some(3), true), (Some(4), false)]
        {
            let found = found.map(|number| ("a".to_owned(), serial(number))).into_iter().collect();

            assert_eq!(ledger.compare_retained(&found).is_empty(), is_kept, "{found:?}");
        }
    }

    #[test]
    fn a_serial_is_read_as_it_is_written() {
        let serial = Serial { round: 7, publisher: 2, number: 1_234 };

        assert_eq!(format!("{serial}   ").parse::<Serial>().unwrap(), serial);
        assert!("7-2".parse::<Serial>().is_err());
    }

    fn serial(number: u32) -> Serial {
        Serial { round: 1, publisher: 0, number }
    }

    fn sent(number: u32, acknowledged: bool, retained_on: Option<&str>) -> Sent {
        let retained_on = retained_on.map(str::to_owned);

        Sent { serial: serial(number), acknowledged, retained_on }
    }

    fn heard(number: u32, confirmed: Instant) -> Heard {
        Heard { serial: serial(number), confirmed }
    }
}
