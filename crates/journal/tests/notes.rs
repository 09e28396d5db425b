//! Notes outlive the process that wrote them.

use journal::Journal;

#[test]
fn the_latest_note_is_there_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("gate.db");
    let mut journal = Journal::open(&path).unwrap();
    assert_eq!(journal.noted("mode").unwrap(), None);

    journal.note("mode", "held_open").unwrap();
    journal.note("mode", "emergency_open").unwrap();
    drop(journal);

    let journal = Journal::open(&path).unwrap();
    assert_eq!(journal.noted("mode").unwrap().as_deref(), Some("emergency_open"));
}
