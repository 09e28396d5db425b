//! A gate: its agent in a process of its own, and its devices in the test, behind serial lines.

use std::{fs, net::SocketAddr, process::Command};

use barrier_link::Position;
use site_sim::{Cable, Gate, GateState, SimConfig, Visit};
use tempfile::TempDir;

use crate::{
    PATIENCE, Port, UnreadPipe, eventually,
    program::{Program, ours_on_any_disk},
};

/// A gate whose agent comes and goes; its devices and its journal stay.
#[derive(Debug)]
pub struct Agent {
    /// What is at the other end of its serial lines.
    pub devices: Gate,
    program: Option<Program>,
    broker: SocketAddr,
    dir: TempDir,
}

/// The boom opens in a fifth of a second.
const SPEED: u32 = 10;

impl Agent {
    /// Starts the agent of a gate.
    #[track_caller]
    pub fn start(gate: &str, broker: &Port) -> Self {
        let dir = TempDir::new().expect("a temporary directory");
        let devices = Gate::start(dir.path(), gate, SimConfig::at_speed(SPEED))
            .unwrap_or_else(|error| panic!("no devices: {error}"));
        let configuration = format!(
            "[gates.{gate}]\nbarrier = {{ port = {:?} }}\ncard_reader = {{ port = {:?} }}\n\
             open_for = \"1s\"\n",
            devices.barrier_path(),
            devices.card_reader_path(),
        );
        fs::write(dir.path().join("manless.toml"), configuration).expect("a file in it");

        let mut agent = Self { devices, program: None, broker: broker.address(), dir };
        agent.restart();
        agent
    }

    /// Starts the agent again, or anew.
    #[track_caller]
    pub fn restart(&mut self) {
        self.program = Some(Program::start(self.command()));
    }

    /// Starts the agent again with a log that says everything, into a pipe that nobody reads, and
    /// waits until there is no more room in it.
    #[track_caller]
    pub fn restart_unheard(&mut self) -> UnreadPipe {
        let mut command = self.command();
        let pipe = UnreadPipe::new();
        command.env("MANLESS_LOG__FILTER", "trace");
        self.program = Some(Program::start_into(&pipe, command));

        eventually("the pipe is full", || pipe.is_full().then_some(()));
        pipe
    }

    fn command(&self) -> Command {
        let mut command = ours_on_any_disk("gate-agent");
        command
            .arg("--config")
            .arg(self.dir.path().join("manless.toml"))
            .arg(self.devices.name())
            .env("MANLESS_DATA_DIR", self.dir.path().join("data"))
            .env("BACKEND_HOST", self.broker.ip().to_string())
            .env("BACKEND_PORT", self.broker.port().to_string());

        command
    }

    /// The running `gate-agent`.
    #[track_caller]
    pub fn program(&self) -> &Program {
        self.program.as_ref().expect("it runs")
    }

    /// Waits until the agent has ended: its exit code.
    #[track_caller]
    pub fn exit_code(&mut self) -> Option<i32> {
        self.program.as_mut()?.exit_code()
    }

    /// Kills the agent as a power cut does; the devices stay as they are.
    #[track_caller]
    pub fn kill(&mut self) {
        if let Some(program) = self.program.take() {
            program.kill();
        }

        let free = |state: &GateState| {
            state.barrier_cable == Cable::Idle && state.card_reader_cable == Cable::Idle
        };
        assert!(self.devices.wait_until(PATIENCE, free).is_some(), "its ports are not free");
    }

    /// Has a vehicle come with `card`, and waits until it is through and the boom is down.
    #[track_caller]
    pub fn lets_in(&self, card: &str) {
        self.devices.drive_through(card).unwrap_or_else(|error| panic!("{card}: {error}"));

        eventually("the vehicle is through", || {
            let state = self.devices.state();
            let gone = state.visit == Visit::None;
            (gone && state.barrier.position == Position::Closed).then_some(())
        });
    }
}
