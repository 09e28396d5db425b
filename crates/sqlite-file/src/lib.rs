//! The file of an SQLite database: opened by one process alone, and set aside when it is damaged.
//!
//! A gate and its broker go on when a disk has ruined a file: it gets out of the way, with all that
//! lies beside it and without losing a byte, and a new one takes its place.
//!
//! | | |
//! |---|---|
//! | [`look_at_size`] | before it is opened: what SQLite would begin anew without a word |
//! | [`keep_private`] | has it belong to its owner alone |
//! | [`connect`] | opens it for this process alone |
//! | [`is_damage`] | of an error: whether the file is the obstacle, and not what is around it |
//! | [`set_aside`] | renames it, and keeps it |

use std::{
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{Connection, ErrorCode, config::DbConfig, ffi};

/// What SQLite keeps beside a database, by the end of the name; the first is the database itself.
const FILES: [&str; 4] = ["", "-wal", "-shm", "-journal"];
/// Bytes without which no file is a database: <https://sqlite.org/fileformat.html>, section 1.3.
const HEADER: u64 = 100;

/// A file that is no database any more, and that SQLite takes for one that was never begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Stump {
    /// It has no bytes, and there is a log of changes to it.
    #[error("the file is empty and its log is not")]
    Emptied,
    /// It has fewer bytes than the header of a database.
    #[error("the file is too short for anything")]
    Short,
}

/// Looks at the file before SQLite does, which would begin a stump anew and delete its log.
///
/// # Errors
///
/// There is a stump. A file that is not there, and an empty one without a log, are none.
pub fn look_at_size(path: &Path) -> Result<(), Stump> {
    let size = |path: &Path| fs::metadata(path).map_or(0, |metadata| metadata.len());

    match size(path) {
        0 if size(&beside(path, "-wal")) > 0 => Err(Stump::Emptied),
        1..HEADER => Err(Stump::Short),
        _ => Ok(()),
    }
}

/// Has the file, which is made where there is none, belong to its owner alone (0600, where there
/// are such rights). SQLite makes those beside it after its example.
///
/// # Errors
///
/// It cannot be made, or belongs to somebody else.
pub fn keep_private(path: &Path) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.create(true).truncate(false).read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;

    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    drop(file);
    Ok(())
}

/// Opens the file, or makes it, for this process alone: who finds it locked is told at once.
///
/// Its log is left as it is when the connection is closed, until [`keep_log_in_order`] says that
/// the database is sound.
///
/// # Errors
///
/// SQLite cannot open it.
pub fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;

    // A log that turns out to belong to a damaged database is set aside with it.
    leave_log(&connection)?;
    // Whoever holds the lock holds it for its lifetime: there is nothing to wait for.
    connection.busy_timeout(Duration::ZERO)?;
    // Before the first look into the file: then the log needs no shared memory either.
    connection.execute_batch("PRAGMA locking_mode = EXCLUSIVE")?;

    Ok(connection)
}

/// The database is sound: its log is copied into it when the connection is closed.
///
/// # Errors
///
/// SQLite refuses.
pub fn keep_log_in_order(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false).map(drop)
}

/// The database is not sound: its log stays beside it when the connection is closed.
///
/// # Errors
///
/// SQLite refuses.
pub fn leave_log(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).map(drop)
}

/// Whether an error says that the file itself is the obstacle, and not what is around it: a disk
/// that is full or away.
pub fn is_damage(error: &rusqlite::Error) -> bool {
    // What SQLite gave was not what the program had written.
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

/// Renames the database and what lies beside it to `NAME.damaged-1`, or the first such number that
/// is free, and says to what. The files keep their names to each other.
///
/// # Errors
///
/// One of them cannot be renamed.
pub fn set_aside(path: &Path) -> io::Result<PathBuf> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stump_is_told_from_a_file_that_was_never_begun() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.db");

        assert_eq!(look_at_size(&path), Ok(()));
        fs::write(&path, "").unwrap();
        assert_eq!(look_at_size(&path), Ok(()));
        fs::write(dir.path().join("x.db-wal"), "a log").unwrap();
        assert_eq!(look_at_size(&path), Err(Stump::Emptied));
        fs::write(&path, [0; 99]).unwrap();
        assert_eq!(look_at_size(&path), Err(Stump::Short));
        fs::write(&path, [0; 100]).unwrap();
        assert_eq!(look_at_size(&path), Ok(()));
    }

    #[test]
    fn what_is_set_aside_keeps_its_bytes_and_takes_no_name_that_is_taken() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.db");
        let file = |name: &str| dir.path().join(name);
        // The log of an earlier one, which somebody left when they took the file.
        fs::write(file("x.db.damaged-1-wal"), "earlier").unwrap();
        fs::write(&path, "database").unwrap();
        fs::write(file("x.db-wal"), "log").unwrap();

        let aside = set_aside(&path).unwrap();

        assert_eq!(aside, file("x.db.damaged-2"));
        assert_eq!(fs::read(&aside).unwrap(), b"database");
        assert_eq!(fs::read(file("x.db.damaged-2-wal")).unwrap(), b"log");
        assert_eq!(fs::read(file("x.db.damaged-1-wal")).unwrap(), b"earlier");
        assert!(!path.exists() && !file("x.db-wal").exists());
    }

    #[test]
    fn a_second_connection_is_told_at_once_that_the_file_is_taken() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.db");
        let first = connect(&path).unwrap();
        first.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE a (b)").unwrap();

        let error = connect(&path)
            .and_then(|second| second.execute_batch("SELECT * FROM a"))
            .expect_err("two have it");

        assert_eq!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy));
        assert!(!is_damage(&error));
    }

    #[test]
    fn noise_is_damage() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.db");
        fs::write(&path, [0xA5; 5_000]).unwrap();

        let error = connect(&path)
            .and_then(|connection| connection.execute_batch("CREATE TABLE a (b)"))
            .expect_err("noise is a database");

        assert!(is_damage(&error), "{error}");
    }
}
