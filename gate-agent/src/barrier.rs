//! The barrier task: the only one that writes to the barrier's port.
//!
//! In: orders of the lane. Out: what the controller reports, to the lane and to the board. An
//! order is sent at once or not at all: one that was meant for a controller that has gone is
//! dropped, and the lane is told that the controller is lost.

mod controller;
mod conversation;
mod dialect;
mod frames;

use std::convert::Infallible;

use lane::{BarrierOrder, Input};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::{
    board::{BarrierHealth, Change},
    config::{self, Protocol},
    serial::{LineEvent, SerialLine},
};
use controller::Controller;
use conversation::{Conversation, Heard, Step};
use dialect::Dialect;

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
    let mut controller = conversation(config.protocol);

    loop {
        let due = controller.due().into();
        let step = tokio::select! {
            biased;
            () = cancel.cancelled() => return Ok(()),
            Some(order) = orders.recv() => {
                info!(?order, "Order");
                controller.on_order(order, now())
            }
            event = line.next() => match event {
                LineEvent::Up => {
                    info!(path, "Port open");
                    controller.on_up(now())
                }
                LineEvent::Bytes(bytes) => Step::heard(controller.on_bytes(&bytes, now())),
                LineEvent::Down(reason) => Step::heard(controller.on_down(reason)),
            },
            () = sleep_until(due) => controller.on_due(now()),
        };

        let Step { say, mut heard } = step;
        if let Err(jammed) = line.write(say) {
            heard = controller.on_down(jammed.to_string());
        }
        outputs.tell_lane(&heard).await;
        outputs.tell_board(heard, &path).await;
    }
}

fn conversation(protocol: Protocol) -> Box<dyn Conversation> {
    match protocol {
        Protocol::Manless => Box::new(Controller::new(now())),
        Protocol::Other(dialect) => Box::new(Dialect::new(*dialect, now())),
    }
}

impl Outputs {
    /// Waits where the lane is behind: it is told of every reading, and in order.
    async fn tell_lane(&self, heard: &[Heard]) {
        for heard in heard {
            let input = match heard {
                Heard::Reading(reading) => Input::Barrier(*reading),
                Heard::Refused(order, refusal) => Input::BarrierRefused(*order, *refusal),
                Heard::Lost(_) => Input::BarrierLost,
                Heard::Found(_) => continue,
            };
            // Fails only when the lane is gone, and with it the process.
            let _ = self.lane.send(input).await;
        }
    }

    /// After the lane: whoever reads that the controller is there may command at once.
    async fn tell_board(&self, heard: Vec<Heard>, path: &str) {
        let unknown = BarrierHealth::unknown(path);

        for heard in heard {
            let health = match heard {
                Heard::Lost(reason) => {
                    warn!(path, reason, "Barrier controller lost");
                    BarrierHealth { detail: Some(reason), ..unknown.clone() }
                }
                Heard::Found(firmware) => {
                    BarrierHealth { connected: true, firmware, ..unknown.clone() }
                }
                Heard::Reading(_) | Heard::Refused(..) => continue,
            };
            let _ = self.board.send(Change::Barrier(health)).await;
        }
    }
}

fn now() -> std::time::Instant {
    Instant::now().into_std()
}

#[cfg(test)]
mod tests;
