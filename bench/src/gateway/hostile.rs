//! How a normal client of a gateway fares while others do their worst.
//!
//! Each attack meets a server that has seen nothing yet and has its default limits. It runs in a
//! thread of its own, is bounded in connections, bytes and time, and only ever goes to loopback.

mod attack;
mod load;

use std::{
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use tokio::{sync::oneshot, time};

use super::{
    GATE,
    crowd::{Crowd, MESSAGE},
    message::Message,
    publisher::Publisher,
    scenario::{Times, measure},
    server::{Places, Server, Serving},
};
use crate::{compare::progress, peer::Bounds, scenario::Extent, wire::Qos};
use attack::Attack;
use load::Target;

const PER_SECOND: u32 = 200;
/// How long the normal client tries to get in.
const GIVE_UP_AFTER: Duration = Duration::from_secs(10);
const BETWEEN_ATTEMPTS: Duration = Duration::from_millis(20);
/// How long an attack may take until it is in full swing.
const IN_PLACE_WITHIN: Duration = Duration::from_secs(30);

/// What the normal client met, and what the server took for it.
struct Ordeal {
    times: Times,
    /// For how long the normal client was not let in.
    kept_out: Duration,
    /// The most that was ever resident, in MiB.
    memory: f64,
    /// What the attack has to say about itself.
    remark: String,
}

/// Runs all, and prints a table.
#[expect(clippy::print_stdout, reason = "the table is what this is for")]
pub(super) async fn run(servers: &[Server], places: &Places, extent: Extent) -> anyhow::Result<()> {
    let servers: Vec<_> = servers.iter().filter(|server| is_tried(**server)).collect();
    let lasting = match extent {
        Extent::Full => Duration::from_secs(3),
        Extent::Quick => Duration::from_secs(1),
    };
    println!(
        "Hostile clients. {PER_SECOND} messages/s for {} s to one normal client: median / 99 % / longest, in µs; \
         messages lost; how long the client took to get in; the most memory of the server, in MiB.\n",
        lasting.as_secs()
    );
    let names: Vec<_> = servers.iter().map(|server| server.name().to_owned()).collect();
    println!("| | {} |\n|---{}|", names.join(" | "), "|---".repeat(names.len()));

    let mut notes = Vec::new();
    for attack in Attack::ALL {
        let mut cells = Vec::new();
        for server in &servers {
            let at = format!("{}, {}", attack.name(), server.name());
            progress(&at);
            let ordeal = endure(attack, **server, places, lasting).await;
            progress("");
            cells.push(cell(&ordeal));
            let remark = ordeal.map_or_else(|error| format!("failed: {error:#}"), |o| o.remark);
            notes.push(format!("{at}: {remark}"));
        }
        println!("| {} | {} |", attack.name(), cells.join(" | "));
    }

    println!();
    for note in notes {
        println!("- {note}");
    }
    Ok(())
}

/// A floor has no defences, and nobody would expect any of the bridges.
fn is_tried(server: Server) -> bool {
    match server {
        Server::Ours | Server::Mosquitto => true,
        Server::Batched | Server::Unbatched | Server::Fastapi | Server::Node => false,
    }
}

/// One attack on one server.
async fn endure(
    attack: Attack,
    server: Server,
    places: &Places,
    lasting: Duration,
) -> anyhow::Result<Ordeal> {
    let mut serving = server.start(places, Bounds::Default).await?;
    let target = Target { address: serving.address(), dialect: serving.dialect() };
    let (in_place, ready) = mpsc::channel();
    let (stop, stopped) = oneshot::channel();
    let attacker = thread::spawn(move || load::run(attack, target, &in_place, stopped));

    // If the attack fails to get going, its thread ends and says why.
    let worked = match ready.recv_timeout(IN_PLACE_WITHIN) {
        Ok(()) => work(&serving, lasting).await,
        Err(_) => Err(anyhow::anyhow!("the attack did not get going in time")),
    };
    let memory = serving.effort().map(|effort| effort.peak as f64 / 1024.0);
    drop(stop);
    let remark = attacker.join().ok().context("the attack panicked")??;

    ensure!(serving.is_alive(), "the server ended");
    let (times, kept_out) = worked?;
    Ok(Ordeal { times, kept_out, memory: memory?, remark })
}

/// The normal client: it tries until it is let in, as any does, and then listens.
async fn work(serving: &Serving, lasting: Duration) -> anyhow::Result<(Times, Duration)> {
    let start = Instant::now();
    let mut crowd = loop {
        match Crowd::gather(serving, GATE, 1) {
            Ok(crowd) => break crowd,
            Err(error) if start.elapsed() > GIVE_UP_AFTER => {
                return Err(error.context("the normal client is not let in"));
            }
            Err(_) => time::sleep(BETWEEN_ATTEMPTS).await,
        }
    };
    let kept_out = start.elapsed();

    let mut publisher = Publisher::connect(serving.mqtt(), Qos::AtLeastOnce)?;
    crowd.settle(&mut publisher)?;
    let mut message = Message::of(GATE, MESSAGE);
    let count = (lasting.as_secs_f64() * f64::from(PER_SECOND)) as usize;
    let times = measure(&mut crowd, PER_SECOND, count, || publisher.publish(&mut message))?;

    Ok((times, kept_out))
}

fn cell(ordeal: &anyhow::Result<Ordeal>) -> String {
    match ordeal {
        Ok(Ordeal { times, kept_out, memory, .. }) => format!(
            "{:.0} / {:.0} / {:.0}; {} lost; in after {:.0} ms; {memory:.1}",
            times.percentile(50),
            times.percentile(99),
            times.percentile(100),
            times.expected - times.arrived(),
            kept_out.as_secs_f64() * 1e3,
        ),
        Err(_) => "failed".to_owned(),
    }
}
