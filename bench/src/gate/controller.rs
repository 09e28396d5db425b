//! A barrier controller whose boom takes no time: each order to open is noted, a vehicle passes, and
//! the boom is down again by hand, so that the next card finds the gate at rest.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, Sender, channel},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use anyhow::Context;
use barrier_link::{Checksums, LineDecoder, Order, OrderKind, to_line};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::line::Line;

/// As often as a real one reports.
const HEARTBEAT: Duration = Duration::from_millis(500);
/// Before the next look at a line that nobody has open.
const NOBODY: Duration = Duration::from_millis(5);
const CLOSED: &str = "STATE closed loop=0 arming=- manual=0 fire=0 by=none";
const HELLO: &str = "HELLO manless-barrier 1 fw=0.0.0 reset=power";
/// What an order to open leads to.
const OPENS: [&str; 6] = [
    "STATE opening loop=0 arming=- manual=0 fire=0 by=order",
    "STATE open loop=0 arming=- manual=0 fire=0 by=order",
    "STATE open loop=1 arming=- manual=0 fire=0 by=order",
    "STATE open loop=0 arming=- manual=0 fire=0 by=order",
    "STATE closing loop=0 arming=- manual=1 fire=0 by=manual",
    "STATE closed loop=0 arming=- manual=0 fire=0 by=manual",
];

#[derive(Debug)]
pub(super) struct Controller {
    path: PathBuf,
    opened: Receiver<Instant>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Controller {
    pub(super) fn start(line: Line) -> anyhow::Result<Self> {
        let path = line.path().to_owned();
        let (orders, opened) = channel();
        let stop = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&stop);
        let thread = thread::Builder::new()
            .name("controller".to_owned())
            .spawn(move || run(&line, &orders, &told))
            .context("cannot start a thread")?;

        Ok(Self { path, opened, stop, thread: Some(thread) })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// When the next order to open arrived, if it does within this time.
    pub(super) fn ordered(&self, within: Duration) -> Option<Instant> {
        self.opened.recv_timeout(within).ok()
    }

    /// What was ordered before does not count.
    pub(super) fn forget(&self) {
        self.opened.try_iter().for_each(drop);
    }
}

impl Drop for Controller {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // One that panicked has said so.
            let _ = thread.join();
        }
    }
}

fn run(line: &Line, orders: &Sender<Instant>, stop: &AtomicBool) {
    let mut decoder = LineDecoder::<Order>::new(Checksums::Optional);
    let mut report_at = Instant::now();
    let mut buffer = [0; 256];

    while !stop.load(Ordering::Relaxed) {
        let patience = report_at.saturating_duration_since(Instant::now());
        let patience = Timespec::try_from(patience).ok();
        let mut fds = [PollFd::new(line, PollFlags::IN)];
        // Interrupted is early, and early is fine.
        let _ = poll(&mut fds, patience.as_ref());
        if fds[0].revents().contains(PollFlags::HUP) {
            thread::park_timeout(NOBODY);
        } else if fds[0].revents().contains(PollFlags::IN) {
            let count = line.read(&mut buffer).unwrap_or(0);
            let now = Instant::now();
            let said: String = decoder
                .feed(&buffer[..count])
                .filter_map(Result::ok)
                .map(|order| obey(order, now, orders))
                .collect();
            // Whoever is gone reads no answer.
            let _ = line.write(said.as_bytes());
        }
        if report_at <= Instant::now() {
            let _ = line.write(to_line(&CLOSED).as_bytes());
            report_at = Instant::now() + HEARTBEAT;
        }
    }
}

fn obey(order: Order, now: Instant, orders: &Sender<Instant>) -> String {
    let answer = order.seq.map_or_else(|| "OK".to_owned(), |seq| format!("OK {seq}"));
    let consequences: &[&str] = match order.kind {
        OrderKind::Open => {
            // Nobody waits for it any more at the end.
            let _ = orders.send(now);
            &OPENS
        }
        OrderKind::Hello => &[HELLO, CLOSED],
        OrderKind::Status => &[CLOSED],
        OrderKind::Close | OrderKind::Stop | OrderKind::Ping => &[],
    };

    let lines = [answer.as_str()].into_iter().chain(consequences.iter().copied());
    lines.map(|line| to_line(&line)).collect()
}
