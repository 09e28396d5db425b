use proptest::prelude::*;

use super::*;

const BARRIER: Slot = Slot(1);
const DEVICES: Slot = Slot(2);

#[test]
fn entries_are_told_in_the_order_in_which_they_came() {
    let mut log = Log::new(1_000);
    state(&mut log, BARRIER, "opening");
    event(&mut log, "entry");
    state(&mut log, BARRIER, "open");

    assert_eq!(told(&log, 0), ["opening", "entry", "open"]);
    assert_eq!(told(&log, 2), ["open"]);
    assert!(told(&log, 3).is_empty());
}

#[test]
fn a_client_that_is_behind_gets_the_latest_state_after_the_events_before_it() {
    let mut log = Log::new(1 << 20);
    state(&mut log, BARRIER, "opening");
    event(&mut log, "entry");
    for n in 0..1_000 {
        state(&mut log, DEVICES, &format!("devices {n} {}", "x".repeat(1_000)));
    }
    state(&mut log, BARRIER, "closed");

    let batch = log.read(0, log.next(), &Sight::All).unwrap();
    let told = told(&log, 0);

    assert!(batch.conflated > 900, "{}", batch.conflated);
    assert_eq!(told[0], "entry");
    assert!(told.len() < 70 && told[told.len() - 2].starts_with("devices 999"), "{}", told.len());
    assert_eq!(told[told.len() - 1], "closed");
}

#[test]
fn a_client_that_reads_sees_every_state() {
    let mut log = Log::new(1 << 20);
    let (mut at, mut seen) = (0, 0);

    for n in 0..10_000 {
        state(&mut log, BARRIER, &format!("{n} {}", "x".repeat(300)));
        if n % 100 == 0 {
            seen += told(&log, at).len();
            at = log.next();
        }
    }

    assert_eq!(seen, 9_901);
}

#[test]
fn states_that_are_outdated_take_no_room() {
    let mut log = Log::new(1 << 20);
    state(&mut log, BARRIER, "closed");
    for n in 0..100_000 {
        state(&mut log, DEVICES, &format!("{n} {}", "x".repeat(1_000)));
    }

    assert!(log.entries.len() < 300, "{}", log.entries.len());
    assert_eq!(told(&log, 0)[0], "closed");
}

#[test]
fn whoever_has_more_events_to_hear_than_may_wait_is_too_far_behind() {
    let mut log = Log::new(3 * (2 + 5));
    for _ in 0..4 {
        event(&mut log, "event");
    }

    assert_eq!(log.read(0, 9, &Sight::All).unwrap_err(), TooFarBehind);
    assert_eq!(told(&log, 1).len(), 3);
    assert_eq!(log.entries.len(), 3);
}

#[test]
fn clients_that_catch_up_come_to_the_same_place() {
    let mut log = Log::new(1 << 20);
    for n in 0..1_000 {
        event(&mut log, &format!("{n:0300}"));
    }

    let first = log.read(0, 1_000, &Sight::All).unwrap();
    let later = log.read(7, 1_000, &Sight::All).unwrap();

    assert!(first.bytes.len() as u64 <= BATCH + 400 && first.next < 1_000);
    assert_eq!((first.next, first.frames), (later.next, later.frames + 7));
}

#[derive(Debug, Clone)]
enum Step {
    Event(usize),
    State(u32, usize),
    Take,
}

proptest! {
    #[test]
    fn no_event_is_lost_or_moved_and_the_last_state_is_right(
        steps in prop::collection::vec(step(), 0..200),
    ) {
        let mut log = Log::new(usize::MAX / 2);
        let (mut said, mut heard, mut at, mut conflated) = (Vec::new(), Vec::new(), 0, 0);

        for (n, step) in steps.into_iter().chain(std::iter::repeat_n(Step::Take, 60)).enumerate() {
            match step {
                Step::Event(size) => {
                    said.push(format!("event {n} {}", "x".repeat(size)));
                    event(&mut log, &said[said.len() - 1]);
                }
                Step::State(slot, size) => {
                    said.push(format!("state {slot} {n} {}", "x".repeat(size)));
                    state(&mut log, Slot(slot), &said[said.len() - 1]);
                }
                Step::Take => {
                    let batch = log.read(at, log.next(), &Sight::All).unwrap();
                    heard.extend(wire::read_texts(&batch.bytes));
                    conflated += batch.conflated;
                    at = batch.next;
                }
            }
        }

        let events = |all: &[String]| -> Vec<String> {
            all.iter().filter(|frame| frame.starts_with("event")).cloned().collect()
        };
        prop_assert_eq!(events(&heard), events(&said));
        for slot in 0..3 {
            let last = |all: &[String]| -> Option<String> {
                let of_slot = format!("state {slot} ");
                all.iter().rfind(|frame| frame.starts_with(&of_slot)).cloned()
            };
            prop_assert_eq!(last(&heard), last(&said));
        }
        let mut rest = said.iter();
        prop_assert!(heard.iter().all(|frame| rest.any(|other| other == frame)), "order");
        prop_assert_eq!(heard.len() + conflated, said.len());
    }
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0..20_000_usize).prop_map(Step::Event),
        (0..3_u32, 0..20_000_usize).prop_map(|(slot, size)| Step::State(slot, size)),
        Just(Step::Take),
    ]
}

fn event(log: &mut Log, text: &str) {
    log.push(Kind::Event, About::Gateway, text.into());
}

fn state(log: &mut Log, slot: Slot, text: &str) {
    log.push(Kind::State(slot), About::Gateway, text.into());
}

/// Everything that a client at this place is told.
fn told(log: &Log, mut from: u64) -> Vec<String> {
    let mut told = Vec::new();
    while from < log.next() {
        let batch = log.read(from, log.next(), &Sight::All).unwrap();
        told.extend(wire::read_texts(&batch.bytes));
        from = batch.next;
    }

    told
}
