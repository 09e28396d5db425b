//! One publishes at a pace at which there is nothing to batch: what each delivery costs, and how long it takes.

use std::{
    sync::{
        OnceLock,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};

use super::{
    super::{
        GATE, OTHER_GATE,
        crowd::{Crowd, MESSAGE},
        message::Message,
        publisher::Publisher,
    },
    Serving, with_cpu,
};
use crate::{
    scenario::{Beat, Outcome},
    statistics::percentile,
    wire::Qos,
};

const LOOK_EVERY: Duration = Duration::from_millis(20);
/// How long after the last message another may still come.
const QUIET: Duration = Duration::from_secs(5);

/// Clients, and a publisher that takes its time.
#[derive(Debug)]
pub(super) struct Paced {
    pub(super) clients: usize,
    pub(super) per_second: u32,
    /// Clients that listen to another gate.
    pub(super) bystanders: usize,
    pub(super) lasting: Duration,
}

/// When messages were sent, by number.
type Sent = Vec<OnceLock<Instant>>;

/// How long deliveries took.
#[derive(Debug, Default)]
pub(in crate::gateway) struct Times {
    /// Microseconds, sorted.
    micros: Vec<u32>,
    pub(in crate::gateway) expected: u64,
}

impl Paced {
    pub(super) fn run(&self, serving: &Serving) -> anyhow::Result<Outcome> {
        let mut publisher = Publisher::connect(serving.mqtt(), Qos::AtLeastOnce)?;
        let mut bystanders = Crowd::gather(serving, OTHER_GATE, self.bystanders)?;
        let mut crowd = Crowd::gather(serving, GATE, self.clients)?;
        bystanders.settle(&mut publisher)?;
        crowd.settle(&mut publisher)?;

        let before = serving.effort()?;
        let mut message = Message::of(GATE, MESSAGE);
        let times = self.measure(&mut crowd, || publisher.publish(&mut message))?;
        let after = serving.effort()?;

        let outcome = Outcome::default().measure("median", "µs", times.percentile(50)).measure(
            "99 %",
            "µs",
            times.percentile(99),
        );
        let outcome = with_cpu(outcome, (before, after), times.arrived());
        Ok(Outcome { note: times.note(), ..outcome })
    }

    /// Calls `publish` at its pace in a thread of its own, and listens.
    fn measure(
        &self,
        crowd: &mut Crowd,
        publish: impl FnMut() -> anyhow::Result<()> + Send,
    ) -> anyhow::Result<Times> {
        let count = (self.lasting.as_secs_f64() * f64::from(self.per_second)) as usize;

        measure(crowd, self.per_second, count, publish)
    }
}

/// Calls `publish` so often at a pace, in a thread of its own, and listens meanwhile.
pub(in crate::gateway) fn measure(
    crowd: &mut Crowd,
    per_second: u32,
    count: usize,
    mut publish: impl FnMut() -> anyhow::Result<()> + Send,
) -> anyhow::Result<Times> {
    let mut sent = Sent::new();
    sent.resize_with(count, OnceLock::new);
    let (sent, done) = (&sent, &AtomicBool::new(false));

    thread::scope(|scope| {
        let publisher = scope.spawn(move || {
            let result = pace(per_second, sent, &mut publish);
            done.store(true, Relaxed);
            result
        });
        let times = receive(crowd, sent, done);

        publisher.join().expect("it does not panic")?;
        times
    })
}

fn pace(
    per_second: u32,
    sent: &Sent,
    publish: &mut impl FnMut() -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut beat = Beat::new(per_second);

    for number in sent {
        beat.wait()?;
        // Nobody else sets it.
        let _ = number.set(Instant::now());
        publish()?;
    }
    Ok(())
}

fn receive(crowd: &mut Crowd, sent: &Sent, done: &AtomicBool) -> anyhow::Result<Times> {
    let expected = crowd.len() * sent.len() as u64;
    let already = crowd.tally().delivered;
    let first = already / crowd.len().max(1);
    let mut micros = Vec::with_capacity(expected as usize);
    let mut last = Instant::now();

    while crowd.tally().delivered - already < expected {
        crowd.listen(LOOK_EVERY, |numbers, now| {
            last = now;
            for number in numbers {
                let at = sent.get((number - first) as usize).and_then(OnceLock::get);
                micros.extend(at.map(|at| {
                    u32::try_from(now.saturating_duration_since(*at).as_micros())
                        .unwrap_or(u32::MAX)
                }));
            }
        })?;
        if done.load(Relaxed) && last.elapsed() > QUIET {
            break;
        }
    }

    micros.sort_unstable();
    Ok(Times { micros, expected })
}

impl Times {
    pub(in crate::gateway) fn percentile(&self, percent: usize) -> f64 {
        percentile(&self.micros, percent).map_or(f64::NAN, f64::from)
    }

    pub(in crate::gateway) fn arrived(&self) -> u64 {
        self.micros.len() as u64
    }

    pub(super) fn note(&self) -> Option<String> {
        let (arrived, expected) = (self.arrived(), self.expected);

        (arrived != expected).then(|| format!("{arrived} of {expected} arrived"))
    }
}
