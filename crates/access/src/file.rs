//! The file of users, as the command line changes it: comments and order stay.

use std::{
    collections::BTreeSet,
    fs::File,
    io,
    path::{Path, PathBuf},
};

use schemas::GateId;
use service::Secret;
use toml_edit::{DocumentMut, Item, Table, TableLike, value};

use crate::{
    disk, entries,
    name::UserName,
    password::{Hash, PasswordError},
    role::{Role, Roles},
    users::{self, Users, UsersError},
};

const TABLE: &str = "users";
const HEAD: &str = "# The users of this site. `manless user` changes this file, and a running broker \
                    reads it again.\n\n[users]\n";

/// The file of users, open for changes. On Unix nobody else changes it meanwhile.
#[derive(Debug)]
pub struct UsersFile {
    path: PathBuf,
    document: DocumentMut,
    _lock: Option<File>,
}

/// A user in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The name.
    pub name: String,
    /// The name of the role.
    pub role: String,
    /// The gates that are named.
    pub gates: Vec<String>,
    /// Whether there is a password, or nothing but a certificate.
    pub has_password: bool,
}

/// A user cannot be changed.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It is there already.
    #[error("there is a user `{0}` already: `manless user password {0}` sets another password")]
    Exists(UserName),
    /// It is not there.
    #[error("there is no user `{name}` in {file}", file = .file.display())]
    NoSuchUser {
        /// The name.
        name: UserName,
        /// Where it was looked for.
        file: PathBuf,
    },
    /// The gates do not fit the role.
    #[error("user `{0}`: {1}")]
    Gates(UserName, String),
    /// The password is not good enough.
    #[error("the password is refused")]
    Password(#[from] PasswordError),
    /// The file cannot be written.
    #[error("cannot write the users to {path}")]
    Write {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl UsersFile {
    /// Opens the file; one that is not there has no users.
    ///
    /// # Errors
    ///
    /// It cannot be read or is not valid.
    pub fn open(path: &Path, roles: &Roles) -> Result<Self, UsersError> {
        let (path, lock, text) = disk::open(path, HEAD);
        let text = text.map_err(|source| UsersError::Read { path: path.clone(), source })?;
        Users::parse(&text, &path, roles)?;
        let document = text.parse().map_err(|_| UsersError::Invalid {
            path: path.clone(),
            line: 1,
            reason: "it is not TOML".to_owned(),
        })?;

        Ok(Self { path, document, _lock: lock })
    }

    /// The users, in the order of the file.
    pub fn list(&self) -> Vec<Listed> {
        entries::all(&self.document, TABLE).filter_map(listed).collect()
    }

    /// Whether there is such a user.
    pub fn has(&self, name: &UserName) -> bool {
        self.list().iter().any(|user| user.name == name.as_str())
    }

    /// Whether such a user could be added.
    ///
    /// # Errors
    ///
    /// It is there already, or its gates do not fit its role.
    pub fn check(
        &self,
        name: &UserName,
        role: &Role,
        gates: &BTreeSet<GateId>,
    ) -> Result<(), FileError> {
        if self.has(name) {
            return Err(FileError::Exists(name.clone()));
        }

        users::gates(name, role, gates.clone())
            .map(drop)
            .map_err(|reason| FileError::Gates(name.clone(), reason))
    }

    /// Adds a user. Without a password it needs a certificate.
    ///
    /// # Errors
    ///
    /// It is there already, its gates do not fit its role, or the password is not good enough.
    pub fn add(
        &mut self,
        name: &UserName,
        role: &Role,
        gates: BTreeSet<GateId>,
        password: Option<&Secret>,
    ) -> Result<(), FileError> {
        self.check(name, role, &gates)?;

        let mut entry = Table::new();
        if let Some(password) = password {
            entry["password"] = value(Hash::of(password)?.as_str());
        }
        entry["role"] = value(role.name());
        entries::set_gates(&mut entry, &gates);
        entries::add(&mut self.document, TABLE, name.as_str(), entry);

        Ok(())
    }

    /// Gives a user another password.
    ///
    /// # Errors
    ///
    /// There is no such user, or the password is not good enough.
    pub fn set_password(&mut self, name: &UserName, password: &Secret) -> Result<(), FileError> {
        let entry = self.entry(name)?;
        entry.insert("password", value(Hash::of(password)?.as_str()));

        Ok(())
    }

    /// Removes a user.
    ///
    /// # Errors
    ///
    /// There is no such user.
    pub fn remove(&mut self, name: &UserName) -> Result<(), FileError> {
        self.entry(name)?;
        if let Some(users) = self.document.get_mut(TABLE).and_then(Item::as_table_like_mut) {
            users.remove(name.as_str());
        }

        Ok(())
    }

    /// Writes the file: all of it or, whatever happens, nothing.
    ///
    /// # Errors
    ///
    /// The disk does not let us.
    pub fn save(&self) -> Result<(), FileError> {
        disk::replace(&self.path, self.document.to_string().as_bytes())
            .map_err(|source| FileError::Write { path: self.path.clone(), source })
    }

    fn entry(&mut self, name: &UserName) -> Result<&mut dyn TableLike, FileError> {
        let missing = FileError::NoSuchUser { name: name.clone(), file: self.path.clone() };

        self.document
            .get_mut(TABLE)
            .and_then(|users| users.get_mut(name.as_str()))
            .and_then(Item::as_table_like_mut)
            .ok_or(missing)
    }
}

fn listed((name, entry): (&str, &Item)) -> Option<Listed> {
    let entry = entry.as_table_like()?;

    Some(Listed {
        name: name.to_owned(),
        role: entry.get("role")?.as_str()?.to_owned(),
        gates: entries::gates(entry),
        has_password: entry.contains_key("password"),
    })
}
