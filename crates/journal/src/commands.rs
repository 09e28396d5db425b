//! Commands that were seen, so that none moves a boom twice.

use std::time::SystemTime;

use rusqlite::{OptionalExtension, params};

use crate::{Journal, schema::millis};

/// Whether a command was seen before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CommandRecord {
    /// It was not; now it is, on the disk, whatever happens next.
    New,
    /// It was.
    Seen {
        /// How it ended, where it has ended.
        outcome: Option<Vec<u8>>,
    },
}

/// The journal cannot tell whether a command was seen, or note it.
#[derive(Debug, thiserror::Error)]
#[error("cannot use the record of commands in the journal")]
pub struct CommandError(#[from] rusqlite::Error);

impl Journal {
    /// Notes that the command `id` was seen. To be called before anything moves.
    pub fn remember_command(
        &mut self,
        id: &str,
        now: SystemTime,
    ) -> Result<CommandRecord, CommandError> {
        let added = self
            .connection
            .prepare_cached("INSERT OR IGNORE INTO command (id, seen_ms) VALUES (?1, ?2)")?
            .execute(params![id, millis(now)])?;

        match added {
            0 => Ok(CommandRecord::Seen { outcome: self.outcome(id)? }),
            _ => Ok(CommandRecord::New),
        }
    }

    /// Notes how the command `id` ended. The first outcome stays; one that was not
    /// remembered, or is forgotten, is left alone.
    pub fn conclude_command(&mut self, id: &str, outcome: &[u8]) -> Result<(), CommandError> {
        self.connection
            .prepare_cached("UPDATE command SET outcome = ?2 WHERE id = ?1 AND outcome IS NULL")?
            .execute(params![id, outcome])?;

        Ok(())
    }

    /// Forgets commands that were seen before `before`; returns how many.
    pub fn forget_commands(&mut self, before: SystemTime) -> Result<usize, CommandError> {
        let forgotten = self
            .connection
            .prepare_cached("DELETE FROM command WHERE seen_ms < ?1")?
            .execute([millis(before)])?;

        Ok(forgotten)
    }

    fn outcome(&self, id: &str) -> rusqlite::Result<Option<Vec<u8>>> {
        self.connection
            .prepare_cached("SELECT outcome FROM command WHERE id = ?1")?
            .query_row([id], |row| row.get(0))
            .optional()
            .map(Option::flatten)
    }
}
