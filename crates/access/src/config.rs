//! The section `[access]`.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use serde::Deserialize;

const FILE: &str = "users.toml";
const TOKENS: &str = "tokens.toml";

/// The section `[access]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The file of users. Without it: `users.toml` in the data directory, if there is one. Set it
    /// where several programs share a file, or where it is kept with the configuration.
    pub users: Option<PathBuf>,
    /// The file of tokens. Without it: `tokens.toml` beside the file of users.
    pub tokens: Option<PathBuf>,
    /// The role of clients that do not log in; without one, whoever does not is turned away. Set it
    /// where some clients cannot log in. Where there are no users, it is what everybody may do.
    pub anonymous: Option<String>,
    /// Roles besides `agent`, `gateway`, `viewer`, `operator`, `admin` and `integrator`.
    pub roles: BTreeMap<String, RoleConfig>,
}

/// What a role of the site's own may do: `[access.roles.NAME]`.
///
/// In `publish` and `subscribe`, `{username}` and `{client_id}` stand for those of the client.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RoleConfig {
    /// Filters of the topics that it may publish to.
    pub publish: Vec<String>,
    /// Filters that it may subscribe to, and narrower ones.
    pub subscribe: Vec<String>,
    /// Filters of the topics that it does not see, whatever the others grant: it cannot publish to
    /// them, and their messages are withheld from wider subscriptions such as `#`.
    pub except: Vec<String>,
}

impl Config {
    /// Where the users are.
    pub fn users_file(&self, data_dir: &Path) -> PathBuf {
        self.users.clone().unwrap_or_else(|| data_dir.join(FILE))
    }

    /// Where the tokens are.
    pub fn tokens_file(&self, data_dir: &Path) -> PathBuf {
        self.tokens.clone().unwrap_or_else(|| self.users_file(data_dir).with_file_name(TOKENS))
    }
}
