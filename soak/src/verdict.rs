//! What really happened, and what was said about it: the rules of `soak/README.md`.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use crate::{
    fault::Fault,
    ledger::{Event, Ledger},
    visit::{Outcome, Record, Visit},
};

/// How long an order to close may be under way while a vehicle drives onto the loop: on a machine
/// that is busy with other things, too.
const ON_THE_WAY: Duration = Duration::from_millis(250);

/// Everything that is not as it should be.
pub(crate) fn broken_promises(
    records: &[Record],
    ledger: &Ledger,
    unfinished: Vec<String>,
) -> Vec<String> {
    let mut broken = unfinished;
    broken.extend_from_slice(ledger.wrong());

    for record in records {
        let events = events_of(record, ledger);
        let found = look_at_gate(record, &events);
        broken.extend(found.into_iter().map(|promise| format!("{}: {promise}", record.gate)));
    }

    broken
}

fn look_at_gate(record: &Record, events: &[Event]) -> Vec<String> {
    let mut broken = record.troubles.clone();
    broken.extend(safety(record));
    broken.extend(numbers(record, events));

    let by_card = by_card(events);
    for visit in &record.visits {
        let about = by_card.get(visit.card.as_str()).map_or(&[][..], Vec::as_slice);
        broken.extend(look_at_visit(visit, about));
    }
    for event in events.iter().filter(|event| is_passage(event)) {
        let known = |card: &String| record.visits.iter().any(|visit| visit.card == *card);
        if !event.card.as_ref().is_none_or(known) {
            broken.push(format!("a passage of a card that nobody showed: {event:?}"));
        }
    }

    broken
}

/// The boom and those under it.
fn safety(record: &Record) -> Vec<String> {
    let mut broken = Vec::new();
    let tally = record.tally;

    if tally.struck > 0 {
        broken.push(format!("the boom came down on a vehicle, {} times", tally.struck));
    }
    if tally.pressed > ON_THE_WAY {
        broken.push(format!(
            "it was ordered to close over a vehicle that had been there for {:?}",
            tally.pressed
        ));
    }
    let asked = record.visits.len() as u64 + record.orders;
    if tally.opened > asked {
        broken.push(format!("{} openings, and only {asked} that were asked for", tally.opened));
    }

    broken
}

/// Each vehicle in one event, and no event without a vehicle.
fn numbers(record: &Record, events: &[Event]) -> Vec<String> {
    let said = count(events, |event| is_passage(event) || event.name == "tailgate");
    let unseen = record.visits.iter().filter(|visit| visit.fault.is_some_and(Fault::blinds));
    let unseen = unseen.filter(|visit| visit.outcome == Outcome::Passed).count() as u64;
    let passed = record.tally.passed;

    if said > passed || said + unseen < passed {
        vec![format!(
            "{passed} vehicles passed, {unseen} of them while the agent may not have seen it, and \
             {said} are in an event"
        )]
    } else {
        Vec::new()
    }
}

fn look_at_visit(visit: &Visit, about: &[&Event]) -> Vec<String> {
    let passages: Vec<_> = about.iter().filter(|event| is_passage(event)).collect();
    let names: Vec<&str> = about.iter().map(|event| event.name.as_str()).collect();
    let told = |what: &str| {
        let fault = visit.fault.map_or(String::new(), |fault| format!(" ({fault})"));
        vec![format!("{}{fault} {what}: {names:?}", visit.card)]
    };

    if passages.len() > 1 {
        return told("passed once and is in several passages");
    }
    if visit.fault.is_some_and(|fault| !fault.leaves_cards_alone()) {
        return Vec::new();
    }

    // Who shows a card while another still has leave is denied, and may follow through an open boom.
    if is_denied(about) {
        return if passages.is_empty() { Vec::new() } else { told("was denied") };
    }
    match visit.outcome {
        Outcome::Passed => {
            let entered = about.iter().filter(|event| matches!(&*event.name, "entry" | "exit"));
            let ids: Vec<_> = entered.map(|event| event.event_id.as_ref()).collect();
            let agree = passages.iter().map(|event| event.event_id.as_ref()).eq(ids);
            let fine = passages.len() == 1 && agree && names.contains(&"granted");

            if fine { Vec::new() } else { told("passed") }
        }
        Outcome::BackedOut if !passages.is_empty() => told("backed out, and is in a passage"),
        Outcome::BackedOut => {
            let no_passage = names.iter().filter(|name| **name == "no_passage").count();
            let fine = names.first() == Some(&"granted") && no_passage == 1;

            if fine { Vec::new() } else { told("backed out") }
        }
    }
}

fn is_denied(about: &[&Event]) -> bool {
    about.iter().map(|event| event.name.as_str()).eq(["denied", "denied"])
}

fn is_passage(event: &Event) -> bool {
    matches!(&*event.name, "parking_entry" | "parking_exit")
}

fn by_card(events: &[Event]) -> HashMap<&str, Vec<&Event>> {
    let mut by_card: HashMap<&str, Vec<&Event>> = HashMap::new();
    for event in events {
        if let Some(card) = &event.card {
            by_card.entry(card).or_default().push(event);
        }
    }

    by_card
}

fn events_of(record: &Record, ledger: &Ledger) -> Vec<Event> {
    ledger.pages(&record.gate).map(|pages| pages.events().collect()).unwrap_or_default()
}

/// How many went through an open boom although their card was denied.
fn followed(record: &Record, ledger: &Ledger) -> usize {
    let events = events_of(record, ledger);
    let by_card = by_card(&events);
    let denied =
        |visit: &&Visit| by_card.get(visit.card.as_str()).is_some_and(|about| is_denied(about));

    let passed = record.visits.iter().filter(|visit| visit.outcome == Outcome::Passed);
    passed.filter(denied).count()
}

fn count(events: &[Event], which: impl Fn(&Event) -> bool) -> u64 {
    events.iter().filter(|event| which(event)).count() as u64
}

/// Says what happened, in figures.
pub(crate) fn tell(records: &[Record], ledger: &Ledger, outages: u64, took: Duration) {
    let pages = || records.iter().filter_map(|record| ledger.pages(&record.gate));
    let events: u64 = pages().map(|pages| pages.last()).sum();
    let vehicles: usize = records.iter().map(|record| record.visits.len()).sum();
    let sum = |of: fn(&Record) -> u64| records.iter().map(of).sum::<u64>();
    let mut faults: BTreeMap<Fault, u64> = BTreeMap::new();
    for (fault, times) in records.iter().flat_map(|record| &record.faults) {
        *faults.entry(*fault).or_default() += times;
    }
    let followed: usize = records.iter().map(|record| followed(record, ledger)).sum();
    let pressed = records.iter().map(|record| record.tally.pressed).max().unwrap_or_default();

    println!(
        "{vehicles} vehicles at {} gates in {took:.0?}: {} passed, {} backed out; {events} events",
        records.len(),
        sum(|record| record.tally.passed),
        sum(|record| record.tally.backed_out),
    );
    for (fault, times) in &faults {
        println!("{times:6} × {fault}");
    }
    println!("{outages:6} × broker killed");
    println!("{:6} × put right by a person", sum(|record| record.orders));
    println!("{followed:6} × went through although denied");
    println!("an order to close met a vehicle that had been there for at most {pressed:.1?}");
}

#[cfg(test)]
mod tests {
    use site_sim::Tally;

    use super::*;
    use crate::ledger::tests::ledger_of;

    const PASSED: [(&str, &str); 3] = [("granted", "A"), ("parking_entry", "A"), ("entry", "A")];

    #[test]
    fn a_vehicle_that_passed_and_is_in_one_passage_is_fine() {
        assert_eq!(judge(&record([("A", Outcome::Passed, None)]), &PASSED), [""; 0]);
    }

    #[test]
    fn a_vehicle_that_passed_and_is_in_none_or_two_is_not() {
        let record = record([("A", Outcome::Passed, None)]);

        assert_eq!(judge(&record, &PASSED[..1]).len(), 2);
        assert_eq!(judge(&record, &[PASSED, PASSED].concat()).len(), 2);
    }

    #[test]
    fn a_passage_that_nobody_made_is_not_fine() {
        let record = record([("A", Outcome::BackedOut, None)]);

        assert_eq!(judge(&record, &[("granted", "A"), ("no_passage", "A")]), [""; 0]);
        assert_eq!(judge(&record, &PASSED).len(), 2);
    }

    #[test]
    fn a_vehicle_that_passed_during_a_power_cut_may_be_in_none_but_not_in_two() {
        let record = record([("A", Outcome::Passed, Some(Fault::PowerCut))]);

        assert_eq!(judge(&record, &PASSED[..1]), [""; 0]);
        assert_eq!(judge(&record, &PASSED), [""; 0]);
        assert_eq!(judge(&record, &[PASSED, PASSED].concat()).len(), 2);
    }

    #[test]
    fn a_boom_that_comes_down_on_a_vehicle_or_opens_unasked_is_not_fine() {
        let mut record = record([("A", Outcome::Passed, None)]);
        record.tally = Tally { struck: 1, opened: 2, pressed: ON_THE_WAY * 2, ..record.tally };

        assert_eq!(judge(&record, &PASSED).len(), 3);
    }

    fn judge(record: &Record, events: &[(&str, &str)]) -> Vec<String> {
        let ledger = ledger_of(events);

        broken_promises(std::slice::from_ref(record), &ledger, Vec::new())
    }

    fn record<const N: usize>(visits: [(&str, Outcome, Option<Fault>); N]) -> Record {
        let visits =
            visits.map(|(card, outcome, fault)| Visit { card: card.to_owned(), outcome, fault });
        let passed = visits.iter().filter(|visit| visit.outcome == Outcome::Passed).count() as u64;

        Record {
            gate: "gate_in_1".to_owned(),
            visits: visits.to_vec(),
            tally: Tally { passed, ..Tally::default() },
            ..Record::default()
        }
    }
}
