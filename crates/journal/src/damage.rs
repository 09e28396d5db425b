//! Damaged journals: how one is known, and how it gets out of the way without losing a byte.

use std::{
    error::Error,
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
};

use rusqlite::{Connection, ErrorCode, ffi};

use crate::Journal;

/// What SQLite keeps beside a database, by the end of the name; the first is the database itself.
const FILES: [&str; 4] = ["", "-wal", "-shm", "-journal"];
/// Bytes without which no file is a database.
const HEADER: u64 = 100;

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
    #[error("the file is empty and its log is not")]
    Emptied,
    #[error("the file is too short for anything")]
    Short,
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
            return is_in(error);
        }
        cause = error.source();
    }

    false
}

pub(crate) fn is_in(error: &rusqlite::Error) -> bool {
    let Some(failure) = error.sqlite_error() else { return true };

    // `Unknown` is what a damaged schema leads to: a table or a column that is not there.
    matches!(
        failure.code,
        ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt | ErrorCode::Unknown
    ) || matches!(
        // A file that was cut short, or has sectors that the disk cannot read.
        failure.extended_code,
        ffi::SQLITE_IOERR_READ
            | ffi::SQLITE_IOERR_SHORT_READ
            | ffi::SQLITE_IOERR_CORRUPTFS
            | ffi::SQLITE_IOERR_DATA
    )
}

/// What SQLite takes for an empty database, and would begin anew without a word.
pub(crate) fn look_at_size(path: &Path) -> Result<(), Damage> {
    let size = |path: &Path| fs::metadata(path).map_or(0, |metadata| metadata.len());

    match size(path) {
        0 if size(&beside(path, "-wal")) > 0 => Err(Damage::Emptied),
        1..HEADER => Err(Damage::Short),
        _ => Ok(()),
    }
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

/// Renames the database and what lies beside it, which keep their names to each other.
pub(crate) fn set_aside(path: &Path) -> io::Result<PathBuf> {
    let is_free = |aside: &PathBuf| FILES.iter().all(|end| !beside(aside, end).exists());
    let names = (1_u32..).map(|number| beside(path, &format!(".damaged-{number}")));
    let aside = names.into_iter().find(is_free).expect("a directory has fewer than 2^32 files");

    for end in FILES {
        match fs::rename(beside(path, end), beside(&aside, end)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }

    Ok(aside)
}

fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(end);

    name.into()
}
