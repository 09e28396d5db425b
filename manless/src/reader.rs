//! `manless reader listen`: what a card reader sends, and what the configuration should say.

mod judge;
mod place;

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use clap::Subcommand;
use gate_agent::{
    CardReader, ReaderPort,
    install::{Heard, Listener, reader_path},
};
use service::signal;
use tokio::time;

use crate::devices::access;
use judge::Judgement;
use place::Place;

/// What a reader sends without such a pause belongs together.
const PAUSE: Duration = Duration::from_millis(200);
/// More than this at once is no card.
const BURST: usize = 512;

/// What is done with a card reader.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Shows what a card reader sends, and what each framing makes of it. Ctrl-C ends it.
    Listen {
        /// A port such as /dev/ttyUSB0, /dev/input/by-id/… or COM17, or a gate of the
        /// configuration. Without one, the only reader that there is.
        #[arg(value_name = "PORT|GATE")]
        place: Option<String>,
        /// In bits a second: 9600 as a rule.
        #[arg(long)]
        baud: Option<u32>,
        /// The configuration of the site.
        #[arg(long, env = "MANLESS_CONFIG", value_name = "FILE")]
        config: Option<PathBuf>,
    },
}

pub(crate) fn run(args: Args) -> Result<()> {
    let Command::Listen { place, baud, config } = args.command;

    listen(&Place::find(place.as_deref(), baud, config.as_deref())?)
}

#[tokio::main(flavor = "current_thread")]
async fn listen(place: &Place) -> Result<()> {
    let stop = signal::shutdown().context("cannot listen for signals")?;
    let path = reader_path(&place.reader, None);
    let holders = access::holders(Path::new(&path));
    if !holders.is_empty() {
        bail!("{path} is in use by {}: stop it first", holders.join(", "));
    }

    tokio::select! {
        ended = show(place) => ended,
        () = stop => Ok(()),
    }
}

async fn show(place: &Place) -> Result<()> {
    let mut listener = Listener::open(&place.reader, None);
    let mut suggested = String::new();
    let mut pending = None;

    loop {
        let heard = match pending.take() {
            Some(heard) => heard,
            None => listener.next().await,
        };
        match heard {
            Heard::Open => say(&opened(&place.reader))?,
            Heard::Gone(reason) => say(&format!("{reason}; trying again\n"))?,
            Heard::Bytes(bytes) => {
                let (burst, after) = burst(&mut listener, bytes).await;
                pending = after;
                let judgement = Judgement::of(&burst, place);
                say(&judgement.to_string())?;

                let suggestion = judgement.suggestion(&place.reader);
                if !suggestion.is_empty() && suggestion != suggested {
                    say(&suggestion)?;
                    suggested = suggestion;
                }
            }
        }
    }
}

/// What comes until the reader pauses, and what came instead of more bytes.
async fn burst(listener: &mut Listener, mut burst: Vec<u8>) -> (Vec<u8>, Option<Heard>) {
    while burst.len() < BURST {
        match time::timeout(PAUSE, listener.next()).await {
            Ok(Heard::Bytes(more)) => burst.extend(more),
            Ok(other @ (Heard::Open | Heard::Gone(_))) => return (burst, Some(other)),
            Err(_) => break,
        }
    }

    (burst, None)
}

fn opened(reader: &CardReader) -> String {
    let speed = match reader.port {
        ReaderPort::Hid(_) => String::new(),
        ReaderPort::Serial(_) | ReaderPort::Simulated => format!(" at {} baud", reader.baud),
    };

    format!("Listening to {}{speed}. Hold a card to the reader; Ctrl-C ends this.\n", reader.port)
}

fn say(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();

    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .context("cannot write to standard output")
}
