//! What the tests of the whole system are written with.
//!
//! Everything is met as its users meet it: a [`Program`] is a process with an exit code, a site is
//! known by its ports, mosquitto's own clients publish and subscribe, a dashboard is a
//! [`WebSocket`], and devices are at the other end of a serial line. Nothing of the programs is
//! linked in here.
//!
//! A test waits for a state, never for a time: whatever waits here has [`PATIENCE`], and fails with
//! all that it has heard until then. What a program wrote is shown when its test fails.

mod agent;
mod apart;
mod foreign_broker;
mod http;
mod lines;
pub mod mosquitto;
mod papers;
mod port;
mod program;
mod site;
mod stopped_thread;
mod terminal;
mod unread_pipe;
mod wanted;
mod websocket;

use std::{
    thread,
    time::{Duration, Instant},
};

pub use agent::Agent;
pub use apart::{Broker, Gateway};
pub use foreign_broker::ForeignBroker;
pub use http::{status, try_get};
pub use lines::Lines;
pub use papers::Papers;
pub use port::Port;
pub use program::{Program, ours};
pub use site::{CARD, Site, listening_to, manless};
pub use stopped_thread::StoppedThread;
pub use terminal::Terminal;
pub use unread_pipe::UnreadPipe;
pub use wanted::{Listener, Wanted};
pub use websocket::{Frame, WebSocket};

/// How long to wait for what has to come: far beyond what anything takes, even on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// How often [`eventually`] asks.
const INTERVAL: Duration = Duration::from_millis(20);

/// Asks until there is an answer, and fails if none comes.
///
/// Where somebody says when something happens, listen to him instead.
#[track_caller]
pub fn eventually<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;

    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < deadline, "waited in vain: {what}");
        thread::park_timeout(INTERVAL);
    }
}
