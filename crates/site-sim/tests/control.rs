//! The control socket, as a command line uses it.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test says what it expects by failing")]

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    os::unix::{
        fs::PermissionsExt,
        net::{UnixListener, UnixStream},
    },
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use barrier_link::{Loop, Position};
use site_sim::{Control, Gate, RequestError, ServeError, SimConfig, request};
use tempfile::TempDir;

const DEADLINE: Duration = Duration::from_secs(20);

#[test]
fn a_request_has_its_effect_and_its_answer() {
    let site = Site::start();

    assert_eq!(site.ask("list").unwrap(), "gate_in gate_out");
    assert_eq!(site.ask("gate_in vehicle on").unwrap(), "gate_in");
    assert_eq!(site.gates[0].state().barrier.closing_loop, Loop::Occupied);
    assert_eq!(
        site.ask("gate_in state").unwrap(),
        "gate_in position=closed loop=1 arming=- manual=0 fire=0 by=none drive=runs vehicle=standing \
         barrier=idle card_reader=idle"
    );
}

#[test]
fn everything_that_can_happen_can_be_asked_for() {
    let site = Site::start();
    let _port =
        serialport::new(site.gates[0].card_reader_path().to_str().unwrap(), 9600).open().unwrap();

    for line in [
        "gate_in card 04A1B2C3",
        "gate_in drive",
        "gate_in vehicle off",
        "gate_in drive CAFE",
        "gate_in hand open",
        "gate_in jam on",
        "gate_in jam off",
        "gate_in fire on",
        "gate_in fire off",
        "gate_in unplug barrier",
        "gate_in plug barrier",
        "gate_in unplug card_reader",
        "gate_in plug card_reader",
    ] {
        assert_eq!(site.ask(line).unwrap(), "gate_in", "{line}");
    }
    let open = |state: &site_sim::GateState| state.barrier.position == Position::Open;
    assert!(site.gates[0].wait_until(DEADLINE, open).is_some());
    assert_eq!(site.gates[1].position(), Position::Closed);
}

#[test]
fn what_cannot_be_done_is_refused_with_what_can() {
    let site = Site::start();

    for (line, says) in [
        ("", "say `list`"),
        ("gate_up state", "there are: gate_in gate_out"),
        ("gate_in", "possible are: state, card CARD"),
        ("gate_in fly", "`fly` is not known; possible are: state"),
        ("gate_in unplug camera", "a device is `barrier` or `card_reader`"),
        ("gate_in card 04A1B2C3", "nobody reads the card reader"),
        ("gate_in state\nlist", "a request is one line"),
    ] {
        let error = site.ask(line).unwrap_err();

        assert!(matches!(error, RequestError::Refused(_)), "{line}: {error:?}");
        assert!(error.to_string().contains(says), "{line}: {error}");
    }
}

#[test]
fn a_client_may_ask_several_things_and_others_need_not_wait_for_it() {
    let site = Site::start();
    let mut idle = BufReader::new(UnixStream::connect(&site.path).unwrap());
    idle.get_mut().write_all(b"list\ngate_in vehi").unwrap();
    assert_eq!(line(&mut idle), "ok gate_in gate_out\n");

    assert_eq!(site.ask("list").unwrap(), "gate_in gate_out");

    idle.get_mut().write_all(b"cle on\n").unwrap();
    assert_eq!(line(&mut idle), "ok gate_in\n");
}

#[test]
fn a_request_without_end_is_cut_off() {
    let site = Site::start();
    let mut client = BufReader::new(UnixStream::connect(&site.path).unwrap());

    client.get_mut().write_all(&[b'x'; 600]).unwrap();

    assert_eq!(line(&mut client), "error the request is too long\n");
    assert_eq!(site.ask("list").unwrap(), "gate_in gate_out");
}

#[test]
fn of_too_many_clients_the_oldest_has_to_go() {
    let site = Site::start();
    let clients: Vec<_> = (0..20).map(|_| UnixStream::connect(&site.path).unwrap()).collect();

    assert_eq!(site.ask("list").unwrap(), "gate_in gate_out");
    assert_eq!((&clients[0]).read(&mut [0; 8]).unwrap(), 0);
}

#[test]
fn only_its_user_may_connect() {
    let site = Site::start();

    assert_eq!(fs::metadata(&site.path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_socket_that_is_served_is_left_alone_and_a_dead_one_replaced() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("run/sim.sock");
    fs::create_dir(path.parent().unwrap()).unwrap();
    // A listener that goes leaves its file.
    drop(UnixListener::bind(&path).unwrap());

    let control = Control::serve(&path, Vec::new()).unwrap();
    let error = Control::serve(&path, Vec::new()).unwrap_err();
    assert!(matches!(error, ServeError::InUse { .. }), "{error:?}");

    drop(control);
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 0);
}

#[test]
fn a_file_that_is_no_socket_is_left_alone() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("letter");
    fs::write(&path, "Dear").unwrap();

    let error = Control::serve(&path, Vec::new()).unwrap_err();

    assert!(matches!(error, ServeError::NotASocket { .. }), "{error:?}");
    assert_eq!(fs::read(&path).unwrap(), b"Dear");
}

#[test]
fn nobody_there_is_told_from_a_refusal() {
    let dir = TempDir::new().unwrap();

    let error = request(&dir.path().join("sim.sock"), "list").unwrap_err();

    assert!(matches!(error, RequestError::Nobody { .. }), "{error:?}");
}

struct Site {
    _dir: TempDir,
    path: PathBuf,
    gates: Vec<Arc<Gate>>,
    _control: Control,
}

impl Site {
    fn start() -> Self {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("sim.sock");
        let gates: Vec<_> = ["gate_in", "gate_out"]
            .map(|name| Arc::new(Gate::start(dir.path(), name, SimConfig::at_speed(50)).unwrap()))
            .into();
        let control = Control::serve(&path, gates.clone()).unwrap();

        Self { _dir: dir, path, gates, _control: control }
    }

    fn ask(&self, line: &str) -> Result<String, RequestError> {
        request(&self.path, line)
    }
}

fn line(client: &mut BufReader<UnixStream>) -> String {
    let mut line = String::new();
    client.get_ref().set_read_timeout(Some(DEADLINE)).unwrap();
    client.read_line(&mut line).unwrap();

    line
}
