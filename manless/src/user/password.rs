//! Where a password comes from. Never from an argument: everybody on the machine can read those.

use std::{
    io::{self, BufRead, IsTerminal, Write},
    path::PathBuf,
};

use access::UserName;
use anyhow::{Context, Result, bail};
use service::Secret;

/// Where a password comes from: the terminal, unless something else is said.
#[derive(Debug, clap::Args)]
pub(crate) struct Source {
    /// Takes the password from this file.
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// Makes a password up and prints it.
    #[arg(long, conflicts_with = "password_file")]
    generate: bool,
}

impl Source {
    /// Asks twice at a terminal; else, it is the first line of standard input.
    pub(crate) fn password(&self, name: &UserName) -> Result<Secret> {
        if self.generate {
            return Ok(access::generate());
        }
        if let Some(file) = &self.password_file {
            return Secret::read(file)
                .with_context(|| format!("cannot read the password in {}", file.display()));
        }

        if io::stdin().is_terminal() { ask(name) } else { read_line() }
    }

    /// Prints what nobody could know otherwise.
    pub(crate) fn reveal(&self, password: &Secret) -> Result<()> {
        if !self.generate {
            return Ok(());
        }

        writeln!(io::stdout(), "{}", password.expose()).context("cannot print the password")
    }
}

fn ask(name: &UserName) -> Result<Secret> {
    let read = |prompt: String| {
        rpassword::prompt_password(prompt).map(Secret::from).context("cannot read a password")
    };
    let password = read(format!("Password of {name}: "))?;
    if read("The same again: ".to_owned())? != password {
        bail!("the two are not the same: nothing was changed");
    }

    Ok(password)
}

fn read_line() -> Result<Secret> {
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line).context("cannot read a password")?;

    Ok(line.trim_end_matches(['\r', '\n']).to_owned().into())
}
