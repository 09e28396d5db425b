//! What a client takes up that nothing is told.

use std::time::{Duration, Instant};

use super::{
    super::{GATE, crowd::Crowd, publisher::Publisher},
    Serving,
};
use crate::{scenario::Outcome, wire::Qos};

/// How long the server may take to give back what it needed for so many handshakes.
const SETTLES_IN: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(super) struct Idle {
    pub(super) clients: usize,
}

impl Idle {
    /// Everybody is told something once, so that it is known that everybody is there.
    pub(super) fn run(&self, serving: &Serving) -> anyhow::Result<Outcome> {
        let mut publisher = Publisher::connect(serving.mqtt(), Qos::AtLeastOnce)?;
        let before = serving.effort()?.resident;
        let start = Instant::now();
        let mut crowd = Crowd::gather(serving, GATE, self.clients)?;
        crowd.settle(&mut publisher)?;
        let (gathered, at) = (start.elapsed(), Instant::now());
        while at.elapsed() < SETTLES_IN {
            crowd.listen(SETTLES_IN / 10, |_, _| {})?;
        }
        let after = serving.effort()?.resident;

        let each = after.saturating_sub(before) as f64 / self.clients as f64;
        Ok(Outcome::default()
            .measure("memory", "KiB each", each)
            .measure("memory in total", "MiB", after as f64 / 1024.0)
            .measure("until all are in", "s", gathered.as_secs_f64()))
    }
}
