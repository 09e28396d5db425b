//! The agent with the firmware: broker, lane, serial driver, a real program on a simulated ATmega328P.

#![cfg(all(unix, simulator))]
#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]

mod cable;
mod lane;
mod rig;
