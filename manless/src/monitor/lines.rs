//! What happens, line by line: for a pipe, a file or `grep`.

use std::io::{self, Write};

use anyhow::Result;
use tokio::sync::mpsc;

use super::{
    feed::Update,
    site::{Entry, Site},
};

/// Writes until there is nobody left who reads, or nothing more to write.
pub(crate) async fn run(mut updates: mpsc::Receiver<Update>) -> Result<()> {
    let mut site = Site::default();

    while let Some(update) = updates.recv().await {
        let link = match &update {
            Update::Connected => Some("connected to the broker".to_owned()),
            Update::Lost(reason) => Some(format!("no broker: {reason}")),
            Update::Said(..) => None,
        };
        let said = site.take(update).map(|entry| line(&entry));

        for line in link.into_iter().chain(said) {
            let mut out = io::stdout().lock();
            // Whoever has read enough, such as `head`, is no failure.
            if writeln!(out, "{line}").and_then(|()| out.flush()).is_err() {
                return Ok(());
            }
        }
    }

    Ok(())
}

fn line(entry: &Entry) -> String {
    let Entry { time, gate, kind, text } = entry;

    format!("{} {gate} {kind} {text}", time.strftime("%Y-%m-%dT%H:%M:%SZ"))
}
