//! Opening a journal, or making one.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{Connection, ErrorCode, TransactionBehavior};
use uuid::Uuid;

use crate::{
    Journal,
    schema::{APPLICATION_ID, TABLES, VERSION},
};

/// The journal cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Its directory does not exist and cannot be made.
    #[error("cannot make the directory {path}", path = path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another process holds it.
    #[error("another agent uses the journal {path}", path = path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// The file is something else.
    #[error("{path} is not a journal", path = path.display())]
    NotAJournal {
        /// The file.
        path: PathBuf,
    },
    /// A later version of this program made it.
    #[error(
        "the journal {path} has format {found}, and this program knows formats up to {VERSION}",
        path = path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: i64,
    },
    /// SQLite cannot read or write it.
    #[error("cannot open the journal {path}", path = path.display())]
    Broken {
        /// The file.
        path: PathBuf,
        /// Why.
        source: rusqlite::Error,
    },
}

/// How the file is used once it is known to be ours.
///
/// `FULL` makes a commit wait for the disk. The cache is 256 KiB, the log about 1 MiB.
const SETTINGS: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA cache_size = -256;
    PRAGMA wal_autocheckpoint = 256;
    PRAGMA journal_size_limit = 1048576;
";

/// What a file turns out to be.
enum Contents {
    Nothing,
    Journal { format: i64 },
    SomethingElse,
}

impl Journal {
    /// Opens the journal at `path`, or makes it, and its directory, where there is none.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        make_directory(path)?;

        let explain = |source| explain(path, source);
        let mut connection = connect(path).map_err(explain)?;

        match inspect(&connection).map_err(explain)? {
            Contents::Nothing => make(&mut connection).map_err(explain)?,
            Contents::Journal { format: VERSION } => {}
            Contents::Journal { format } => {
                return Err(OpenError::Newer { path: path.to_owned(), found: format });
            }
            Contents::SomethingElse => {
                return Err(OpenError::NotAJournal { path: path.to_owned() });
            }
        }

        load(path, connection).map_err(explain)
    }
}

fn make_directory(path: &Path) -> Result<(), OpenError> {
    let directory = path.parent().unwrap_or(path);

    fs::create_dir_all(directory)
        .map_err(|source| OpenError::Directory { path: directory.to_owned(), source })
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;

    // Whoever holds the lock holds it for its lifetime: there is nothing to wait for.
    connection.busy_timeout(Duration::ZERO)?;
    // Before the first look into the file: then the log needs no shared memory either.
    connection.execute_batch("PRAGMA locking_mode = EXCLUSIVE")?;

    Ok(connection)
}

fn inspect(connection: &Connection) -> rusqlite::Result<Contents> {
    let number = |sql| connection.query_row(sql, [], |row| row.get::<_, i64>(0));

    if number("PRAGMA application_id")? == APPLICATION_ID {
        return Ok(Contents::Journal { format: number("PRAGMA user_version")? });
    }

    match number("SELECT count(*) FROM sqlite_schema")? {
        0 => Ok(Contents::Nothing),
        _ => Ok(Contents::SomethingElse),
    }
}

/// All or nothing: a crash half-way leaves a file that counts as empty.
fn make(connection: &mut Connection) -> rusqlite::Result<()> {
    connection.execute_batch(SETTINGS)?;

    let transaction = connection.transaction_with_behavior(TransactionBehavior::Exclusive)?;
    transaction.execute_batch(TABLES)?;
    transaction.execute("INSERT INTO journal (id) VALUES (?1)", [Uuid::now_v7().to_string()])?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", VERSION)?;

    transaction.commit()
}

fn load(path: &Path, connection: Connection) -> rusqlite::Result<Journal> {
    connection.execute_batch(SETTINGS)?;
    // Takes the lock now rather than with the first event.
    connection.execute_batch("BEGIN EXCLUSIVE; COMMIT")?;

    let id = connection.query_row("SELECT id FROM journal", [], |row| row.get(0))?;
    let last_seq = connection.query_row(
        "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'entry'",
        [],
        |row| row.get::<_, i64>(0),
    )?;
    let unsent =
        connection.query_row("SELECT count(*) FROM pending", [], |row| row.get::<_, i64>(0))?;

    Ok(Journal {
        connection,
        path: path.to_owned(),
        id,
        last_seq: last_seq.unsigned_abs(),
        unsent: unsent.unsigned_abs(),
    })
}

fn explain(path: &Path, source: rusqlite::Error) -> OpenError {
    let path = path.to_owned();

    match source.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => OpenError::InUse { path },
        Some(ErrorCode::NotADatabase) => OpenError::NotAJournal { path },
        _ => OpenError::Broken { path, source },
    }
}
