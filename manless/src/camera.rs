//! `manless camera snap`: one picture of a camera, in a file.

mod place;

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use clap::Subcommand;
use gate_agent::{Camera, install};
use service::signal;

use crate::devices::access;
use place::Place;

/// Longer than a slow camera takes to start.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);
/// What stands for standard output.
const STDOUT: &str = "-";

/// What is done with a camera.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Takes a picture, and writes it to a file.
    Snap {
        /// The file, a JPEG; - is standard output.
        file: PathBuf,
        /// A camera such as /dev/v4l/by-id/…, its number, http://… of a picture, rtsp://…, or a gate
        /// of the configuration. Without one, the only camera that there is.
        #[arg(value_name = "CAMERA|GATE")]
        place: Option<String>,
        /// The configuration of the site.
        #[arg(long, env = "MANLESS_CONFIG", value_name = "FILE")]
        config: Option<PathBuf>,
    },
}

pub(crate) fn run(args: Args) -> Result<()> {
    let Command::Snap { file, place, config } = args.command;

    snap(&file, Place::find(place.as_deref(), config.as_deref())?)
}

#[tokio::main(flavor = "current_thread")]
async fn snap(file: &Path, place: Place) -> Result<()> {
    let stop = signal::shutdown().context("cannot listen for signals")?;
    let Place { camera, simulated } = place;
    refuse_if_in_use(&camera)?;
    let gate = simulated.as_ref().map(|simulated| Arc::clone(&simulated.gate));

    let picture = tokio::select! {
        picture = install::snap(&camera, gate, PATIENCE) => picture,
        () = stop => bail!("interrupted"),
    };
    let picture = picture.with_context(|| format!("no picture of {}", camera.describe()))?;

    if file == Path::new(STDOUT) {
        io::stdout().write_all(&picture.jpeg).context("cannot write to standard output")?;
        return Ok(());
    }
    fs::write(file, &picture.jpeg).with_context(|| format!("cannot write {}", file.display()))?;
    let size = picture.jpeg.len();
    writeln!(
        io::stdout(),
        "{}: {} × {} pixels, {size} bytes, from {}",
        file.display(),
        picture.width,
        picture.height,
        camera.describe(),
    )
    .context("cannot write to standard output")
}

/// A camera of this machine shows its pictures to one program.
pub(crate) fn refuse_if_in_use(camera: &Camera) -> Result<()> {
    let Some(node) = camera.device_file() else { return Ok(()) };
    let holders = access::holders(&node);
    if !holders.is_empty() {
        bail!("{} is in use by {}: stop it first", node.display(), holders.join(", "));
    }

    Ok(())
}
