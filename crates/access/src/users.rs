//! The users of a site, as its file names them.
//!
//! ```toml
//! [users.gate_in]
//! password = "$argon2id$v=19$m=19456,t=2,p=1$…"   # without one: a certificate alone
//! role = "agent"
//! gates = ["gate_in"]                             # an agent without: the gate of its own name
//! ```
//!
//! An error shows no line of the file: there might be a password in it.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use schemas::GateId;
use serde::Deserialize;
use service::config::ConfigError;
use toml::Spanned;

use crate::{
    name::UserName,
    password::Hash,
    role::{Role, Roles},
    verifier::Tag,
};

/// All users, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Users(HashMap<String, Arc<Account>>);

/// What is known about a user.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) proof: Proof,
    pub(crate) role: Role,
    pub(crate) gates: BTreeSet<GateId>,
}

/// By what a user is known.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Proof {
    Password(Hash),
    /// Nothing but a certificate.
    Certificate,
    /// The password of a part of this process.
    House(Tag),
}

/// The file of users cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum UsersError {
    /// It cannot be read.
    #[error("cannot read the users in {path}")]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Something in it is not right.
    #[error("the users in {path} are not valid: line {line}: {reason}")]
    Invalid {
        /// Which file.
        path: PathBuf,
        /// Where in it.
        line: usize,
        /// What is wrong there.
        reason: String,
    },
}

impl From<UsersError> for ConfigError {
    fn from(error: UsersError) -> Self {
        let mut reason = error.to_string();
        if let UsersError::Read { source, .. } = error {
            reason = format!("{reason}: {source}");
            if source.kind() == io::ErrorKind::NotFound {
                reason += "; `manless user add NAME --role ROLE` makes it";
            }
        }

        Self::Refused { key: "access.users".to_owned(), reason }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    users: BTreeMap<String, Spanned<Entry>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    password: Option<String>,
    role: String,
    #[serde(default)]
    gates: BTreeSet<GateId>,
}

/// What is wrong, and at which byte.
struct Fault(usize, String);

impl Users {
    /// Reads the file; one that is not there is an error.
    pub(crate) fn load(path: &Path, roles: &Roles) -> Result<Self, UsersError> {
        let text = fs::read_to_string(path)
            .map_err(|source| UsersError::Read { path: path.to_owned(), source })?;

        Self::parse(&text, path, roles)
    }

    pub(crate) fn parse(text: &str, path: &Path, roles: &Roles) -> Result<Self, UsersError> {
        read(text, roles).map(Self).map_err(|Fault(at, reason)| {
            let before = text.as_bytes().iter().take(at);
            let line = before.filter(|byte| **byte == b'\n').count() + 1;

            UsersError::Invalid { path: path.to_owned(), line, reason }
        })
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Arc<Account>> {
        self.0.get(name)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn insert(&mut self, name: String, account: Account) {
        self.0.insert(name, account.into());
    }
}

fn read(text: &str, roles: &Roles) -> Result<HashMap<String, Arc<Account>>, Fault> {
    let file: File = toml::from_str(text).map_err(|error| {
        Fault(error.span().map_or(0, |span| span.start), error.message().to_owned())
    })?;

    file.users
        .into_iter()
        .map(|(name, entry)| {
            let at = entry.span().start;
            let account = account(&name, entry.into_inner(), roles)
                .map_err(|reason| Fault(at, format!("user `{name}`: {reason}")))?;

            Ok((name, account.into()))
        })
        .collect()
}

fn account(name: &str, entry: Entry, roles: &Roles) -> Result<Account, String> {
    let name: UserName = name.parse().map_err(|_| "this cannot be the name of a user")?;
    let role = roles.find(&entry.role).map_err(|error| error.to_string())?;
    let gates = gates(&name, &role, entry.gates)?;
    let proof = match entry.password.map(Hash::parse) {
        None => Proof::Certificate,
        Some(Ok(hash)) => Proof::Password(hash),
        Some(Err(_)) => {
            return Err(format!(
                "`password` is not an argon2id hash: set it with `manless user password {name}`"
            ));
        }
    };

    Ok(Account { proof, role, gates })
}

/// The gates that a user is for.
pub(crate) fn gates(
    name: &UserName,
    role: &Role,
    named: BTreeSet<GateId>,
) -> Result<BTreeSet<GateId>, String> {
    if !named.is_empty() && !role.has_gates() {
        return Err(format!("the role `{role}` is not limited to `gates`"));
    }
    if !named.is_empty() || *role != Role::Agent {
        return Ok(named);
    }

    let own = name.as_str().parse().map_err(|_| {
        "an agent needs `gates`, or the name of its gate as its own name".to_owned()
    })?;
    Ok([own].into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0$\
                        AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

    #[test]
    fn a_file_names_users_with_their_roles_and_gates() {
        let users = parse(&format!(
            "[users.gate_in]\npassword = '{HASH}'\nrole = 'agent'\n\
             [users.north]\nrole = 'agent'\ngates = ['gate_1', 'gate_2']\n\
             [users.\"anna@example.com\"]\npassword = '{HASH}'\nrole = 'operator'\n"
        ))
        .unwrap();

        assert_eq!(users.len(), 3);
        let agent = users.get("gate_in").unwrap();
        assert_eq!((agent.role.name(), gate_names(agent)), ("agent", vec!["gate_in"]));
        assert!(matches!(agent.proof, Proof::Password(_)));
        let north = users.get("north").unwrap();
        assert_eq!(
            (&north.proof, gate_names(north)),
            (&Proof::Certificate, vec!["gate_1", "gate_2"])
        );
        assert_eq!(users.get("anna@example.com").unwrap().role.name(), "operator");
    }

    #[test]
    fn a_file_without_users_is_one() {
        assert!(parse("").unwrap().is_empty());
        assert!(parse("# nobody yet\n[users]\n").unwrap().is_empty());
    }

    #[test]
    fn an_error_names_the_line_and_the_reason_and_shows_no_password() {
        for (text, line, reason) in [
            ("[users.a]\nrole = 'operator'\npassword = 'sesame'\n", 1, "argon2id hash"),
            ("\n\n[users.a]\nrole = 'boss'\n", 3, "no role `boss`: the roles are agent, gateway"),
            ("[users.a]\npassword = 'sesame'\n", 1, "missing field `role`"),
            ("[users.a]\nrole = 'operator'\npasword = 'sesame'", 3, "unknown field `pasword`"),
            ("[users.a]\nrole = 'operator'\npassword = 'sesame", 3, ""),
            ("[users.\"@a\"]\nrole = 'operator'\n", 1, "cannot be the name"),
            ("[users.Anna]\nrole = 'agent'\n", 1, "needs `gates`"),
            ("[users.a]\nrole = 'agent'\ngates = ['a', 'all']\n", 3, "`all` is reserved"),
            ("[users.a]\nrole = 'gateway'\ngates = ['a']\n", 1, "not limited to `gates`"),
            ("[user.a]\nrole = 'gateway'\n", 1, "unknown field `user`"),
        ] {
            let error = parse(text).unwrap_err().to_string();

            assert!(
                error.contains(&format!("/x/users.toml are not valid: line {line}: ")),
                "{error}"
            );
            assert!(error.contains(reason), "{error}");
            assert!(!error.contains("sesame"), "{error}");
        }
    }

    fn parse(text: &str) -> Result<Users, UsersError> {
        Users::parse(text, Path::new("/x/users.toml"), &Roles::default())
    }

    fn gate_names(account: &Account) -> Vec<&str> {
        account.gates.iter().map(GateId::as_str).collect()
    }
}
