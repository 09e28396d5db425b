//! `manless audit`: what was commanded at a site, by whom, and whether the log of it is whole.

mod lines;
mod since;

use std::{
    env,
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use audit::{Fault, Verdict, files_of, verify};
use clap::Subcommand;
use schemas::{GateId, Timestamp};
use service::{
    config::{ConfigError, Settings},
    program::Failure,
};
use ws_gateway::Config;

use crate::logins::say;

/// The arguments of `manless audit`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    manless audit show --gate gate_in --since 2h\n  \
    manless audit show --user anna --since 2026-03-01 --json | jq .reason\n  \
    manless audit verify\n\n\
    Exit codes of verify: 0 whole, 65 broken, 66 a file cannot be read")]
pub(crate) struct Args {
    /// The configuration of the site, which says where the log is.
    #[arg(long, global = true, env = "MANLESS_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Checks that no record was changed, taken out or put in; says the first broken place.
    Verify {
        /// The files of one log, the oldest first. Without any: those of the configuration.
        files: Vec<PathBuf>,
    },
    /// Shows what was commanded, the oldest first.
    Show {
        /// At this gate alone.
        #[arg(long)]
        gate: Option<GateId>,
        /// By this user alone; over MQTT, who says to be it.
        #[arg(long)]
        user: Option<String>,
        /// From here on: a time (2026-03-01T08:00:00Z), a day (2026-03-01), or how long ago (2h, 7d).
        #[arg(long, value_parser = since::parse)]
        since: Option<Timestamp>,
        /// The records as they are, one a line.
        #[arg(long)]
        json: bool,
        /// The files of one log, the oldest first. Without any: those of the configuration.
        files: Vec<PathBuf>,
    },
}

/// Which records are wanted.
#[derive(Debug)]
struct Wanted {
    gate: Option<GateId>,
    user: Option<String>,
    since: Option<Timestamp>,
}

pub(crate) fn run(args: Args) -> Result<()> {
    let config = args.config.as_deref();

    match args.command {
        Command::Verify { files } => check(&files_or(files, config)?),
        Command::Show { gate, user, since, json, files } => {
            show(&files_or(files, config)?, &Wanted { gate, user, since }, json)
        }
    }
}

fn check(files: &[PathBuf]) -> Result<()> {
    let Verdict { records, first, last, torn, lost } = verify(files, |_| {}).map_err(failure)?;

    say(&format!("whole: {records} records in {} files", files.len()))?;
    if let Some(first) = first.filter(|first| *first > 1) {
        say(&format!("it begins with record {first}: those before it are not in these files"))?;
    }
    if lost > 0 {
        say(&format!(
            "{lost} more could not be written when they came: see `lost` in the records"
        ))?;
    }
    if torn > 0 {
        say(&format!(
            "{torn} bytes after the last one are no record yet: it is being written, or was torn"
        ))?;
    }
    if let Some(last) = last {
        say(&format!("the last one is {}, with the hash {}", last.n, last.hash))?;
    }

    Ok(())
}

fn show(files: &[PathBuf], wanted: &Wanted, json: bool) -> Result<()> {
    let mut out = io::stdout().lock();
    let mut written = Ok(());
    let checked = verify(files, |line| {
        if written.is_ok() && wanted.wants(&line.record) {
            let text = if json { lines::json(line) } else { lines::text(line) };
            written = writeln!(out, "{text}");
        }
    });

    match written {
        // Whoever has read enough, such as `head`, is no failure.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(()),
        written => written.context("cannot write to standard output")?,
    }
    checked.map(|_| ()).map_err(failure)
}

/// The files that were named, or else those of the log of this site.
fn files_or(named: Vec<PathBuf>, config: Option<&Path>) -> Result<Vec<PathBuf>> {
    if !named.is_empty() {
        return Ok(named);
    }
    let settings = Settings::load(config, env::vars())?;
    let gateway = settings.read::<Config>("gateway")?.in_data_dir(&settings.data_dir()?);
    let path = gateway.audit_file.path().ok_or_else(|| ConfigError::Refused {
        key: "gateway.audit_file".to_owned(),
        reason: "it says that nothing is recorded: name the files to look at".to_owned(),
    })?;

    let files = files_of(path).with_context(|| format!("cannot look for {}", path.display()))?;
    if files.is_empty() {
        let message = format!(
            "there is no audit log {}: name the configuration, --config FILE, or the files",
            path.display()
        );
        return Err(Failure::NoInput(message).into());
    }
    Ok(files)
}

fn failure(fault: Fault) -> anyhow::Error {
    let code = match &fault {
        Fault::Read { .. } => Failure::NoInput("the audit log cannot be checked".to_owned()),
        Fault::Broken { .. } => Failure::Data("the audit log is not as it was written".to_owned()),
    };

    anyhow::Error::new(fault).context(code)
}

impl Wanted {
    fn wants(&self, record: &audit::Record) -> bool {
        let is_gate =
            self.gate.as_ref().is_none_or(|gate| record.gate.as_deref() == Some(gate.as_str()));
        let is_since = self.since.is_none_or(|since| record.time >= since);

        is_gate && is_since && self.user.as_deref().is_none_or(|user| is_by(record, user))
    }
}

/// `requested_by` is a name, or a name and from where.
fn is_by(record: &audit::Record, user: &str) -> bool {
    let claims = |claimed: &String| claimed.split('@').next() == Some(user);

    record.user.as_deref() == Some(user) || record.requested_by.as_ref().is_some_and(claims)
}

#[cfg(test)]
mod tests {
    use audit::{Record, What};

    use super::*;

    #[test]
    fn what_is_shown_can_be_narrowed() {
        let at = |time: &str| Record {
            gate: Some("gate_in".to_owned()),
            user: Some("anna".to_owned()),
            ..Record::new(time.parse().unwrap(), What::Command, "bridge")
        };
        let record = at("2026-03-01T12:00:00Z");
        let wants = |gate: Option<&str>, user: Option<&str>, since: Option<&str>| {
            Wanted {
                gate: gate.map(|gate| gate.parse().unwrap()),
                user: user.map(str::to_owned),
                since: since.map(|since| since.parse().unwrap()),
            }
            .wants(&record)
        };

        assert!(wants(None, None, None));
        assert!(wants(Some("gate_in"), Some("anna"), Some("2026-03-01T12:00:00Z")));
        assert!(!wants(Some("gate_out"), None, None));
        assert!(!wants(None, Some("ann"), None));
        assert!(!wants(None, None, Some("2026-03-01T12:00:01Z")));
    }

    #[test]
    fn over_mqtt_a_user_is_who_says_so() {
        let time = "2026-03-01T12:00:00Z".parse().unwrap();
        let record = |by: &str| Record {
            requested_by: Some(by.to_owned()),
            ..Record::new(time, What::Command, "bridge")
        };

        assert!(is_by(&record("anna"), "anna") && is_by(&record("anna@10.0.0.7"), "anna"));
        assert!(!is_by(&record("annabel"), "anna"));
    }
}
