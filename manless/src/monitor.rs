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
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use schemas::{GateId, Root};
use service::{config::Settings, signal};
use tokio::sync::mpsc;

use crate::subscription::{Subscription, broker_of};

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
    let root: Root = settings.read("root")?;
    let filters = feed::filters(&root, gate.as_ref());
    let subscription = Subscription { mqtt, name: "monitor", filters };

    let broker = subscription.broker();
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
        () = subscription.run(updates, |news| feed::update(&root, news)) => Ok(()),
        () = stop => Ok(()),
    }
}
