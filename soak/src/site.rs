//! The site: a directory with everything in it, a broker, and gates with their agents.

use std::{
    collections::BTreeMap,
    env,
    fmt::Write as _,
    fs,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use anyhow::{Context, bail};
use site_sim::{Gate, SimConfig};
use tempfile::TempDir;

use crate::{args::Args, camera::Camera, program::Program};

/// Ports below those that the system gives to outgoing connections: one of those might connect to
/// itself while the broker is away.
const PORTS: std::ops::Range<u16> = 10_000..30_000;
/// The boom opens in a tenth of a second, and a vehicle passes in four. It takes two from the reader to
/// the loop: longer than a card takes to the agent on a machine that is busy.
const GATES: SimConfig = SimConfig {
    travel: Duration::from_millis(100),
    passage: Duration::from_millis(400),
    patience: Duration::from_secs(8),
};

#[derive(Debug)]
pub(crate) struct Site {
    dir: TempDir,
    programs: PathBuf,
    address: SocketAddr,
    pub(crate) broker: Program,
    gates: BTreeMap<String, Option<(Gate, Camera)>>,
}

impl Site {
    /// Starts the broker and makes the gates; their agents are not started yet.
    pub(crate) async fn start(args: &Args) -> anyhow::Result<Self> {
        let dir = TempDir::with_prefix("manless-soak-").context("cannot make a directory")?;
        let programs = match &args.programs {
            Some(programs) => programs.clone(),
            None => env::current_exe()
                .ok()
                .and_then(|path| Some(path.parent()?.to_owned()))
                .context("cannot tell where this program is")?,
        };
        let port = PORTS
            .map(|_| fastrand::u16(PORTS))
            .find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
            .context("no port is free")?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));

        let mut gates = BTreeMap::new();
        let mut configuration = String::new();
        for number in 1..=args.gates {
            let way = if number % 2 == 1 { "in" } else { "out" };
            let name = format!("gate_{way}_{number}");
            let gate = Gate::start(dir.path(), &name, GATES).context("cannot make a gate")?;
            let camera = Camera::start(&gate).await?;
            describe(&mut configuration, &gate, &camera);
            gates.insert(name, Some((gate, camera)));
        }
        fs::write(dir.path().join("manless.toml"), configuration).context("cannot write a file")?;

        let variables = vec![
            ("MANLESS_BROKER__LISTEN", address.to_string()),
            ("MANLESS_DATA_DIR", dir.path().join("broker").display().to_string()),
        ];
        let log = dir.path().join("broker.log");
        let mut broker = Program::new(&find(&programs, "broker")?, &[], variables, log);
        broker.start()?;

        Ok(Self { dir, programs, address, broker, gates })
    }

    pub(crate) fn broker_address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.gates.keys().cloned().collect()
    }

    /// The gate of this name and its camera, to be kept, and its agent, which runs.
    pub(crate) fn gate(&mut self, name: &str) -> anyhow::Result<(Gate, Camera, Program)> {
        let gate = self.gates.get_mut(name).and_then(Option::take);
        let (gate, camera) = gate.context("each gate is given away once")?;
        let path = |name: &str| self.dir.path().join(name).display().to_string();
        let variables = vec![
            ("MANLESS_DATA_DIR", path("data")),
            ("BACKEND_HOST", self.address.ip().to_string()),
            ("BACKEND_PORT", self.address.port().to_string()),
        ];
        let log = self.dir.path().join(format!("{name}.log"));
        let args = ["--config", &path("manless.toml"), name];
        let mut agent = Program::new(&find(&self.programs, "gate-agent")?, &args, variables, log);
        agent.start()?;

        Ok((gate, camera, agent))
    }

    /// Says what is broken. The directory is kept then, with the logs and the journals.
    pub(crate) fn conclude(self, broken: &[String]) -> ExitCode {
        if broken.is_empty() {
            println!("Nothing was broken.");
            return ExitCode::SUCCESS;
        }

        for promise in broken {
            println!("- {promise}");
        }
        println!("{} promises were broken; see {}", broken.len(), self.dir.keep().display());
        ExitCode::FAILURE
    }
}

fn describe(configuration: &mut String, gate: &Gate, camera: &Camera) {
    let _ = write!(
        configuration,
        "[gates.{}]\nbarrier = {{ port = {:?} }}\ncard_reader = {{ port = {:?} }}\n\
         camera = {}\nopen_for = \"1s\"\ntravel = \"1s\"\nmoves_per_minute = 600\n\n",
        gate.name(),
        gate.barrier_path(),
        gate.card_reader_path(),
        camera.configuration(),
    );
}

fn find(programs: &Path, name: &str) -> anyhow::Result<PathBuf> {
    let path = programs.join(name);
    if !path.is_file() {
        bail!("{} is not there: `make soak` builds it", path.display());
    }

    Ok(path)
}
