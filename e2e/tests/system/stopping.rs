//! Somebody stops the site, and starts it again.

use std::time::{Duration, Instant};

use e2e::{Agent, Broker, Gateway, Listener, Port, Program, Site, Wanted};

/// How long a person at a terminal waits without wondering.
const A_FEW_SECONDS: Duration = Duration::from_secs(5);

#[test]
fn ctrl_c_stops_a_site_in_order() {
    stops_in_order(Program::interrupt);
}

#[test]
fn sigterm_stops_a_site_in_order() {
    stops_in_order(Program::terminate);
}

fn stops_in_order(stop: impl Fn(&Program)) {
    let mut site = Site::up();
    let mut dashboard = site.watcher("gate_all");
    let mut subscriber = site.subscriber("parking/#");

    let told = Instant::now();
    stop(&site.program);

    hears_both_stop(&mut dashboard);
    assert_eq!(dashboard.close_code(), Some(1001));
    hears_both_stop(&mut subscriber);
    assert_eq!(site.program.exit_code(), Some(0));
    assert!(told.elapsed() < A_FEW_SECONDS, "it took {:?}", told.elapsed());
}

fn hears_both_stop(listener: &mut impl Listener) {
    let gate = |name| Wanted::gate_is("stopped").from(name);
    let either = Wanted::gate_is("stopped");

    let first = listener.hears(&either);
    let other = if gate("gate_in").is(&first) { "gate_out" } else { "gate_in" };
    assert_eq!(listener.hears(&either)["gate_id"], other);
}

#[test]
fn each_program_stops_on_ctrl_c() {
    let port = Port::free();
    let mut broker = Broker::start(&port);
    let mut gate = Agent::start("gate_in", &port);
    let mut gateway = Gateway::start(&port);
    let mut dashboard = gateway.dashboard("gate_in");
    dashboard.hears(&Wanted::gate_is("online"));

    gate.program().interrupt();
    dashboard.hears(&Wanted::gate_is("stopped"));
    assert_eq!(gate.exit_code(), Some(0));
    gateway.program.interrupt();
    assert_eq!(dashboard.close_code(), Some(1001));
    assert_eq!(gateway.program.exit_code(), Some(0));
    broker.program.interrupt();
    assert_eq!(broker.program.exit_code(), Some(0));
}

#[test]
fn each_program_stops_without_its_broker() {
    let port = Port::free();
    let mut gate = Agent::start("gate_in", &port);
    let mut gateway = Gateway::start(&port);
    gate.program().says("No broker");
    gateway.program.says("No broker");

    gate.program().terminate();
    gateway.program.terminate();

    assert_eq!((gate.exit_code(), gateway.program.exit_code()), (Some(0), Some(0)));
}

#[test]
fn a_boom_that_is_open_when_the_site_stops_is_left_open() {
    let port = Port::free();
    let _broker = Broker::start(&port);
    let mut gate = Agent::start("gate_in", &port);
    let gateway = Gateway::start(&port);
    let mut dashboard = gateway.dashboard("gate_in");
    dashboard.hears(&Wanted::gate_is("online"));
    dashboard.send(r#"{"type":"gate_control","payload":{"action":"open","duration":60}}"#);
    dashboard.hears(&Wanted::boom("open"));

    gate.program().interrupt();

    assert_eq!(gate.exit_code(), Some(0));
    assert_eq!(gate.devices.position(), barrier_link::Position::Open);
}

#[test]
fn a_site_that_is_started_again_goes_on_counting_its_events() {
    let site = Site::up();
    let mut dashboard = site.watcher("gate_in");
    site.sim("gate_in card CAFE0001");
    let before = dashboard.hears(&Wanted::a("card_detected"));
    dashboard.hears(&Wanted::boom("open"));

    let site = site.restart();
    let mut dashboard = site.watcher("gate_in");
    site.sim("gate_in card CAFE0002");
    let after = dashboard.hears(&Wanted::a("card_detected"));

    assert_eq!(before["journal"], after["journal"]);
    assert!(after["seq"].as_u64() > before["seq"].as_u64(), "{before} {after}");
}
