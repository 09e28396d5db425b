//! A process that appends and drains is killed at any moment, again and again: what it was told is
//! durable is there, in order, without a gap, once.
//!
//! A process that is killed leaves its writes to the system, which finishes them: this is what a
//! crash does. What the loss of power does besides rests on SQLite and on the disk.

#![expect(clippy::unwrap_used, reason = "a test says what it expects by failing")]

use std::{
    env,
    io::{self, BufRead, BufReader, Write},
    path::Path,
    process::{Command, Stdio},
    sync::mpsc::channel,
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use journal::{CommandRecord, Journal};
use tempfile::TempDir;

/// When a process is killed, counted from its start.
const KILLED_WITHIN: u64 = 60_000;
const WINDOW: usize = 16;

#[test]
fn nothing_that_was_durable_is_missing_after_a_power_cut() {
    cut_the_power(12);
}

#[test]
#[ignore = "takes half a minute: `make cuts`"]
fn nothing_that_was_durable_is_missing_after_two_hundred_power_cuts() {
    cut_the_power(200);
}

fn cut_the_power(rounds: u64) {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("gate_in.journal");
    let mut ledger = Ledger::default();
    let mut cut = 0;

    for round in 0..rounds {
        // A prime number of microseconds further each time: all over the whole time.
        let after = Duration::from_micros(round * 7_919 % KILLED_WITHIN);
        cut += ledger.enter(run_for(after, &path));
        ledger.compare(&path);
    }

    assert!(ledger.durable > rounds, "hardly anything was written: {ledger:?}");
    assert!(cut > rounds / 4, "it was killed before it had begun: {cut} of {rounds}");
}

/// What the process said: `durable SEQ`, `acknowledged SEQ`, `command N`.
#[derive(Debug, Default)]
struct Ledger {
    id: Option<String>,
    durable: u64,
    acknowledged: u64,
    commands: Vec<u64>,
}

impl Ledger {
    /// Whether anything was said at all.
    fn enter(&mut self, said: Vec<(String, u64)>) -> u64 {
        let any = u64::from(!said.is_empty());

        for (what, number) in said {
            match what.as_str() {
                "durable" => self.durable = number,
                "acknowledged" => self.acknowledged = number,
                "command" => self.commands.push(number),
                other => panic!("what is `{other}`?"),
            }
        }

        any
    }

    fn compare(&mut self, path: &Path) {
        let mut journal = Journal::open(path).unwrap();
        assert_eq!(journal.set_aside(), None, "it is not damaged");
        let id = self.id.get_or_insert_with(|| journal.id().to_owned());
        assert_eq!(id, journal.id());

        let last = journal.last_seq();
        assert!(last >= self.durable, "{last} events are there, {} were durable", self.durable);
        let entries = journal.range(1, None, usize::MAX).unwrap();
        assert!(entries.iter().map(|entry| entry.seq).eq(1..=last), "a gap, or one twice");
        assert!(entries.iter().all(|entry| entry.bytes == event(entry.seq)), "other bytes");
        let unsent = journal.unacknowledged(0, usize::MAX).unwrap();
        // Drained in order: what is left begins where the acknowledgements end.
        let first = unsent.first().map_or(last + 1, |entry| entry.seq);
        assert!(first > self.acknowledged, "{first} was acknowledged and comes again");
        assert!(unsent.iter().map(|entry| entry.seq).eq(first..=last));
        for number in self.commands.drain(..) {
            let record = journal.remember_command(&number.to_string(), UNIX_EPOCH).unwrap();
            assert!(matches!(record, CommandRecord::Seen { .. }), "command {number} is forgotten");
        }
        (self.durable, self.acknowledged) = (last, first - 1);
    }
}

/// What the process said until it was killed.
fn run_for(time: Duration, path: &Path) -> Vec<(String, u64)> {
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["appends_and_drains_until_it_is_killed", "--exact", "--ignored", "--nocapture"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(format!("{}\n", path.display()).as_bytes()).unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let (sender, said) = channel();
    let listener = thread::spawn(move || {
        while let Some(Ok(line)) = lines.next() {
            let words =
                line.split_once(' ').map(|(what, number)| (what.to_owned(), number.parse()));
            if let Some((what, Ok(number))) = words {
                sender.send((what, number)).unwrap();
            }
        }
    });

    // From the moment when it has the journal open: starting takes longer than anything else.
    let mut heard = Vec::new();
    match said.recv() {
        Ok((what, 0)) if what == "open" => {}
        other => panic!("it does not open the journal: {other:?}"),
    }
    let end = Instant::now() + time;
    while let Ok(words) = said.recv_timeout(end.saturating_duration_since(Instant::now())) {
        heard.push(words);
    }
    child.kill().unwrap();
    assert_eq!(child.wait().unwrap().code(), None, "it ended by itself");
    listener.join().unwrap();
    heard.extend(said);

    heard
}

#[test]
#[ignore = "it is the process that is killed, and does nothing without the one that kills it"]
fn appends_and_drains_until_it_is_killed() {
    let mut path = String::new();
    io::stdin().read_line(&mut path).unwrap();
    if path.is_empty() {
        return;
    }
    let mut journal = Journal::open(path.trim().as_ref()).unwrap();
    say("open", 0);

    for turn in 1_u64.. {
        let events = (0..turn % 3).map(|_| ("parking/gate_in/parking_event", event));
        if let Some(entry) = journal.append_all(SystemTime::now(), events).unwrap().last() {
            say("durable", entry.seq);
        }
        let number = journal.last_seq() + 1;
        if turn % 4 == 0 {
            journal.remember_command(&number.to_string(), SystemTime::now()).unwrap();
            say("command", number);
        }
        let window = journal.unacknowledged(0, WINDOW).unwrap();
        if let Some(last) = window.last().filter(|_| turn % 5 == 0) {
            journal.acknowledge(window.iter().map(|entry| entry.seq)).unwrap();
            say("acknowledged", last.seq);
        }
    }
}

fn event(seq: u64) -> Vec<u8> {
    (0..seq % 700).map(|n| (n ^ seq) as u8).collect()
}

/// A line must not come in two halves.
fn say(what: &str, number: u64) {
    io::stdout().write_all(format!("\n{what} {number}\n").as_bytes()).unwrap();
}
