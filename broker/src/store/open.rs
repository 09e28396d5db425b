//! Opening a store, or making one. A damaged one makes way for a new one.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use rusqlite::{Connection, ErrorCode, TransactionBehavior};
use sqlite_file::Stump;
use tracing::error;

use super::{
    Durability,
    contents::{Contents, ReadError},
    database::Database,
    schema::{APPLICATION_ID, TABLES, VERSION},
};

/// One for each SQL text in `database.rs`, and some.
const STATEMENTS: usize = 32;

/// The cache is 8 MiB; the log is copied into the database at 16 MiB, and cut to that.
const SETTINGS: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA cache_size = -8192;
    PRAGMA wal_autocheckpoint = 4096;
    PRAGMA journal_size_limit = 16777216;
    PRAGMA cell_size_check = ON;
    PRAGMA trusted_schema = OFF;
";

/// The store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    #[error("cannot make the directory {path}", path = path.display())]
    Directory { path: PathBuf, source: io::Error },
    #[error("cannot make the file {path}", path = path.display())]
    File { path: PathBuf, source: io::Error },
    #[error(
        "another broker uses the store {path}: end it, or give this one a `data_dir` of its own",
        path = path.display()
    )]
    InUse { path: PathBuf },
    #[error("{path} is the database of another program: move it away", path = path.display())]
    NotAStore { path: PathBuf },
    #[error(
        "the store {path} has format {found}, and this program knows formats up to {VERSION}: \
         run the version that wrote it, or move it away",
        path = path.display()
    )]
    Newer { path: PathBuf, found: i64 },
    #[error("cannot open the store {path}", path = path.display())]
    Broken { path: PathBuf, source: rusqlite::Error },
    #[error(
        "the store {path} is damaged and cannot be set aside: move it away",
        path = path.display()
    )]
    SetAside { path: PathBuf, source: io::Error },
    #[error("cannot start the thread of the store")]
    Thread(#[source] io::Error),
}

/// What is wrong with a store that only has to get out of the way.
#[derive(Debug, thiserror::Error)]
enum Damage {
    #[error(transparent)]
    Stump(#[from] Stump),
    #[error("it says that it is another program's, and has the tables of a store")]
    Disguised,
    #[error("it has format {0}, which never was")]
    Format(i64),
    #[error("SQLite finds it damaged: {0}")]
    Check(String),
    #[error("SQLite cannot read it: {0}")]
    Unreadable(rusqlite::Error),
    #[error("its rows make no sense: {0}")]
    Rows(ReadError),
}

/// Why a store does not open.
enum Obstacle {
    Damaged(Damage),
    Refused(OpenError),
}

/// What a file turns out to be.
enum Kind {
    Nothing,
    Store { format: i64 },
    OtherProgram,
}

/// Opens the store at `path`, or makes it, and its directory, where there is none.
///
/// A damaged one is renamed, and an empty one takes its place.
pub(super) fn open(path: &Path, durability: Durability) -> Result<(Database, Contents), OpenError> {
    make_directory(path)?;

    let damage = match attempt(path, durability) {
        Ok(opened) => return Ok(opened),
        Err(Obstacle::Refused(error)) => return Err(error),
        Err(Obstacle::Damaged(damage)) => damage,
    };
    let aside = sqlite_file::set_aside(path)
        .map_err(|source| OpenError::SetAside { path: path.to_owned(), source })?;
    error!(
        store = %path.display(),
        set_aside = %aside.display(),
        reason = %damage,
        "The store is damaged: retained messages, sessions and what waited for them are lost. \
         The broker goes on with an empty store; look at the disk, and delete what was set aside"
    );

    match attempt(path, durability) {
        Ok((database, contents)) => Ok((database, Contents { set_aside: Some(aside), ..contents })),
        Err(Obstacle::Refused(error)) => Err(error),
        Err(Obstacle::Damaged(damage)) => Err(OpenError::SetAside {
            path: path.to_owned(),
            source: io::Error::other(damage.to_string()),
        }),
    }
}

fn make_directory(path: &Path) -> Result<(), OpenError> {
    let directory = path.parent().unwrap_or(path);

    fs::create_dir_all(directory)
        .map_err(|source| OpenError::Directory { path: directory.to_owned(), source })
}

fn attempt(path: &Path, durability: Durability) -> Result<(Database, Contents), Obstacle> {
    sqlite_file::look_at_size(path).map_err(|stump| Obstacle::Damaged(stump.into()))?;
    sqlite_file::keep_private(path)
        .map_err(|source| Obstacle::Refused(OpenError::File { path: path.to_owned(), source }))?;

    let explain = |source| explain(path, source);
    let mut connection = connect(path, durability).map_err(explain)?;
    match inspect(&connection).map_err(explain)? {
        Kind::Nothing => make(&mut connection).map_err(explain)?,
        Kind::Store { format: VERSION } => {}
        Kind::Store { format } if format < VERSION => {
            return Err(Obstacle::Damaged(Damage::Format(format)));
        }
        Kind::Store { format } => {
            let path = path.to_owned();
            return Err(Obstacle::Refused(OpenError::Newer { path, found: format }));
        }
        Kind::OtherProgram if has_our_tables(&connection).map_err(explain)? => {
            return Err(Obstacle::Damaged(Damage::Disguised));
        }
        Kind::OtherProgram => {
            return Err(Obstacle::Refused(OpenError::NotAStore { path: path.to_owned() }));
        }
    }

    settle(&connection).map_err(explain)?;
    check(&connection).map_err(explain)?.map_err(Obstacle::Damaged)?;
    match Contents::read(&connection) {
        Ok(contents) => {
            sqlite_file::keep_log_in_order(&connection).map_err(explain)?;
            Ok((Database { connection }, contents))
        }
        Err(error) => Err(Obstacle::Damaged(Damage::Rows(error))),
    }
}

fn connect(path: &Path, durability: Durability) -> rusqlite::Result<Connection> {
    let connection = sqlite_file::connect(path)?;

    connection.execute_batch(match durability {
        // macOS takes a plain fsync as a suggestion.
        Durability::PowerLoss => {
            "PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON"
        }
        // `OFF` would be as good at the death of the process, and risk the whole file in a power
        // cut: `NORMAL` waits for the disk only when the log is copied into the database.
        Durability::Crash => "PRAGMA synchronous = NORMAL",
    })?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);

    Ok(connection)
}

fn inspect(connection: &Connection) -> rusqlite::Result<Kind> {
    let number = |sql| connection.query_row(sql, [], |row| row.get::<_, i64>(0));

    if number("PRAGMA application_id")? == APPLICATION_ID {
        return Ok(Kind::Store { format: number("PRAGMA user_version")? });
    }

    match number("SELECT count(*) FROM sqlite_schema")? {
        0 => Ok(Kind::Nothing),
        _ => Ok(Kind::OtherProgram),
    }
}

fn has_our_tables(connection: &Connection) -> rusqlite::Result<bool> {
    let ours = connection.query_row(
        "SELECT count(*) FROM sqlite_schema WHERE name IN ('retained', 'session', 'delivery')",
        [],
        |row| row.get::<_, i64>(0),
    )?;

    Ok(ours == 3)
}

/// All or nothing: a crash half-way leaves a file that counts as empty.
fn make(connection: &mut Connection) -> rusqlite::Result<()> {
    connection.execute_batch(SETTINGS)?;

    let transaction = connection.transaction_with_behavior(TransactionBehavior::Exclusive)?;
    transaction.execute_batch(TABLES)?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", VERSION)?;

    transaction.commit()
}

/// Takes the lock now rather than with the first change.
fn settle(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(SETTINGS)?;
    connection.execute_batch("BEGIN EXCLUSIVE; COMMIT")
}

fn check(connection: &Connection) -> rusqlite::Result<Result<(), Damage>> {
    let verdict: String =
        connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;

    Ok(if verdict == "ok" { Ok(()) } else { Err(Damage::Check(verdict)) })
}

fn explain(path: &Path, source: rusqlite::Error) -> Obstacle {
    let path = path.to_owned();

    match source.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            Obstacle::Refused(OpenError::InUse { path })
        }
        _ if sqlite_file::is_damage(&source) => Obstacle::Damaged(Damage::Unreadable(source)),
        _ => Obstacle::Refused(OpenError::Broken { path, source }),
    }
}
