//! The barrier task: the only one that writes to the barrier's port.
//!
//! In: orders of the lane. Out: what the controller reports, to the lane and to the board. An
//! order is sent at once or not at all: one that was meant for a controller that has gone is
//! dropped, and the lane is told that the controller is lost.

mod controller;

use std::{convert::Infallible, time::Duration};

use lane::{BarrierOrder, Input};
use tokio::{
    sync::mpsc,
    time::{self, Instant, MissedTickBehavior},
};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::{
    board::{BarrierHealth, Change},
    config,
    serial::{LineEvent, SerialLine},
};
use controller::{Controller, Heard};

const HEARTBEAT: Duration = Duration::from_secs(1);

/// Where what the controller reports goes.
#[derive(Debug, Clone)]
pub(crate) struct Outputs {
    pub(crate) lane: mpsc::Sender<Input>,
    pub(crate) board: mpsc::Sender<Change>,
}

/// Runs until cancelled.
pub(crate) async fn run(
    path: String,
    config: config::Barrier,
    mut orders: mpsc::Receiver<BarrierOrder>,
    outputs: Outputs,
    cancel: CancellationToken,
) -> Result<(), Infallible> {
    let mut line = SerialLine::open(&path, config.baud);
    let mut controller = Controller::default();
    let mut heartbeat = time::interval(HEARTBEAT);
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Skip);

    loop {
        let heard = tokio::select! {
            biased;
            () = cancel.cancelled() => return Ok(()),
            Some(order) = orders.recv() => {
                info!(?order, "Order");
                send(&line, &mut controller, |controller| controller.order(order))
            }
            event = line.next() => match event {
                LineEvent::Up => {
                    info!(path, "Port open");
                    send(&line, &mut controller, |controller| controller.greet(now()))
                }
                LineEvent::Bytes(bytes) => controller.on_bytes(&bytes, now()),
                LineEvent::Down(reason) => {
                    warn!(path, reason, "Barrier controller lost");
                    controller.on_down(reason)
                }
            },
            _ = heartbeat.tick() => match controller.on_silence(now()) {
                Some(heard) => {
                    warn!(path, "Barrier controller silent");
                    heard
                }
                None => send(&line, &mut controller, |controller| controller.ping(now())),
            }
        };

        for heard in heard {
            outputs.tell(heard, &path).await;
        }
    }
}

/// Sends what `speak` has to say; a controller that does not take it is lost.
fn send(
    line: &SerialLine,
    controller: &mut Controller,
    speak: impl FnOnce(&mut Controller) -> Vec<u8>,
) -> Vec<Heard> {
    match line.write(speak(controller)) {
        Ok(()) => Vec::new(),
        Err(jammed) => controller.on_down(jammed.to_string()),
    }
}

impl Outputs {
    /// Waits where the lane is behind: it is told of every reading, and in order.
    async fn tell(&self, heard: Heard, path: &str) {
        let (input, health) = match heard {
            Heard::Reading(reading) => (Some(Input::Barrier(reading)), None),
            Heard::Refused(order, refusal) => (Some(Input::BarrierRefused(order, refusal)), None),
            Heard::Lost(reason) => {
                let health = BarrierHealth { detail: Some(reason), ..BarrierHealth::unknown(path) };
                (Some(Input::BarrierLost), Some(health))
            }
            Heard::Found(firmware) => {
                let health =
                    BarrierHealth { connected: true, firmware, ..BarrierHealth::unknown(path) };
                (None, Some(health))
            }
        };

        if let Some(input) = input {
            // Fails only when the lane is gone, and with it the process.
            let _ = self.lane.send(input).await;
        }
        if let Some(health) = health {
            let _ = self.board.send(Change::Barrier(health)).await;
        }
    }
}

fn now() -> std::time::Instant {
    Instant::now().into_std()
}
