//! The card reader task: bytes of a serial reader become cards for the lane.

mod framing;

use std::convert::Infallible;

use lane::Input;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::{
    board::{Change, ReaderHealth},
    config,
    serial::{LineEvent, SerialLine},
};
use framing::Framing;

/// Runs until cancelled.
pub(crate) async fn run(
    path: String,
    config: config::CardReader,
    lane: mpsc::Sender<Input>,
    board: mpsc::Sender<Change>,
    cancel: CancellationToken,
) -> Result<(), Infallible> {
    let mut line = SerialLine::open(&path, config.baud);
    let mut framing = Framing::default();

    loop {
        let event = tokio::select! {
            biased;
            () = cancel.cancelled() => return Ok(()),
            event = line.next() => event,
        };

        match event {
            LineEvent::Up => {
                info!(path, "Port open");
                framing = Framing::default();
                tell(&board, ReaderHealth::up(&path)).await;
            }
            LineEvent::Down(reason) => {
                warn!(path, reason, "Card reader lost");
                tell(&board, ReaderHealth::down(&path, reason)).await;
            }
            LineEvent::Bytes(bytes) => {
                for card in framing.feed(&bytes) {
                    // Fails only when the lane is gone, and with it the process.
                    let _ = lane.send(Input::Card(card)).await;
                }
            }
        }
    }
}

async fn tell(board: &mpsc::Sender<Change>, health: ReaderHealth) {
    // Fails only when the board is gone, and with it the process.
    let _ = board.send(Change::CardReader(health)).await;
}
