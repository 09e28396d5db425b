//! The broker is killed now and then, and comes back after a while.

use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};

use crate::{args::Args, site::Site};

const AWAY: std::ops::Range<u64> = 100..8000;

/// Runs until `until`; the broker is there at the end. How often it was killed.
pub(crate) async fn run(
    site: &mut Site,
    until: Instant,
    args: &Args,
    mut random: fastrand::Rng,
) -> anyhow::Result<u64> {
    let mut outages = 0;
    let mut next = Instant::now() + args.pause(args.outages, &mut random);

    while next < until {
        sleep_until(next).await;
        anyhow::ensure!(site.broker.kill(), "the broker had ended by itself");
        outages += 1;
        sleep(Duration::from_millis(random.u64(AWAY))).await;
        site.broker.start()?;
        next = Instant::now() + args.pause(args.outages, &mut random);
    }

    Ok(outages)
}
