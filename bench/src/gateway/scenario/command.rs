//! From a command that a browser sends to the answer of the gate: `accepted`, before the boom moves.
//!
//! The gate is a real agent with its disk, on lines of its own; what its boom does does not count.

use std::{
    path::Path,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use tempfile::TempDir;

use super::{super::GATE, Serving};
use crate::{
    gate::{Agent, Gate},
    scenario::Outcome,
    statistics::percentile,
    websocket::{Opcode, Talk},
};

/// Commands may move a boom 600 times a minute.
const BETWEEN: Duration = Duration::from_millis(105);
const ANSWERED_WITHIN: Duration = Duration::from_secs(2);
/// An agent that has just subscribed takes no command that does not say when it was sent.
const READY_WITHIN: Duration = Duration::from_secs(15);

#[derive(Debug)]
pub(super) struct Command {
    pub(super) samples: usize,
}

impl Command {
    pub(super) fn run(&self, serving: &Serving, agent: Option<&Path>) -> anyhow::Result<Outcome> {
        let dir = TempDir::new().context("cannot make a temporary directory")?;
        let gate = Gate::new()?;
        let _agent = Agent::start(agent, dir.path(), &gate, Some(serving.mqtt()))?;
        let mut client = connect(serving)?;
        let began = Instant::now();
        client.patience(BETWEEN)?;
        // As long as the agent is not there, there may be no answer at all.
        while ask(&mut client, serving).ok().flatten().is_none() {
            ensure!(began.elapsed() < READY_WITHIN, "the gate accepts no command");
            thread::park_timeout(BETWEEN);
        }
        client.patience(ANSWERED_WITHIN)?;

        let mut micros = Vec::with_capacity(self.samples);
        for _ in 0..self.samples {
            thread::park_timeout(BETWEEN);
            let took = ask(&mut client, serving)?.context("a command was not accepted")?;
            micros.push(u32::try_from(took.as_micros()).unwrap_or(u32::MAX));
        }
        micros.sort_unstable();

        let percentile = |percent| percentile(&micros, percent).map_or(f64::NAN, f64::from);
        Ok(Outcome::default().measure("median", "µs", percentile(50)).measure(
            "99 %",
            "µs",
            percentile(99),
        ))
    }
}

fn connect(serving: &Serving) -> anyhow::Result<Talk> {
    let dialect = serving.dialect();
    let mut client = Talk::open(serving.address(), &dialect.path(GATE), dialect.protocol())?;
    for packet in dialect.first_packets(GATE) {
        client.say(Opcode::Binary, &packet)?;
    }

    Ok(client)
}

/// How long it took until the gate said `accepted`; nothing if it said something else.
fn ask(client: &mut Talk, serving: &Serving) -> anyhow::Result<Option<Duration>> {
    let id = format!("bench-{:016x}", fastrand::u64(..));
    let command = format!(
        r#"{{"type":"gate_control","payload":{{"action":"open","command_id":"{id}"}},"gate_id":"{GATE}"}}"#
    );
    let topic = format!("parking/{GATE}/gate_control");
    let (opcode, command) = serving.dialect().command(&topic, &command);

    let sent = Instant::now();
    client.say(opcode, &command)?;
    loop {
        let told = client.next().context("the command was not answered")?;
        let told = String::from_utf8_lossy(&told);
        if is_answer(&told, &id) {
            return Ok(told.contains(r#""status":"accepted""#).then(|| sent.elapsed()));
        }
    }
}

/// Whether this answers that command: a gateway may also say itself why it cannot be answered.
fn is_answer(told: &str, id: &str) -> bool {
    let kinds = [r#""type":"gate_control_response""#, r#""type":"error""#];

    told.contains(id) && kinds.iter().any(|kind| told.contains(kind))
}
