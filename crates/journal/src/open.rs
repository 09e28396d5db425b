//! Opening a journal, or making one. A damaged one makes way for a new one.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use rusqlite::{Connection, ErrorCode, TransactionBehavior};
use uuid::Uuid;

use crate::{
    Journal,
    damage::{self, Damage, SetAside},
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
    /// The file is the database of another program.
    #[error("{path} is the database of another program: move it away", path = path.display())]
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
    /// It is damaged, and cannot be renamed.
    #[error(
        "the journal {path} is damaged and cannot be set aside: move it away, and keep it",
        path = path.display()
    )]
    SetAside {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// The note about a journal that was set aside.
const SET_ASIDE: &str = "set_aside";

/// Why a journal does not open.
enum Obstacle {
    Damaged(Damage),
    Refused(OpenError),
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
    PRAGMA cell_size_check = ON;
    PRAGMA trusted_schema = OFF;
";

/// What a file turns out to be.
enum Contents {
    Nothing,
    Journal { format: i64 },
    SomethingElse,
}

impl Journal {
    /// Opens the journal at `path`, or makes it, and its directory, where there is none.
    ///
    /// A damaged one is renamed and kept, and a new one takes its place ([`Journal::set_aside`]):
    /// a gate is not shut because a disk is. Only what is needed to go on is looked at.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        make_directory(path)?;

        match attempt(path) {
            Ok(journal) => Ok(journal),
            Err(Obstacle::Refused(error)) => Err(error),
            Err(Obstacle::Damaged(damage)) => begin_anew(path, &damage),
        }
    }

    /// Sets this journal aside, which has turned out to be damaged for this `reason`, and begins
    /// a new one in its place.
    pub fn replace(self, reason: &(dyn std::error::Error + 'static)) -> Result<Self, OpenError> {
        let Self { connection, path, .. } = self;
        // Its log is kept with it; a failure to close it changes nothing.
        let _ = sqlite_file::leave_log(&connection);
        drop(connection);

        begin_anew(&path, &Damage::Found(reason.to_string()))
    }
}

/// Renames what is at `path`, and opens a new journal there with the notes that can be read.
fn begin_anew(path: &Path, damage: &Damage) -> Result<Journal, OpenError> {
    let failed = |source| OpenError::SetAside { path: path.to_owned(), source };
    // SQLite would begin a file without a header anew, and delete its log.
    let notes = if matches!(damage, Damage::Stump(_)) {
        Vec::new()
    } else {
        sqlite_file::connect(path).map(|connection| damage::notes(&connection)).unwrap_or_default()
    };
    let aside = sqlite_file::set_aside(path).map_err(failed)?;

    let mut journal = match attempt(path) {
        Ok(journal) => journal,
        Err(Obstacle::Refused(error)) => return Err(error),
        Err(Obstacle::Damaged(again)) => return Err(failed(io::Error::other(again.to_string()))),
    };
    for (name, text) in notes {
        journal.note(&name, &text).map_err(|error| failed(io::Error::other(error)))?;
    }
    let aside = SetAside { path: aside, reason: damage.to_string() };
    journal.note(SET_ASIDE, &aside.to_note()).map_err(|error| failed(io::Error::other(error)))?;
    journal.set_aside = Some(aside);

    Ok(journal)
}

fn attempt(path: &Path) -> Result<Journal, Obstacle> {
    sqlite_file::look_at_size(path).map_err(|stump| Obstacle::Damaged(stump.into()))?;

    // Where that cannot be, SQLite says what is in its way, if anything is.
    let _ = sqlite_file::keep_private(path);

    let explain = |source| explain(path, source);
    let mut connection = sqlite_file::connect(path).map_err(explain)?;
    match inspect(&connection).map_err(explain)? {
        Contents::Nothing => make(&mut connection).map_err(explain)?,
        Contents::Journal { format: VERSION } => {}
        Contents::Journal { format } if format < VERSION => {
            return Err(Obstacle::Damaged(Damage::Format(format)));
        }
        Contents::Journal { format } => {
            let path = path.to_owned();
            return Err(Obstacle::Refused(OpenError::Newer { path, found: format }));
        }
        Contents::SomethingElse => {
            return Err(Obstacle::Refused(OpenError::NotAJournal { path: path.to_owned() }));
        }
    }

    let mut journal = load(path, connection).map_err(explain)?;
    damage::check(&journal).map_err(explain)?.map_err(Obstacle::Damaged)?;
    sqlite_file::keep_log_in_order(&journal.connection).map_err(explain)?;
    let noted = journal.noted(SET_ASIDE).ok().flatten();
    journal.set_aside = noted.and_then(|note| SetAside::from_note(&note));

    Ok(journal)
}

fn make_directory(path: &Path) -> Result<(), OpenError> {
    let directory = path.parent().unwrap_or(path);

    fs::create_dir_all(directory)
        .map_err(|source| OpenError::Directory { path: directory.to_owned(), source })
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
        set_aside: None,
    })
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
