//! Has the firmware and its simulator built, where the tools for that are installed.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

/// What building needs, as Debian installs it.
const NEEDED: [&str; 5] = [
    "/usr/bin/avr-gcc",
    "/usr/lib/avr/include/avr/io.h",
    "/usr/share/arduino/hardware/arduino/avr/cores/arduino/Arduino.h",
    "/usr/include/simavr/sim_avr.h",
    "/usr/include/libelf.h",
];

fn main() {
    println!("cargo::rustc-check-cfg=cfg(simulator)");
    println!("cargo::rerun-if-env-changed=CI");
    for path in ["Makefile", "barrier", "simulator", "tests/configs"].iter().chain(&NEEDED) {
        println!("cargo::rerun-if-changed={path}");
    }

    let missing: Vec<&str> = NEEDED.into_iter().filter(|path| !Path::new(path).exists()).collect();
    if missing.is_empty() {
        make();
        println!("cargo::rustc-cfg=simulator");
    } else if env::var_os("CI").is_some() {
        panic!("the firmware cannot be tested without {missing:?}: scripts/install-missing test");
    } else {
        println!(
            "cargo::warning=The firmware is not tested, for want of {missing:?}: scripts/install-missing test"
        );
    }
}

fn make() {
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo says where to put it"));
    let output = Command::new("make")
        .args(["--silent", "--jobs=2"])
        .arg(format!("OUT={}", out.display()))
        // Cargo's own make server is for its own jobs.
        .env_remove("MAKEFLAGS")
        .output()
        .expect("make is installed, as everything else that builds things");

    assert!(
        output.status.success(),
        "the firmware does not build:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    println!("cargo::rustc-env=FIRMWARE={}", out.display());
}
