//! The brokers that are compared: how each is found, configured, started and stopped.

mod guard;
mod mosquitto;
mod ours;

use std::{
    env,
    ffi::OsString,
    fs,
    fs::File,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use tempfile::TempDir;
use tokio::time;

pub(crate) use guard::Guard;
use guard::Post;
pub(crate) use ours::Store;

use crate::{
    client::Client,
    usage::{self, Usage},
    wire::{Session, Version},
};

/// How long a broker may take to answer its first client.
const START_WITHIN: Duration = Duration::from_secs(10);
const BETWEEN_ATTEMPTS: Duration = Duration::from_millis(5);
/// What a broker complains about is kept here.
const COMPLAINTS: &str = "stderr";

/// A broker to compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, clap::ValueEnum)]
pub(crate) enum Peer {
    /// The broker of this workspace.
    Ours,
    /// Eclipse Mosquitto, as the system has it.
    Mosquitto,
    /// rumqttd as it ships.
    Rumqttd,
    /// No broker: what the load and the machine can do at all.
    Floor,
}

/// How far a broker may go before it drops or refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bounds {
    /// As far as the load goes.
    Lifted,
    /// As far as it goes by default; only the number of connections is raised.
    Default,
}

/// Where our broker is, if not next to this program.
#[derive(Debug, Clone, Default)]
pub(crate) struct Programs {
    pub(crate) ours: Option<PathBuf>,
}

/// A running broker; it ends with this value at the latest.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    address: SocketAddr,
    /// Where it speaks TLS, if it does.
    tls: Option<SocketAddr>,
    complaints: PathBuf,
    /// What it has on disk goes with it, unless that belongs to somebody else.
    dir: Option<TempDir>,
}

impl Peer {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Mosquitto => "Mosquitto",
            Self::Rumqttd => "rumqttd",
            Self::Floor => "floor",
        }
    }

    /// How to get it where it is not there.
    fn remedy(self) -> &'static str {
        match self {
            Self::Ours => "cargo build --release --locked -p broker",
            Self::Mosquitto => "apt-get install mosquitto",
            Self::Rumqttd | Self::Floor => "cargo build --release --locked -p bench",
        }
    }

    /// Its program, or the line that says how to get it.
    pub(crate) fn find(self, programs: &Programs) -> Result<PathBuf, String> {
        let found = match self {
            Self::Ours => programs.ours.clone().or_else(|| sibling("broker")),
            Self::Mosquitto => in_path("mosquitto"),
            Self::Rumqttd => sibling("bench-rumqttd"),
            Self::Floor => env::current_exe().ok(),
        };

        found
            .filter(|path| path.is_file())
            .ok_or_else(|| format!("{} is not there: {}", self.name(), self.remedy()))
    }

    /// Whether it is known here how it is set up with this.
    pub(crate) fn has(self, guard: Guard) -> bool {
        match self {
            Self::Ours | Self::Mosquitto => true,
            Self::Rumqttd | Self::Floor => guard == Guard::Nobody,
        }
    }

    /// Starts it, and waits until it answers.
    pub(crate) async fn start(
        self,
        programs: &Programs,
        version: Version,
        bounds: Bounds,
    ) -> anyhow::Result<Running> {
        self.start_guarded(programs, version, bounds, Guard::Nobody).await
    }

    /// The same, set up with users or with TLS.
    pub(crate) async fn start_guarded(
        self,
        programs: &Programs,
        version: Version,
        bounds: Bounds,
        guard: Guard,
    ) -> anyhow::Result<Running> {
        let program = self.find(programs).map_err(anyhow::Error::msg)?;
        let dir = TempDir::new().context("cannot make a temporary directory")?;
        let address = free_port()?;
        let post = Post { guard, dir: dir.path(), tls: free_port()? };
        let args = self.arguments(address, version, bounds, post)?;

        let mut running = spawn(&program, &args, dir.path(), address)?;
        running.tls = (guard == Guard::Tls).then_some(post.tls);
        running.dir = Some(dir);
        running.ready(version, guard).await?;
        Ok(running)
    }

    fn arguments(
        self,
        address: SocketAddr,
        version: Version,
        bounds: Bounds,
        post: Post<'_>,
    ) -> anyhow::Result<Vec<OsString>> {
        let Post { guard, dir, tls } = post;
        let file = dir.join("config");
        if guard == Guard::Tls {
            guard::certify(dir)?;
        }
        let args = match self {
            Self::Ours => {
                let tls = (guard == Guard::Tls).then_some(tls);
                let mut config = ours::config(dir, address, tls, bounds, Store::default());
                ours::guarded(&mut config, post);
                write(&file, &config)?;
                write(&dir.join(ours::USERS), &ours::users())?;
                vec!["--config".into(), file.into()]
            }
            Self::Mosquitto => {
                write(&file, &mosquitto::config(address, bounds, post))?;
                write(&dir.join(mosquitto::PASSWORDS), &mosquitto::passwords())?;
                vec!["-c".into(), file.into()]
            }
            Self::Rumqttd => {
                let (other, address) = (free_port()?.to_string(), address.to_string());
                match version {
                    Version::V311 => vec![address.into(), other.into()],
                    Version::V5 => vec![other.into(), address.into()],
                }
            }
            Self::Floor => vec!["floor-server".into(), address.to_string().into()],
        };

        Ok(args)
    }
}

impl Running {
    /// Starts our broker on what is in `dir`, which stays when it ends.
    pub(crate) async fn ours_in(
        dir: &Path,
        programs: &Programs,
        store: Store,
    ) -> anyhow::Result<Self> {
        let program = Peer::Ours.find(programs).map_err(anyhow::Error::msg)?;
        let (file, address) = (dir.join("config"), free_port()?);
        write(&file, &ours::config(dir, address, None, Bounds::Lifted, store))?;

        let mut running = spawn(&program, &["--config".into(), file.into()], dir, address)?;
        running.ready(Version::V311, Guard::Nobody).await?;
        Ok(running)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it speaks TLS, if it was set up so.
    pub(crate) fn tls(&self) -> Option<SocketAddr> {
        self.tls
    }

    pub(crate) fn usage(&self) -> anyhow::Result<Usage> {
        Usage::of(self.child.id())
    }

    /// The CPU of all its threads that have not ended, to the nanosecond.
    pub(crate) fn cpu(&self) -> anyhow::Result<Duration> {
        usage::cpu_of_threads(self.child.id())
    }

    /// Ends it with SIGKILL, wherever it is.
    pub(crate) fn kill(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Whether it is still there.
    pub(crate) fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    async fn ready(&mut self, version: Version, guard: Guard) -> anyhow::Result<()> {
        let deadline = Instant::now() + START_WITHIN;
        let connect = version.connect("ready", Session::Clean, guard.login());

        loop {
            let Err(error) = Client::open(self.address, version, &connect).await else {
                return Ok(());
            };
            if let Some(status) = self.child.try_wait().context("cannot ask for its end")? {
                bail!("it ended with {status}: {}", self.complaints());
            }
            if Instant::now() > deadline {
                return Err(error.context("it does not answer"));
            }
            time::sleep(BETWEEN_ATTEMPTS).await;
        }
    }

    /// What it wrote to standard error. Without it, the exit code has to do.
    pub(crate) fn complaints(&self) -> String {
        fs::read_to_string(&self.complaints).unwrap_or_default().trim_end().to_owned()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

pub(crate) fn spawn(
    program: &Path,
    args: &[OsString],
    dir: &Path,
    address: SocketAddr,
) -> anyhow::Result<Running> {
    let complaints = dir.join(COMPLAINTS);
    let stderr = File::create(&complaints)
        .with_context(|| format!("cannot write {}", complaints.display()))?;
    // It is started in another directory than this one.
    let program = std::path::absolute(program).context("no path to the program")?;
    let child = Command::new(&program)
        .args(args)
        .current_dir(dir)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(stderr)
        .spawn()
        .with_context(|| format!("cannot start {}", program.display()))?;

    Ok(Running { child, address, tls: None, complaints, dir: None })
}

/// Below the ports that the system gives to outgoing connections, of which there will be many.
pub(crate) fn free_port() -> anyhow::Result<SocketAddr> {
    (0..1_000)
        .map(|_| SocketAddr::from((Ipv4Addr::LOCALHOST, fastrand::u16(10_000..30_000))))
        .find(|address| TcpListener::bind(address).is_ok())
        .context("of a thousand ports none is free")
}

pub(crate) fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

/// What cargo has built into the same directory.
pub(crate) fn sibling(name: &str) -> Option<PathBuf> {
    Some(env::current_exe().ok()?.with_file_name(name))
}

/// Debian keeps servers where ordinary users have no path to.
pub(crate) fn in_path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let more = ["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from);

    env::split_paths(&path).chain(more).map(|dir| dir.join(name)).find(|file| file.is_file())
}
