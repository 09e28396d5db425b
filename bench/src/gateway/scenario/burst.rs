//! Throughput: one publishes as fast as everybody receives.

use std::time::{Duration, Instant};

use super::{
    super::{
        GATE,
        crowd::{Crowd, MESSAGE},
        message::Message,
        publisher::Publisher,
    },
    Serving, with_cpu,
};
use crate::{scenario::Outcome, usage::Usage, wire::Qos};

const LOOK_EVERY: Duration = Duration::from_millis(20);
/// When nothing has come for so long, nothing will.
const QUIET: Duration = Duration::from_secs(5);

/// Clients, and a publisher that waits for them.
#[derive(Debug)]
pub(super) struct Burst {
    pub(super) clients: usize,
    /// So many messages are published that not everybody has received.
    pub(super) window: u64,
    pub(super) lasting: Duration,
}

impl Burst {
    pub(super) fn run(&self, serving: &Serving) -> anyhow::Result<Outcome> {
        let mut publisher = Publisher::connect(serving.mqtt(), Qos::AtLeastOnce)?;
        let mut crowd = Crowd::gather(serving, GATE, self.clients)?;
        crowd.settle(&mut publisher)?;

        let (before, own) = (serving.effort()?, Usage::of(std::process::id())?);
        let start = Instant::now();
        let (sent, last) = self.push(&mut publisher, &mut crowd, start)?;
        let (after, own_after) = (serving.effort()?, Usage::of(std::process::id())?);

        let (tally, expected) = (crowd.tally(), sent * crowd.len());
        let took = (last - start).as_secs_f64();
        let note = (tally.delivered != expected || tally.cut_off > 0).then(|| {
            let cut_off = tally.cut_off;
            format!("{} of {expected} arrived; {cut_off} clients were cut off", tally.delivered)
        });
        // It would be the rate at which the first few arrived.
        if tally.cut_off > 0 {
            return Ok(Outcome { note, ..Outcome::default() });
        }

        let outcome =
            Outcome::default().measure("deliveries", "/s", tally.delivered as f64 / took.max(1e-9));
        let outcome = with_cpu(outcome, (before, after), tally.delivered);
        let busy = (own_after.cpu - own.cpu).as_secs_f64() / start.elapsed().as_secs_f64();
        Ok(Outcome { note, ..outcome.measure("the load was busy", "%", busy * 100.0) })
    }

    /// How many were sent, and when the last one arrived.
    fn push(
        &self,
        publisher: &mut Publisher,
        crowd: &mut Crowd,
        start: Instant,
    ) -> anyhow::Result<(u64, Instant)> {
        let mut message = Message::of(GATE, MESSAGE);
        let (everybody, mut sent, mut last) = (crowd.len(), 0, start);

        loop {
            let delivered = crowd.tally().delivered;
            if start.elapsed() < self.lasting {
                while sent * everybody < delivered + self.window * everybody {
                    publisher.add(&mut message);
                    sent += 1;
                }
            } else if delivered == sent * everybody {
                return Ok((sent, last));
            }
            publisher.flush()?;
            crowd.listen(LOOK_EVERY, |_, now| last = now)?;
            if last.elapsed() > QUIET {
                return Ok((sent, last));
            }
        }
    }
}
