//! Kills our broker under load, and holds it to what it had acknowledged.
//!
//! Each round: publishers send at QoS 1, a part of it retained, while a subscriber with a session
//! of its own is mostly away; at a random moment the broker is killed with SIGKILL and started
//! again on the same store. Then the ledger is compared with what is there.
//!
//! A process that is killed leaves its writes to the system, which finishes them: this shows what a
//! crash does, not what the loss of power does.

mod ledger;
mod publisher;
mod subscriber;

use std::{
    process::ExitCode,
    time::{Duration, Instant},
};

use anyhow::Context;
use tempfile::TempDir;
use tokio::{task::JoinSet, time};

use crate::{
    args,
    compare::progress,
    peer::{Programs, Running, Store},
};
use ledger::{Breach, Ledger};
use publisher::Sent;
use subscriber::Heard;

const PUBLISHERS: u8 = 3;
/// When the broker is killed, in milliseconds after the load began.
const KILLED_AFTER: std::ops::Range<u64> = 50..500;
/// Of ten rounds, in so many the subscriber is there.
const PRESENT: u8 = 4;
/// When the broker is gone, its clients are to notice.
const NOTICED_WITHIN: Duration = Duration::from_secs(10);
const SHOWN: usize = 20;

/// What happened so far.
#[derive(Debug, Default)]
struct Tally {
    kills: u32,
    present: u32,
    slowest_start: Duration,
    breaches: Vec<String>,
}

/// Runs all rounds: a success if nothing was broken.
pub(crate) async fn run(wanted: &args::Crash) -> anyhow::Result<ExitCode> {
    let seed = wanted.seed.unwrap_or_else(|| fastrand::u64(..));
    let mut random = fastrand::Rng::with_seed(seed);
    let dir = TempDir::new().context("cannot make a temporary directory")?;
    let programs = Programs { ours: wanted.broker.clone() };
    let store = Store { durability: wanted.durability.clone() };
    let start = || Running::ours_in(dir.path(), &programs, store.clone());
    let mut ledger = Ledger::new(Duration::from_millis(wanted.forgetting));
    let mut tally = Tally::default();
    println!("{} rounds, seed {seed}", wanted.rounds);

    let mut broker = start().await?;
    subscriber::introduce(broker.address()).await?;
    for round in 1..=wanted.rounds {
        progress(&format!("round {round}, {} broken promises", tally.breaches.len()));
        load(&mut broker, round, &mut random, &mut ledger, &mut tally).await?;

        let since = Instant::now();
        broker = match start().await {
            Ok(broker) => broker,
            Err(error) => {
                tally.breaches.push(format!("round {round}: it does not start: {error:#}"));
                break;
            }
        };
        tally.slowest_start = tally.slowest_start.max(since.elapsed());
        let breaches = examine(&broker, round, &mut ledger).await?;
        tally.breaches.extend(breaches.iter().map(|breach| format!("round {round}: {breach}")));
    }
    progress("");

    Ok(conclude(&ledger, &tally))
}

/// Publishes until the broker is killed, and enters what was promised.
async fn load(
    broker: &mut Running,
    round: u32,
    random: &mut fastrand::Rng,
    ledger: &mut Ledger,
    tally: &mut Tally,
) -> anyhow::Result<()> {
    let (address, mut publishers) = (broker.address(), JoinSet::new());
    let mut present = JoinSet::new();
    if random.u8(0..10) < PRESENT {
        tally.present += 1;
        let reader = subscriber::Subscriber::back(address).await?;
        ledger.connected(Instant::now());
        present.spawn(reader.read_to_the_end());
    }
    for publisher in 0..PUBLISHERS {
        publishers.spawn(publisher::publish(address, round, publisher));
    }

    time::sleep(Duration::from_millis(random.u64(KILLED_AFTER))).await;
    let killed = Instant::now();
    broker.kill();
    tally.kills += 1;

    let sent: Vec<Vec<Sent>> = collect(publishers).await?;
    let heard: Vec<Vec<Heard>> = collect(present).await?;
    sent.into_iter().flatten().for_each(|sent| ledger.sent(sent));
    heard.into_iter().flatten().for_each(|heard| ledger.heard(heard));
    ledger.killed(killed);
    Ok(())
}

async fn collect<T: 'static>(mut tasks: JoinSet<T>) -> anyhow::Result<Vec<T>> {
    let mut results = Vec::new();
    while let Some(result) = time::timeout(NOTICED_WITHIN, tasks.join_next())
        .await
        .context("a client does not notice that the broker is gone")?
    {
        results.push(result.context("a client failed")?);
    }

    Ok(results)
}

/// Compares what is there with what was promised.
async fn examine(broker: &Running, round: u32, ledger: &mut Ledger) -> anyhow::Result<Vec<Breach>> {
    let mut breaches = Vec::new();
    let retained = subscriber::retained(broker.address(), &ledger.retained_due()).await?;
    breaches.extend(ledger.compare_retained(&retained));

    let mut reader = subscriber::Subscriber::back(broker.address()).await?;
    if !reader.was_known() {
        breaches.push(Breach::SessionForgotten);
        reader.subscribe().await?;
    }
    let marker = publisher::mark(broker.address(), round).await?;
    ledger.sent(marker);
    for heard in reader.catch_up(&ledger.due()).await? {
        ledger.heard(heard);
    }
    breaches.extend(ledger.compare());

    Ok(breaches)
}

fn conclude(ledger: &Ledger, tally: &Tally) -> ExitCode {
    println!(
        "{} kills, the subscriber was there in {}; slowest start {:.0} ms; {}",
        tally.kills,
        tally.present,
        tally.slowest_start.as_secs_f64() * 1e3,
        ledger.summary()
    );
    for breach in tally.breaches.iter().take(SHOWN) {
        println!("- {breach}");
    }
    if tally.breaches.len() > SHOWN {
        println!("- and {} more", tally.breaches.len() - SHOWN);
    }

    if tally.breaches.is_empty() {
        println!("Nothing that was acknowledged is missing.");
        ExitCode::SUCCESS
    } else {
        println!("{} promises were broken.", tally.breaches.len());
        ExitCode::FAILURE
    }
}
