//! The program `ws-gateway`: one gateway for one or many gates.

use std::{env, path::PathBuf, process::ExitCode};

use access::Access;
use anyhow::{Context, Result};
use clap::Parser;
use service::{Supervisor, config::Settings, program, signal, telemetry};
use ws_gateway::{Config, Gateway};

/// From MQTT to browsers and back: dashboards, commands, pictures.
#[derive(Debug, Parser)]
#[command(version)]
struct Args {
    /// The configuration: one TOML file for all programs.
    #[arg(long, env = "MANLESS_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
}

fn main() -> ExitCode {
    program::run(serve)
}

#[tokio::main]
async fn serve(args: Args) -> Result<()> {
    let settings = Settings::load(args.config.as_deref(), env::vars())?;
    let _log = telemetry::init(&settings.read("log")?, "")?;

    let stop = signal::shutdown().context("cannot listen for signals")?;
    let access = Access::load(&settings)?;
    let config = settings.read::<Config>("gateway")?.in_data_dir(&settings.data_dir()?);
    let gateway =
        Gateway::bind(config, settings.read("mqtt")?, settings.read("root")?, access.clone())
            .await?;

    let mut supervisor = Supervisor::default();
    supervisor.spawn("users", |cancel| access.watch_file(cancel));
    let grace = gateway.grace();
    supervisor.spawn("gateway", |cancel| gateway.run(cancel));
    supervisor.run(stop, grace).await?;

    Ok(())
}
