//! A site that speaks TLS alone, and what is said of certificates that cannot be used.

use std::{fs, net::SocketAddr, process::Command};

use e2e::{
    Listener, Papers, Program, Wanted, WebSocket, manless,
    mosquitto::{Subscriber, VERSIONS, Version, client, taken},
    ours, try_get,
};
use tempfile::TempDir;

const CONFIG: i32 = 78;

#[test]
fn a_site_works_without_a_port_in_the_clear() {
    let papers = Papers::new();
    for name in ["gate_in", "gateway", "operator"] {
        papers.client(name);
    }
    let (broker, address) = broker(&papers, "required");
    let gateway = gateway(&papers, address, Some("gateway"));
    let mut dashboard = WebSocket::connect(gateway.address(), "/ws/gate_in");
    let dir = TempDir::new().expect("a temporary directory");
    let mut agent = at(ours("gate-agent"), address);
    agent.env("GATE_ID", "gate_in").env("MANLESS_DATA_DIR", dir.path());
    papers.believe(&mut agent);
    papers.show(&mut agent, "gate_in");
    let _agent = Program::start(agent);

    dashboard.hears(&Wanted::gate_is("online").with("simulated", true));
    broker.says("certificate=gate_in client=gate-agent-gate_in");
    for version in VERSIONS {
        let options = papers.mosquitto(Some("operator"));
        let mut answers = Subscriber::start_with(
            address,
            version,
            "parking/gate_in/gate_control_response",
            &options,
        );
        let answer = taken(&mut answers, || {
            let mut command = client("mosquitto_pub", address, version);
            command.args(&options).args(["-q", "1", "-m", "open"]);
            command.args(["-t", "parking/gate_in/gate_control"]);
            assert_eq!(Program::start(command).exit_code(), Some(0), "mosquitto_pub failed");
        });
        assert_eq!(answer["payload"]["success"], true, "{answer}");
    }
}

#[test]
fn a_site_in_one_process_works_without_a_port_in_the_clear() {
    let papers = Papers::new();
    let dir = TempDir::new().expect("a temporary directory");
    let mut command = manless(dir.path());
    papers.serve(&mut command);
    papers.believe(&mut command);
    let site = Program::start(command);
    let gateway = site.announces("Dashboard");
    let broker = site.announces("MQTTS");

    WebSocket::connect(gateway, "/ws/gate_out").hears(&Wanted::gate_is("online"));
    for version in VERSIONS {
        let options = papers.mosquitto(None);
        let mut subscriber =
            Subscriber::start_with(broker, version, "parking/+/gate_status", &options);
        subscriber.hears(&Wanted::a("gate_status").with("status", "closed"));
    }
}

#[test]
fn who_shows_no_certificate_stays_outside_where_one_is_required() {
    let papers = Papers::new();
    papers.client("operator");
    let (_broker, address) = broker(&papers, "required");

    for version in VERSIONS {
        assert_ne!(publishes(address, version, papers.mosquitto(None)), Some(0));
        let other = Papers::new();
        other.client("operator");
        let mut options = other.mosquitto(Some("operator"));
        options[1] = papers.path("ca.pem").display().to_string();
        assert_ne!(publishes(address, version, options), Some(0));
        assert_eq!(publishes(address, version, papers.mosquitto(Some("operator"))), Some(0));
    }
}

#[test]
fn a_broker_that_nobody_vouches_for_is_not_talked_to() {
    let (papers, others) = (Papers::new(), Papers::new());
    let (_broker, address) = broker(&papers, "none");
    let gateway = gateway(&others, address, None);

    gateway.says("invalid peer certificate");

    assert!(try_get(gateway.address(), "/readyz").is_none());
}

#[test]
fn a_new_certificate_that_cannot_be_used_is_reported_and_the_old_one_stays() {
    let papers = Papers::new();
    let (broker, address) = broker(&papers, "none");

    fs::write(papers.path("server.pem"), "nonsense").expect("a file");

    broker.says("the old one stays");
    broker.says("there is no certificate in");
    assert_eq!(publishes(address, Version::V5, papers.mosquitto(None)), Some(0));
}

#[test]
fn certificates_that_cannot_be_used_are_refused_with_key_file_and_reason() {
    let papers = Papers::new();
    papers.client("gate_in");
    let other_key = papers.path("gate_in.key");

    for program in ["manless", "broker"] {
        for (variable, value, words) in [
            ("CERTIFICATE", papers.path("none.pem"), &["certificate", "none.pem", "No such"][..]),
            ("CERTIFICATE", papers.path("ca.key"), &["certificate", "ca.key", "no certificate"]),
            ("KEY", papers.path("ca.pem"), &["key", "ca.pem", "no key"]),
            ("KEY", other_key.clone(), &["key", "gate_in.key", "does not fit"]),
            ("CLIENT_CA", papers.path("none.pem"), &["client_ca", "none.pem", "No such"]),
        ] {
            let dir = TempDir::new().expect("a temporary directory");
            let mut command = ours(program);
            papers.serve(&mut command);
            papers.believe(&mut command);
            command
                .env("MANLESS_DATA_DIR", dir.path())
                .env("MANLESS_GATEWAY__LISTEN", "127.0.0.1:0")
                .env("MANLESS_BROKER__TLS__CLIENT_CERTIFICATES", "optional")
                .env(format!("MANLESS_BROKER__TLS__{variable}"), value);
            refuses(command, words);
        }
    }
}

#[test]
fn clients_refuse_files_that_they_cannot_use() {
    let papers = Papers::new();
    papers.client("gate_in");
    let commands = [("gate-agent", &["gate_in"][..]), ("ws-gateway", &[])];

    for (program, args) in commands {
        for (variable, value, words) in [
            ("CA", papers.path("none.pem"), &["mqtt.tls.ca", "none.pem", "No such"]),
            ("KEY", papers.path("ca.key"), &["mqtt.tls.key", "ca.key", "does not fit"]),
        ] {
            let dir = TempDir::new().expect("a temporary directory");
            let mut command = ours(program);
            command.args(args).env("MANLESS_DATA_DIR", dir.path());
            papers.believe(&mut command);
            papers.show(&mut command, "gate_in");
            command.env(format!("MANLESS_MQTT__TLS__{variable}"), value);
            refuses(command, words);
        }
    }
}

#[test]
fn certificates_are_never_overwritten() {
    let papers = Papers::new();
    let before = fs::read(papers.path("ca.key")).expect("a file");
    let mut command = ours("manless");
    command.args(["tls", "init", "--dir"]).arg(papers.path(""));
    let mut program = Program::start(command);

    assert_eq!(program.exit_code(), Some(1));
    assert!(program.stderr().all().concat().contains("is there already"));
    assert_eq!(fs::read(papers.path("ca.key")).expect("a file"), before);
}

/// A broker with TLS alone.
fn broker(papers: &Papers, client_certificates: &str) -> (Program, SocketAddr) {
    let mut command = ours("broker");
    papers.serve(&mut command);
    command.env("MANLESS_DATA_DIR", papers.path("data"));
    command.env("MANLESS_BROKER__TLS__CLIENT_CERTIFICATES", client_certificates);
    let broker = Program::start(command);
    let address = broker.address();

    (broker, address)
}

fn gateway(papers: &Papers, broker: SocketAddr, name: Option<&str>) -> Program {
    let mut command = at(ours("ws-gateway"), broker);
    command
        .env("MANLESS_GATEWAY__LISTEN", "127.0.0.1:0")
        .env("MANLESS_DATA_DIR", papers.path("gateway"));
    papers.believe(&mut command);
    if let Some(name) = name {
        papers.show(&mut command, name);
    }

    Program::start(command)
}

fn at(mut command: Command, broker: SocketAddr) -> Command {
    command
        .env("BACKEND_HOST", broker.ip().to_string())
        .env("BACKEND_PORT", broker.port().to_string());

    command
}

/// How `mosquitto_pub` ends with these options.
fn publishes(broker: SocketAddr, version: Version, options: Vec<String>) -> Option<i32> {
    let mut command = client("mosquitto_pub", broker, version);
    command.args(options).args(["-q", "1", "-t", "test", "-m", "hello"]);

    Program::start(command).exit_code()
}

#[track_caller]
fn refuses(command: Command, words: &[&str]) {
    let mut program = Program::start(command);
    let ended = program.exit_code();
    let said = program.stderr().all().join("\n");

    assert_eq!(ended, Some(CONFIG), "{said}");
    for word in words {
        assert!(said.contains(word), "`{word}` is not in: {said}");
    }
}
