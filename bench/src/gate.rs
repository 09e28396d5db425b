//! The gate: how long it takes from a card or a command to the order on the barrier's line, and what
//! its agent takes up. Real programs, real serial lines as pseudo-terminals, floors in the same run.

mod agent;
mod controller;
mod disk;
mod floor;
mod line;

use std::time::{Duration, Instant};

use anyhow::Context;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;

use crate::{
    args,
    client::Client,
    compare::progress,
    peer::{Bounds, Peer, Programs, Running},
    usage::Usage,
    wire::{Qos, Retain, Version},
};
pub(crate) use agent::Agent;
use controller::Controller;
use line::Line;

/// How long an order may take before something is wrong.
const ORDERED_WITHIN: Duration = Duration::from_secs(2);
/// The lane has heard that the boom is down long before the next sample.
const BETWEEN_CARDS: Duration = Duration::from_millis(30);
/// Commands may move a boom 600 times a minute.
const BETWEEN_COMMANDS: Duration = Duration::from_millis(105);
/// An agent that has just subscribed takes no command that does not say when it was sent.
const READY_WITHIN: Duration = Duration::from_secs(15);
const TOPIC: &str = "parking/gate_in/gate_control";

/// The two lines of a gate, and who is at the far end of the barrier's.
pub(crate) struct Gate {
    reader: Line,
    controller: Controller,
    cards: u64,
}

/// Microseconds, one for each sample.
#[derive(Debug, Default)]
struct Samples {
    cards_alone: Vec<f64>,
    cards: Vec<f64>,
    cards_floor: Vec<f64>,
    commands: Vec<f64>,
    commands_floor: Vec<f64>,
    disk: Vec<f64>,
    resident: Vec<f64>,
    idle: Vec<f64>,
}

/// Runs all rounds, and writes the table.
pub(crate) async fn run(wanted: &args::Gate) -> anyhow::Result<()> {
    let mut samples = Samples::default();
    let programs = Programs { ours: wanted.broker.clone() };

    for round in 1..=wanted.rounds {
        progress(&format!("round {round} of {}", wanted.rounds));
        let dir = TempDir::new().context("cannot make a temporary directory")?;
        let broker = Peer::Ours.start(&programs, Version::V311, Bounds::Default).await?;

        samples.cards_floor.extend(floor_of_cards(wanted.samples)?);
        samples.cards_alone.extend(alone(wanted, &dir)?);
        samples.commands_floor.extend(floor_of_commands(wanted.samples, &broker).await?);
        with_broker(wanted, &dir, &broker, &mut samples).await?;
        samples.disk.extend(disk::sync(dir.path(), wanted.samples)?);
    }
    progress("");

    samples.tell();
    Ok(())
}

/// No broker is there, nor ever was.
fn alone(wanted: &args::Gate, dir: &TempDir) -> anyhow::Result<Vec<f64>> {
    let mut gate = Gate::new()?;
    let _agent = Agent::start(wanted.agent.as_deref(), dir.path(), &gate, None)?;

    gate.ready()?;
    gate.cards(wanted.samples)
}

async fn with_broker(
    wanted: &args::Gate,
    dir: &TempDir,
    broker: &Running,
    samples: &mut Samples,
) -> anyhow::Result<()> {
    let mut gate = Gate::new()?;
    let agent = Agent::start(wanted.agent.as_deref(), dir.path(), &gate, Some(broker.address()))?;
    let mut client = Client::connect(broker.address(), Version::V311, "operator").await?;

    gate.ready()?;
    samples.cards.extend(gate.cards(wanted.samples)?);
    gate.takes_commands(&mut client).await?;
    samples.commands.extend(gate.commands(wanted.samples, &mut client, TOPIC).await?);

    let before = Usage::of(agent.pid())?;
    pause(wanted.idle());
    let after = Usage::of(agent.pid())?;
    samples.resident.push(after.resident as f64);
    let share = (after.cpu - before.cpu).as_secs_f64() / wanted.idle().as_secs_f64();
    samples.idle.push(100.0 * share);
    Ok(())
}

fn floor_of_cards(count: usize) -> anyhow::Result<Vec<f64>> {
    let mut gate = Gate::new()?;
    let _far = floor::answer_cards(&gate.reader, gate.controller.path())?;

    gate.cards(count)
}

async fn floor_of_commands(count: usize, broker: &Running) -> anyhow::Result<Vec<f64>> {
    let gate = Gate::new()?;
    let topic = "floor/command";
    let _far = floor::answer_commands(broker.address(), topic, gate.controller.path())?;
    let mut client = Client::connect(broker.address(), Version::V311, "operator").await?;

    gate.commands(count, &mut client, topic).await
}

impl Gate {
    pub(crate) fn new() -> anyhow::Result<Self> {
        Ok(Self { reader: Line::open()?, controller: Controller::start(Line::open()?)?, cards: 0 })
    }

    /// Waits until a card opens the boom.
    fn ready(&mut self) -> anyhow::Result<()> {
        let began = Instant::now();
        while self.card(ORDERED_WITHIN / 10)?.is_none() {
            anyhow::ensure!(began.elapsed() < READY_WITHIN, "the agent opens for no card");
        }

        Ok(())
    }

    fn cards(&mut self, count: usize) -> anyhow::Result<Vec<f64>> {
        let mut times = Vec::with_capacity(count);
        for _ in 0..count {
            pause(BETWEEN_CARDS);
            let time = self.card(ORDERED_WITHIN)?.context("no order came for a card")?;
            times.push(micros(time));
        }

        Ok(times)
    }

    /// From before the card is written to after the order is read.
    fn card(&mut self, within: Duration) -> anyhow::Result<Option<Duration>> {
        self.cards += 1;
        self.controller.forget();
        let shown = Instant::now();
        self.reader.write(format!("{:08X}\r\n", self.cards).as_bytes())?;

        Ok(self.controller.ordered(within).map(|ordered| ordered - shown))
    }

    async fn takes_commands(&self, client: &mut Client) -> anyhow::Result<()> {
        let began = Instant::now();
        while self.command(client, TOPIC, ORDERED_WITHIN / 10).await?.is_none() {
            anyhow::ensure!(began.elapsed() < READY_WITHIN, "the agent takes no command");
        }

        Ok(())
    }

    async fn commands(
        &self,
        count: usize,
        client: &mut Client,
        topic: &str,
    ) -> anyhow::Result<Vec<f64>> {
        let mut times = Vec::with_capacity(count);
        for _ in 0..count {
            pause(BETWEEN_COMMANDS);
            let time = self.command(client, topic, ORDERED_WITHIN).await?;
            times.push(micros(time.context("no order came for a command")?));
        }

        Ok(times)
    }

    /// From before the command is written to after the order is read.
    async fn command(
        &self,
        client: &mut Client,
        topic: &str,
        within: Duration,
    ) -> anyhow::Result<Option<Duration>> {
        let id = fastrand::u64(..);
        let payload = format!(r#"{{"action":"open","command_id":"bench-{id:016x}"}}"#);
        let packet =
            Version::V311.publish(topic, (Qos::AtLeastOnce, 1), Retain::No, payload.as_bytes());
        self.controller.forget();

        let sent = Instant::now();
        client.stream.write_all(&packet).await.context("cannot publish")?;
        let ordered = self.controller.ordered(within).map(|ordered| ordered - sent);
        client.next().await?;
        Ok(ordered)
    }
}

impl Samples {
    #[expect(clippy::print_stdout, reason = "the table is what this is for")]
    fn tell(&self) {
        let rows = [
            ("card to order, no broker", &self.cards_alone, Some(&self.cards_floor)),
            ("card to order, with a broker", &self.cards, Some(&self.cards_floor)),
            ("floor: from line to line", &self.cards_floor, None),
            ("command to order", &self.commands, Some(&self.commands_floor)),
            ("floor: from broker to line", &self.commands_floor, None),
            ("one page to the disk, synced", &self.disk, None),
        ];

        println!("| | median (µs) | 99 % (µs) | : floor |\n|---|---:|---:|---:|");
        for (what, times, floor) in rows {
            let median = quantile(times, 50);
            let ratio = floor
                .map_or(String::from("-"), |floor| format!("{:.1}", median / quantile(floor, 50)));
            println!("| {what} | {median:.0} | {:.0} | {ratio} |", quantile(times, 99));
        }
        println!();
        println!(
            "The agent: {:.1} MiB resident, {:.2} % of a core when idle.",
            quantile(&self.resident, 50) / 1024.0,
            quantile(&self.idle, 50)
        );
    }
}

fn quantile(values: &[f64], percent: usize) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (sorted.len() * percent).div_ceil(100);

    rank.checked_sub(1).and_then(|at| sorted.get(at)).copied().unwrap_or(f64::NAN)
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

/// Nothing else has to happen on this thread meanwhile.
fn pause(time: Duration) {
    std::thread::park_timeout(time);
}
