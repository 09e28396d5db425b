//! `manless`: a whole car park on one box, and the command line for it.

mod audit;
mod camera;
mod devices;
mod gate;
mod logins;
mod monitor;
mod reader;
mod sim;
mod site;
mod subscription;
mod tap;
mod tls;
mod token;
mod up;
mod user;
mod welcome;

use std::{path::PathBuf, process::ExitCode};

use anyhow::Result;
use clap::{Parser, Subcommand};
use service::program;

/// Runs the gates of an unattended car park.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    site: SiteArgs,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the whole site: broker, gateway and gates. This is the default.
    Up(SiteArgs),
    /// Lists serial ports, card readers and cameras: what they are, and what keeps them from being used.
    Devices,
    /// Shows what a card reader sends.
    Reader(reader::Args),
    /// Takes a picture of a camera.
    Camera(camera::Args),
    /// Tests the devices of a gate.
    Gate(gate::Args),
    /// Shows gates live: on the whole terminal, or line by line where standard output is none.
    Monitor(monitor::Args),
    /// Shows everything that is said at a site, as it is said, line by line.
    Tap(tap::Args),
    /// Shows what was commanded, and checks that the log of it is whole.
    Audit(audit::Args),
    /// Makes something happen at a simulated gate of a running site.
    Sim(sim::Args),
    /// Makes certificates for a site.
    Tls(tls::Args),
    /// Makes tokens, by which programs log in.
    Token(token::Args),
    /// Says who may log in, and as what.
    User(user::Args),
}

/// Which site.
#[derive(Debug, clap::Args)]
struct SiteArgs {
    /// The configuration of the site, in TOML. Without one: two simulated gates, for this
    /// machine alone.
    #[arg(long, env = "MANLESS_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
}

fn main() -> ExitCode {
    gate_agent::camera_worker().unwrap_or_else(|| program::run(run))
}

fn run(args: Args) -> Result<()> {
    match args.command.unwrap_or(Command::Up(args.site)) {
        Command::Up(site) => up::run(site.config.as_deref()),
        Command::Devices => devices::run(),
        Command::Reader(args) => reader::run(args),
        Command::Camera(args) => camera::run(args),
        Command::Gate(args) => gate::run(args),
        Command::Monitor(args) => monitor::run(args),
        Command::Tap(args) => tap::run(args),
        Command::Audit(args) => audit::run(args),
        Command::Sim(words) => sim::run(words),
        Command::Tls(wanted) => tls::run(wanted),
        Command::Token(args) => token::run(args),
        Command::User(args) => user::run(args),
    }
}
