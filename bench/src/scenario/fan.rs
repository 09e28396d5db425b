//! Throughput: some publish as fast as they can, some subscribe to all of it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use anyhow::Context;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
    time,
};

use super::Outcome;
use crate::{
    client::Client,
    peer::Running,
    usage::Usage,
    wire::{self, Inbox, Kind, Qos, Retain, Version, puback},
};

const FILTER: &str = "bench/+";
/// Bytes that are read, and written, at once: shared by all clients on one side.
const AT_ONCE: usize = 256 * 1024;
const AT_LEAST: usize = 16 * 1024;
const LOOK_EVERY: Duration = Duration::from_millis(2);
/// When nothing has come for so long, nothing will.
const QUIET: Duration = Duration::from_secs(2);
/// When the load has not ended by then, it never will.
const AT_MOST: Duration = Duration::from_secs(120);

/// Publishers and subscribers.
#[derive(Debug, Clone)]
pub(super) struct Fan {
    pub(super) publishers: usize,
    pub(super) subscribers: usize,
    pub(super) qos: Qos,
    /// Messages of one publisher that are not acknowledged, at QoS 1.
    pub(super) window: usize,
    pub(super) payload: usize,
    pub(super) stop: Stop,
}

/// When the publishers have done enough.
#[derive(Debug, Clone, Copy)]
pub(super) enum Stop {
    After(Duration),
    /// So many from each.
    Messages(u64),
}

/// What the subscribers have seen so far.
#[derive(Debug)]
struct Arrivals {
    since: Instant,
    count: AtomicU64,
    /// When the last one came, in nanoseconds.
    last: AtomicU64,
    cut_off: AtomicUsize,
}

impl Fan {
    pub(super) async fn run(&self, broker: &Running, version: Version) -> anyhow::Result<Outcome> {
        let arrivals = Arc::new(Arrivals {
            since: Instant::now(),
            count: AtomicU64::default(),
            last: AtomicU64::default(),
            cut_off: AtomicUsize::default(),
        });
        let mut subscribers = JoinSet::new();
        for n in 0..self.subscribers {
            let mut client =
                Client::connect(broker.address(), version, &format!("subscriber-{n}")).await?;
            client.subscribe(&[FILTER], self.qos).await?;
            client.inbox.grow((AT_ONCE / self.subscribers).max(AT_LEAST));
            let arrivals = Arc::clone(&arrivals);
            subscribers.spawn(async move {
                // The broker alone ends it before it is dropped.
                let _ = receive(client, &arrivals).await;
                arrivals.cut_off.fetch_add(1, Relaxed);
            });
        }
        let mut publishers = Vec::new();
        for n in 0..self.publishers {
            publishers
                .push(Client::connect(broker.address(), version, &format!("publisher-{n}")).await?);
        }

        let (start, before) = (arrivals.since.elapsed(), broker.usage()?);
        let sent = time::timeout(AT_MOST, self.publish(publishers, version))
            .await
            .context("the broker does not take what is published")??;
        let expected = sent * self.subscribers as u64;
        arrivals.settle(expected).await;

        let after = broker.usage()?;
        Ok(self.outcome(&arrivals, expected, start, (before, after)))
    }

    async fn publish(&self, clients: Vec<Client>, version: Version) -> anyhow::Result<u64> {
        let mut publishers = JoinSet::new();
        for (n, client) in clients.into_iter().enumerate() {
            let topic = format!("bench/{n}");
            let payload = vec![b'x'; self.payload];
            let packet = version.publish(&topic, (self.qos, 0), Retain::No, &payload);
            let stop = self.stop;
            match self.qos {
                Qos::AtMostOnce => {
                    let batch = (AT_ONCE / self.publishers).max(AT_LEAST) / packet.len();
                    publishers.spawn(flood(client.stream, packet, batch.max(1), stop));
                }
                Qos::AtLeastOnce => {
                    let id_at = wire::id_offset(packet.len(), &topic);
                    publishers.spawn(push(client, packet, id_at, self.window, stop));
                }
            }
        }

        let mut sent = 0;
        while let Some(publisher) = publishers.join_next().await {
            sent += publisher.context("a publisher failed")??;
        }
        Ok(sent)
    }

    fn outcome(
        &self,
        arrivals: &Arrivals,
        expected: u64,
        start: Duration,
        (before, after): (Usage, Usage),
    ) -> Outcome {
        let arrived = arrivals.count.load(Relaxed);
        let took = Duration::from_nanos(arrivals.last.load(Relaxed)).saturating_sub(start);
        let cpu = (after.cpu - before.cpu).as_secs_f64() * 1e6 / arrived.max(1) as f64;
        let rate = arrived as f64 / took.as_secs_f64().max(1e-9);
        let cut_off = arrivals.cut_off.load(Relaxed);

        let outcome = match self.stop {
            // It would be the rate at which the first few arrived.
            Stop::After(_) if cut_off > 0 => Outcome::default(),
            Stop::After(_) => Outcome::default().measure("deliveries", "/s", rate).measure(
                "CPU of the broker",
                "µs each",
                cpu,
            ),
            Stop::Messages(_) => Outcome::default()
                .measure("arrived", "%", arrived as f64 / expected.max(1) as f64 * 100.0)
                .measure("took", "s", took.as_secs_f64())
                .measure("peak memory", "MiB", after.peak as f64 / 1024.0),
        };
        let note = (arrived != expected || cut_off > 0).then(|| {
            format!("{arrived} of {expected} arrived; {cut_off} subscribers were cut off")
        });

        Outcome { note, ..outcome }
    }
}

impl Stop {
    fn is_due(self, start: Instant, sent: u64) -> bool {
        match self {
            Self::After(time) => start.elapsed() >= time,
            Self::Messages(messages) => sent >= messages,
        }
    }

    fn left(self, sent: u64) -> u64 {
        match self {
            Self::After(_) => u64::MAX,
            Self::Messages(messages) => messages - sent,
        }
    }
}

impl Arrivals {
    fn add(&self, count: u64) {
        let now = self.since.elapsed().as_nanos();

        self.count.fetch_add(count, Relaxed);
        self.last.store(u64::try_from(now).unwrap_or(u64::MAX), Relaxed);
    }

    /// Waits until all has come, or nothing does any more.
    async fn settle(&self, expected: u64) {
        let mut look = time::interval(LOOK_EVERY);
        let (mut seen, mut at) = (0, Instant::now());

        while self.count.load(Relaxed) < expected && at.elapsed() < QUIET {
            look.tick().await;
            let count = self.count.load(Relaxed);
            if count != seen {
                (seen, at) = (count, Instant::now());
            }
        }
    }
}

/// Counts what comes, and acknowledges what wants it.
async fn receive(client: Client, arrivals: &Arrivals) -> anyhow::Result<()> {
    let Client { mut stream, mut inbox, .. } = client;
    let mut acknowledgements = Vec::new();

    loop {
        let mut arrived = 0;
        while let Some(frame) = inbox.next() {
            if frame.kind() == Kind::Publish {
                arrived += 1;
                acknowledgements.extend(frame.to_acknowledge().into_iter().flat_map(puback));
            }
        }
        if arrived > 0 {
            arrivals.add(arrived);
        }
        if !acknowledgements.is_empty() {
            stream.write_all(&acknowledgements).await?;
            acknowledgements.clear();
        }
        let read = stream.read(inbox.room()).await?;
        inbox.filled(read)?;
    }
}

/// Publishes at QoS 0: the same bytes over and over, many packets in one write.
async fn flood(
    mut stream: TcpStream,
    packet: Vec<u8>,
    batch: usize,
    stop: Stop,
) -> anyhow::Result<u64> {
    let (start, mut sent) = (Instant::now(), 0);
    let packets = packet.repeat(batch);

    while !stop.is_due(start, sent) {
        let count = stop.left(sent).min(batch as u64);
        stream
            .write_all(&packets[..count as usize * packet.len()])
            .await
            .context("the broker cut a publisher off")?;
        sent += count;
    }

    Ok(sent)
}

/// Publishes at QoS 1: as many as the window allows, and the next ones when some are acknowledged.
async fn push(
    client: Client,
    packet: Vec<u8>,
    id_at: usize,
    window: usize,
    stop: Stop,
) -> anyhow::Result<u64> {
    let Client { mut stream, mut inbox, .. } = client;
    let (start, mut sent, mut in_flight, mut id) = (Instant::now(), 0, 0, 0_u16);
    let mut packets = Vec::with_capacity(window * packet.len());

    loop {
        packets.clear();
        while in_flight < window && !stop.is_due(start, sent) {
            id = id % u16::MAX + 1;
            let at = packets.len();
            packets.extend_from_slice(&packet);
            packets[at + id_at..at + id_at + 2].copy_from_slice(&id.to_be_bytes());
            in_flight += 1;
            sent += 1;
        }
        stream.write_all(&packets).await.context("the broker cut a publisher off")?;
        if in_flight == 0 {
            return Ok(sent);
        }
        in_flight -= acknowledged(&mut stream, &mut inbox).await?;
    }
}

async fn acknowledged(stream: &mut TcpStream, inbox: &mut Inbox) -> anyhow::Result<usize> {
    let read = stream.read(inbox.room()).await.context("the broker cut a publisher off")?;
    inbox.filled(read)?;

    let mut count = 0;
    while let Some(frame) = inbox.next() {
        count += usize::from(frame.kind() == Kind::PubAck);
    }
    Ok(count)
}
