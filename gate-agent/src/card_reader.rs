//! The card reader task: what a reader sends becomes cards for the lane.
//!
//! The crate `card-link` puts the bytes together. What is no card is counted, and said to the
//! board together with how much of it there is: some noise is a bad cable, nothing but noise is a
//! wrong configuration.

#[cfg(target_os = "linux")]
mod hid;
mod line;
mod tally;

use std::convert::Infallible;

use card_link::{Decoder, Held};
use lane::Input;
use tokio::{
    sync::mpsc,
    time::{self, Instant},
};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use crate::{
    board::{Change, ReaderHealth},
    config,
    serial::LineEvent,
};
pub(crate) use line::Line;
use tally::Tally;

/// Runs until cancelled.
pub(crate) async fn run(
    path: String,
    config: config::CardReader,
    lane: mpsc::Sender<Input>,
    board: mpsc::Sender<Change>,
    cancel: CancellationToken,
) -> Result<(), Infallible> {
    let mut line = Line::open(&path, &config);
    let mut decoder = Decoder::new(config.settings());
    let mut held = Held::new(config.same_card_within);
    let mut tally = Tally::default();

    loop {
        let event = tokio::select! {
            biased;
            () = cancel.cancelled() => return Ok(()),
            () = at(tally.due()) => {
                let detail = tally.tell(Instant::now());
                warn!(path, detail, "Noise from the card reader");
                tell(&board, ReaderHealth::up(&path, Some(detail))).await;
                continue;
            }
            event = line.next() => event,
        };

        match event {
            LineEvent::Up => {
                info!(path, "Port open");
                decoder.reset();
                tally = Tally::default();
                tell(&board, ReaderHealth::up(&path, None)).await;
            }
            LineEvent::Down(reason) => {
                warn!(path, reason, "Card reader lost");
                tally = Tally::default();
                tell(&board, ReaderHealth::down(&path, reason)).await;
            }
            LineEvent::Bytes(bytes) => {
                let now = Instant::now();
                for found in decoder.feed(&bytes, now.into_std()) {
                    tally.count(&found, now);
                    match found {
                        Ok(card) if held.is_new(&card, now.into_std()) => {
                            // Fails only when the lane is gone, and with it the process.
                            let _ = lane.send(Input::Card(card)).await;
                        }
                        Ok(_) => {}
                        Err(noise) => debug!(%noise, ?bytes, "Noise from the card reader"),
                    }
                }
            }
        }
    }
}

async fn at(time: Option<Instant>) {
    match time {
        Some(time) => time::sleep_until(time).await,
        None => std::future::pending().await,
    }
}

async fn tell(board: &mpsc::Sender<Change>, health: ReaderHealth) {
    // Fails only when the board is gone, and with it the process.
    let _ = board.send(Change::CardReader(health)).await;
}
