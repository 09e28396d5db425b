//! `manless sim`: makes something happen at a simulated gate of a running site.

use std::{
    env,
    io::{self, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use service::config::Settings;

/// The words of `manless sim`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    manless sim list\n  \
    manless sim gate_in drive 04A1B2C3\n  \
    manless sim gate_in card 04A1B2C3\n  \
    manless sim gate_in vehicle on\n  \
    manless sim gate_in unplug barrier\n  \
    manless sim gate_in state")]
pub(crate) struct Args {
    /// The configuration of the running site.
    #[arg(long, env = "MANLESS_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// The gate and what happens there.
    #[arg(required = true, value_name = "WORD")]
    words: Vec<String>,
}

pub(crate) fn run(args: Args) -> Result<()> {
    let settings = Settings::load(args.config.as_deref(), env::vars())?;
    let socket = socket_of(&settings.data_dir()?, &args.words);
    let answer = site_sim::request(&socket, &args.words.join(" ")).context(
        "cannot tell the site: is it running, with simulated gates, from this directory?",
    )?;

    let Some(refusal) = answer.strip_prefix("error") else {
        writeln!(io::stdout(), "{answer}").context("cannot write to standard output")?;
        return Ok(());
    };
    bail!("{}", refusal.trim())
}

/// Gates that run in one process share a socket; an agent of its own has one of its own.
fn socket_of(data_dir: &Path, words: &[String]) -> PathBuf {
    let shared = data_dir.join(super::up::SOCKET);
    let own = words.first().map(|gate| data_dir.join(format!("{gate}.sock")));

    own.filter(|own| !shared.exists() && own.exists()).unwrap_or(shared)
}
