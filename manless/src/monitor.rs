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

use std::{
    env,
    io::{self, IsTerminal},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use schemas::GateId;
use service::{config::Settings, signal};
use tokio::sync::mpsc;

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
    let mqtt: service::mqtt::Config = settings.read("mqtt")?;
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
