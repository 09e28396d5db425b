//! Where the bytes of a reader come from: a serial port, or a keyboard that is none.

use crate::{
    config::CardReader,
    serial::{LineEvent, SerialLine},
};

#[cfg(target_os = "linux")]
use super::hid::HidLine;
#[cfg(target_os = "linux")]
use crate::config::ReaderPort;

/// What a reader is at the end of; it comes back by itself.
#[derive(Debug)]
pub(crate) enum Line {
    Serial(SerialLine),
    #[cfg(target_os = "linux")]
    Hid(Box<HidLine>),
}

impl Line {
    /// Opens `path`, which is where the port of `reader` is, and again whenever it is lost.
    pub(crate) fn open(path: &str, reader: &CardReader) -> Self {
        #[cfg(target_os = "linux")]
        if let ReaderPort::Hid(_) = reader.port {
            return Self::Hid(Box::new(HidLine::open(path)));
        }

        // Elsewhere, a reader that types is refused by the configuration.
        Self::Serial(SerialLine::open(path, reader.baud))
    }

    /// The next thing it has to say. Cancel-safe.
    pub(crate) async fn next(&mut self) -> LineEvent {
        match self {
            Self::Serial(line) => line.next().await,
            #[cfg(target_os = "linux")]
            Self::Hid(line) => line.next().await,
        }
    }
}
