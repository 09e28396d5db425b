//! A day at a car park in fast time: real programs, simulated gates, and all that goes wrong there.
//!
//! The gates (`site-sim`) are in this process, behind pseudo-terminals: they are the truth about
//! vehicles and booms. Broker and agents are processes of their own, which are killed. What they say
//! is heard over MQTT and written into a ledger. At the end the two have to agree: `soak/README.md`
//! says by which rules.

#![expect(clippy::print_stdout, reason = "progress and the verdict are what this program is for")]

mod args;
mod camera;
mod driver;
mod fault;
mod finish;
mod ledger;
mod listener;
mod operator;
mod outage;
mod program;
mod site;
mod verdict;
mod visit;

use std::{process::ExitCode, time::Duration};

use anyhow::Context;
use clap::Parser;
use tokio::{
    task::JoinSet,
    time::{self, Instant},
};
use tokio_util::sync::CancellationToken;

use crate::{args::Args, driver::Driver, listener::Listener, site::Site, visit::Record};

const PROGRESS: Duration = Duration::from_secs(10);

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let verdict = runtime
        .context("cannot start the runtime")
        .and_then(|runtime| runtime.block_on(run(Args::parse())));

    match verdict {
        Ok(verdict) => verdict,
        Err(error) => {
            println!("Error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let seed = args.seed.unwrap_or_else(|| fastrand::u64(..));
    let mut random = fastrand::Rng::with_seed(seed);
    let began = Instant::now();
    let until = began + args.duration();
    println!("{} hours in {:.0?}, seed {seed}", args.hours, args.duration());

    let mut site = Site::start(&args).await?;
    let (listener, views, mouth) = Listener::connect(site.broker_address(), site.names());
    let over = CancellationToken::new();
    let mut listening = JoinSet::new();
    listening.spawn(listener.run(over.clone()));

    let mut traffic = JoinSet::new();
    for (name, view) in &views {
        let (gate, camera, agent) = site.gate(name)?;
        let seed = fastrand::Rng::with_seed(random.u64(..));
        let driver = Driver::new(gate, camera, agent, seed, view.clone(), mouth.clone());
        traffic.spawn(driver.run(until, args.clone()));
    }
    let outages = outage::run(&mut site, until, &args, fastrand::Rng::with_seed(random.u64(..)));
    let (outages, drivers) = tokio::join!(outages, drive(traffic, &views, began));
    let (outages, drivers) = (outages?, drivers?);

    let unfinished = finish::run(&views, &mouth).await;
    let records: Vec<Record> = drivers.into_iter().map(Driver::into_record).collect();
    over.cancel();
    let ledger = listening.join_next().await.context("there is a listener")??;

    let broken = verdict::broken_promises(&records, &ledger, unfinished);
    verdict::tell(&records, &ledger, outages, began.elapsed());
    Ok(site.conclude(&broken))
}

/// Runs until the last driver has come to rest; says how far they are.
async fn drive(
    mut traffic: JoinSet<anyhow::Result<Driver>>,
    views: &listener::Views,
    began: Instant,
) -> anyhow::Result<Vec<Driver>> {
    let mut drivers = Vec::new();
    let mut progress = time::interval(PROGRESS);

    loop {
        tokio::select! {
            driver = traffic.join_next() => match driver {
                Some(driver) => drivers.push(driver.context("a driver failed")??),
                None => return Ok(drivers),
            },
            _ = progress.tick() => {
                let heard: u64 = views.values().map(|view| view.borrow().received).sum();
                println!("{:6.0?}: {heard} events", began.elapsed());
            }
        }
    }
}
