//! The benchmarks of the broker, the gateway and a gate: each server is a process that is started, driven over loopback,
//! and compared with its peers in the same run. `bench/README.md` says what is measured and how.

#![expect(clippy::print_stdout, reason = "tables and progress are what this program is for")]

mod args;
mod client;
mod compare;
mod crash;
mod floor;
mod gate;
mod gateway;
mod hostile;
mod limits;
mod peer;
mod report;
mod scenario;
mod statistics;
mod usage;
mod websocket;
mod wire;

use std::process::ExitCode;

use anyhow::Context;
use args::{Args, Command};
use clap::Parser;

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(verdict) => verdict,
        Err(error) => {
            println!("Error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let files = limits::raise()?;
    // The load is one thread, so that it leaves the other cores to the broker.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;

    match &args.command {
        None => runtime.block_on(compare::run(&args.comparison, files)),
        Some(Command::Floor) => runtime.block_on(compare::run(&args.comparison.floor(), files)),
        Some(Command::Hostile(hostile)) => runtime.block_on(hostile::run(hostile)),
        Some(Command::Gate(gate)) => runtime.block_on(gate::run(gate)),
        Some(Command::Gateway(gateway)) => runtime.block_on(gateway::run(gateway, files)),
        Some(Command::Crash(crash)) => return runtime.block_on(crash::run(crash)),
        Some(Command::FloorGateway { address, broker, unbatched }) => {
            gateway::serve(*address, *broker, gateway::Writes::of(*unbatched))
        }
        Some(Command::FloorServer { address }) => runtime.block_on(floor::serve(*address)),
    }?;

    Ok(ExitCode::SUCCESS)
}
