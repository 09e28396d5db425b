//! The contract for those who do not write Rust, made from the types of the crate `schemas`.
//!
//! | file | what |
//! |---|---|
//! | `schemas/json/{type}.schema.json` | one message: JSON Schema, draft 2020-12, complete in itself |
//! | `schemas/json/incoming.schema.json` | whatever arrives at a client, by `type` |
//! | `schemas/json/outgoing.schema.json` | whatever a client may send, by `type` |
//! | `schemas/json/envelope.schema.json` | what all of them have in common |
//! | `schemas/asyncapi.yaml` | servers, topics, channels, logins: AsyncAPI 3 |
//! | `ws-gateway/page/docs/index.html` | a page for people, which the gateway serves at `/docs` |
//!
//! What a schema promises: **a reader may rely on it for ever.** It says which fields a message has
//! at least, and of which kind each is. Fields and words that it does not name are allowed, because
//! later versions may add them. [`closed`] makes a schema of the other kind: what this very version
//! writes, and nothing else. The project's own tests hold it to that.

mod asyncapi;
mod closed;
mod examples;
mod folder;
mod messages;
mod open;
mod page;
mod schema;

use std::path::PathBuf;

use anyhow::Result;

pub use closed::closed;
pub use folder::Folder;
pub use messages::{Direction, Message, messages};

/// A file, by its path in the project, and what belongs into it.
pub type File = (PathBuf, String);

/// Every file of the published contract.
pub fn files(folder: &Folder) -> Result<Vec<File>> {
    let messages = messages(folder)?;
    let mut files = schema::files(&messages)?;
    files.push(asyncapi::file(&messages)?);
    files.push(page::file(&messages));

    Ok(files)
}
