//! The file of tokens, as the command line changes it: comments and order stay.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use schemas::GateId;
use service::Secret;
use toml_edit::{Array, DocumentMut, Item, Table, TableLike, value};

use crate::{
    disk,
    name::UserName,
    token::{self, Digest},
    tokens::{Tokens, TokensError},
};

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
        // Where the file is a link, what it leads to is written.
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let lock = disk::lock(&path);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => HEAD.to_owned(),
            Err(source) => return Err(TokensError::Read { path, source }),
        };
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
        let entries = self.document.get("tokens").and_then(Item::as_table_like);

        entries.into_iter().flat_map(TableLike::iter).filter_map(listed).collect()
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
        if !wanted.gates.is_empty() {
            let gates: Array = wanted.gates.iter().map(GateId::as_str).collect();
            entry["gates"] = value(gates);
        }
        let tokens = self.document.entry("tokens").or_insert_with(|| {
            let mut tokens = Table::new();
            tokens.set_implicit(true);
            Item::Table(tokens)
        });
        let tokens = tokens.as_table_like_mut().expect("`tokens` was valid as it was read");
        tokens.insert(wanted.name.as_str(), Item::Table(entry));

        Ok(secret)
    }

    /// Takes a token away.
    ///
    /// # Errors
    ///
    /// There is none of this name.
    pub fn remove(&mut self, name: &UserName) -> Result<(), TokenFileError> {
        let tokens = self.document.get_mut("tokens").and_then(Item::as_table_like_mut);

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
    let gates = entry.get("gates").and_then(Item::as_array);
    let time = |key| entry.get(key).and_then(Item::as_str).and_then(|text| text.parse().ok());

    Some(ListedToken {
        name: name.to_owned(),
        user: entry.get("user")?.as_str()?.to_owned(),
        created: time("created"),
        expires: time("expires"),
        gates: gates
            .into_iter()
            .flatten()
            .filter_map(|gate| gate.as_str().map(str::to_owned))
            .collect(),
    })
}

/// Nobody needs more in a file that people read.
fn seconds(time: Timestamp) -> String {
    Timestamp::from_second(time.as_second()).unwrap_or(time).to_string()
}
