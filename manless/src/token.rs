//! `manless token`: what programs log in with.

use std::{collections::BTreeSet, path::PathBuf, time::Duration};

use access::{ListedToken, NewToken, UserName};
use anyhow::{Context, Result, bail};
use clap::Subcommand;
use humantime_serde::re::humantime;
use jiff::Timestamp;
use schemas::GateId;

use crate::logins::{Logins, say, tell};

/// The arguments of `manless token`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    manless token add grafana --user reader --expires 90d\n  \
    manless token add gate_in-plc --user gate_in\n  \
    manless token list")]
pub(crate) struct Args {
    /// The configuration of the site, which says where the tokens are.
    #[arg(long, global = true, env = "MANLESS_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Makes a token up and prints it, this once: it is kept nowhere.
    Add {
        /// Its name, by which it is taken away again.
        name: UserName,
        /// Whose it is: it opens what this user may do.
        #[arg(long)]
        user: UserName,
        /// How long it is good, such as 90d or 12h; without it, until it is removed.
        #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
        expires: Option<Duration>,
        /// The only gates of the user that it opens.
        #[arg(long = "gate", value_name = "GATE")]
        gates: Vec<GateId>,
    },
    /// Lists the tokens that there are.
    List,
    /// Takes a token away. Its connections are closed.
    Remove {
        /// Which one.
        name: UserName,
    },
}

pub(crate) fn run(args: Args) -> Result<()> {
    let logins = Logins::of(args.config.as_deref())?;

    match args.command {
        Command::Add { name, user, expires, gates } => {
            add(&logins, name, user, expires, gates.into_iter().collect())
        }
        Command::List => list(&logins),
        Command::Remove { name } => remove(&logins, &name),
    }
}

fn add(
    logins: &Logins,
    name: UserName,
    user: UserName,
    expires: Option<Duration>,
    gates: BTreeSet<GateId>,
) -> Result<()> {
    check_gates(logins, &user, &gates)?;
    let now = Timestamp::now();
    let expires = expires
        .map(|time| now.checked_add(time).context("`--expires` is beyond all calendars"))
        .transpose()?;

    let mut tokens = logins.tokens()?;
    let wanted = NewToken { name, user, expires, gates };
    let token = tokens.add(&wanted, now)?;
    tokens.save()?;

    say(token.expose())?;
    let until = match expires {
        Some(expires) => format!("until {}", date(expires)),
        None => "until it is removed".to_owned(),
    };
    let NewToken { name, user, .. } = wanted;
    tell(&format!("Added {name}, of {user}, {until}. It is not shown again: it is kept nowhere."))
}

/// A token can only take away from what its user may do.
fn check_gates(logins: &Logins, user: &UserName, gates: &BTreeSet<GateId>) -> Result<()> {
    let listed = logins.users()?.list().into_iter().find(|listed| listed.name == user.as_str());
    let listed = listed.with_context(|| {
        format!(
            "there is no user `{user}` in {}: `manless user add {user} --role ROLE` makes it",
            logins.users.display()
        )
    })?;
    let role = logins.roles.find(&listed.role)?;
    if !gates.is_empty() && !role.has_gates() {
        bail!("{user} has the role `{role}`, which is not limited to gates: leave out `--gate`");
    }
    // An agent without gates is that of the gate of its own name.
    let own = match (&listed.gates[..], &listed.role[..]) {
        ([], "agent") => vec![listed.name],
        _ => listed.gates,
    };
    if let Some(gate) = gates.iter().find(|gate| !own.iter().any(|own| own == gate.as_str()))
        && !own.is_empty()
    {
        bail!("{user} does not have the gate `{gate}`, only {}", own.join(", "));
    }

    Ok(())
}

fn list(logins: &Logins) -> Result<()> {
    let tokens = logins.tokens()?.list();
    if tokens.is_empty() {
        return tell(&format!("There are no tokens in {}.", logins.tokens.display()));
    }

    let now = Timestamp::now();
    let width = tokens.iter().map(|token| token.name.len()).max().unwrap_or_default();
    for token in tokens {
        say(&format!("{:width$}  {}", token.name, describe(&token, now)))?;
    }
    Ok(())
}

fn remove(logins: &Logins, name: &UserName) -> Result<()> {
    let mut tokens = logins.tokens()?;
    tokens.remove(name)?;
    tokens.save()?;

    tell(&format!("Removed {name}. Whoever is connected with it is closed."))
}

fn describe(token: &ListedToken, now: Timestamp) -> String {
    let gates = match &token.gates[..] {
        [] => String::new(),
        gates => format!(", {} only", gates.join(", ")),
    };
    let until = match token.expires {
        Some(expires) if expires <= now => format!("expired on {}", date(expires)),
        Some(expires) => format!("until {}", date(expires)),
        None => "until it is removed".to_owned(),
    };

    format!("{}{gates}, {until}", token.user)
}

fn date(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M UTC").to_string()
}
