//! `manless monitor`: a site, live in a terminal.

use e2e::{Agent, Broker, Port, Program, Site, Terminal, listening_to, manless};
use tempfile::TempDir;

#[test]
fn a_person_sees_a_vehicle_come_and_gets_the_terminal_back() {
    let site = Site::up();
    let (command, _dir) = listening_to(site.broker, "monitor", &[]);
    let mut terminal = Terminal::start(command);
    terminal.shows(&["connected", "gate_in", "gate_out", "online", "closed", "auto", "firmware"]);

    site.sim("gate_in drive 04A1B2C3");
    terminal.shows(&["card_detected card_id=04A1B2C3", "decision=granted", "status=opening"]);
    terminal.shows(&["parking_entry card_id=04A1B2C3 trigger=card passage=confirmed"]);

    site.sim("gate_out unplug card_reader");
    terminal.shows(&["degraded", "barrier there, reader missing ("]);
    terminal.press("q");

    assert_eq!(terminal.exit_code(), Some(0));
    terminal.is_as_before();
}

#[test]
fn ctrl_c_gives_the_terminal_back_too() {
    let nobody = Port::free();
    let (command, _dir) = listening_to(nobody.address(), "monitor", &[]);
    let mut terminal = Terminal::start(command);
    terminal.shows(&["no broker", "no gate has said anything yet"]);

    terminal.press("\u{3}");

    assert_eq!(terminal.exit_code(), Some(0));
    terminal.is_as_before();
}

#[test]
fn where_there_is_no_terminal_there_are_lines_of_one_gate_and_no_orders_to_a_terminal() {
    let site = Site::up();
    // As the configuration of the site itself says where its broker is.
    let dir = TempDir::new().expect("a temporary directory");
    let mut command = manless(dir.path());
    command.args(["monitor", "gate_in"]).env("MANLESS_BROKER__LISTEN", site.broker.to_string());
    let program = Program::start(command);
    program.prints("gate_in gate_status status=closed");

    site.sim("gate_out card 04FFFFFF");
    site.sim("gate_in card 04A1B2C3");

    program.prints("gate_in card_detected card_id=04A1B2C3");
    let all = program.stdout().all().join("\n");
    assert!(!all.contains("gate_out") && !all.contains('\u{1b}'), "{all}");
}

#[test]
fn a_broker_that_comes_back_is_found_again() {
    let port = Port::free();
    let (command, _dir) = listening_to(port.address(), "monitor", &[]);
    let mut terminal = Terminal::start(command);
    terminal.shows(&["no broker"]);

    let _broker = Broker::start(&port);
    let _agent = Agent::start("gate_in", &port);

    terminal.shows(&["connected", "gate_in", "online"]);
    terminal.press("q");
    assert_eq!(terminal.exit_code(), Some(0));
}
