//! Damaged journals: how one is known, and what is kept of it.

use std::{error::Error, path::PathBuf};

use rusqlite::Connection;
use sqlite_file::Stump;

use crate::Journal;

/// A damaged journal that was renamed. Its events are records: it is kept until somebody has looked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetAside {
    /// Where it lies, with its log beside it.
    pub path: PathBuf,
    /// What is wrong with it.
    pub reason: String,
}

impl SetAside {
    pub(crate) fn to_note(&self) -> String {
        format!("{}\n{}", self.path.display(), self.reason)
    }

    /// `None` once it has been moved away.
    pub(crate) fn from_note(note: &str) -> Option<Self> {
        let (path, reason) = note.split_once('\n')?;
        let path = PathBuf::from(path);

        path.exists().then(|| Self { path, reason: reason.to_owned() })
    }
}

/// What is wrong with a journal.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Damage {
    #[error(transparent)]
    Stump(#[from] Stump),
    #[error("it has format {0}, which never was")]
    Format(i64),
    #[error("SQLite cannot read it: {0}")]
    Unreadable(rusqlite::Error),
    #[error("of {unsent} events that were not published it has {found}")]
    Missing { unsent: u64, found: i64 },
    #[error("it has an event {found}, and gave no number beyond {last}")]
    Numbers { found: i64, last: u64 },
    #[error("{0}")]
    Found(String),
}

/// Whether an error of a journal says that its file is damaged, rather than its disk full or away.
pub fn is_damage(error: &(dyn Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref() {
            return sqlite_file::is_damage(error);
        }
        cause = error.source();
    }

    false
}

/// Reads all that has to be published yet. The rest is not looked at: a journal may have hundreds
/// of megabytes, and its gate is waiting.
pub(crate) fn check(journal: &Journal) -> rusqlite::Result<Result<(), Damage>> {
    let number = |sql| journal.connection.query_row(sql, [], |row| row.get::<_, i64>(0));

    let found =
        number("SELECT count(length(topic) + length(bytes)) FROM pending JOIN entry USING (seq)")?;
    if found.unsigned_abs() != journal.unsent {
        return Ok(Err(Damage::Missing { unsent: journal.unsent, found }));
    }
    let highest = number("SELECT coalesce(max(seq), 0) FROM entry")?;
    if highest.unsigned_abs() > journal.last_seq {
        return Ok(Err(Damage::Numbers { found: highest, last: journal.last_seq }));
    }

    Ok(Ok(()))
}

/// The notes of a damaged journal, as far as they can be read.
pub(crate) fn notes(connection: &Connection) -> Vec<(String, String)> {
    let read = || -> rusqlite::Result<Vec<_>> {
        let mut statement = connection.prepare("SELECT name, text FROM note")?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;

        rows.collect()
    };

    read().unwrap_or_default()
}
