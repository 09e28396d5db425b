//! Where the users and tokens of a site are, for the commands that change them.

use std::{
    env,
    io::{self, Write},
    path::{Path, PathBuf},
};

use access::{Config, Roles, TokensFile, UsersFile};
use anyhow::{Context, Result};
use service::config::{ConfigError, Settings};

/// The files of a site, and what its users may be.
#[derive(Debug)]
pub(crate) struct Logins {
    pub(crate) settings: Settings,
    pub(crate) users: PathBuf,
    pub(crate) tokens: PathBuf,
    pub(crate) roles: Roles,
}

impl Logins {
    pub(crate) fn of(config: Option<&Path>) -> Result<Self, ConfigError> {
        let settings = Settings::load(config, env::vars())?;
        let (config, data_dir): (Config, PathBuf) =
            (settings.read("access")?, settings.data_dir()?);

        Ok(Self {
            users: config.users_file(&data_dir),
            tokens: config.tokens_file(&data_dir),
            roles: Roles::new(&config.roles)?,
            settings,
        })
    }

    pub(crate) fn users(&self) -> Result<UsersFile, ConfigError> {
        Ok(UsersFile::open(&self.users, &self.roles)?)
    }

    /// Only one of the two files may be open at a time: they share a lock where they share a
    /// directory.
    pub(crate) fn tokens(&self) -> Result<TokensFile, ConfigError> {
        Ok(TokensFile::open(&self.tokens)?)
    }
}

/// For scripts: on standard output.
pub(crate) fn say(text: &str) -> Result<()> {
    writeln!(io::stdout(), "{text}").context("cannot write to standard output")
}

/// For the person: what a script reads is on standard output.
pub(crate) fn tell(text: &str) -> Result<()> {
    writeln!(io::stderr(), "{text}").context("cannot write to standard error")
}
