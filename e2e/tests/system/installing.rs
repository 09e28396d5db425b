//! What the person who installs a gate has at hand.

use std::{fs, process::Command};

use barrier_link::{Cause, Position};
use e2e::{Agent, PATIENCE, Port, Program, Terminal, manless, ours};
use site_sim::{Device, Drive, Gate, SimConfig, Vehicle};
use tempfile::TempDir;

const CARD: &str = "04A1B2C3";

#[test]
fn devices_are_listed_by_what_they_are_for() {
    let dir = TempDir::new().expect("a temporary directory");
    let mut command = manless(dir.path());
    command.arg("devices");
    let mut program = Program::start(command);

    assert_eq!(program.exit_code(), Some(0));
    let said = program.stdout().all().join("\n");
    for title in ["Serial ports", "Readers that type", "Cameras"] {
        assert!(said.contains(title), "{said}");
    }
}

#[test]
fn a_reader_that_is_listened_to_shows_what_it_sends_and_what_to_configure() {
    let bench = Bench::start();
    let mut program = bench.run(&["reader", "listen", "gate_in"], &[]);
    program.prints("Listening to");

    bench.gate.present_card(CARD).expect("somebody listens");

    program.prints("30 34 41 31 42 32 43 33 0d 0a");
    program.prints(&format!("lines          card {CARD}"));
    program.prints("length = 8 }");
    bench.gate.unplug(Device::CardReader);
    program.prints("; trying again");
    program.interrupt();
    assert_eq!(program.exit_code(), Some(0));
}

#[test]
fn a_gate_that_an_agent_of_its_own_simulates_is_told_what_happens() {
    let dir = TempDir::new().expect("a temporary directory");
    let mut agent = ours("gate-agent");
    agent.arg("gate_in").env("MANLESS_DATA_DIR", dir.path()).env("MANLESS_MQTT__PORT", "1");
    let agent = Program::start(agent);
    agent.says("Starting");

    let mut command = ours("manless");
    command.args(["sim", "gate_in", "state"]).env("MANLESS_DATA_DIR", dir.path());
    let mut program = Program::start(command);

    assert_eq!(program.exit_code(), Some(0));
    program.prints("position=closed");
}

#[test]
fn a_camera_shows_what_it_sees_or_says_why_not() {
    let dir = TempDir::new().expect("a temporary directory");
    let site = dir.path().join("site.toml");
    let gate = "[gates.gate_in]\nbarrier = { port = \"simulated\" }\ncamera = \"simulated\"\n";
    fs::write(&site, gate).expect("a file");
    let snap = |args: &[&str]| {
        let mut command = manless(dir.path());
        command.current_dir(dir.path()).args(["camera", "snap"]).args(args);
        let mut program = Program::start(command);
        let code = program.exit_code();
        (code, [program.stdout().all(), program.stderr().all()].concat().join("\n"))
    };

    let (code, said) = snap(&["gate.jpg", "--config", "site.toml"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.starts_with("gate.jpg: ") && said.ends_with("from simulated"), "{said}");
    let picture = fs::read(dir.path().join("gate.jpg")).expect("a picture");
    assert!(picture.starts_with(&[0xff, 0xd8]) && picture.ends_with(&[0xff, 0xd9]));

    for (camera, code, reason) in [
        ("/dev/video99", 1, "no picture of /dev/video99"),
        ("http://127.0.0.1:9/picture.jpg", 1, "cannot reach the camera"),
        ("ftp://127.0.0.1/picture.jpg", 78, "camera.snapshot"),
        ("gate_out", 78, "gates.gate_out"),
    ] {
        let (ended, said) = snap(&["none.jpg", camera, "--config", "site.toml"]);
        assert_eq!(ended, Some(code), "{said}");
        assert!(said.contains(reason), "{said}");
    }
    assert!(!dir.path().join("none.jpg").exists());
}

#[test]
fn a_gate_that_works_passes_its_test() {
    let bench = Bench::start();
    let mut program = bench.test(&["y"; 8]);

    program.prints("Put it on the loop.");
    bench.gate.vehicle(Vehicle::Present);
    program.prints("Take it away.");
    bench.gate.vehicle(Vehicle::Absent);
    program.prints("Hold a card to the reader.");
    bench.gate.present_card(CARD).expect("somebody reads");

    program.prints("Everything passed.");
    assert_eq!(program.exit_code(), Some(0));
    assert_eq!(bench.gate.position(), Position::Closed);
}

#[test]
fn a_camera_is_tested_by_looking_at_its_picture() {
    let dir = TempDir::new().expect("a temporary directory");
    let test = |camera: &str| {
        let site = "[gates.gate_in]\nbarrier = { port = \"simulated\" }\ncamera = ".to_owned();
        fs::write(dir.path().join("site.toml"), site + camera).expect("a file");
        let mut command = manless(dir.path());
        command.env("TMPDIR", dir.path()).current_dir(dir.path());
        command.args(["gate", "test", "gate_in", "--config", "site.toml"]);
        // Loop, boom up, boom down; the camera and what it shows.
        let mut program = Program::start_with_answers(command, &["n", "n", "n", "y", "y"]);
        (program.exit_code(), program.stdout().all().join("\n"))
    };

    let (code, said) = test("\"simulated\"\n");
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("camera       ok       "), "{said}");
    let picture = fs::read(dir.path().join("manless-gate_in.jpg")).expect("a picture");
    assert!(picture.starts_with(&[0xff, 0xd8]) && picture.ends_with(&[0xff, 0xd9]));

    let (code, said) = test("{ snapshot = \"http://127.0.0.1:9/picture.jpg\" }\n");
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("cannot reach the camera"), "{said}");
}

#[test]
fn nothing_moves_before_somebody_has_said_yes() {
    let bench = Bench::start();

    for answers in [&["n"; 4][..], &[], &["n", "maybe", "1", ""]] {
        let mut program = bench.test(answers);
        assert_eq!(program.exit_code(), Some(0), "{answers:?}");
        program.prints("Nothing failed; 4 of 5 not tested.");
    }
    assert_eq!(bench.gate.state().barrier.moved_by, Cause::None);
}

#[test]
fn what_was_typed_before_a_question_is_no_answer_to_it() {
    let bench = Bench::start();
    let mut terminal = Terminal::start(bench.command(&["gate", "test", "gate_in"]));
    terminal.shows(&["Test the loop?"]);

    terminal.press("n\ny\ny\ny\ny\n");
    terminal.shows(&["The boom will go UP."]);
    terminal.press("n\n");
    terminal.shows(&["The boom will go DOWN."]);
    terminal.press("n\n");
    terminal.shows(&["Test the card reader?"]);
    terminal.press("n\n");

    assert_eq!(terminal.exit_code(), Some(0));
    terminal.shows(&["Nothing failed; 4 of 5 not tested."]);
    assert_eq!(bench.gate.state().barrier.moved_by, Cause::None);
}

#[test]
fn a_boom_that_does_not_get_up_fails() {
    let bench = Bench::start();
    bench.gate.jam(Drive::Jammed);
    let mut program = bench.test(&["n", "y", "n", "n"]);

    program.prints("check the drive, the relays and the limit switches");
    assert_eq!(program.exit_code(), Some(1));
    program.prints("1 of 5 FAILED.");
    program.prints("The boom is not closed.");
}

#[test]
fn the_boom_is_not_lowered_onto_a_vehicle_whoever_says_yes() {
    let bench = Bench::start();
    bench.gate.vehicle(Vehicle::Present);
    let mut program = bench.test(&["n", "y", "y", "y", "n"]);

    program.prints("the loop is occupied: the boom is not lowered");
    assert_eq!(program.exit_code(), Some(1));
    assert_eq!(bench.gate.position(), Position::Open);
}

#[test]
fn ctrl_c_stops_a_boom_that_moves() {
    let bench = Bench::at(SimConfig::REAL);
    let mut program = bench.test(&["n", "y"]);

    let opening = |state: &site_sim::GateState| state.barrier.position == Position::Opening;
    assert!(bench.gate.wait_until(PATIENCE, opening).is_some(), "it opens");
    program.interrupt();

    assert_eq!(program.exit_code(), Some(1));
    assert_eq!(bench.gate.position(), Position::Stopped);
}

#[test]
fn a_gate_whose_agent_runs_is_left_alone() {
    let port = Port::free();
    let agent = Agent::start("gate_in", &port);
    agent.program().says("Port open");
    let bench = Bench::at_devices(&agent.devices);
    let mut program = bench.test(&["y"; 8]);

    assert_eq!(program.exit_code(), Some(1));
    let said = program.stderr().all().join("\n");
    assert!(said.contains("is in use by gate-agent") && said.contains("stop the agent"), "{said}");
    assert_eq!(agent.devices.state().barrier.moved_by, Cause::None);
}

#[test]
fn a_simulated_gate_can_be_tested_without_anybody_in_front_of_it() {
    let dir = TempDir::new().expect("a temporary directory");
    let file = dir.path().join("site.toml");
    let simulated = "{ port = \"simulated\" }";
    let toml = format!("[gates.gate_in]\nbarrier = {simulated}\ncard_reader = {simulated}\n");
    fs::write(&file, toml).expect("a file in it");
    let mut command = manless(dir.path());
    command.args(["gate", "test", "gate_in", "--config"]).arg(&file);

    let mut program = Program::start_with_answers(command, &["y"; 8]);

    assert_eq!(program.exit_code(), Some(0));
    program.prints("Everything passed.");
}

/// A gate whose devices are in the test.
struct Bench<G> {
    gate: G,
    dir: TempDir,
}

impl Bench<Gate> {
    fn start() -> Self {
        Self::at(SimConfig::at_speed(10))
    }

    fn at(speed: SimConfig) -> Self {
        let dir = TempDir::new().expect("a temporary directory");
        let gate = Gate::start(dir.path(), "gate_in", speed).expect("its devices");

        Self { gate, dir }
    }
}

impl<'a> Bench<&'a Gate> {
    fn at_devices(gate: &'a Gate) -> Self {
        Self { gate, dir: TempDir::new().expect("a temporary directory") }
    }
}

impl<G: std::borrow::Borrow<Gate>> Bench<G> {
    fn test(&self, answers: &[&str]) -> Program {
        self.run(&["gate", "test", "gate_in"], answers)
    }

    fn run(&self, args: &[&str], answers: &[&str]) -> Program {
        Program::start_with_answers(self.command(args), answers)
    }

    fn command(&self, args: &[&str]) -> Command {
        let gate = self.gate.borrow();
        let file = self.dir.path().join("site.toml");
        let toml = format!(
            "[gates.gate_in]\nbarrier = {{ port = {:?} }}\ncard_reader = {{ port = {:?} }}\n\
             travel = \"4s\"\n",
            gate.barrier_path(),
            gate.card_reader_path(),
        );
        fs::write(&file, toml).expect("a file in it");
        let mut command = manless(self.dir.path());
        command.args(args).arg("--config").arg(&file);

        command
    }
}
