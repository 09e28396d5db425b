//! `gate-agent gate_in`: the agent of one gate, on its own.

use std::{
    collections::BTreeMap, env, path::PathBuf, process::ExitCode, sync::Arc, time::Duration,
};

use anyhow::{Context, Result};
use clap::Parser;
use gate_agent::{Agent, Config, Site};
use schemas::GateId;
use service::{
    Supervisor,
    config::{ConfigError, Settings},
    program, signal, telemetry,
};
use site_sim::Control;
use tracing::{info, warn};

/// How long tasks may take to stop.
const GRACE: Duration = Duration::from_secs(4);

/// Drives the devices of one gate and says over MQTT what happens there.
#[derive(Debug, Parser)]
#[command(version)]
struct Args {
    /// The gate, such as `gate_in`.
    #[arg(env = "GATE_ID")]
    gate: GateId,
    /// The configuration of the site, in TOML. Without one, the gate is simulated.
    #[arg(long, env = "MANLESS_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
}

fn main() -> ExitCode {
    gate_agent::camera_worker().unwrap_or_else(|| program::run(run))
}

#[tokio::main(worker_threads = 2)]
async fn run(args: Args) -> Result<()> {
    let settings = Settings::load(args.config.as_deref(), env::vars())?;
    let _log = telemetry::init(&settings.read("log")?, gate_agent::LOG_FILTER)?;
    let stop = signal::shutdown().context("cannot listen for signals")?;

    let config = config_of(&args.gate, &settings)?;
    let site = Site {
        root: settings.read("root")?,
        data_dir: settings.data_dir()?,
        mqtt: settings.read("mqtt")?,
        home_assistant: settings.read("home_assistant")?,
    };
    let socket = site.data_dir.join(format!("{}.sock", args.gate));

    let agent = Agent::prepare(args.gate.clone(), config, site)?;
    let simulation = agent.simulation();
    let _control = simulation
        .map(|gate| Control::serve(&socket, vec![Arc::clone(&gate)]))
        .transpose()
        .context("cannot offer the simulated gate")?;
    info!(gate = %args.gate, devices = agent.devices(), "Starting");

    let mut supervisor = Supervisor::default();
    agent.start(&mut supervisor);
    supervisor.run(stop, GRACE).await?;

    Ok(())
}

/// The gate as it is configured. Only where no gate at all is configured is it simulated: a
/// mistyped name must not leave a real barrier alone.
fn config_of(gate: &GateId, settings: &Settings) -> Result<Config, ConfigError> {
    if !settings.mentions("gates") {
        warn!(%gate, "No gate is configured: its devices are simulated");
        return Ok(Config::simulated());
    }

    let mut gates: BTreeMap<GateId, Config> = settings.read("gates")?;
    let names: Vec<&str> = gates.keys().map(GateId::as_str).collect();
    let reason = format!("there is no such gate in the configuration, only {}", names.join(", "));

    gates.remove(gate).ok_or_else(|| ConfigError::Refused { key: format!("gates.{gate}"), reason })
}
