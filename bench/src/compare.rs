//! The comparison: every scenario with every broker, in turns.

use std::io::{self, Write};

use anyhow::ensure;

use crate::{
    args::Comparison,
    peer::{Peer, Programs},
    report::Report,
    scenario::{self, Case, Outcome},
    wire::Version,
};

/// What the largest scenario needs, and some more.
const FILES: u64 = 11_000;

/// Runs, prints, and saves if that is asked for.
pub(crate) async fn run(wanted: &Comparison, files: Option<u64>) -> anyhow::Result<()> {
    ensure!(
        files.is_none_or(|files| files >= FILES),
        "only {files:?} files may be open, and 10,000 connections need {FILES}: ulimit -Hn {FILES}"
    );
    let programs = wanted.programs();
    let peers = present(&wanted.peers, &programs);
    let names: Vec<_> = peers.iter().map(|peer| peer.name()).collect();
    let mut report = Report::new(&names, wanted.what());
    println!("{}\n", report.circumstances()?);

    for case in scenario::cases(wanted.extent()) {
        if !wanted.wants(case.group) {
            continue;
        }
        for round in 0..wanted.rounds() {
            // Whoever comes first meets another machine than who comes last.
            for turn in 0..peers.len() {
                let column = (turn + round as usize) % peers.len();
                let peer = peers[column];
                progress(&format!("{}, round {}, {}", case.name, round + 1, peer.name()));
                let outcome = measure(&case, peer, &programs, wanted.mqtt).await;
                report.add(column, case.name, round, outcome);
            }
        }
    }
    progress("");

    print!("{}", report.markdown());
    match &wanted.save {
        Some(name) => report.save(name),
        None => Ok(()),
    }
}

/// Those that are there; the others are skipped with a word.
pub(crate) fn present(peers: &[Peer], programs: &Programs) -> Vec<Peer> {
    let is_there = |peer: &Peer| match peer.find(programs) {
        Ok(_) => true,
        Err(remedy) => {
            println!("Skipped: {remedy}");
            false
        }
    };

    peers.iter().copied().filter(is_there).collect()
}

/// Each time with a broker that has seen nothing yet.
async fn measure(
    case: &Case,
    peer: Peer,
    programs: &Programs,
    version: Version,
) -> anyhow::Result<Outcome> {
    let mut broker = peer.start(programs, version, case.bounds(peer)).await?;
    let outcome = case.run(&broker, version).await?;

    ensure!(broker.is_alive(), "it ended");
    Ok(outcome)
}

/// One line that is written over, on a terminal and nowhere else.
pub(crate) fn progress(line: &str) {
    let mut out = io::stderr();
    if io::IsTerminal::is_terminal(&out) {
        // Nobody is left to tell if the terminal is gone.
        let _ = write!(out, "\r\x1b[K{line}").and_then(|()| out.flush());
    }
}
