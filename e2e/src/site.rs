//! A whole site in one process, with gates that are simulated.

use std::{fs, net::SocketAddr, path::Path, process::Command};

use tempfile::TempDir;

use crate::{
    Listener, Wanted, WebSocket,
    mosquitto::{Subscriber, Version},
    program::{Program, ours},
};

/// A card that opens gates.
pub const CARD: &str = "04A1B2C3";

/// A running `manless up`.
#[derive(Debug)]
pub struct Site {
    /// The process.
    pub program: Program,
    /// Where MQTT is spoken.
    pub broker: SocketAddr,
    /// Where dashboards connect.
    pub gateway: SocketAddr,
    /// With what dashboards log in.
    token: Option<String>,
    dir: TempDir,
}

/// A command line for `manless` that takes any ports and keeps its data in `dir`.
pub fn manless(dir: &Path) -> Command {
    let mut command = ours("manless");
    command
        .env("MANLESS_DATA_DIR", dir.join("data"))
        .env("MANLESS_BROKER__LISTEN", "127.0.0.1:0")
        .env("MANLESS_GATEWAY__LISTEN", "127.0.0.1:0");

    command
}

/// A command line for a part of `manless` that listens to `broker`, and where its configuration is.
pub fn listening_to(broker: SocketAddr, part: &str, args: &[&str]) -> (Command, TempDir) {
    let dir = TempDir::new().expect("a temporary directory");
    let file = dir.path().join("site.toml");
    fs::write(&file, format!("[mqtt]\nhost = \"{}\"\nport = {}\n", broker.ip(), broker.port()))
        .expect("a file in it");
    let mut command = manless(dir.path());
    command.arg(part).args(args).arg("--config").arg(file);

    (command, dir)
}

impl Site {
    /// Starts a site without a configuration, and waits until its two gates are there with all
    /// their devices.
    #[track_caller]
    pub fn up() -> Self {
        Self::up_in(TempDir::new().expect("a temporary directory"))
    }

    /// Starts a site with this configuration, and waits until `gates` are there.
    #[track_caller]
    pub fn configured(toml: &str, gates: &[&'static str]) -> Self {
        Self::guarded(toml, gates, None)
    }

    /// Starts a site with users, where dashboards log in with a token.
    #[track_caller]
    pub fn guarded(toml: &str, gates: &[&'static str], token: Option<&str>) -> Self {
        let dir = TempDir::new().expect("a temporary directory");
        let file = dir.path().join("manless.toml");
        fs::write(&file, toml).expect("a file in it");
        let file = file.to_str().expect("its path is text").to_owned();

        Self::start_in(dir, &["up", "--config", &file], gates, token)
    }

    #[track_caller]
    fn up_in(dir: TempDir) -> Self {
        let gates = ["gate_in", "gate_out"];
        let site = Self::start_in(dir, &[], &gates, None);
        let complete = ["camera.connected", "card_reader.connected", "arduino.connected"]
            .into_iter()
            .fold(Wanted::a("hardware_status"), |wanted, device| wanted.with(device, true));

        for gate in gates {
            site.dashboard(gate).hears(&complete);
        }
        site
    }

    #[track_caller]
    fn start_in(dir: TempDir, args: &[&str], gates: &[&'static str], token: Option<&str>) -> Self {
        let mut command = manless(dir.path());
        command.args(args);
        let program = Program::start(command);
        let broker = program.announces("MQTT");
        let gateway = program.announces("Dashboard");

        let token = token.map(str::to_owned);
        let site = Self { program, broker, gateway, token, dir };
        for gate in gates {
            site.dashboard(gate).hears(&Wanted::gate_is("online").from(gate));
        }
        site
    }

    /// Stops it, and starts another with the same data.
    #[track_caller]
    pub fn restart(mut self) -> Self {
        self.program.interrupt();
        assert_eq!(self.program.exit_code(), Some(0), "it stops");

        Self::up_in(self.dir)
    }

    /// Tells the simulation what happens: `gate_in card 04A1B2C3`.
    #[track_caller]
    pub fn sim(&self, line: &str) -> String {
        site_sim::request(&self.dir.path().join("data/sim.sock"), line)
            .unwrap_or_else(|error| panic!("`{line}`: {error}"))
    }

    /// A client on the channel of a gate, `gate_all` or `admin`.
    #[track_caller]
    pub fn dashboard(&self, channel: &str) -> WebSocket {
        WebSocket::connect_as(self.gateway, &format!("/ws/{channel}"), self.token.as_deref())
    }

    /// A client that has been told how things are: it hears all that happens from here on.
    #[track_caller]
    pub fn watcher(&self, channel: &str) -> WebSocket {
        let mut dashboard = self.dashboard(channel);
        dashboard.hears(&Wanted::a("snapshot_end"));

        dashboard
    }

    /// A `mosquitto_sub`.
    #[track_caller]
    pub fn subscriber(&self, filter: &str) -> Subscriber {
        Subscriber::start(self.broker, Version::V5, filter)
    }

    /// Where its journals and control socket are.
    pub fn data_dir(&self) -> std::path::PathBuf {
        self.dir.path().join("data")
    }
}
