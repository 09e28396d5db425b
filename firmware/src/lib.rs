//! The barrier controller's firmware in a simulator, for tests.
//!
//! `firmware/barrier` is the sketch, `firmware/simulator` the program that runs it in simavr. The build
//! script makes both where their tools are installed; elsewhere the tests are skipped, and say so.
//!
//! A `Simulator` is one such program. `on_bench`, its time stands still until it is told to pass, so that
//! what happens does not depend on the machine. `at_port`, it keeps pace with real time, and an agent
//! can open it.

#[cfg(simulator)]
mod simulator;

#[cfg(simulator)]
pub use simulator::{Config, Event, Simulator};
