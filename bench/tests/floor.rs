//! The load against a server that loses nothing: what is measured here is the load.

use std::process::Command;

#[test]
fn every_message_of_a_burst_is_counted() {
    let told = bench(&["--quick", "--peers", "floor", "burst"]);

    for qos in ["QoS 0", "QoS 1"] {
        let row = format!("| 60,000 × 4 KiB, {qos}: arrived (%) | 100 |");
        assert!(told.contains(&row), "no `{row}` in:\n{told}");
    }
    assert!(!told.contains("\n- "), "nothing is to be noted in:\n{told}");
}

#[test]
fn every_message_of_a_gateway_is_counted() {
    let told = bench(&[
        "gateway",
        "--quick",
        "--no-broker",
        "--peers",
        "batched,unbatched",
        "burst",
        "bystanders",
    ]);

    for row in ["burst, 1,000 clients: deliveries", "1 client, 1,000 of another gate: 99 %"] {
        assert!(told.contains(&format!("| {row}")), "no `{row}` in:\n{told}");
    }
    assert!(!told.contains("\n- "), "nothing is to be noted in:\n{told}");
}

#[test]
fn a_peer_that_is_not_there_is_skipped_with_a_word() {
    let told = bench(&["--quick", "--peers", "ours", "--broker", "/nowhere/broker", "burst"]);

    assert!(told.starts_with("Skipped: ours is not there: cargo build"), "{told}");
}

#[track_caller]
fn bench(args: &[&str]) -> String {
    let output =
        Command::new(env!("CARGO_BIN_EXE_bench")).args(args).output().expect("cargo has built it");
    let told = String::from_utf8(output.stdout).expect("it is text");

    assert!(output.status.success(), "it failed:\n{told}");
    told
}
