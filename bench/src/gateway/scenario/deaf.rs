//! Some clients do not read: what the others notice of it, and what the server takes up.
//!
//! First all read, then some of them do not, with the same load on the same server. Those some listen to all
//! gates, and it is another gate that says much: those who are measured have the same to do both times.

use std::{
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    thread,
    time::{Duration, Instant},
};

use super::{
    super::{
        ALL_GATES, GATE, OTHER_GATE,
        crowd::{Crowd, MESSAGE},
        message::Message,
        publisher::Publisher,
    },
    Serving,
    paced::{Times, measure},
};
use crate::{scenario::Outcome, wire::Qos};

const PER_SECOND: u32 = 20;
/// With each message comes one of another gate: enough of it that sockets are full in good time. On
/// loopback some 4 MB wait in the kernel for each client.
const MUCH: usize = 60 * 1024;
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// How long one who is cut off may take to notice, once it reads.
const NOTICES_WITHIN: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Deaf {
    pub(super) clients: usize,
    pub(super) deaf: usize,
    pub(super) lasting: Duration,
}

impl Deaf {
    pub(super) fn run(&self, serving: &Serving) -> anyhow::Result<Outcome> {
        let mut publisher = Publisher::connect(serving.mqtt(), Qos::AtLeastOnce)?;
        let mut crowd = Crowd::gather(serving, GATE, self.clients)?;
        crowd.settle(&mut publisher)?;

        let readers = Crowd::gather(serving, ALL_GATES, self.deaf)?;
        let calm = self.with_readers(&mut crowd, &mut publisher, readers)?;
        let mut deaf = Crowd::gather(serving, ALL_GATES, self.deaf)?;
        let times = self.measure(&mut crowd, &mut publisher)?;
        let effort = serving.effort()?;

        let cut_off = noticed(&mut deaf)?;
        let more = times.note().map(|note| format!("; {note}")).unwrap_or_default();
        Ok(Outcome {
            note: Some(format!("{cut_off} of {} that do not read were cut off{more}", self.deaf)),
            ..Outcome::default()
                .measure("median, all read", "µs", calm.percentile(50))
                .measure("median, 100 do not", "µs", times.percentile(50))
                .measure("99 %, all read", "µs", calm.percentile(99))
                .measure("99 %, 100 do not", "µs", times.percentile(99))
                .measure("peak memory", "MiB", effort.peak as f64 / 1024.0)
        })
    }

    /// While somebody reads for the others.
    fn with_readers(
        &self,
        crowd: &mut Crowd,
        publisher: &mut Publisher,
        mut readers: Crowd,
    ) -> anyhow::Result<Times> {
        let done = &AtomicBool::new(false);

        thread::scope(|scope| {
            let reading = scope.spawn(move || {
                while !done.load(Relaxed) {
                    readers.listen(LOOK_EVERY, |_, _| {})?;
                }
                anyhow::Ok(())
            });
            let times = self.measure(crowd, publisher);
            done.store(true, Relaxed);

            reading.join().expect("it does not panic")?;
            times
        })
    }

    fn measure(&self, crowd: &mut Crowd, publisher: &mut Publisher) -> anyhow::Result<Times> {
        let (mut message, mut much) = (Message::of(GATE, MESSAGE), Message::of(OTHER_GATE, MUCH));
        let count = (self.lasting.as_secs_f64() * f64::from(PER_SECOND)) as usize;

        measure(crowd, PER_SECOND, count, || {
            publisher.publish(&mut message)?;
            publisher.publish(&mut much)
        })
    }
}

/// How many find out that they were cut off, once they read after all.
fn noticed(deaf: &mut Crowd) -> anyhow::Result<usize> {
    let start = Instant::now();
    while start.elapsed() < NOTICES_WITHIN {
        deaf.listen(LOOK_EVERY, |_, _| {})?;
    }

    Ok(deaf.tally().cut_off)
}
