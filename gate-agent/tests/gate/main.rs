//! The agent of one gate between a real broker and real pseudo-terminals.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]

mod camera;
mod cards;
mod commands;
mod devices;
mod events;
#[cfg(target_os = "linux")]
mod hid;
mod home_assistant;
mod lane;
mod life;
mod readers;
mod rig;
