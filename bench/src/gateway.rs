//! The gateway: each server that brings messages from a broker to WebSocket clients is a process that is started,
//! driven over loopback, and compared with its peers and with two floors in the same run.

mod crowd;
mod floor;
mod hostile;
mod message;
mod publisher;
mod scenario;
mod server;

use anyhow::ensure;

pub(crate) use floor::{Writes, serve};
pub(crate) use scenario::Group;
pub(crate) use server::Server;

use crate::{
    args,
    compare::progress,
    report::Report,
    scenario::{Extent, Outcome},
};
use scenario::Case;
use server::{Feed, Places};

/// The gate whose messages are measured.
const GATE: &str = "gate_in";
/// Another one.
const OTHER_GATE: &str = "gate_7";
/// The channel of all gates.
const ALL_GATES: &str = "gate_all";
/// What the largest scenario needs, and some more.
const FILES: u64 = 11_000;

/// Runs, prints, and saves if that is asked for.
pub(crate) async fn run(wanted: &args::Gateway, files: Option<u64>) -> anyhow::Result<()> {
    ensure!(
        files.is_none_or(|files| files >= FILES),
        "only {files:?} files may be open, and 10,000 connections need {FILES}: ulimit -Hn {FILES}"
    );
    let places = Places {
        gateway: wanted.gateway.clone(),
        broker: wanted.broker.clone(),
        feed: if wanted.no_broker { Feed::Floor } else { Feed::Broker },
    };
    let servers = present(&wanted.peers, &places);
    let names: Vec<_> = servers.iter().map(|server| server.name()).collect();
    let extent = if wanted.quick { Extent::Quick } else { Extent::Full };
    let mut report = Report::new(&names, what(wanted));
    println!("{}\n", report.circumstances()?);

    for case in scenario::cases(extent) {
        if !wanted.wants(case.group) {
            continue;
        }
        for round in 0..wanted.rounds().min(case.rounds) {
            // Whoever comes first meets another machine than who comes last.
            for turn in 0..servers.len() {
                let column = (turn + round as usize) % servers.len();
                let server = servers[column];
                if !case.takes(server, extent) {
                    continue;
                }
                progress(&format!("{}, round {}, {}", case.name, round + 1, server.name()));
                let outcome = measure(&case, server, &places, wanted).await;
                report.add(column, case.name, round, outcome);
            }
        }
    }
    progress("");

    print!("{}", report.markdown());
    if let Some(name) = &wanted.save {
        report.save(name)?;
    }
    if wanted.wants(Group::Hostile) {
        hostile::run(&servers, &places, extent).await?;
    }
    Ok(())
}

/// Those that are there; the others are skipped with a word.
fn present(servers: &[Server], places: &Places) -> Vec<Server> {
    let is_there = |server: &Server| match server.find(places) {
        Ok(_) => true,
        Err(remedy) => {
            println!("Skipped: {remedy}");
            false
        }
    };

    servers.iter().copied().filter(is_there).collect()
}

/// Each time with a server and a broker that have seen nothing yet.
async fn measure(
    case: &Case,
    server: Server,
    places: &Places,
    wanted: &args::Gateway,
) -> anyhow::Result<Outcome> {
    let mut serving = server.start(places, case.bounds()).await?;
    let outcome = case.run(&serving, wanted.agent.as_deref())?;

    ensure!(serving.is_alive(), "it ended");
    Ok(outcome)
}

fn what(wanted: &args::Gateway) -> String {
    let rounds = match wanted.rounds() {
        1 => "1 round".to_owned(),
        rounds => format!("at most {rounds} rounds"),
    };

    format!("The gateway, messages of {} bytes, {rounds}", crowd::MESSAGE)
}
