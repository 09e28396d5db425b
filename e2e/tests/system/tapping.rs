//! `manless tap`: all that is said at a site, line by line.

use std::{process::Stdio, time::Instant};

use e2e::{Agent, Broker, PATIENCE, Port, Program, Site, listening_to};
use serde_json::Value;

#[test]
fn what_gates_say_and_what_they_are_told_comes_line_by_line() {
    let site = Site::up();
    let (command, _dir) = listening_to(site.broker, "tap", &[]);
    let mut program = Program::start(command);
    program.prints("◀ gate_in    gate_status            status=closed");
    program.prints("(retained)");
    program.prints("◀ gate_in    image ");

    site.sim("gate_in card 04A1B2C3");

    program.prints("◀ gate_in    card_detected          card_id=04A1B2C3");
    let all = program.stdout().all().join("\n");
    assert!(!all.contains('\u{1b}'), "{all}");
    program.interrupt();
    assert_eq!(program.exit_code(), Some(0));
}

#[test]
fn one_gate_and_one_type_are_all_that_is_heard_and_each_line_is_json() {
    let site = Site::up();
    let (command, _dir) = listening_to(
        site.broker,
        "tap",
        &["gate_in", "--type", "card_detected", "--type", "gate_status", "--json"],
    );
    let program = Program::start(command);
    program.prints(r#""type":"gate_status""#);

    site.sim("gate_out card 04FFFFFF");
    site.sim("gate_in card 04A1B2C3");
    program.prints("04A1B2C3");

    for line in program.stdout().all() {
        let line: Value = serde_json::from_str(&line).expect("a line is JSON");
        assert_eq!(line["gate_id"], "gate_in");
        assert!(["card_detected", "gate_status"].contains(&line["type"].as_str().expect("a type")));
        assert_eq!(line["message"]["gate_id"], "gate_in");
    }
}

#[test]
fn whoever_has_read_enough_ends_it() {
    let site = Site::up();
    let (mut command, _dir) = listening_to(site.broker, "tap", &[]);
    let mut child = command.stdout(Stdio::piped()).spawn().expect("it starts");

    drop(child.stdout.take());

    assert!(child.wait().expect("it ends").success());
}

#[test]
fn a_broker_that_comes_back_is_heard_again() {
    let port = Port::free();
    let (command, _dir) = listening_to(port.address(), "tap", &["--type", "system_status"]);
    let program = Program::start(command);
    let told = |line: &str| line.contains("no broker at").then_some(());
    assert!(program.stderr().find(Instant::now() + PATIENCE, told).is_some());

    let _broker = Broker::start(&port);
    let _agent = Agent::start("gate_in", &port);

    program.prints("◀ gate_in    system_status          state=online");
}
