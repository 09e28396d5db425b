//! The file of tokens, as the command line changes it: comments and order stay.

use std::{
    collections::BTreeSet,
    fs::File,
    io,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use schemas::GateId;
use service::Secret;
use toml_edit::{DocumentMut, Item, Table, value};

use crate::{
    disk, entries,
    name::UserName,
    token::{self, Digest},
    tokens::{Tokens, TokensError},
};

const TABLE: &str = "tokens";
const HEAD: &str = "# What programs log in with: hashes of tokens. `manless token` changes this \
                    file, and running programs read it again.\n\n[tokens]\n";

/// The file of tokens, open for changes. On Unix nobody else changes it meanwhile.
#[derive(Debug)]
pub struct TokensFile {
    path: PathBuf,
    document: DocumentMut,
    _lock: Option<File>,
}

/// A token that is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewToken {
    /// Its name, by which it is taken away again.
    pub name: UserName,
    /// Whose it is.
    pub user: UserName,
    /// Until when it is good; for ever where there is nothing.
    pub expires: Option<Timestamp>,
    /// The only gates of the user that it opens.
    pub gates: BTreeSet<GateId>,
}

/// A token in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedToken {
    /// Its name.
    pub name: String,
    /// Whose it is.
    pub user: String,
    /// When it was made, where that is known.
    pub created: Option<Timestamp>,
    /// Until when it is good.
    pub expires: Option<Timestamp>,
    /// The gates that are named.
    pub gates: Vec<String>,
}

/// A token cannot be changed.
#[derive(Debug, thiserror::Error)]
pub enum TokenFileError {
    /// It is there already.
    #[error("there is a token `{0}` already: choose another name, or `manless token remove {0}`")]
    Exists(UserName),
    /// It is not there.
    #[error("there is no token `{name}` in {file}", file = .file.display())]
    NoSuchToken {
        /// The name.
        name: UserName,
        /// Where it was looked for.
        file: PathBuf,
    },
    /// The file cannot be written.
    #[error("cannot write the tokens to {path}")]
    Write {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl TokensFile {
    /// Opens the file; one that is not there has no tokens.
    ///
    /// # Errors
    ///
    /// It cannot be read or is not valid.
    pub fn open(path: &Path) -> Result<Self, TokensError> {
        let (path, lock, text) = disk::open(path, HEAD);
        let text = text.map_err(|source| TokensError::Read { path: path.clone(), source })?;
        Tokens::parse(&text, &path)?;
        let document = text.parse().map_err(|_| TokensError::Invalid {
            path: path.clone(),
            line: 1,
            reason: "it is not TOML".to_owned(),
        })?;

        Ok(Self { path, document, _lock: lock })
    }

    /// The tokens, in the order of the file.
    pub fn list(&self) -> Vec<ListedToken> {
        entries::all(&self.document, TABLE).filter_map(listed).collect()
    }

    /// Makes a token up. What is returned is kept nowhere: its hash is.
    ///
    /// # Errors
    ///
    /// There is one of this name.
    pub fn add(&mut self, wanted: &NewToken, now: Timestamp) -> Result<Secret, TokenFileError> {
        if self.list().iter().any(|token| token.name == wanted.name.as_str()) {
            return Err(TokenFileError::Exists(wanted.name.clone()));
        }

        let secret = token::generate();
        let mut entry = Table::new();
        entry["user"] = value(wanted.user.as_str());
        entry["sha256"] = value(Digest::of(secret.expose().as_bytes()).to_string());
        entry["created"] = value(seconds(now));
        if let Some(expires) = wanted.expires {
            entry["expires"] = value(seconds(expires));
        }
        entries::set_gates(&mut entry, &wanted.gates);
        entries::add(&mut self.document, TABLE, wanted.name.as_str(), entry);

        Ok(secret)
    }

    /// Takes a token away.
    ///
    /// # Errors
    ///
    /// There is none of this name.
    pub fn remove(&mut self, name: &UserName) -> Result<(), TokenFileError> {
        let tokens = self.document.get_mut(TABLE).and_then(Item::as_table_like_mut);

        tokens.and_then(|tokens| tokens.remove(name.as_str())).map(drop).ok_or_else(|| {
            TokenFileError::NoSuchToken { name: name.clone(), file: self.path.clone() }
        })
    }

    /// Takes all tokens of a user away: somebody else may get that name. How many there were.
    pub fn remove_of(&mut self, user: &UserName) -> usize {
        let theirs = self.list().into_iter().filter(|token| token.user == user.as_str());
        let names: Vec<UserName> = theirs.filter_map(|token| token.name.parse().ok()).collect();

        names.iter().filter(|name| self.remove(name).is_ok()).count()
    }

    /// Writes the file: all of it or, whatever happens, nothing.
    ///
    /// # Errors
    ///
    /// The disk does not let us.
    pub fn save(&self) -> Result<(), TokenFileError> {
        disk::replace(&self.path, self.document.to_string().as_bytes())
            .map_err(|source| TokenFileError::Write { path: self.path.clone(), source })
    }
}

fn listed((name, entry): (&str, &Item)) -> Option<ListedToken> {
    let entry = entry.as_table_like()?;
    let time = |key| entry.get(key).and_then(Item::as_str).and_then(|text| text.parse().ok());

    Some(ListedToken {
        name: name.to_owned(),
        user: entry.get("user")?.as_str()?.to_owned(),
        created: time("created"),
        expires: time("expires"),
        gates: entries::gates(entry),
    })
}

/// Nobody needs more in a file that people read.
fn seconds(time: Timestamp) -> String {
    Timestamp::from_second(time.as_second()).unwrap_or(time).to_string()
}
