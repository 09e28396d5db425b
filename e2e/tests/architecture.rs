//! The arrows between the crates: manless → broker, gate-agent, ws-gateway → crates → schemas.

use std::{collections::BTreeMap, process::Command};

use serde_json::Value;

const PROGRAMS: [&str; 3] = ["broker", "gate-agent", "ws-gateway"];

#[test]
fn schemas_knows_nobody() {
    assert_eq!(Workspace::read().ours_in("schemas"), [""; 0]);
}

#[test]
fn crates_know_crates_and_schemas() {
    let workspace = Workspace::read();

    for name in workspace.names().filter(|name| workspace.is_below_programs(name)) {
        for used in workspace.ours_in(name) {
            assert!(workspace.is_below_programs(used), "{name} must not depend on {used}");
        }
    }
}

#[test]
fn the_three_programs_do_not_know_each_other() {
    let workspace = Workspace::read();

    for name in PROGRAMS {
        for used in workspace.ours_in(name) {
            assert!(workspace.is_below_programs(used), "{name} must not depend on {used}");
        }
    }
}

#[test]
fn nobody_depends_on_what_stands_above() {
    let workspace = Workspace::read();

    for name in workspace.names() {
        for above in ["manless", "e2e", "bench", "soak", "firmware", "contract"] {
            assert!(!workspace.uses(name, above), "{name} must not depend on {above}");
        }
    }
    assert_eq!(workspace.users_of("journal"), ["gate-agent"]);
    assert_eq!(workspace.users_of("lane"), ["gate-agent"]);
}

#[test]
fn cores_know_no_clock_socket_or_file() {
    let workspace = Workspace::read();

    for name in ["schemas", "lane", "barrier-link", "card-link", "mqtt-topic"] {
        for shell in [
            "tokio",
            "tokio-util",
            "rumqttc-v4-next",
            "rustls",
            "serialport",
            "rusqlite",
            "rustix",
            "service",
        ] {
            assert!(!workspace.uses(name, shell), "{name} must not depend on {shell}");
        }
    }
}

#[test]
fn only_the_broker_knows_the_router() {
    // The benchmarks start it as it ships, to compare with.
    assert_eq!(Workspace::read().users_of("rumqttd"), ["bench", "broker"]);
}

#[test]
fn the_benchmarks_know_the_programs_from_outside_only() {
    // It has to speak the wire of a barrier.
    assert_eq!(Workspace::read().ours_in("bench"), ["barrier-link"]);
}

/// Our crates, each with what it needs to run.
struct Workspace(BTreeMap<String, Vec<String>>);

impl Workspace {
    fn read() -> Self {
        let output = Command::new(env!("CARGO"))
            .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .expect("cargo is there");
        let metadata: Value = serde_json::from_slice(&output.stdout).expect("its answer is JSON");
        let packages = metadata["packages"].as_array().expect("there are packages");

        Self(packages.iter().map(|package| (text(&package["name"]), needs(package))).collect())
    }

    fn names(&self) -> impl Iterator<Item = &String> {
        self.0.keys()
    }

    fn uses(&self, name: &str, used: &str) -> bool {
        self.0[name].iter().any(|dependency| dependency == used)
    }

    fn ours_in(&self, name: &str) -> Vec<&String> {
        self.0[name].iter().filter(|used| self.0.contains_key(*used)).collect()
    }

    fn users_of(&self, used: &str) -> Vec<&String> {
        self.names().filter(|name| self.uses(name, used)).collect()
    }

    fn is_below_programs(&self, name: &str) -> bool {
        !PROGRAMS.contains(&name) && name != "manless" && name != "e2e"
    }
}

/// What tests and build scripts need stays out of account.
fn needs(package: &Value) -> Vec<String> {
    let dependencies = package["dependencies"].as_array().expect("a package has dependencies");

    dependencies
        .iter()
        .filter(|dependency| dependency["kind"].is_null())
        .map(|dependency| text(&dependency["name"]))
        .collect()
}

fn text(value: &Value) -> String {
    value.as_str().expect("a name is text").to_owned()
}
