//! The journal of one gate: what happened there, kept until the broker has it, and longer.
//!
//! An event is on disk before anybody hears of it, with the next number (`seq`) of this
//! journal: 1, 2, 3, …, never reused, never skipped. Its bytes are made once, with their
//! number, and never change. It is drained in order ([`Journal::unacknowledged`]), marked
//! when the broker has confirmed it ([`Journal::acknowledge`]), kept for whoever missed it
//! ([`Journal::range`]), and dropped by age ([`Journal::prune`]) and size
//! ([`Journal::prune_to`]). What is not acknowledged is never dropped.
//!
//! Next to the events lie the commands that were seen, so that none moves a boom twice
//! ([`Journal::remember_command`]), and what has to be known again after a restart
//! ([`Journal::note`]).
//!
//! | table     | one row per                                                           |
//! |-----------|-----------------------------------------------------------------------|
//! | `journal` | journal: its id                                                       |
//! | `entry`   | event: `seq`, `topic`, `bytes`, `made_ms`; never changed              |
//! | `pending` | event that is not acknowledged: `seq`                                 |
//! | `command` | command that was seen: `id`, `seen_ms`, `outcome`                     |
//! | `note`    | thing to know again after a restart: `name`, `text`                   |
//!
//! A call blocks for as long as the disk takes: call from a thread that may wait. No clock
//! is read here but once, to make the id. Memory stays below a megabyte however long the
//! journal is.

mod commands;
mod damage;
mod entries;
mod notes;
mod open;
mod schema;

use std::path::{Path, PathBuf};

use rusqlite::Connection;

pub use commands::{CommandError, CommandRecord};
pub use damage::{SetAside, is_damage};
pub use entries::{AcknowledgeError, AppendError, Entry, PruneError, ReadError};
pub use notes::NoteError;
pub use open::OpenError;

/// One journal: a file that this process alone holds.
#[derive(Debug)]
pub struct Journal {
    connection: Connection,
    path: PathBuf,
    id: String,
    last_seq: u64,
    unsent: u64,
    set_aside: Option<SetAside>,
}

impl Journal {
    /// The id of this journal: a UUID made with the file. With it, a `seq` is unique.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The number of the latest event; 0 while there is none.
    pub fn last_seq(&self) -> u64 {
        self.last_seq
    }

    /// How many events are not acknowledged.
    pub fn unsent(&self) -> u64 {
        self.unsent
    }

    /// The damaged journal whose place this one took, as long as it lies there.
    pub fn set_aside(&self) -> Option<&SetAside> {
        self.set_aside.as_ref()
    }
}
