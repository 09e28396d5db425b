//! What an agent relies on, case by case.

#![expect(clippy::unwrap_used, reason = "a test says what it expects by failing")]

use std::{
    error::Error,
    fs,
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use journal::{CommandRecord, Entry, Journal, OpenError};
use tempfile::TempDir;

#[test]
fn an_event_knows_its_number_when_it_is_encoded() {
    let (_dir, mut journal) = fresh();

    let entry = journal.append(at(0), "a/b", |seq| format!("{seq}!").into()).unwrap();

    assert_eq!(entry, Entry { seq: 1, topic: "a/b".into(), bytes: b"1!".into() });
    assert_eq!(journal.unacknowledged(0, 10).unwrap(), [entry]);
}

#[cfg(unix)]
#[test]
fn its_files_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let (dir, mut journal) = fresh();

    fill(&mut journal, 1);

    let files: Vec<_> =
        fs::read_dir(file(&dir).parent().unwrap()).unwrap().map(Result::unwrap).collect();
    assert!(files.len() >= 2, "{files:?}");
    for file in files {
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{file:?}");
    }
}

#[test]
fn events_that_belong_together_are_written_together() {
    let (_dir, mut journal) = fresh();

    journal.append_all(at(0), (0..3).map(|n| (format!("t/{n}"), text))).unwrap();
    assert_eq!(journal.append_all(at(0), (0..0).map(|_| ("t", text))).unwrap(), []);

    assert_eq!(seqs(&journal.range(1, None, 10).unwrap()), [1, 2, 3]);
    assert_eq!((journal.last_seq(), journal.unsent()), (3, 3));
}

#[test]
fn acknowledgements_may_come_in_any_order_and_again() {
    let (_dir, mut journal) = fresh();
    fill(&mut journal, 4);

    journal.acknowledge([3, 1]).unwrap();
    journal.acknowledge([3, 99, u64::MAX]).unwrap();

    assert_eq!(seqs(&journal.unacknowledged(0, 10).unwrap()), [2, 4]);
    assert_eq!(seqs(&journal.unacknowledged(2, 10).unwrap()), [4]);
    assert_eq!(seqs(&journal.unacknowledged(0, 1).unwrap()), [2]);
    assert_eq!(journal.unsent(), 2);
}

#[test]
fn a_range_includes_both_ends_and_what_is_acknowledged() {
    let (_dir, mut journal) = fresh();
    fill(&mut journal, 5);
    journal.acknowledge([3]).unwrap();

    assert_eq!(seqs(&journal.range(2, Some(4), 10).unwrap()), [2, 3, 4]);
    assert_eq!(seqs(&journal.range(2, None, 2).unwrap()), [2, 3]);
    assert_eq!(seqs(&journal.range(0, Some(u64::MAX), 10).unwrap()), [1, 2, 3, 4, 5]);
    assert_eq!(seqs(&journal.range(4, Some(2), 10).unwrap()), []);
}

#[test]
fn only_old_acknowledged_events_are_pruned() {
    let (_dir, mut journal) = fresh();
    for day in 0..4 {
        journal.append(at(day), "t", text).unwrap();
    }
    journal.acknowledge([1, 2, 4]).unwrap();

    assert_eq!(journal.prune(at(3), 1).unwrap(), 1);
    assert_eq!(journal.prune(at(3), 10).unwrap(), 1);
    assert_eq!(journal.prune(at(3), 10).unwrap(), 0);

    assert_eq!(seqs(&journal.range(1, None, 10).unwrap()), [3, 4]);
}

#[test]
fn a_journal_that_is_too_large_drops_what_is_acknowledged_the_oldest_first() {
    let (_dir, mut journal) = fresh();
    journal.append_all(at(0), (0..100).map(|_| ("t", large))).unwrap();
    let size = journal.size().unwrap();
    assert!(size > 100 * 4000, "{size}");
    journal.acknowledge((1..=60).chain(71..=80)).unwrap();

    assert_eq!(journal.prune_to(size, 10).unwrap(), 0, "it is not too large");
    assert_eq!(journal.prune_to(size - 1, 10).unwrap(), 10);
    assert_eq!(journal.range(1, None, 1).unwrap()[0].seq, 11);
    while journal.prune_to(0, 7).unwrap() > 0 {}

    assert_eq!(journal.range(1, None, 1).unwrap()[0].seq, 61, "it is not acknowledged");
    assert_eq!(journal.unsent(), 30);
    assert!(journal.size().unwrap() < size / 2);
}

#[test]
fn room_that_was_made_is_used_again() {
    let (dir, mut journal) = fresh();
    let length = || fs::metadata(file(&dir)).unwrap().len();
    let mut cycle = || {
        let entries = journal.append_all(at(0), (0..200).map(|_| ("t", large))).unwrap();
        journal.acknowledge(entries.iter().map(|entry| entry.seq)).unwrap();
        while journal.prune_to(200_000, 50).unwrap() > 0 {}
    };

    cycle();
    cycle();
    let full = length();
    for _ in 0..10 {
        cycle();
    }

    assert!(length() <= full + full / 4, "{} after {full}", length());
}

#[test]
fn a_number_is_not_reused_when_everything_was_pruned() {
    let (dir, mut journal) = fresh();
    fill(&mut journal, 3);
    journal.acknowledge(1..=3).unwrap();
    journal.prune(at(9), 10).unwrap();

    let mut journal = reopen(&dir, journal);

    assert_eq!(journal.append(at(9), "t", text).unwrap().seq, 4);
}

#[test]
fn everything_is_still_there_after_a_restart() {
    let (dir, mut journal) = fresh();
    fill(&mut journal, 3);
    journal.acknowledge([2]).unwrap();
    let (id, kept) = (journal.id().to_owned(), journal.range(1, None, 10).unwrap());

    let journal = reopen(&dir, journal);

    assert_eq!(journal.id(), id);
    assert_eq!((journal.last_seq(), journal.unsent()), (3, 2));
    assert_eq!(journal.range(1, None, 10).unwrap(), kept);
}

#[test]
fn each_journal_has_an_id_of_its_own() {
    assert_ne!(fresh().1.id(), fresh().1.id());
}

#[test]
fn a_command_is_new_once_and_keeps_its_first_outcome() {
    let (dir, mut journal) = fresh();

    assert_eq!(journal.remember_command("c", at(0)).unwrap(), CommandRecord::New);
    assert_eq!(journal.remember_command("c", at(1)).unwrap(), seen(None));

    let mut journal = reopen(&dir, journal);
    assert_eq!(journal.remember_command("c", at(1)).unwrap(), seen(None));
    journal.conclude_command("c", b"done").unwrap();
    journal.conclude_command("c", b"failed").unwrap();
    journal.conclude_command("other", b"done").unwrap();

    let mut journal = reopen(&dir, journal);
    assert_eq!(journal.remember_command("c", at(1)).unwrap(), seen(Some("done")));
    assert_eq!(journal.remember_command("other", at(1)).unwrap(), CommandRecord::New);
}

#[test]
fn old_commands_are_forgotten() {
    let (_dir, mut journal) = fresh();
    journal.remember_command("old", at(1)).unwrap();
    journal.remember_command("young", at(2)).unwrap();

    assert_eq!(journal.forget_commands(at(2)).unwrap(), 1);

    assert_eq!(journal.remember_command("young", at(3)).unwrap(), seen(None));
    assert_eq!(journal.remember_command("old", at(3)).unwrap(), CommandRecord::New);
}

#[test]
fn only_one_agent_uses_a_journal() {
    let (dir, journal) = fresh();
    let path = file(&dir);

    let error = Journal::open(&path).unwrap_err();

    assert!(matches!(error, OpenError::InUse { .. }), "{error:?}");
    assert_eq!(error.to_string(), format!("another agent uses the journal {}", path.display()));
    drop(journal);
    Journal::open(&path).unwrap();
}

#[test]
fn a_journal_of_a_later_version_is_refused() {
    let (dir, journal) = fresh();
    drop(journal);
    let database = rusqlite::Connection::open(file(&dir)).unwrap();
    database.execute_batch("PRAGMA user_version = 7").unwrap();
    drop(database);

    let error = Journal::open(&file(&dir)).unwrap_err();

    assert!(matches!(error, OpenError::Newer { found: 7, .. }), "{error:?}");
}

#[test]
fn an_empty_file_becomes_a_journal() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("empty.db");
    fs::write(&path, "").unwrap();

    assert_eq!(Journal::open(&path).unwrap().last_seq(), 0);
}

#[test]
fn a_directory_that_cannot_be_made_is_named() {
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("file"), "").unwrap();

    let error = Journal::open(&dir.path().join("file/journal.db")).unwrap_err();

    assert!(matches!(error, OpenError::Directory { .. }), "{error:?}");
    assert!(error.source().is_some());
}

#[test]
fn an_event_that_cannot_be_written_leaves_its_number_free() {
    let (_dir, mut journal) = fresh();
    fill(&mut journal, 1);

    // SQLite takes no value of a gigabyte or more; a full disk is harder to come by.
    journal.append(at(0), "t", |_| vec![0; 1_000_000_001]).unwrap_err();

    assert_eq!((journal.last_seq(), journal.unsent()), (1, 1));
    assert_eq!(journal.append(at(0), "t", text).unwrap().seq, 2);
}

fn fresh() -> (TempDir, Journal) {
    let dir = TempDir::new().unwrap();
    let journal = Journal::open(&file(&dir)).unwrap();

    (dir, journal)
}

fn reopen(dir: &TempDir, journal: Journal) -> Journal {
    drop(journal);
    Journal::open(&file(dir)).unwrap()
}

fn file(dir: &TempDir) -> PathBuf {
    dir.path().join(Path::new("state/gate_in/journal.db"))
}

fn fill(journal: &mut Journal, events: u64) {
    journal.append_all(at(0), (0..events).map(|_| ("t", text))).unwrap();
}

fn large(seq: u64) -> Vec<u8> {
    vec![seq as u8; 4000]
}

fn text(seq: u64) -> Vec<u8> {
    format!("event {seq}").into()
}

fn seqs(entries: &[Entry]) -> Vec<u64> {
    entries.iter().map(|entry| entry.seq).collect()
}

fn seen(outcome: Option<&str>) -> CommandRecord {
    CommandRecord::Seen { outcome: outcome.map(Into::into) }
}

fn at(day: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(day * 86_400)
}
