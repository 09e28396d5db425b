//! Whether the router lives: one that died is replaced, one that hangs is the end.

use std::time::Duration;

use tokio::time;

use super::Exchange;
use crate::deadman::Pulse;
use crate::router::{Entrance, Event, Link, NoLink};

/// How often the router is asked whether it is there, and how long it may take to answer. That is
/// asked twice: a process that was stopped and goes on is not one that hangs.
const HEARTBEAT: Duration = Duration::from_secs(1);
const PATIENCE: Duration = Duration::from_millis(1_250);

/// The router does not answer: a process that is half alive is worse than none.
#[derive(Debug, thiserror::Error)]
#[error("the router has not answered for {} s", 2.0 * PATIENCE.as_secs_f32())]
pub(crate) struct RouterHung;

impl Exchange {
    /// Opens a new entrance whenever the router had to be replaced; returns when it hangs.
    pub(crate) async fn watch(&self) -> RouterHung {
        loop {
            let Ok(mut link) = self.reopen().await else { return RouterHung };
            if let Err(hung) = heartbeat(&mut link, &self.pulse).await {
                return hung;
            }
            self.lock().entrance = None;
        }
    }

    /// Beats as long as the router answers and somebody watches it.
    pub(crate) fn pulse(&self) -> Pulse {
        self.pulse.clone()
    }

    /// Opens an entrance, and makes a link that dies when the router behind that entrance does.
    async fn reopen(&self) -> Result<Link, NoLink> {
        loop {
            let (link, entrance) = (self.attach().await?, self.attach().await?);
            // The router may have died between the two.
            if link.generation() == entrance.generation() {
                self.lock().entrance = Some(Entrance::new(entrance));
                while self.figures.router_restarts.value() < link.generation() as u64 {
                    self.figures.router_restarts.add();
                }
                return Ok(link);
            }
        }
    }
}

/// Returns when the router is dead, and says so when it is worse.
async fn heartbeat(link: &mut Link, pulse: &Pulse) -> Result<(), RouterHung> {
    loop {
        link.ping().await;
        let mut answer = time::timeout(PATIENCE, link.next()).await;
        if answer.is_err() {
            answer = time::timeout(PATIENCE, link.next()).await;
        }
        match answer {
            Ok(Ok(Event::Pong | Event::Message(..) | Event::Subscribed(_) | Event::Missed)) => {
                pulse.beat();
            }
            Ok(Err(_died)) => return Ok(()),
            Err(_elapsed) => return Err(RouterHung),
        }
        if let Ok(Err(_died)) = time::timeout(HEARTBEAT, link.next()).await {
            return Ok(());
        }
    }
}
