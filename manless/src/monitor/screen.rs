//! The site on a whole terminal, which is as it was before when this ends, however it ends.

mod draw;

use anyhow::{Context, Result};
use tokio::sync::mpsc;

use super::{
    feed::Update,
    keys::{self, Key},
    site::Site,
};

/// Updates that are there at once are drawn at once.
const BATCH: usize = 256;

/// Draws until somebody has seen enough.
pub(crate) async fn run(broker: String, mut updates: mpsc::Receiver<Update>) -> Result<()> {
    let mut terminal = Terminal::take()?;
    let mut keys = keys::listen().context("cannot start a thread")?;
    let mut site = Site::default();
    let mut selected = 0;
    let mut batch = Vec::with_capacity(BATCH);

    loop {
        terminal
            .0
            .draw(|frame| draw::site(frame, &broker, &site, selected))
            .context("cannot draw on the terminal")?;

        tokio::select! {
            biased;
            key = keys.recv() => match key {
                None | Some(Key::Quit) => return Ok(()),
                Some(Key::Up) => selected = selected.saturating_sub(1),
                Some(Key::Down) => {
                    selected = (selected + 1).min(site.gates.len().saturating_sub(1));
                }
                Some(Key::Other) => {}
            },
            count = updates.recv_many(&mut batch, BATCH) => {
                if count == 0 {
                    return Ok(());
                }
                for update in batch.drain(..) {
                    site.take(update);
                }
            }
        }
    }
}

/// The terminal, given back when this is dropped. A panic gives it back before it is reported.
struct Terminal(ratatui::DefaultTerminal);

impl Terminal {
    fn take() -> Result<Self> {
        ratatui::try_init().map(Self).context("cannot take over the terminal")
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // A terminal that is gone needs nothing.
        let _ = ratatui::try_restore();
    }
}
