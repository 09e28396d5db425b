//! One simulator: a child process that is told what happens, and tells what it leads to.

use std::{
    fmt,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
    time::{Duration, Instant},
};

/// How long a machine may take for what a test waits for.
const PATIENCE: Duration = Duration::from_secs(30);

/// A configuration of the firmware: its `config.h`, or one of `tests/configs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Config {
    /// As it stands in `barrier/config.h`.
    Barrier,
    /// Without limit switches.
    Timed,
    /// All contacts and relays the other way round, and one limit switch.
    Inverted,
}

/// Something that happened, with the simulated time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Since the simulator started.
    pub at: Duration,
    /// `relay open on`, `said OK 1*15`, `port opened`, …
    pub what: String,
}

/// A controller with its barrier. It ends when this is dropped, which fails where the firmware did
/// what it must never do.
#[derive(Debug)]
pub struct Simulator {
    process: Child,
    port: Option<PathBuf>,
    orders: ChildStdin,
    lines: Receiver<String>,
    events: Vec<Event>,
    now: Duration,
}

impl Simulator {
    /// One whose time passes in [`Simulator::run`] alone. The power has come on, and no time has passed.
    pub fn on_bench(config: Config, travel: Duration) -> Self {
        Self::start(config, &["--travel", &travel.as_millis().to_string()])
    }

    /// One in real time with a port at `path`. After its port was opened, its boot loader takes
    /// `boot_loader` and loses what it hears.
    pub fn at_port(config: Config, travel: Duration, path: &Path, boot_loader: Duration) -> Self {
        let port = path.display().to_string();
        let mut simulator = Self::start(
            config,
            &[
                "--travel",
                &travel.as_millis().to_string(),
                "--port",
                &port,
                "--boot-loader",
                &boot_loader.as_millis().to_string(),
            ],
        );
        simulator.port = Some(path.to_owned());
        simulator.wait_for("ready");

        simulator
    }

    fn start(config: Config, arguments: &[&str]) -> Self {
        let mut process = Command::new(built(&format!("{config}-simulator")))
            .arg(built(&format!("{config}.elf")))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the build script has made it");
        let orders = process.stdin.take().expect("it is piped");
        let output = BufReader::new(process.stdout.take().expect("it is piped"));
        let (sender, lines) = channel();
        thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });

        Self { process, port: None, orders, lines, events: Vec::new(), now: Duration::ZERO }
    }

    /// Tells it something (`simulator/orders.h`) and waits until it is done.
    #[track_caller]
    pub fn tell(&mut self, order: &str) {
        writeln!(self.orders, "{order}").expect("it listens");
        let deadline = Instant::now() + PATIENCE;

        loop {
            let event = self.next(deadline);
            assert!(!event.what.starts_with("what?"), "it does not know `{order}`");
            if event.what.starts_with("done") {
                return;
            }
            self.events.push(event);
        }
    }

    /// Lets time pass. On a bench only.
    #[track_caller]
    pub fn run(&mut self, time: Duration) {
        self.tell(&format!("run {}", time.as_millis()));
    }

    /// Sends bytes to the controller.
    #[track_caller]
    pub fn send(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(512) {
            let hex: String = chunk.iter().map(|byte| format!("{byte:02x}")).collect();
            self.tell(&format!("bytes {hex}"));
        }
    }

    /// What has happened since the last call.
    pub fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    /// What the controller has said since the last call, without checksums. Other events are lost.
    pub fn take_said(&mut self) -> Vec<String> {
        self.take_events().iter().filter_map(Event::said).map(str::to_owned).collect()
    }

    /// Waits for something that begins like this, in real time, and takes what came before.
    #[track_caller]
    pub fn wait_for(&mut self, beginning: &str) -> Vec<Event> {
        let found = |event: &Event| event.what.starts_with(beginning);
        let deadline = Instant::now() + PATIENCE;

        while !self.events.iter().any(found) {
            let event = self.next(deadline);
            if !event.what.starts_with("done") {
                self.events.push(event);
            }
        }
        let at = self.events.iter().position(found).expect("it is there");

        self.events.drain(..=at).collect()
    }

    /// The simulated time.
    pub fn now(&self) -> Duration {
        self.now
    }

    #[track_caller]
    fn next(&mut self, deadline: Instant) -> Event {
        loop {
            let patience = deadline.saturating_duration_since(Instant::now());
            let line = self.lines.recv_timeout(patience).unwrap_or_else(|error| {
                panic!("{error}; the last it said was {:#?}", self.last_events())
            });
            // What simavr says for itself has no time.
            let Some((at, what)) = line.split_once(' ') else { continue };
            let Ok(at) = at.parse().map(Duration::from_millis) else { continue };

            self.now = at;
            let event = Event { at, what: what.to_owned() };
            assert!(!what.starts_with("violation"), "{event} after {:#?}", self.last_events());
            return event;
        }
    }

    fn last_events(&self) -> Vec<String> {
        self.events.iter().rev().take(20).rev().map(Event::to_string).collect()
    }
}

impl Event {
    /// What the controller said, without its checksum.
    pub fn said(&self) -> Option<&str> {
        let line = self.what.strip_prefix("said ")?;

        Some(line.rsplit_once('*').map_or(line, |(body, _)| body))
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ms: {}", self.at.as_millis(), self.what)
    }
}

impl fmt::Display for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Barrier => "barrier",
            Self::Timed => "timed",
            Self::Inverted => "inverted",
        })
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        // First: the pseudo-terminal behind it is free for others as soon as its process is gone, and an
        // agent that still runs must not find them there.
        if let Some(port) = &self.port {
            let _ = std::fs::remove_file(port);
        }
        // One that has ended by itself cannot be killed, which is fine.
        let _ = self.process.kill();
        let _ = self.process.wait();

        // Ends with the process: there is no other end to the channel.
        let violation = self.lines.iter().find(|line| line.contains(" violation"));
        if let Some(violation) = violation
            && !thread::panicking()
        {
            panic!("{violation}");
        }
    }
}

fn built(name: &str) -> PathBuf {
    Path::new(env!("FIRMWARE")).join(name)
}
