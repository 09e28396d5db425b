//! How a normal client fares while others do their worst.
//!
//! Each attack meets a broker that has seen nothing yet and has its default limits. It runs in a
//! thread of its own, is bounded in connections, bytes and time, and only ever goes to loopback.

mod attack;
mod load;

use std::{
    net::SocketAddr,
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use tokio::{sync::oneshot, time};

use crate::{
    args,
    compare::{present, progress},
    peer::{Bounds, Guard, Peer, Programs, Running},
    scenario::{Latencies, Pace, Pair},
    wire::{Qos, Version},
};
use attack::Attack;

/// How long the normal client tries to get in.
const GIVE_UP_AFTER: Duration = Duration::from_secs(15);
const BETWEEN_ATTEMPTS: Duration = Duration::from_millis(20);
/// How long an attack may take until it is in full swing.
const IN_PLACE_WITHIN: Duration = Duration::from_secs(30);

/// What the normal client met, and what the broker took for it.
#[derive(Debug)]
struct Ordeal {
    latencies: Latencies,
    /// For how long the normal client was not let in.
    kept_out: Duration,
    /// Resident, in MiB.
    memory: f64,
    /// What the attack has to say about itself.
    remark: String,
}

/// Runs all, and prints a table.
pub(crate) async fn run(wanted: &args::Hostile) -> anyhow::Result<()> {
    let programs = Programs { ours: wanted.broker.clone() };
    let peers = present(&wanted.peers, &programs);
    let pace = Pace {
        per_second: wanted.rate,
        lasting: Duration::from_secs(wanted.seconds),
        qos: Qos::AtLeastOnce,
    };
    println!(
        "One client sends {} messages/s at QoS 1 for {} s to another: median / 99 % / longest, in µs; \
         messages lost; \
         how long the client took to get in; memory of the broker then, in MiB.\n",
        wanted.rate, wanted.seconds
    );
    print_row("", &peers.iter().map(|peer| peer.name().to_owned()).collect::<Vec<_>>());
    println!("|---{}|", "|---".repeat(peers.len()));

    let mut notes = Vec::new();
    for attack in Attack::ALL {
        if wanted.only.as_ref().is_some_and(|part| !attack.name().contains(part)) {
            continue;
        }
        let mut cells = Vec::new();
        for peer in &peers {
            if !peer.has(attack.guard()) {
                cells.push("not tried".to_owned());
                notes.push(format!("{}, {}: not tried here", attack.name(), peer.name()));
                continue;
            }
            progress(&format!("{}, {}", attack.name(), peer.name()));
            let ordeal = endure(attack, *peer, &programs, pace).await;
            progress("");
            cells.push(cell(&ordeal));
            let remark = ordeal.map_or_else(|error| format!("failed: {error:#}"), |o| o.remark);
            notes.push(format!("{}, {}: {remark}", attack.name(), peer.name()));
        }
        print_row(attack.name(), &cells);
    }

    println!();
    for note in notes {
        println!("- {note}");
    }
    Ok(())
}

/// One attack on one broker.
async fn endure(
    attack: Attack,
    peer: Peer,
    programs: &Programs,
    pace: Pace,
) -> anyhow::Result<Ordeal> {
    let guard = attack.guard();
    let mut broker = peer.start_guarded(programs, Version::V311, Bounds::Default, guard).await?;
    let (address, target) = (broker.address(), broker.tls().unwrap_or(broker.address()));
    let (in_place, ready) = mpsc::channel();
    let (stop, stopped) = oneshot::channel();
    let attacker = thread::spawn(move || load::run(attack, target, &in_place, stopped));

    // If the attack fails to get going, its thread ends and says why.
    let in_full_swing = ready.recv_timeout(IN_PLACE_WITHIN).is_ok();
    let worked = match in_full_swing {
        true => work(pace, address, guard).await,
        false => Err(anyhow::anyhow!("the attack did not get going in time")),
    };
    let memory = memory(&broker);
    drop(stop);
    let remark = attacker.join().ok().context("the attack panicked")??;

    ensure!(broker.is_alive(), "the broker ended");
    let (latencies, kept_out) = worked?;
    Ok(Ordeal { latencies, kept_out, memory: memory?, remark })
}

/// The normal client: it tries until it is let in, as any does, and then works.
async fn work(
    pace: Pace,
    address: SocketAddr,
    guard: Guard,
) -> anyhow::Result<(Latencies, Duration)> {
    let start = Instant::now();
    let pair = loop {
        match Pair::connect(address, Version::V311, pace.qos, guard.login()) {
            Ok(pair) => break pair,
            Err(error) if start.elapsed() > GIVE_UP_AFTER => {
                return Err(error.context("the normal client is not let in"));
            }
            Err(_) => time::sleep(BETWEEN_ATTEMPTS).await,
        }
    };

    let kept_out = start.elapsed();
    Ok((pace.probe(pair)?, kept_out))
}

fn memory(broker: &Running) -> anyhow::Result<f64> {
    Ok(broker.usage()?.resident as f64 / 1024.0)
}

fn cell(ordeal: &anyhow::Result<Ordeal>) -> String {
    match ordeal {
        Ok(Ordeal { latencies, kept_out, memory, .. }) => format!(
            "{:.0} / {:.0} / {:.0}; {} lost; in after {:.0} ms; {memory:.1}",
            latencies.percentile(50),
            latencies.percentile(99),
            latencies.percentile(100),
            latencies.lost(),
            kept_out.as_secs_f64() * 1e3,
        ),
        Err(_) => "failed".to_owned(),
    }
}

fn print_row(name: &str, cells: &[String]) {
    println!("| {name} | {} |", cells.join(" | "));
}
