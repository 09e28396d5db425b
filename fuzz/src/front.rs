//! Several clients against a whole broker, without sockets and with a clock that is told what time
//! it is.
//!
//! What must not happen is decided in three places: `wire` refuses what a server may not say,
//! `client` what this client may not be told, `ledger` what this session may not get.

mod client;
mod house;
mod ledger;
mod world;

use std::{panic, process, thread};

pub use house::Keeping;
use tokio::task::LocalSet;

use crate::scenario::Scenario;

/// Plays a scenario.
///
/// # Panics
///
/// The broker did what it must not.
pub fn run(scenario: &Scenario, keeping: Keeping) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("there is memory");

    LocalSet::new().block_on(&runtime, world::play(scenario, keeping));
}

/// Ends the process when anything panics, but for the router that was told to: it dies as it would
/// of a message that the broker never sends it.
pub fn abort_on_panic() {
    let say = panic::take_hook();

    panic::set_hook(Box::new(move |info| {
        let is_router = thread::current().name().is_some_and(|name| name.starts_with("router-"));
        if is_router && info.to_string().contains("char boundary") {
            return;
        }
        say(info);
        process::abort();
    }));
}
