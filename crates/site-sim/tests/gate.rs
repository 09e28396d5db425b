//! A simulated gate, as an agent's drivers find it: through `serialport`, by path.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test says what it expects by failing")]

use std::{
    fs, io,
    io::{Read, Write},
    path::Path,
    time::{Duration, Instant},
};

use barrier_link::{
    Cause, Checksums, LineDecoder, Loop, Order, OrderKind, Position, Refusal, Report, ResetCause,
    Seq, to_line,
};
use serialport::{SerialPort, TTYPort};
use site_sim::{Cable, CardError, Device, Drive, DriveError, Gate, SimConfig, Vehicle, Visit};
use tempfile::TempDir;

/// Far beyond what anything here takes, even on a busy machine.
const DEADLINE: Duration = Duration::from_secs(20);

#[test]
fn an_agent_opens_the_barrier() {
    let (_dir, gate) = gate();
    let mut agent = Agent::open(gate.barrier_path());

    agent.greeted(ResetCause::External);
    agent.sees(Position::Closed);
    agent.order(OrderKind::Open);
    agent.accepted();
    agent.sees(Position::Opening);
    agent.sees(Position::Open);

    assert_eq!(gate.position(), Position::Open);
}

#[test]
fn a_boom_is_not_closed_on_a_vehicle() {
    let (_dir, gate) = gate();
    let mut agent = Agent::open(gate.barrier_path());
    agent.order(OrderKind::Open);
    agent.sees(Position::Open);

    gate.vehicle(Vehicle::Present);
    agent.order(OrderKind::Close);
    let refused = agent.until(|report| matches!(report, Report::Refused { .. }));
    assert_eq!(refused, Report::Refused { seq: Some(agent.seq), reason: Refusal::Occupied });

    gate.vehicle(Vehicle::Absent);
    agent.order(OrderKind::Close);
    agent.accepted();
    agent.sees(Position::Closed);
}

#[test]
fn pulling_the_cable_is_an_error_at_once_and_plugging_it_in_brings_the_path_back() {
    let (_dir, gate) = gate();
    let path = gate.barrier_path().to_owned();
    let mut agent = Agent::open(&path);
    agent.order(OrderKind::Open);
    agent.sees(Position::Open);

    gate.unplug(Device::Barrier);
    assert!(!path.exists());
    assert_eq!(agent.reads_until_error().kind(), io::ErrorKind::BrokenPipe);
    drop(agent);
    assert_eq!(gate.state().barrier_cable, Cable::Unplugged);

    gate.plug(Device::Barrier).unwrap();
    let mut agent = Agent::open(&path);
    agent.greeted(ResetCause::External);
    agent.sees(Position::Open);
}

#[test]
fn an_agent_comes_and_goes_and_never_reads_what_was_said_before() {
    let (_dir, gate) = gate();

    for _ in 0..5 {
        let mut agent = Agent::open(gate.barrier_path());
        agent.greeted(ResetCause::External);
        agent.order(OrderKind::Status);
        agent.accepted();
        // Left unread by this agent, and no business of the next one.
        agent.order(OrderKind::Hello);
        drop(agent);
        assert!(gate.wait_until(DEADLINE, |state| state.barrier_cable == Cable::Idle).is_some());
    }
}

#[test]
fn an_order_sent_right_before_hanging_up_is_obeyed() {
    let (_dir, gate) = gate();
    let mut agent = Agent::open(gate.barrier_path());
    agent.greeted(ResetCause::External);

    agent.order(OrderKind::Open);
    drop(agent);

    assert!(gate.wait_until(DEADLINE, |state| state.barrier.position == Position::Open).is_some());
}

#[test]
fn a_card_is_a_line_on_the_reader() {
    let (_dir, gate) = gate();
    assert_eq!(gate.present_card("04A1B2C3"), Err(CardError::NobodyReads));
    assert_eq!(gate.present_card("two words"), Err(CardError::Unreadable));
    let mut port = open(gate.card_reader_path());

    gate.present_card("04A1B2C3").unwrap();
    gate.present_card("CAFE").unwrap();

    let mut line = [0; 16];
    port.read_exact(&mut line).unwrap();
    assert_eq!(&line, b"04A1B2C3\r\nCAFE\r\n");
}

#[test]
fn a_card_reader_can_be_unplugged() {
    let (_dir, gate) = gate();
    let mut port = open(gate.card_reader_path());

    gate.unplug(Device::CardReader);
    assert_eq!(gate.present_card("04A1B2C3"), Err(CardError::NobodyReads));
    assert_eq!(port.read(&mut [0; 8]).unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    drop(port);

    gate.plug(Device::CardReader).unwrap();
    let mut port = open(gate.card_reader_path());
    gate.present_card("CAFE").unwrap();
    port.read_exact(&mut [0; 6]).unwrap();
}

#[test]
fn a_vehicle_drives_through() {
    let (_dir, gate) = gate();
    let mut agent = Agent::open(gate.barrier_path());
    agent.greeted(ResetCause::External);
    let mut reader = open(gate.card_reader_path());

    gate.drive_through("04A1B2C3").unwrap();
    assert_eq!(gate.drive_through("04A1B2C3"), Err(DriveError::LaneTaken));
    reader.read_exact(&mut [0; 10]).unwrap();
    agent.order(OrderKind::Open);

    agent.until(|report| closing_loop(report) == Some(Loop::Occupied));
    agent.until(|report| closing_loop(report) == Some(Loop::Clear));
    assert_eq!(gate.state().visit, Visit::None);
}

#[test]
fn a_jammed_boom_does_not_arrive_and_a_hand_opens_it() {
    let (_dir, gate) = gate();
    let mut agent = Agent::open(gate.barrier_path());

    gate.jam(Drive::Jammed);
    agent.order(OrderKind::Open);
    agent.sees(Position::Opening);
    agent.order(OrderKind::Stop);
    assert_eq!(agent.sees(Position::Closed), Cause::Order);

    gate.jam(Drive::Runs);
    gate.open_by_hand();
    assert_eq!(agent.sees(Position::Open), Cause::Manual);
}

#[test]
fn a_person_may_type_at_the_barrier() {
    let (_dir, gate) = gate();
    let mut port = open(gate.barrier_path());

    port.write_all(b"open\r\n").unwrap();

    assert!(gate.wait_until(DEADLINE, |state| state.barrier.position == Position::Open).is_some());
}

#[test]
fn an_agent_that_stops_reading_stops_nobody_else() {
    let (_dir, gate) = gate();
    let mut agent = Agent::open(gate.barrier_path());
    agent.greeted(ResetCause::External);

    // Some 60 KB of answers that nobody reads: several times what a terminal holds.
    for _ in 0..800 {
        agent.order(OrderKind::Status);
    }
    gate.open_by_hand();

    assert!(gate.wait_until(DEADLINE, |state| state.barrier.position == Position::Open).is_some());
}

#[test]
fn what_a_dead_process_left_is_replaced_and_nothing_is_left_behind() {
    let dir = TempDir::new().unwrap();
    let left = dir.path().join("gate_in/barrier");
    fs::create_dir(left.parent().unwrap()).unwrap();
    std::os::unix::fs::symlink("/dev/pts/nobody", &left).unwrap();

    let gate = Gate::start(dir.path(), "gate_in", FAST).unwrap();
    Agent::open(gate.barrier_path()).greeted(ResetCause::External);
    drop(gate);

    assert_eq!(fs::read_dir(left.parent().unwrap()).unwrap().count(), 0);
}

#[test]
fn the_camera_sees_the_vehicle_and_the_boom() {
    let (_dir, gate) = gate();
    let empty = gate.scene("10:30:00");
    assert_eq!((empty.vehicle, empty.opening), (None, 0.0));

    gate.vehicle(Vehicle::Present);
    gate.open_by_hand();
    gate.wait_until(DEADLINE, |state| state.barrier.position == Position::Open).unwrap();

    let scene = gate.scene("10:30:00");
    assert!(scene.vehicle.is_some());
    assert_eq!(scene.opening, 1.0);
    assert_ne!(scene.render(), empty.render());
}

const FAST: SimConfig = SimConfig {
    travel: Duration::from_millis(40),
    passage: Duration::from_millis(40),
    patience: DEADLINE,
};

fn gate() -> (TempDir, Gate) {
    let dir = TempDir::new().unwrap();
    let gate = Gate::start(dir.path(), "gate_in", FAST).unwrap();

    (dir, gate)
}

fn open(path: &Path) -> TTYPort {
    let path = path.to_str().unwrap();

    serialport::new(path, 115_200).timeout(DEADLINE).open_native().unwrap()
}

fn closing_loop(report: &Report) -> Option<Loop> {
    match report {
        Report::State(state) => Some(state.closing_loop),
        Report::Ok(_) | Report::Refused { .. } | Report::Hello(_) => None,
    }
}

/// What an agent's driver does with the port of a barrier.
struct Agent {
    port: TTYPort,
    seq: Seq,
    decoder: LineDecoder<Report>,
    heard: std::collections::VecDeque<Report>,
}

impl Agent {
    fn open(path: &Path) -> Self {
        Self {
            port: open(path),
            seq: Seq::FIRST,
            decoder: LineDecoder::new(Checksums::Required),
            heard: std::collections::VecDeque::new(),
        }
    }

    fn order(&mut self, kind: OrderKind) {
        self.seq = self.seq.next();
        self.port.write_all(to_line(&Order::new(kind, self.seq)).as_bytes()).unwrap();
    }

    #[track_caller]
    fn greeted(&mut self, cause: ResetCause) {
        let first = self.until(|_| true);
        let Report::Hello(hello) = first else { panic!("{first:?} is no greeting") };

        assert_eq!(hello.reset, cause);
    }

    #[track_caller]
    fn accepted(&mut self) {
        let seq = self.seq;

        self.until(|report| *report == Report::Ok(Some(seq)));
    }

    /// Waits until the boom is at `position`; answers with who moved it.
    #[track_caller]
    fn sees(&mut self, position: Position) -> Cause {
        let at = |report: &Report| match report {
            Report::State(state) => state.position == position,
            Report::Ok(_) | Report::Refused { .. } | Report::Hello(_) => false,
        };
        let Report::State(state) = self.until(at) else { unreachable!("it is a state") };

        state.moved_by
    }

    #[track_caller]
    fn until(&mut self, wanted: impl Fn(&Report) -> bool) -> Report {
        let deadline = Instant::now() + DEADLINE;

        loop {
            while let Some(report) = self.heard.pop_front() {
                if wanted(&report) {
                    return report;
                }
            }
            assert!(Instant::now() < deadline, "it was not said in time");

            let mut buffer = [0; 256];
            let count = self.port.read(&mut buffer).unwrap();
            self.heard.extend(self.decoder.feed(&buffer[..count]).map(Result::unwrap));
        }
    }

    fn reads_until_error(&mut self) -> io::Error {
        self.port.set_timeout(DEADLINE).unwrap();

        loop {
            if let Err(error) = self.port.read(&mut [0; 256]) {
                return error;
            }
        }
    }
}
