//! What is measured, and with how much.

mod burst;
mod command;
mod deaf;
mod idle;
mod paced;

use std::{path::Path, time::Duration};

use super::server::{Effort, Server, Serving};
use crate::{
    peer::Bounds,
    scenario::{Extent, Outcome},
};
use burst::Burst;
use command::Command;
use deaf::Deaf;
use idle::Idle;
use paced::Paced;
pub(super) use paced::{Times, measure};

/// The groups in which scenarios can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Group {
    /// As fast as it goes, 64 messages in flight.
    Burst,
    /// Nothing to batch: from publishing to receiving.
    Paced,
    /// From a command of a browser to the answer of a gate.
    Command,
    /// Memory of 10,000 clients that nothing is told.
    Idle,
    /// 1,000 clients, of which 100 more do not read.
    Deaf,
    /// The cost of one delivery, from 1 client to 10,000.
    Curve,
    /// The cost of messages that concern nobody who listens.
    Bystanders,
    /// A normal client, while others do their worst.
    Hostile,
}

/// One line or several of the table.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) group: Group,
    pub(super) name: &'static str,
    /// More rounds than these tell nothing new.
    pub(super) rounds: u32,
    load: Load,
}

#[derive(Debug)]
enum Load {
    Burst(Burst),
    Paced(Paced),
    Command(Command),
    Idle(Idle),
    Deaf(Deaf),
}

impl Case {
    /// Whether this server is asked at all. Where there is nothing to batch, and where nothing is
    /// written, the two floors are one; the costs of others do not follow from anything of ours.
    pub(super) fn takes(&self, server: Server, extent: Extent) -> bool {
        match self.group {
            Group::Burst | Group::Hostile => true,
            Group::Paced => server != Server::Batched,
            // It takes its time, with each of them.
            Group::Deaf if extent == Extent::Quick => server == Server::Ours,
            Group::Command | Group::Idle | Group::Deaf => server != Server::Unbatched,
            Group::Curve | Group::Bystanders => matches!(server, Server::Ours | Server::Unbatched),
        }
    }

    /// What a client that does not read leads to is only worth something while what may wait is
    /// bounded.
    pub(super) fn bounds(&self) -> Bounds {
        match self.group {
            Group::Deaf | Group::Hostile => Bounds::Default,
            Group::Burst
            | Group::Paced
            | Group::Command
            | Group::Idle
            | Group::Curve
            | Group::Bystanders => Bounds::Lifted,
        }
    }

    pub(super) fn run(&self, serving: &Serving, agent: Option<&Path>) -> anyhow::Result<Outcome> {
        match &self.load {
            Load::Burst(burst) => burst.run(serving),
            Load::Paced(paced) => paced.run(serving),
            Load::Command(command) => command.run(serving, agent),
            Load::Idle(idle) => idle.run(serving),
            Load::Deaf(deaf) => deaf.run(serving),
        }
    }
}

/// All there is, in the order of the table.
pub(super) fn cases(extent: Extent) -> Vec<Case> {
    use Group::{Bystanders, Curve, Idle};
    let by_extent = |full, quick| match extent {
        Extent::Full => full,
        Extent::Quick => quick,
    };
    let lasting = Duration::from_millis(by_extent(2_000, 700));
    let case = |group, name, rounds, load| Case { group, name, rounds, load };
    let burst = |name, clients| {
        case(Group::Burst, name, 3, Load::Burst(Burst { clients, window: 64, lasting }))
    };
    let paced = |group, name, clients, per_second, bystanders| {
        let rounds = if group == Group::Paced { 3 } else { 1 };
        let load = Load::Paced(Paced { clients, per_second, bystanders, lasting });
        case(group, name, rounds, load)
    };
    let samples = by_extent(50, 10) as usize;
    let idle = match extent {
        Extent::Full => {
            case(Idle, "10,000 idle clients", 1, Load::Idle(idle::Idle { clients: 10_000 }))
        }
        Extent::Quick => {
            case(Idle, "1,000 idle clients", 1, Load::Idle(idle::Idle { clients: 1_000 }))
        }
    };

    let mut cases = vec![
        burst("burst, 1 client", 1),
        burst("burst, 100 clients", 100),
        burst("burst, 1,000 clients", 1_000),
        paced(Group::Paced, "1,000 messages/s, 100 clients", 100, 1_000, 0),
        paced(Group::Paced, "20 messages/s, 1,000 clients", 1_000, 20, 0),
        case(Group::Command, "command", 1, Load::Command(Command { samples })),
        idle,
        case(
            Group::Deaf,
            "20 messages/s, 1,000 clients and 100 more",
            1,
            Load::Deaf(Deaf { clients: 1_000, deaf: 100, lasting: Duration::from_secs(6) }),
        ),
        paced(Curve, "curve, 1 client, 1,000 messages/s", 1, 1_000, 0),
        paced(Curve, "curve, 10 clients, 1,000 messages/s", 10, 1_000, 0),
        paced(Curve, "curve, 100 clients, 200 messages/s", 100, 200, 0),
        paced(Curve, "curve, 1,000 clients, 20 messages/s", 1_000, 20, 0),
        paced(Bystanders, "1 client, nobody else, 1,000 messages/s", 1, 1_000, 0),
        paced(Bystanders, "1 client, 1,000 of another gate", 1, 1_000, 1_000),
    ];
    if extent == Extent::Full {
        cases.push(paced(Curve, "curve, 10,000 clients, 2 messages/s", 10_000, 2, 0));
        cases.push(paced(Bystanders, "1 client, 9,000 of another gate", 1, 1_000, 9_000));
    }
    cases
}

/// The CPU of the server, and with its broker, for each of `count`.
fn with_cpu(outcome: Outcome, (before, after): (Effort, Effort), count: u64) -> Outcome {
    let each = |before: Duration, after: Duration| {
        after.saturating_sub(before).as_secs_f64() * 1e6 / count.max(1) as f64
    };
    let with_broker = each(before.cpu_with_broker, after.cpu_with_broker);

    outcome.measure("CPU of the server", "µs each", each(before.cpu, after.cpu)).measure(
        "CPU with its broker",
        "µs each",
        with_broker,
    )
}
