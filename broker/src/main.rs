//! The program `broker`: reads its configuration, takes the port, and serves until told to stop.

use std::{path::PathBuf, process::ExitCode, time::Duration};

use access::Access;
use anyhow::Context;
use broker::Broker;
use clap::Parser;
use schemas::Root;
use service::{Supervisor, config::Settings, open_files, program, signal, telemetry};

/// How long clients may take to hear that the broker stops.
const GRACE: Duration = Duration::from_secs(2);

/// The embedded MQTT broker of Manless, on its own.
#[derive(Debug, Parser)]
#[command(version)]
struct Args {
    /// The configuration file; without one, the defaults and the environment count.
    #[arg(long, env = "MANLESS_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
}

fn main() -> ExitCode {
    program::run(start)
}

#[tokio::main]
async fn start(args: Args) -> anyhow::Result<()> {
    let settings = Settings::load(args.config.as_deref(), std::env::vars())?;
    let config: broker::Config = settings.read("broker")?;
    let root: Root = settings.read("root")?;
    let _log = telemetry::init(&settings.read("log")?, broker::LOG_FILTER)?;

    let access = Access::load(&settings)?;

    open_files::raise();
    let stop = signal::shutdown().context("cannot listen for signals")?;
    let broker = Broker::bind(config, root, access.clone(), &settings.data_dir()?).await?;
    let mut supervisor = Supervisor::default();
    supervisor.spawn("users", |cancel| access.watch_file(cancel));
    supervisor.spawn("broker", |cancel| broker.run(cancel));

    Ok(supervisor.run(stop, GRACE).await?)
}
