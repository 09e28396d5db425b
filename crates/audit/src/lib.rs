//! The audit log: one record a line, each of which vouches for the one before.
//!
//! ```text
//! {"n":7,"time":"…","what":"command",…,"prev":"<hash of line 6>","hash":"<SHA-256>"}
//! ```
//!
//! `hash` is the SHA-256 of the line up to and without `,"hash"`, byte for byte; `prev` is the `hash`
//! of the line before, and 64 zeros in the first. So whoever changes, moves or takes out a line has
//! to write all lines after it anew, and whoever knows the hash of a later one sees that
//! (decision 26).
//!
//! | file | |
//! |---|---|
//! | `audit-bridge.jsonl` | the current one; only ever grows at its end |
//! | `audit-bridge.000000000001.jsonl` | an older one, by the number of its first record; never touched again |
//! | `audit-bridge.damaged-1.jsonl` | one whose last line was not a record; kept, and a new chain begun |
//!
//! A line counts when it ends: what a power cut has left of one is cut off at the next start, and the
//! record that follows says what it was (`torn`).

mod chain;
mod files;
mod log;
mod record;
mod verify;

pub use chain::{Broken, Line, Link};
pub use files::files_of;
pub use log::{Limits, Log, OpenError, Opened};
pub use record::{Record, Via, What};
pub use verify::{Fault, Verdict, verify};
