//! A serial port that comes back: bytes in, bytes out, and word of its comings and goings.
//!
//! Two threads own the port, because neither `read` nor `write` of a serial port can be cancelled:
//! a write to a device that does not drain blocks for ever whatever the timeout. A port is closed
//! before it is opened again, or `ttyUSB0` would come back as `ttyUSB1`.

mod dtr;
mod threads;

use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};

use tokio::sync::mpsc;

/// Bytes come at the pace of a serial line; a reader that is behind lets the kernel keep them.
const EVENTS: usize = 32;
/// More than a few pending writes means that the device has stopped listening.
const WRITES: usize = 16;

/// A serial port, kept open until this is dropped.
#[derive(Debug)]
pub(crate) struct SerialLine {
    events: mpsc::Receiver<LineEvent>,
    writes: SyncSender<Vec<u8>>,
}

/// What a serial port has to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LineEvent {
    /// The port is open.
    Up,
    /// Bytes arrived.
    Bytes(Vec<u8>),
    /// The port is gone, or was never there; it is tried again.
    Down(String),
}

/// The device does not take what it is sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the device has stopped listening")]
pub(crate) struct Jammed;

impl SerialLine {
    /// Opens `path`, and again whenever it is lost.
    pub(crate) fn open(path: &str, baud: u32) -> Self {
        let (sender, events) = mpsc::channel(EVENTS);
        let (writes, queue) = sync_channel(WRITES);
        threads::start(path.to_owned(), baud, sender, queue);

        Self { events, writes }
    }

    /// The next thing it has to say. Cancel-safe.
    pub(crate) async fn next(&mut self) -> LineEvent {
        match self.events.recv().await {
            Some(event) => event,
            None => LineEvent::Down("the threads of the port are gone".to_owned()),
        }
    }

    /// Sends bytes without waiting. What is sent while the port is gone is dropped: an order must
    /// not reach a device that came back later.
    pub(crate) fn write(&self, bytes: Vec<u8>) -> Result<(), Jammed> {
        if bytes.is_empty() {
            return Ok(());
        }

        match self.writes.try_send(bytes) {
            Ok(()) | Err(TrySendError::Disconnected(_)) => Ok(()),
            Err(TrySendError::Full(_)) => Err(Jammed),
        }
    }
}

#[cfg(test)]
mod tests;
