//! The tables, and the types of SQLite.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// "MnlJ": tells a journal from any other SQLite database.
pub(crate) const APPLICATION_ID: i64 = 0x4d6e_6c4a;

/// The version of [`TABLES`].
pub(crate) const VERSION: i64 = 1;

/// `entry` is `AUTOINCREMENT`, so that a number is not reused after its row was pruned.
/// `pending` is a table of its own, so that an acknowledgement rewrites no event.
pub(crate) const TABLES: &str = "
    CREATE TABLE journal (id TEXT NOT NULL) STRICT;
    CREATE TABLE entry (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        topic TEXT NOT NULL,
        bytes BLOB NOT NULL,
        made_ms INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX entry_by_age ON entry (made_ms);
    CREATE TABLE pending (seq INTEGER PRIMARY KEY) STRICT;
    CREATE TABLE command (
        id TEXT PRIMARY KEY,
        seen_ms INTEGER NOT NULL,
        outcome BLOB
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX command_by_age ON command (seen_ms);
    CREATE TABLE note (name TEXT PRIMARY KEY, text TEXT NOT NULL) STRICT, WITHOUT ROWID;
";

/// A number or a count as SQLite keeps it; no journal gets anywhere near the end of either.
pub(crate) fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Milliseconds since 1970, negative before.
pub(crate) fn millis(time: SystemTime) -> i64 {
    let whole = |span: Duration| i64::try_from(span.as_millis()).unwrap_or(i64::MAX);

    match time.duration_since(UNIX_EPOCH) {
        Ok(since) => whole(since),
        Err(before) => -whole(before.duration()),
    }
}
