//! Says that the firmware is not tested, where its tools are not installed.

#[cfg(not(simulator))]
#[test]
#[ignore = "needs gcc-avr, arduino-core-avr and libsimavr-dev: scripts/install-missing test"]
fn the_firmware_runs_in_the_simulator() {}
