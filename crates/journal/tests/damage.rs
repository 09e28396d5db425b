//! Damaged files: they are kept, said to be damaged, and do not keep a gate from starting.

#![expect(clippy::unwrap_used, reason = "a test says what it expects by failing")]

use std::{
    fs,
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use journal::{Journal, OpenError, is_damage};
use tempfile::TempDir;

#[test]
fn a_file_that_is_no_database_is_kept_and_makes_way() {
    let bench = Bench::new();
    let text = "Dear diary, ".repeat(100);
    fs::write(bench.path(), &text).unwrap();

    let journal = Journal::open(&bench.path()).unwrap();

    let aside = journal.set_aside().unwrap();
    assert_eq!(aside.path, bench.aside(1));
    assert!(aside.reason.contains("not a database"), "{}", aside.reason);
    assert_eq!(fs::read_to_string(&aside.path).unwrap(), text);
    assert_eq!((journal.last_seq(), journal.unsent()), (0, 0));
}

#[test]
fn a_journal_that_was_cut_short_is_kept_with_its_log() {
    let bench = Bench::new();
    let _old = bench.filled();
    let left = bench.copy_of(&bench.path(), "left.journal");
    fs::write(&left, &fs::read(&left).unwrap()[..50]).unwrap();
    let log = fs::read(beside(&left, "-wal")).unwrap();

    let journal = Journal::open(&left).unwrap();

    let aside = journal.set_aside().unwrap();
    assert_eq!(fs::metadata(&aside.path).unwrap().len(), 50);
    assert_eq!(fs::read(beside(&aside.path, "-wal")).unwrap(), log);
}

#[test]
fn pages_that_were_overwritten_are_noticed_where_events_wait_for_the_broker() {
    let bench = Bench::new();
    drop(bench.filled());
    let mut bytes = fs::read(bench.path()).unwrap();
    let middle = bytes.len() / 2 / 4096 * 4096;
    bytes[middle..].fill(0xa5);
    fs::write(bench.path(), bytes).unwrap();

    let journal = Journal::open(&bench.path()).unwrap();

    assert!(journal.set_aside().is_some());
    assert_eq!(journal.last_seq(), 0, "a new one");
}

#[test]
fn an_event_that_is_gone_is_noticed() {
    let bench = Bench::new();
    let id = bench.filled().id().to_owned();
    let database = rusqlite::Connection::open(bench.path()).unwrap();
    database.execute("DELETE FROM entry WHERE seq = 7", []).unwrap();
    drop(database);

    let journal = Journal::open(&bench.path()).unwrap();

    let reason = &journal.set_aside().unwrap().reason;
    assert_eq!(reason, "of 200 events that were not published it has 199");
    assert_ne!(journal.id(), id);
    assert_eq!(journal.noted("mode").unwrap().as_deref(), Some("held_closed"), "it can be read");
}

#[test]
fn an_empty_file_beside_a_log_is_not_begun_anew_without_a_word() {
    let bench = Bench::new();
    let _old = bench.filled();
    let left = bench.copy_of(&bench.path(), "left.journal");
    let log = fs::read(beside(&left, "-wal")).unwrap();
    fs::write(&left, "").unwrap();

    let journal = Journal::open(&left).unwrap();

    let aside = journal.set_aside().unwrap();
    assert_eq!(fs::read(beside(&aside.path, "-wal")).unwrap(), log);
}

#[test]
fn what_was_set_aside_is_told_of_until_it_is_moved_away() {
    let bench = Bench::new();
    fs::write(bench.path(), "short").unwrap();
    let first = Journal::open(&bench.path()).unwrap();
    let aside = first.set_aside().unwrap().clone();
    drop(first);

    assert_eq!(Journal::open(&bench.path()).unwrap().set_aside(), Some(&aside));
    fs::remove_file(&aside.path).unwrap();
    assert_eq!(Journal::open(&bench.path()).unwrap().set_aside(), None);
}

#[test]
fn each_damaged_journal_has_a_name_of_its_own() {
    let bench = Bench::new();

    for number in 1..=3 {
        fs::write(bench.path(), format!("short {number}")).unwrap();
        let journal = Journal::open(&bench.path()).unwrap();
        assert_eq!(journal.set_aside().unwrap().path, bench.aside(number));
    }
    assert_eq!(fs::read_to_string(bench.aside(2)).unwrap(), "short 2");
}

#[test]
fn a_journal_that_turns_out_to_be_damaged_is_replaced_while_it_is_open() {
    let bench = Bench::new();
    let mut journal = bench.filled();
    // More than it keeps in memory.
    journal.append_all(UNIX_EPOCH, (0..2000).map(|_| ("t", |_| vec![0; 300]))).unwrap();
    drop(journal);
    let journal = Journal::open(&bench.path()).unwrap();
    let mut bytes = fs::read(bench.path()).unwrap();
    bytes[4096..].fill(0xa5);
    fs::write(bench.path(), bytes).unwrap();
    let error = journal.range(1, None, 1000).map(|_| "all is there").unwrap_err();
    assert!(is_damage(&error), "{error:?}");

    let mut journal = journal.replace(&error).unwrap();

    assert_eq!(journal.set_aside().unwrap().path, bench.aside(1));
    assert_eq!(journal.append(UNIX_EPOCH, "t", |_| vec![1]).unwrap().seq, 1);
}

#[test]
fn another_programs_database_is_left_alone() {
    let bench = Bench::new();
    let database = rusqlite::Connection::open(bench.path()).unwrap();
    database.execute_batch("CREATE TABLE photo (name TEXT)").unwrap();
    drop(database);
    let bytes = fs::read(bench.path()).unwrap();

    let error = Journal::open(&bench.path()).unwrap_err();

    assert!(matches!(error, OpenError::NotAJournal { .. }), "{error:?}");
    assert_eq!(fs::read(bench.path()).unwrap(), bytes);
}

struct Bench(TempDir);

impl Bench {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("gate_in.journal")
    }

    fn aside(&self, number: u32) -> PathBuf {
        self.0.path().join(format!("gate_in.journal.damaged-{number}"))
    }

    /// A journal of several pages that nobody has read.
    fn filled(&self) -> Journal {
        let mut journal = Journal::open(&self.path()).unwrap();
        journal.note("mode", "held_closed").unwrap();
        let event = |seq: u64| vec![seq as u8; 300];
        journal.append_all(UNIX_EPOCH, (0..200).map(|_| ("t", event))).unwrap();

        journal
    }

    /// As a process that is killed leaves it.
    fn copy_of(&self, path: &Path, name: &str) -> PathBuf {
        let copy = self.0.path().join(name);
        fs::copy(path, &copy).unwrap();
        fs::copy(beside(path, "-wal"), beside(&copy, "-wal")).unwrap();

        copy
    }
}

fn beside(path: &Path, end: &str) -> PathBuf {
    format!("{}{end}", path.display()).into()
}
