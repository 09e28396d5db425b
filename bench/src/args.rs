//! What can be asked for on the command line.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::{Args as Arguments, Parser, Subcommand};

use crate::{
    gateway,
    peer::{Peer, Programs},
    scenario::{Extent, Group},
    wire::Version,
};

/// All servers of `gateway`.
const SERVERS: [&str; 6] = ["ours", "batched", "unbatched", "mosquitto", "fastapi", "node"];

/// The benchmarks of the broker, with its peers in the same run.
#[derive(Debug, Parser)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) comparison: Comparison,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// What the load and the machine can do without a broker.
    Floor,
    /// The latency of a normal client while others do their worst.
    Hostile(Hostile),
    /// Kills our broker under load, again and again, and looks for what it had promised to keep.
    Crash(Crash),
    /// From a card or a command to the order on the barrier's line, and what the agent takes up.
    Gate(Gate),
    /// The gateway beside other servers: throughput, latency, memory, clients that do not read.
    Gateway(Gateway),
    /// The floors of `gateway`.
    #[command(hide = true)]
    FloorGateway {
        /// Where it listens.
        address: SocketAddr,
        /// Where the broker is.
        broker: SocketAddr,
        /// Writes once for each message and client.
        #[arg(long)]
        unbatched: bool,
    },
    /// The server behind `floor`.
    #[command(hide = true)]
    FloorServer {
        /// Where it listens.
        address: SocketAddr,
    },
}

/// Which scenarios, with whom, how often.
#[derive(Debug, Clone, Arguments)]
pub(crate) struct Comparison {
    /// Which scenarios; all, if none is named.
    #[arg(value_name = "SCENARIO")]
    pub(crate) groups: Vec<Group>,
    /// Which brokers, as far as they are there.
    #[arg(long, value_delimiter = ',', default_values = ["ours", "mosquitto", "rumqttd"])]
    pub(crate) peers: Vec<Peer>,
    /// How often each scenario is run with each broker, in turns; the medians count.
    #[arg(long, default_value_t = 5, value_name = "N")]
    pub(crate) rounds: u32,
    /// One short round: shows that everything works, and little else.
    #[arg(long)]
    pub(crate) quick: bool,
    /// The version of MQTT that the load speaks.
    #[arg(long, default_value = "3.1.1", value_name = "VERSION")]
    pub(crate) mqtt: Version,
    /// Writes `bench/results/NAME.md` and `NAME.json`, too.
    #[arg(long, value_name = "NAME")]
    pub(crate) save: Option<String>,
    /// Our broker, if not the one that was built together with this program.
    #[arg(long, value_name = "PROGRAM")]
    pub(crate) broker: Option<PathBuf>,
}

/// Which brokers, for how long.
#[derive(Debug, Clone, Arguments)]
pub(crate) struct Hostile {
    /// Which brokers, as far as they are there.
    #[arg(long, value_delimiter = ',', default_values = ["ours", "mosquitto"])]
    pub(crate) peers: Vec<Peer>,
    /// How many seconds the normal client works during each attack.
    #[arg(long, default_value_t = 5, value_name = "SECONDS")]
    pub(crate) seconds: u64,
    /// Messages that the normal client sends in a second.
    #[arg(long, default_value_t = 200, value_name = "N")]
    pub(crate) rate: u32,
    /// Only the attacks whose name contains this.
    #[arg(long, value_name = "TEXT")]
    pub(crate) only: Option<String>,
    /// Our broker, if not the one that was built together with this program.
    #[arg(long, value_name = "PROGRAM")]
    pub(crate) broker: Option<PathBuf>,
}

/// How often, and with which promise.
#[derive(Debug, Clone, Arguments)]
pub(crate) struct Crash {
    /// How often the broker is killed.
    #[arg(long, default_value_t = 100, value_name = "N")]
    pub(crate) rounds: u32,
    /// The value of `broker.store.durability`; without it, the broker's default.
    #[arg(long, value_name = "DURABILITY")]
    pub(crate) durability: Option<String>,
    /// Repeats the random choices of an earlier run.
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// How long before the end an acknowledgement of the subscriber may still be forgotten.
    #[arg(long, default_value_t = 200, value_name = "MILLISECONDS")]
    pub(crate) forgetting: u64,
    /// Our broker, if not the one that was built together with this program.
    #[arg(long, value_name = "PROGRAM")]
    pub(crate) broker: Option<PathBuf>,
}

/// How much of it.
#[derive(Debug, Clone, Arguments)]
pub(crate) struct Gate {
    /// How often the agent is started anew.
    #[arg(long, default_value_t = 5, value_name = "N")]
    pub(crate) rounds: u32,
    /// Cards, and commands, in each round.
    #[arg(long, default_value_t = 100, value_name = "N")]
    pub(crate) samples: usize,
    /// How long the agent is watched when idle.
    #[arg(long, default_value_t = 10, value_name = "SECONDS")]
    pub(crate) idle: u64,
    /// Our agent, if not the one that was built together with this program.
    #[arg(long, value_name = "PROGRAM")]
    pub(crate) agent: Option<PathBuf>,
    /// Our broker, if not the one that was built together with this program.
    #[arg(long, value_name = "PROGRAM")]
    pub(crate) broker: Option<PathBuf>,
}

/// Which scenarios of the gateway, with whom, how often.
#[derive(Debug, Clone, Arguments)]
pub(crate) struct Gateway {
    /// Which scenarios; all, if none is named.
    #[arg(value_name = "SCENARIO")]
    pub(crate) groups: Vec<gateway::Group>,
    /// Which servers, as far as they are there.
    #[arg(long, value_delimiter = ',', default_values = SERVERS)]
    pub(crate) peers: Vec<gateway::Server>,
    /// How often each scenario is run with each server at most, in turns; the medians count.
    #[arg(long, default_value_t = 3, value_name = "N")]
    pub(crate) rounds: u32,
    /// One short round: shows that everything works, and little else.
    #[arg(long)]
    pub(crate) quick: bool,
    /// In the place of the broker, a server that hands on unread: what the load and the floors can do.
    #[arg(long)]
    pub(crate) no_broker: bool,
    /// Writes `bench/results/NAME.md` and `NAME.json`, too.
    #[arg(long, value_name = "NAME")]
    pub(crate) save: Option<String>,
    /// Our gateway, if not the one that was built together with this program.
    #[arg(long, value_name = "PROGRAM")]
    pub(crate) gateway: Option<PathBuf>,
    /// Our broker, if not the one that was built together with this program.
    #[arg(long, value_name = "PROGRAM")]
    pub(crate) broker: Option<PathBuf>,
    /// Our agent, if not the one that was built together with this program.
    #[arg(long, value_name = "PROGRAM")]
    pub(crate) agent: Option<PathBuf>,
}

impl Gateway {
    pub(crate) fn rounds(&self) -> u32 {
        if self.quick { 1 } else { self.rounds.max(1) }
    }

    pub(crate) fn wants(&self, group: gateway::Group) -> bool {
        self.groups.is_empty() || self.groups.contains(&group)
    }
}

impl Gate {
    pub(crate) fn idle(&self) -> Duration {
        Duration::from_secs(self.idle.max(1))
    }
}

impl Comparison {
    pub(crate) fn extent(&self) -> Extent {
        if self.quick { Extent::Quick } else { Extent::Full }
    }

    pub(crate) fn rounds(&self) -> u32 {
        if self.quick { 1 } else { self.rounds.max(1) }
    }

    pub(crate) fn programs(&self) -> Programs {
        Programs { ours: self.broker.clone() }
    }

    /// What is said above the table.
    pub(crate) fn what(&self) -> String {
        format!(
            "MQTT {}, {} {}",
            match self.mqtt {
                Version::V311 => "3.1.1",
                Version::V5 => "5",
            },
            self.rounds(),
            if self.quick { "short round" } else { "rounds" },
        )
    }

    pub(crate) fn wants(&self, group: Group) -> bool {
        self.groups.is_empty() || self.groups.contains(&group)
    }

    /// The same without any broker, and without what only a broker has.
    pub(crate) fn floor(&self) -> Self {
        use Group::{Burst, Latency, ManyToOne, OneToMany, OneToOne, Storm};

        Self {
            groups: vec![OneToOne, OneToMany, ManyToOne, Latency, Storm, Burst],
            peers: vec![Peer::Floor],
            quick: true,
            ..self.clone()
        }
    }
}
