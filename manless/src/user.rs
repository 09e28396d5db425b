//! `manless user`: who may log in, and as what.

mod password;

use std::{collections::BTreeSet, path::PathBuf};

use access::{Access, Listed, Reach, User, UserName};
use anyhow::{Context, Result, bail};
use clap::Subcommand;
use schemas::GateId;

use self::password::Source;
use crate::logins::{Logins, say, tell};

/// The arguments of `manless user`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    manless user add gate_in --role agent --generate\n  \
    manless user add anna --role operator\n  \
    manless user add north --role agent --gate gate_1 --gate gate_2 --password-file north.secret\n  \
    manless user check anna")]
pub(crate) struct Args {
    /// The configuration of the site, which says where the users are.
    #[arg(long, global = true, env = "MANLESS_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Lets somebody log in.
    Add {
        /// Who: a person, a program, or a gate by its own name.
        name: UserName,
        /// agent, gateway, viewer, operator, admin, integrator, or a role of the configuration.
        #[arg(long)]
        role: String,
        /// A gate of an agent, or the only gates that somebody else may see and command.
        #[arg(long = "gate", value_name = "GATE")]
        gates: Vec<GateId>,
        #[command(flatten)]
        source: Source,
        /// Has no password: logs in with a client certificate of this name.
        #[arg(long, conflicts_with_all = ["password_file", "generate"])]
        certificate_only: bool,
    },
    /// Lists who may log in.
    List,
    /// Takes a login away. Its connections are closed.
    Remove {
        /// Who.
        name: UserName,
    },
    /// Sets another password. Connections that were made with the old one are closed.
    Password {
        /// Whose.
        name: UserName,
        #[command(flatten)]
        source: Source,
    },
    /// Says what somebody may do.
    Check {
        /// Who.
        name: UserName,
    },
}

pub(crate) fn run(args: Args) -> Result<()> {
    let logins = Logins::of(args.config.as_deref())?;

    match args.command {
        Command::Add { name, role, gates, source, certificate_only } => {
            let source = (!certificate_only).then_some(source);
            logins.add(&name, &role, gates.into_iter().collect(), source)
        }
        Command::List => logins.list(),
        Command::Remove { name } => logins.remove(&name),
        Command::Password { name, source } => logins.password(&name, &source),
        Command::Check { name } => logins.check(&name),
    }
}

impl Logins {
    fn add(
        &self,
        name: &UserName,
        role: &str,
        gates: BTreeSet<GateId>,
        source: Option<Source>,
    ) -> Result<()> {
        let role = self.roles.find(role)?;
        // Nobody is asked for a password that is of no use.
        self.users()?.check(name, &role, &gates)?;
        let password = source.as_ref().map(|source| source.password(name)).transpose()?;

        let mut users = self.users()?;
        let is_first = users.list().is_empty();
        users.add(name, &role, gates, password.as_ref())?;
        users.save()?;

        if let (Some(source), Some(password)) = (source, &password) {
            source.reveal(password)?;
        }
        tell(&format!("Added {name} ({role}) to {}.", self.users.display()))?;
        match is_first {
            true => tell("It is the first: from the next start on, everybody has to log in."),
            false => Ok(()),
        }
    }

    fn list(&self) -> Result<()> {
        let users = self.users()?.list();
        if users.is_empty() {
            return tell(&format!(
                "There are no users in {}: nobody has to log in.",
                self.users.display()
            ));
        }

        let width = users.iter().map(|user| user.name.len()).max().unwrap_or_default();
        for user in users {
            say(&format!("{:width$}  {}", user.name, describe(&user)))?;
        }
        Ok(())
    }

    fn remove(&self, name: &UserName) -> Result<()> {
        self.users()?.remove(name)?;
        // First, so that whoever gets this name next does not get what others hold.
        let mut tokens = self.tokens()?;
        let gone = tokens.remove_of(name);
        if gone > 0 {
            tokens.save()?;
        }
        drop(tokens);
        let mut users = self.users()?;
        users.remove(name)?;
        users.save()?;

        tell(&format!("Removed {name} from {}.", self.users.display()))?;
        if gone > 0 {
            tell(&format!("Removed {gone} of {name}'s tokens from {}.", self.tokens.display()))?;
        }
        match users.list().is_empty() {
            true => tell("It was the last: from the next start on, nobody has to log in."),
            false => Ok(()),
        }
    }

    fn password(&self, name: &UserName, source: &Source) -> Result<()> {
        if !self.users()?.has(name) {
            bail!("there is no user `{name}` in {}", self.users.display());
        }
        let password = source.password(name)?;

        let mut users = self.users()?;
        users.set_password(name, &password)?;
        users.save()?;

        source.reveal(&password)?;
        tell(&format!("{name} has another password. Connections made with the old one are closed."))
    }

    fn check(&self, name: &UserName) -> Result<()> {
        let access = Access::load(&self.settings)?;
        let user = access
            .find(name.as_str())
            .with_context(|| format!("there is no user `{name}` in {}", self.users.display()))?;

        let listed = self.users()?.list().into_iter().find(|user| user.name == name.as_str());
        say(&format!("{name}: {}", listed.as_ref().map(describe).unwrap_or_default()))?;
        say(&abilities(&user))
    }
}

/// What somebody may do, one filter a line.
fn abilities(user: &User) -> String {
    // A role of the site's own may depend on the client's identifier.
    let rights = user.rights("{client_id}");
    let lists = [
        ("publishes to", "publishes nothing", rights.publishes()),
        ("subscribes to, and to parts of", "subscribes to nothing", rights.subscribes()),
    ];

    let lists = lists.map(|(some, none, filters)| match filters {
        [] => format!("  {none}"),
        filters => list(some, filters),
    });
    let mut lines = Vec::from(lists);
    if !rights.exceptions().is_empty() {
        lines.push(list("sees nothing of", rights.exceptions()));
    }
    lines.push(at_the_gateway(user));

    lines.join("\n")
}

/// What somebody may do in a browser, or over WebSocket.
fn at_the_gateway(user: &User) -> String {
    let Reach { sees, pictures, commands, speaks } = user.reach();
    let told = [
        ("sees", &sees),
        ("sees pictures of", &pictures),
        ("commands", &commands),
        ("speaks for, as their controller,", &speaks),
    ];
    let mut lines: Vec<String> = told
        .into_iter()
        .filter(|(_, gates)| !gates.is_empty())
        .map(|(what, gates)| format!("    {what} {gates}"))
        .collect();
    if user.is_admin() {
        lines.push("    sees who else is there, on the channel `admin`".to_owned());
    }

    match lines.is_empty() {
        true => "  may do nothing at the gateway".to_owned(),
        false => format!("  at the gateway:\n{}", lines.join("\n")),
    }
}

fn list(title: &str, filters: &[String]) -> String {
    format!("  {title}:\n    {}", filters.join("\n    "))
}

fn describe(user: &Listed) -> String {
    let gates = match (&user.gates[..], &user.role[..]) {
        ([], "agent") => format!(" of {}", user.name),
        ([], _) => String::new(),
        (gates, "agent") => format!(" of {}", gates.join(", ")),
        (gates, _) => format!(", {} only", gates.join(", ")),
    };
    let proof = if user.has_password { "" } else { ", by certificate only" };

    format!("{}{gates}{proof}", user.role)
}
