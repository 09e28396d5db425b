//! What an agent has to know again after a restart: a few words by name.

use rusqlite::{OptionalExtension, params};

use crate::Journal;

/// The note cannot be written or read.
#[derive(Debug, thiserror::Error)]
#[error("cannot use the notes in the journal")]
pub struct NoteError(#[from] rusqlite::Error);

impl Journal {
    /// Writes a note over the one of the same name; it is on the disk when this returns.
    pub fn note(&mut self, name: &str, text: &str) -> Result<(), NoteError> {
        self.connection
            .prepare_cached("INSERT OR REPLACE INTO note (name, text) VALUES (?1, ?2)")?
            .execute(params![name, text])?;

        Ok(())
    }

    /// The note of this name, if it was ever written.
    pub fn noted(&self, name: &str) -> Result<Option<String>, NoteError> {
        let text = self
            .connection
            .prepare_cached("SELECT text FROM note WHERE name = ?1")?
            .query_row([name], |row| row.get(0))
            .optional()?;

        Ok(text)
    }
}
