//! `manless monitor`: the gates of a site, live in a terminal, over MQTT.
//!
//! ```text
//! broker ──▶ feed ──updates──▶ site (what is known) ──▶ screen, where there is a terminal
//!                                                   └─▶ lines, where there is none
//! ```

mod feed;
mod keys;
mod lines;
mod screen;
mod site;
mod words;

pub(crate) use words::{of_payload, plain};

use std::{
    env,
    io::{self, IsTerminal},
    net::SocketAddr,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use schemas::GateId;
use service::{
    config::{ConfigError, Settings},
    mqtt, signal,
};
use tokio::sync::mpsc;

use crate::up::reachable;
use feed::Feed;

/// More updates than this wait with the broker.
const QUEUE: usize = 256;

/// What is watched.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// One gate; without it, all of them.
    gate: Option<GateId>,
    /// The configuration of the site: `[mqtt]` says where the broker is, and how to log in.
    #[arg(long, env = "MANLESS_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
}

pub(crate) fn run(args: Args) -> Result<()> {
    watch(args.gate, args.config.as_deref())
}

#[tokio::main(flavor = "current_thread")]
async fn watch(gate: Option<GateId>, config: Option<&Path>) -> Result<()> {
    let settings = Settings::load(config, env::vars())?;
    let stop = signal::shutdown().context("cannot listen for signals")?;
    let mqtt = broker_of(&settings)?;
    mqtt.validate()?;
    let feed = Feed { mqtt, root: settings.read("root")?, gate };

    let broker = feed.broker();
    let (updates, inbox) = mpsc::channel(QUEUE);
    let show = async {
        if io::stdout().is_terminal() {
            screen::run(broker, inbox).await
        } else {
            lines::run(inbox).await
        }
    };

    tokio::select! {
        shown = show => shown,
        () = feed.run(updates) => Ok(()),
        () = stop => Ok(()),
    }
}

/// Where `[mqtt]` says; where it says nothing, where the broker of the same configuration listens.
pub(crate) fn broker_of(settings: &Settings) -> Result<mqtt::Config, ConfigError> {
    let mqtt: mqtt::Config = settings.read("mqtt")?;
    let broker: broker::Config = settings.read("broker")?;
    let is_said =
        mqtt.port.is_some() || mqtt.tls.is_some() || mqtt.host != mqtt::Config::default().host;

    Ok(match broker.listen.iter().find(|address| address.port() != 0) {
        Some(address) if !is_said => {
            let here = SocketAddr::new(reachable(address.ip()), address.port());
            let mqtt::Config { host, port, .. } = mqtt::Config::at(here);
            mqtt::Config { host, port, ..mqtt }
        }
        Some(_) | None => mqtt,
    })
}
