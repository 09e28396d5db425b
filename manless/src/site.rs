//! The gates of a configuration, for commands that are about one of them.

use std::{collections::BTreeMap, env, path::Path, sync::Arc};

use anyhow::{Context, Result};
use gate_agent::Config;
use schemas::GateId;
use service::config::{ConfigError, Settings};
use site_sim::{Gate, SimConfig};
use tempfile::TempDir;

/// A gate, as it is configured.
pub(crate) fn gate(config: Option<&Path>, gate: &GateId) -> Result<Config> {
    let mut gates = gates(config)?;
    let names: Vec<&str> = gates.keys().map(GateId::as_str).collect();
    let reason = match names.as_slice() {
        [] => "no gate is configured: name the configuration, --config FILE".to_owned(),
        names => format!("there is no such gate in the configuration, only {}", names.join(", ")),
    };

    let found = gates
        .remove(gate)
        .ok_or_else(|| ConfigError::Refused { key: format!("gates.{gate}"), reason })?;
    found.validate(gate)?;

    Ok(found)
}

/// Devices that are there until this is dropped.
#[derive(Debug)]
pub(crate) struct Simulated {
    pub(crate) gate: Arc<Gate>,
    _dir: TempDir,
}

/// All of them.
pub(crate) fn gates(config: Option<&Path>) -> Result<BTreeMap<GateId, Config>> {
    Ok(Settings::load(config, env::vars())?.read("gates")?)
}

/// Devices of its own for a gate that is simulated, apart from those of a site that runs.
pub(crate) fn simulated(name: &GateId, config: &Config) -> Result<Option<Simulated>> {
    if !config.is_simulated() {
        return Ok(None);
    }
    let dir = TempDir::new().context("cannot make a temporary directory")?;
    let gate = Gate::start(dir.path(), name.as_str(), SimConfig::REAL)
        .with_context(|| format!("cannot simulate the devices of {name}"))?;

    Ok(Some(Simulated { gate: gate.into(), _dir: dir }))
}
