//! The servers that are compared: each brings messages from a broker to WebSocket clients.

mod dialect;

use std::{
    env,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use tempfile::TempDir;
use tokio::time;

pub(super) use dialect::Dialect;

use crate::{
    peer::{Bounds, Peer, Programs, Running, free_port, in_path, sibling, spawn, write},
    usage::Usage,
    wire::Version,
};

/// How long a server may take to let its first client in.
const START_WITHIN: Duration = Duration::from_secs(20);
const BETWEEN_ATTEMPTS: Duration = Duration::from_millis(10);
/// What has to be installed for some of them: `make bench-peers`.
const INSTALLED: &str = "bench-peers";
const FASTAPI: &str = include_str!("../../peers/fastapi_relay.py");
const NODE: &str = include_str!("../../peers/node_bridge.js");

/// A server to compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, clap::ValueEnum)]
pub(crate) enum Server {
    /// The gateway of this workspace.
    Ours,
    /// A server that does nothing but write: all that waits for a client in one write.
    Batched,
    /// The same, with a write for each client and message.
    Unbatched,
    /// Eclipse Mosquitto, whose clients speak MQTT over WebSocket.
    Mosquitto,
    /// A relay in Python with FastAPI, as the old backend was.
    Fastapi,
    /// A bridge in Node.js, of its customary packages.
    Node,
}

/// Where programs are, if not where they are looked for.
#[derive(Debug, Clone, Default)]
pub(super) struct Places {
    pub(super) gateway: Option<PathBuf>,
    pub(super) broker: Option<PathBuf>,
    /// What stands in front of all but Mosquitto: our broker, or a floor that hands on unread.
    pub(super) feed: Feed,
}

/// Where messages come from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Feed {
    #[default]
    Broker,
    Floor,
}

/// A running server with its broker; both end with this value at the latest.
#[derive(Debug)]
pub(super) struct Serving {
    server: Running,
    /// Mosquitto is one itself.
    broker: Option<Running>,
    mqtt: SocketAddr,
    dialect: Dialect,
    _dir: TempDir,
}

/// What a server and its broker have used so far.
#[derive(Debug, Clone, Copy)]
pub(super) struct Effort {
    pub(super) cpu: Duration,
    pub(super) cpu_with_broker: Duration,
    /// Resident, of the server alone, in KiB.
    pub(super) resident: u64,
    /// The most that was ever resident.
    pub(super) peak: u64,
}

impl Server {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Batched => "batched floor",
            Self::Unbatched => "unbatched floor",
            Self::Mosquitto => "Mosquitto",
            Self::Fastapi => "FastAPI",
            Self::Node => "Node",
        }
    }

    fn remedy(self) -> &'static str {
        match self {
            Self::Ours => "cargo build --release --locked -p ws-gateway",
            Self::Batched | Self::Unbatched => "cargo build --release --locked -p bench",
            Self::Mosquitto => "apt-get install mosquitto",
            Self::Fastapi | Self::Node => "make bench-peers",
        }
    }

    /// Its program, or the line that says how to get it.
    pub(super) fn find(self, places: &Places) -> Result<PathBuf, String> {
        let found = match self {
            Self::Ours => places.gateway.clone().or_else(|| sibling("ws-gateway")),
            Self::Batched | Self::Unbatched => env::current_exe().ok(),
            Self::Mosquitto => in_path("mosquitto"),
            Self::Fastapi => installed("venv/bin/python"),
            Self::Node => in_path("node").filter(|_| installed("node_modules/ws").is_some()),
        };

        found
            .filter(|path| path.exists())
            .ok_or_else(|| format!("{} is not there: {}", self.name(), self.remedy()))
    }

    /// Starts it behind a broker of its own, and waits until it lets somebody in.
    pub(super) async fn start(self, places: &Places, bounds: Bounds) -> anyhow::Result<Serving> {
        let program = self.find(places).map_err(anyhow::Error::msg)?;
        let dir = TempDir::new().context("cannot make a temporary directory")?;
        let broker = match self {
            Self::Mosquitto => None,
            Self::Ours | Self::Batched | Self::Unbatched | Self::Fastapi | Self::Node => {
                let programs = Programs { ours: places.broker.clone() };
                let feed = match places.feed {
                    Feed::Broker => Peer::Ours,
                    Feed::Floor => Peer::Floor,
                };
                Some(feed.start(&programs, Version::V311, bounds).await?)
            }
        };
        let (address, mqtt) = (free_port()?, broker.as_ref().map(Running::address));
        let mqtt = mqtt.map_or_else(free_port, Ok)?;

        let args = self.arguments(dir.path(), address, mqtt, bounds)?;
        let args: Vec<_> = args.iter().map(Into::into).collect();
        let mut serving = Serving {
            server: spawn(&program, &args, dir.path(), address)?,
            broker,
            mqtt,
            dialect: Dialect::of(self),
            _dir: dir,
        };
        serving.ready().await?;
        Ok(serving)
    }

    fn arguments(
        self,
        dir: &Path,
        address: SocketAddr,
        mqtt: SocketAddr,
        bounds: Bounds,
    ) -> anyhow::Result<Vec<String>> {
        let [listen, broker] = [address, mqtt].map(|address| address.to_string());
        let [port, broker_port] = [address, mqtt].map(|address| address.port().to_string());
        let file = |name: &str, text: &str| {
            let path = dir.join(name);
            write(&path, text).map(|()| path.display().to_string())
        };

        Ok(match self {
            Self::Ours => {
                vec!["--config".to_owned(), file("config", &ours(address, mqtt))?]
            }
            Self::Batched => vec!["floor-gateway".to_owned(), listen, broker],
            Self::Unbatched => {
                vec!["floor-gateway".to_owned(), listen, broker, "--unbatched".to_owned()]
            }
            Self::Mosquitto => {
                vec!["-c".to_owned(), file("config", &mosquitto(address, mqtt, bounds))?]
            }
            Self::Fastapi => vec![file("fastapi_relay.py", FASTAPI)?, port, broker_port],
            Self::Node => {
                // Packages are looked for upwards from the program.
                let modules = installed("node_modules").context("make bench-peers")?;
                let link = dir.join("node_modules");
                std::os::unix::fs::symlink(modules, link).context("cannot make a link")?;
                vec![file("node_bridge.js", NODE)?, port, broker_port]
            }
        })
    }
}

impl Serving {
    /// Where its clients connect.
    pub(super) fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Where is published.
    pub(super) fn mqtt(&self) -> SocketAddr {
        self.mqtt
    }

    pub(super) fn dialect(&self) -> Dialect {
        self.dialect
    }

    pub(super) fn effort(&self) -> anyhow::Result<Effort> {
        let cpu = self.server.cpu()?;
        let broker = self.broker.as_ref().map(Running::cpu).transpose()?;
        let Usage { resident, peak, .. } = self.server.usage()?;

        Ok(Effort { cpu, cpu_with_broker: cpu + broker.unwrap_or_default(), resident, peak })
    }

    /// Whether both are still there.
    pub(super) fn is_alive(&mut self) -> bool {
        self.server.is_alive() && self.broker.as_mut().is_none_or(Running::is_alive)
    }

    async fn ready(&mut self) -> anyhow::Result<()> {
        let deadline = Instant::now() + START_WITHIN;

        while let Err(error) = super::crowd::open(self, super::GATE, 1) {
            if !self.server.is_alive() {
                let complaints = self.server.complaints();
                // What matters in a traceback is the end.
                bail!("it ended: {}", complaints.lines().last().unwrap_or_default());
            }
            if Instant::now() > deadline {
                return Err(error.context("it lets nobody in"));
            }
            time::sleep(BETWEEN_ATTEMPTS).await;
        }
        Ok(())
    }
}

/// What `make bench-peers` has put next to the programs of this workspace.
fn installed(path: &str) -> Option<PathBuf> {
    let target = env::current_exe().ok()?.parent()?.parent()?.join(INSTALLED);

    Some(target.join(path)).filter(|path| path.exists())
}

/// More commands than any person would send.
const COMMANDS: &str = "session_commands = { per_second = 1000, burst = 1000 }\n\
                        gate_commands = { per_second = 1000, burst = 1000 }\n";

/// What else is to be set comes from the environment, as for any gateway of ours.
fn ours(address: SocketAddr, mqtt: SocketAddr) -> String {
    format!(
        "[log]\nfilter = \"warn\"\n\n[mqtt]\nhost = \"{}\"\nport = {}\n\n\
         [gateway]\nlisten = \"{address}\"\n\n[gateway.limits]\n{COMMANDS}",
        mqtt.ip(),
        mqtt.port()
    )
}

/// Two listeners: one for the publisher, and one for everybody else.
fn mosquitto(address: SocketAddr, mqtt: SocketAddr, bounds: Bounds) -> String {
    let queue = match bounds {
        // By default it drops what waits beyond 1,000 messages, in silence.
        Bounds::Lifted => "max_queued_messages 0\n",
        Bounds::Default => "",
    };

    format!(
        "listener {} {}\nlistener {} {}\nprotocol websockets\nallow_anonymous true\n\
         persistence false\nset_tcp_nodelay true\nmax_inflight_messages 100\n{queue}log_dest none\n",
        mqtt.port(),
        mqtt.ip(),
        address.port(),
        address.ip(),
    )
}
