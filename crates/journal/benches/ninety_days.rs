//! What 90 days of 5,000 events cost: the same work by turns on a journal that is full of them and
//! on one that is empty. `cargo bench -p journal`.

#![expect(clippy::unwrap_used, reason = "a benchmark that fails has nothing to say")]
#![expect(clippy::print_stdout, reason = "the table is what this is for")]

use std::{
    fs,
    time::{Duration, Instant, SystemTime},
};

use journal::Journal;
use tempfile::TempDir;

const DAYS: u64 = 90;
const EVENTS: u64 = 5_000;
const ROUNDS: usize = 300;
/// As many as the agent asks for at once.
const BATCH: usize = 32;
const PAGE: usize = 64;

fn main() {
    let dir = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let path = |name: &str| dir.path().join(name);
    let full = &mut Journal::open(&path("full.journal")).unwrap();
    let empty = &mut Journal::open(&path("empty.journal")).unwrap();
    fill(full);
    println!(
        "{} events: {} bytes in use, {} each",
        full.last_seq(),
        full.size().unwrap(),
        full.size().unwrap() / full.last_seq()
    );

    println!("| median of {ROUNDS} (µs) | full | empty | full : empty |\n|---|---:|---:|---:|");
    compare("append one event, durably", [full, empty], |journal| {
        append(journal, 1);
    });
    compare("append, fetch and acknowledge 32", [full, empty], |journal| {
        append(journal, BATCH);
        let entries = journal.unacknowledged(0, BATCH).unwrap();
        journal.acknowledge(entries.iter().map(|entry| entry.seq)).unwrap();
    });
    compare("note a command", [full, empty], |journal| {
        let id = fresh().to_string();
        journal.remember_command(&id, SystemTime::now()).unwrap();
    });
    compare("read 64 events again, of any age", [full, empty], |journal| {
        let first = fresh() % journal.last_seq() + 1;
        assert!(!journal.range(first, None, PAGE).unwrap().is_empty());
    });
    for journal in [&mut *full, &mut *empty] {
        let unsent = journal.unacknowledged(0, usize::MAX).unwrap();
        journal.acknowledge(unsent.iter().map(|entry| entry.seq)).unwrap();
    }
    compare("append and acknowledge 100, drop 100", [full, empty], |journal| {
        let entries = append(journal, 100);
        journal.acknowledge(entries).unwrap();
        assert_eq!(journal.prune_to(0, 100).unwrap(), 100);
    });
    compare_opening(&path);
    println!(
        "the file of the full one: {} bytes",
        fs::metadata(path("full.journal")).unwrap().len()
    );
}

fn compare(what: &str, journals: [&mut Journal; 2], work: impl Fn(&mut Journal)) {
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        for (journal, times) in [0, 1].into_iter().zip(&mut times) {
            times.push(timed(|| work(&mut *journals[journal])));
        }
    }

    tell(what, times);
}

fn compare_opening(path: &impl Fn(&str) -> std::path::PathBuf) {
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..ROUNDS / 10 {
        for (name, times) in ["full", "empty"].into_iter().zip(&mut times) {
            let copy = path("copy.journal");
            fs::copy(path(&format!("{name}.journal")), &copy).unwrap();
            times.push(timed(|| drop(Journal::open(&copy).unwrap())));
            fs::remove_file(copy).unwrap();
        }
    }

    tell("open", times);
}

fn tell(what: &str, times: [Vec<Duration>; 2]) {
    let [full, empty] = times.map(|mut times| {
        times.sort();
        times[times.len() / 2].as_secs_f64() * 1e6
    });

    println!("| {what} | {full:.0} | {empty:.0} | {:.2} |", full / empty);
}

fn timed(work: impl FnOnce()) -> Duration {
    let began = Instant::now();
    work();

    began.elapsed()
}

fn fill(journal: &mut Journal) {
    const DAY: Duration = Duration::from_secs(24 * 3600);

    for day in (0..DAYS).rev() {
        let made = SystemTime::now() - DAY * u32::try_from(day).unwrap();
        let events = (0..EVENTS).map(|_| ("parking/gate_in/parking_event", event));
        let entries = journal.append_all(made, events).unwrap();
        journal.acknowledge(entries.iter().map(|entry| entry.seq)).unwrap();
    }
}

fn append(journal: &mut Journal, events: usize) -> Vec<u64> {
    let events = (0..events).map(|_| ("parking/gate_in/parking_event", event));
    let entries = journal.append_all(SystemTime::now(), events).unwrap();

    entries.iter().map(|entry| entry.seq).collect()
}

/// As long as one with all its fields.
fn event(seq: u64) -> Vec<u8> {
    let mut text = format!(
        r#"{{"type":"parking_event","payload":{{"event":"entry","event_id":"01a229ab-3ce8-7b11-9a10-2f0d9f6d4f11","card_id":"04A1B2C3"}},"gate_id":"gate_in","timestamp":"2026-11-29T23:36:52.123456Z","id":"01a229ab-3ce8-7b11-9a10-2f0d9f6d4f12","journal":"01a229ab-3ce8-7b11-9a10-2f0d9f6d4f13","seq":{seq},"cause":"01a229ab-3ce8-7b11-9a10-2f0d9f6d4f14"}}"#
    );
    text.truncate(400);

    text.into_bytes()
}

/// A number that is another each time.
fn fresh() -> u64 {
    static NUMBER: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);

    NUMBER.fetch_add(7_919, std::sync::atomic::Ordering::Relaxed)
}
