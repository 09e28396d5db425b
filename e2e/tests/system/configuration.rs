//! What a program says when it is told what cannot be, and how it ends then.

use std::{fs, net::TcpListener};

use e2e::{Broker, Gateway, Listener, Port, Program, Site, Wanted, manless, ours};
use tempfile::TempDir;

const USAGE: i32 = 64;
const CONFIG: i32 = 78;

#[test]
fn a_configuration_that_cannot_be_is_refused_with_file_key_and_reason() {
    for (toml, words) in [
        ("[broker", &["not TOML"][..]),
        ("brokr = 1", &["brokr", "unknown key"]),
        ("[broker]\nlisen = \"127.0.0.1:0\"", &["broker", "lisen"]),
        ("[gates.gate_in]\nbarrier = { prot = \"simulated\" }", &["gates", "prot"]),
        ("[gates.GATE]\nbarrier = { port = \"simulated\" }", &["gates", "GATE"]),
        (
            "[gates.gate_in]\nbarrier = { port = \"simulated\" }\nopen_for = 10",
            &["gates", "open_for"],
        ),
        ("[log]\nformat = \"xml\"", &["log", "xml"]),
        ("root = \"park/+\"", &["root"]),
    ] {
        let dir = TempDir::new().expect("a temporary directory");
        let file = dir.path().join("site.toml");
        fs::write(&file, toml).expect("a file in it");
        let mut command = manless(dir.path());
        command.arg("--config").arg(&file);

        let said = refuses(command, CONFIG);

        for word in words.iter().chain(&["site.toml"]) {
            assert!(said.contains(word), "`{word}` is not in: {said}");
        }
    }
}

#[test]
fn a_configuration_that_is_not_there_is_refused() {
    let dir = TempDir::new().expect("a temporary directory");

    for program in ["manless", "broker", "ws-gateway"] {
        let mut command = ours(program);
        command.args(["--config", "/nowhere/site.toml"]).env("MANLESS_DATA_DIR", dir.path());
        assert!(refuses(command, CONFIG).contains("/nowhere/site.toml"), "{program}");
    }
    let mut command = ours("gate-agent");
    command.args(["--config", "/nowhere/site.toml", "gate_in"]);
    assert!(refuses(command, CONFIG).contains("/nowhere/site.toml"));
}

#[test]
fn an_agent_of_a_gate_that_is_not_configured_is_refused_and_nothing_is_simulated() {
    let dir = TempDir::new().expect("a temporary directory");
    let file = dir.path().join("site.toml");
    fs::write(&file, "[gates.gate_in]\nbarrier = { port = \"/dev/ttyUSB0\" }").expect("a file");
    let mut command = ours("gate-agent");
    command.arg("--config").arg(&file).arg("gate_inn").env("MANLESS_DATA_DIR", dir.path());

    let said = refuses(command, CONFIG);

    assert!(said.contains("gate_inn") && said.contains("only gate_in"), "{said}");
}

#[test]
fn without_logins_nobody_listens_beyond_this_machine() {
    let dir = TempDir::new().expect("a temporary directory");

    for variable in ["MANLESS_BROKER__LISTEN", "MANLESS_GATEWAY__LISTEN"] {
        let mut command = manless(dir.path());
        command.env(variable, "0.0.0.0:0");
        let said = refuses(command, CONFIG);
        assert!(said.contains("0.0.0.0:0") && said.contains("loopback"), "{said}");
    }
    for (program, variable) in
        [("broker", "MANLESS_BROKER__LISTEN"), ("ws-gateway", "MANLESS_GATEWAY__LISTEN")]
    {
        let mut command = ours(program);
        command.env(variable, "0.0.0.0:0");
        assert!(refuses(command, CONFIG).contains("0.0.0.0:0"), "{program}");
    }
}

#[test]
fn a_variable_that_cannot_be_is_refused() {
    let dir = TempDir::new().expect("a temporary directory");

    for (variable, value) in
        [("BACKEND_PORT", "many"), ("WEBSOCKET_HOST", "my host"), ("MANLESS_BROKR__LISTEN", "x")]
    {
        let mut command = manless(dir.path());
        command.env(variable, value);
        let said = refuses(command, CONFIG);
        assert!(said.contains(variable) || said.contains("brokr"), "{variable}: {said}");
    }
}

#[test]
fn a_port_that_is_taken_is_named() {
    let dir = TempDir::new().expect("a temporary directory");
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("it has one").to_string();

    for variable in ["MANLESS_BROKER__LISTEN", "MANLESS_GATEWAY__LISTEN"] {
        let mut command = manless(dir.path());
        command.env(variable, &address);
        assert!(refuses(command, 1).contains(&address), "{variable}");
    }
    for (program, variable) in
        [("broker", "MANLESS_BROKER__LISTEN"), ("ws-gateway", "MANLESS_GATEWAY__LISTEN")]
    {
        let mut command = ours(program);
        command.env(variable, &address);
        assert!(refuses(command, 1).contains(&address), "{program}");
    }
}

#[test]
fn arguments_that_nobody_understands_are_a_usage_error() {
    for (program, args) in [
        ("manless", &["fly"][..]),
        ("manless", &["--fly"]),
        ("manless", &["sim"]),
        ("broker", &["fly"]),
        ("ws-gateway", &["--fly"]),
        ("gate-agent", &[]),
        ("gate-agent", &["GATE"]),
    ] {
        let mut command = ours(program);
        command.args(args);
        assert!(refuses(command, USAGE).contains("--help"), "{program} {args:?}");
    }
}

#[test]
fn every_program_says_what_it_is() {
    for name in ["manless", "broker", "ws-gateway", "gate-agent"] {
        for option in ["--help", "--version"] {
            let mut command = ours(name);
            command.arg(option);
            let mut program = Program::start(command);

            assert_eq!(program.exit_code(), Some(0), "{name} {option}");
            assert!(!program.stdout().all().is_empty(), "{name} {option}");
        }
    }
}

#[test]
fn a_simulated_gate_is_told_what_happens_on_the_command_line() {
    let site = Site::up();
    let mut dashboard = site.watcher("gate_in");
    let sim = |words: &[&str]| {
        let mut command = ours("manless");
        command.arg("sim").args(words).env("MANLESS_DATA_DIR", site.data_dir());
        let mut program = Program::start(command);

        (program.exit_code(), program.stdout().all().concat(), program.stderr().all().concat())
    };

    let (code, said, _) = sim(&["gate_in", "state"]);
    assert_eq!(code, Some(0));
    assert!(said.contains("position=closed"), "{said}");
    assert_eq!(sim(&["gate_in", "drive", "CAFE0001"]).0, Some(0));
    dashboard.hears(&Wanted::a("parking_event").with("card_id", "CAFE0001"));

    let (code, _, said) = sim(&["gate_up", "state"]);
    assert_eq!(code, Some(1));
    assert!(said.contains("gate_in gate_out"), "{said}");
}

#[test]
fn a_gate_agent_is_told_its_gate_and_broker_as_in_the_old_system() {
    let port = Port::free();
    let _broker = Broker::start(&port);
    let gateway = Gateway::start(&port);
    let dir = TempDir::new().expect("a temporary directory");
    let mut command = ours("gate-agent");
    command
        .env("GATE_ID", "gate_in")
        .env("BACKEND_HOST", "127.0.0.1")
        .env("BACKEND_PORT", port.address().port().to_string())
        .env("MANLESS_DATA_DIR", dir.path());

    let _agent = Program::start(command);

    gateway.dashboard("gate_in").hears(&Wanted::gate_is("online").with("simulated", true));
}

#[test]
fn two_sites_cannot_have_one_data_directory() {
    let site = Site::up();
    let mut command = ours("manless");
    command
        .env("MANLESS_DATA_DIR", site.data_dir())
        .env("MANLESS_BROKER__LISTEN", "127.0.0.1:0")
        .env("MANLESS_GATEWAY__LISTEN", "127.0.0.1:0");

    let said = refuses(command, 1);

    assert!(said.contains("another broker uses the store"), "{said}");
    site.dashboard("gate_in").hears(&Wanted::gate_is("online"));
    assert!(site.sim("gate_in state").contains("barrier=in_use"));
}

/// What a program says that ends with `code`.
#[track_caller]
fn refuses(command: std::process::Command, code: i32) -> String {
    let mut program = Program::start(command);
    let ended = program.exit_code();
    let said = program.stderr().all().join("\n");

    assert_eq!(ended, Some(code), "{said}");
    said
}
