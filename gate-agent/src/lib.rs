//! The agent of one gate: drives its devices and says over MQTT what happens there.
//!
//! ```text
//! barrier ──serial── barrier task ─┐            ┌─ orders ──▶ barrier task
//! reader ───serial── reader task ──┤  lane task ├─ events ──▶ journal ──▶ uplink ──▶ broker
//! broker ──▶ uplink ─▶ commands ───┘            └─ answers ─▶ mailbox ──▶ uplink
//! ```
//!
//! Each device is a task that owns its port and reconnects by itself; the decisions are those of
//! the crate `lane`, a value inside one task. An event is on disk before it is published.
//! Simulated devices sit behind pseudo-terminals, so that the same drivers run.

mod app;
mod barrier;
mod board;
mod camera;
mod card_reader;
mod cards;
mod commands;
mod config;
mod home_assistant;
pub mod install;
mod journal_task;
mod lane_task;
mod mailbox;
mod mode_note;
mod pictures;
mod replay;
mod serial;
mod uplink;
mod voice;

/// What is left out of the log unless it is asked for: a library that repeats itself at each try.
pub const LOG_FILTER: &str = "retina=warn";

pub use app::{Agent, PrepareError};
pub use camera::camera_worker;
pub use config::{
    AntiPassback, Ask, Barrier, Camera, CardReader, Cards, Config, Device, Dialect, Direction,
    Fitted, HomeAssistant, KeepPictures, Lane, Login, LoopReport, MoverReport, Network, Otherwise,
    PassbackRule, Pattern, Port, PositionReport, Protocol, ReaderPort, RefusalReport, Report, Site,
    Source, Wanted, Wire,
};
