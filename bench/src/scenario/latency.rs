//! How long a message takes, from before it is written to after it is read, by one clock.
//!
//! Sender and receiver are threads that block: a runtime of their own would be part of the figure.

use std::{
    io::{ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use rustix::{
    thread::clock_nanosleep_absolute,
    time::{ClockId, Timespec, clock_gettime},
};

use super::Outcome;
use crate::{
    peer::Running,
    statistics::percentile,
    wire::{Inbox, Kind, Login, Qos, Retain, Session, Version, puback},
};

const TOPIC: &str = "latency/probe";
const PAYLOAD: usize = 256;
/// Longer than any of them takes, or it is lost.
const LOST_AFTER: Duration = Duration::from_secs(5);
const ROOM: usize = 64 * 1024;

/// A sender that takes its time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    pub(crate) per_second: u32,
    pub(crate) lasting: Duration,
    pub(crate) qos: Qos,
}

/// A publisher and its subscriber, connected.
#[derive(Debug)]
pub(crate) struct Pair {
    publisher: TcpStream,
    subscriber: TcpStream,
    version: Version,
}

/// How long messages took.
#[derive(Debug, Clone)]
pub(crate) struct Latencies {
    /// Microseconds, sorted.
    micros: Vec<u32>,
    sent: usize,
}

impl Latencies {
    pub(crate) fn percentile(&self, percent: usize) -> f64 {
        percentile(&self.micros, percent).map_or(f64::NAN, f64::from)
    }

    pub(crate) fn lost(&self) -> usize {
        self.sent - self.micros.len()
    }
}

impl Pace {
    pub(super) fn run(&self, broker: &Running, version: Version) -> anyhow::Result<Outcome> {
        let latencies = self.probe(Pair::connect(broker.address(), version, self.qos, None)?)?;
        let lost = latencies.lost();

        Ok(Outcome {
            note: (lost > 0).then(|| format!("{lost} of {} were lost", latencies.sent)),
            ..Outcome::default().measure("median", "µs", latencies.percentile(50)).measure(
                "99 %",
                "µs",
                latencies.percentile(99),
            )
        })
    }

    /// Sends, receives, and compares.
    pub(crate) fn probe(&self, pair: Pair) -> anyhow::Result<Latencies> {
        let Pair { publisher, subscriber, version } = pair;
        let (epoch, count) = (Instant::now(), self.count());

        thread::scope(|scope| {
            let receiver = scope.spawn(|| receive(subscriber, version, epoch, count));
            let sender = scope.spawn(|| self.send(publisher, version, epoch));

            sender.join().expect("it does not panic")?;
            let mut micros = receiver.join().expect("it does not panic")?;
            micros.sort_unstable();
            Ok(Latencies { micros, sent: count })
        })
    }

    fn count(&self) -> usize {
        (self.lasting.as_secs_f64() * f64::from(self.per_second)) as usize
    }

    fn send(&self, mut stream: TcpStream, version: Version, epoch: Instant) -> anyhow::Result<()> {
        stream.set_nonblocking(true).context("cannot prepare the publisher")?;
        let mut payload = [b'x'; PAYLOAD];
        let mut beat = Beat::new(self.per_second);

        for n in 0..self.count() {
            beat.wait()?;
            let id = (n % usize::from(u16::MAX)) as u16 + 1;
            payload[..8].copy_from_slice(&nanos(epoch).to_be_bytes());
            let packet = version.publish(TOPIC, (self.qos, id), Retain::No, &payload);
            // A socket that is full with so little in it belongs to a broker that does not read;
            // what is not sent is lost, and counted.
            match stream.write(&packet) {
                Ok(written) => ensure!(written == packet.len(), "the broker stopped reading"),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Err(error).context("the broker cut the publisher off"),
            }
            discard(&mut stream)?;
        }

        Ok(())
    }
}

impl Pair {
    pub(crate) fn connect(
        address: SocketAddr,
        version: Version,
        qos: Qos,
        login: Login<'_>,
    ) -> anyhow::Result<Self> {
        let client = |name| connect(address, &version.connect(name, Session::Clean, login));
        let mut subscriber = client("latency-subscriber")?;
        let subscribe = version.subscribe(1, &[TOPIC], qos);
        exchange(&mut subscriber, &subscribe, Kind::SubAck)?;
        let publisher = client("latency-publisher")?;

        Ok(Self { publisher, subscriber, version })
    }
}

/// A clock that strikes evenly, whatever happens in between, and sleeps until it does.
#[derive(Debug)]
pub(crate) struct Beat {
    next: Duration,
    every: Duration,
}

impl Beat {
    pub(crate) fn new(per_second: u32) -> Self {
        Self { next: monotonic(), every: Duration::from_secs(1) / per_second }
    }

    pub(crate) fn wait(&mut self) -> anyhow::Result<()> {
        self.next += self.every;
        let until = Timespec {
            tv_sec: i64::try_from(self.next.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: self.next.subsec_nanos().into(),
        };

        clock_nanosleep_absolute(ClockId::Monotonic, &until).context("cannot wait")
    }
}

/// By how much sleeping overshoots here: the median of a hundred times, in microseconds.
pub(crate) fn lateness() -> anyhow::Result<f64> {
    let mut beat = Beat::new(1_000);
    let mut late = Vec::new();
    for _ in 0..100 {
        beat.wait()?;
        late.push(monotonic().saturating_sub(beat.next).as_secs_f64() * 1e6);
    }

    crate::statistics::median(&late).context("there are a hundred")
}

fn monotonic() -> Duration {
    let now = clock_gettime(ClockId::Monotonic);

    Duration::new(now.tv_sec.unsigned_abs(), u32::try_from(now.tv_nsec).unwrap_or(0))
}

fn nanos(epoch: Instant) -> u64 {
    u64::try_from(epoch.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

/// Connects, and waits for the answer to this CONNECT.
pub(crate) fn connect(address: SocketAddr, packet: &[u8]) -> anyhow::Result<TcpStream> {
    let mut stream = TcpStream::connect(address).context("cannot connect")?;
    stream.set_nodelay(true).context("cannot set TCP_NODELAY")?;
    stream.set_read_timeout(Some(LOST_AFTER)).context("cannot set a timeout")?;
    exchange(&mut stream, packet, Kind::ConnAck)?;

    Ok(stream)
}

/// Nothing else comes before the answer: nobody publishes yet.
pub(crate) fn exchange(stream: &mut TcpStream, packet: &[u8], kind: Kind) -> anyhow::Result<()> {
    stream.write_all(packet).context("cannot send")?;
    let mut inbox = Inbox::with_room(ROOM);
    while !inbox.is_ready() {
        let read = stream.read(inbox.room()).context("no answer")?;
        inbox.filled(read)?;
    }

    let answer = inbox.next().map(|frame| frame.kind());
    ensure!(answer == Some(kind), "{answer:?} came where {kind:?} was due");
    Ok(())
}

/// Takes the acknowledgements away, or the broker could not send any more of them.
fn discard(stream: &mut TcpStream) -> anyhow::Result<()> {
    match stream.read(&mut [0; 1024]) {
        Ok(0) => anyhow::bail!("the broker cut the publisher off"),
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(()),
        Err(error) => Err(error).context("the broker cut the publisher off"),
    }
}

/// Ends when all have come, or none comes any more.
fn receive(
    mut stream: TcpStream,
    version: Version,
    epoch: Instant,
    count: usize,
) -> anyhow::Result<Vec<u32>> {
    let (mut inbox, mut micros) = (Inbox::with_room(ROOM), Vec::with_capacity(count));

    while micros.len() < count {
        let read = match stream.read(inbox.room()) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            read => read.context("the broker cut the subscriber off")?,
        };
        let now = nanos(epoch);
        inbox.filled(read)?;
        while let Some(frame) = inbox.next() {
            let Some(payload) = frame.payload(version).filter(|_| frame.kind() == Kind::Publish)
            else {
                continue;
            };
            let sent: [u8; 8] = payload[..8].try_into().context("the payload is too short")?;
            let took = now.saturating_sub(u64::from_be_bytes(sent)) / 1_000;
            micros.push(u32::try_from(took).unwrap_or(u32::MAX));
            if let Some(id) = frame.to_acknowledge() {
                stream.write_all(&puback(id)).context("the broker cut the subscriber off")?;
            }
        }
    }

    Ok(micros)
}
