//! The barrier controller on a bench, in simulated time: the firmware, and the simulated one beside it.

#![cfg(simulator)]

mod bench;
mod both;
mod firmware;
mod lines;
mod property;
