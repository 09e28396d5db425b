//! A reader that types like a keyboard (USB HID), through the kernel's event devices.
//!
//! It is grabbed: what it types reaches nobody else, no console and no other window. It is not
//! asked to share: a second agent on the same reader would open a second gate.

mod keys;

use std::{io, time::Duration};

use evdev::{Device, EventStream, EventSummary, KeyCode};
use service::Backoff;
use tokio::time::{self, Instant};

use crate::serial::LineEvent;
use keys::Keys;

const RETRY_SHORTEST: Duration = Duration::from_millis(100);
const RETRY_LONGEST: Duration = Duration::from_millis(2000);

/// A reader that types, kept open until this is dropped.
#[derive(Debug)]
pub(crate) struct HidLine {
    path: String,
    reader: Option<Reader>,
    backoff: Backoff,
    retry: Instant,
    told: String,
}

#[derive(Debug)]
struct Reader {
    events: Events,
    keys: Keys,
}

/// The library's stream does not say what it is.
struct Events(EventStream);

impl HidLine {
    /// Opens `path`, and again whenever it is lost.
    pub(crate) fn open(path: &str) -> Self {
        Self {
            path: path.to_owned(),
            reader: None,
            backoff: Backoff::new(RETRY_SHORTEST, RETRY_LONGEST),
            retry: Instant::now(),
            told: String::new(),
        }
    }

    /// The next thing it has to say: its keys as the bytes of lines. Cancel-safe.
    pub(crate) async fn next(&mut self) -> LineEvent {
        loop {
            let said = match &mut self.reader {
                Some(reader) => reader.next().await.map(|byte| LineEvent::Bytes(vec![byte])),
                None => {
                    time::sleep_until(self.retry).await;
                    self.find()
                }
            };

            let end = match said {
                Ok(said) => return said,
                Err(error) => format!("cannot read {}: {}", self.path, explain(&error)),
            };
            self.reader = None;
            self.retry = Instant::now() + self.backoff.delay();
            // One that stays away is reported once, not at every try.
            if self.told != end {
                self.told.clone_from(&end);
                return LineEvent::Down(end);
            }
        }
    }

    fn find(&mut self) -> io::Result<LineEvent> {
        let mut device = Device::open(&self.path)?;
        if !is_keyboard(&device) {
            return Err(io::Error::other("it has no digits and no Enter, so it is no card reader"));
        }

        device.grab()?;
        let events = Events(device.into_event_stream()?);
        self.reader = Some(Reader { events, keys: Keys::default() });
        self.backoff.reset();
        self.told.clear();

        Ok(LineEvent::Up)
    }
}

impl Reader {
    /// The next byte of a line.
    async fn next(&mut self) -> io::Result<u8> {
        loop {
            let event = self.events.0.next_event().await?;

            if let EventSummary::Key(_, key, value) = event.destructure()
                && let Some(byte) = self.keys.push(key, value)
            {
                return Ok(byte);
            }
        }
    }
}

impl std::fmt::Debug for Events {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Events")
    }
}

fn is_keyboard(device: &Device) -> bool {
    device.supported_keys().is_some_and(|keys| {
        [KeyCode::KEY_0, KeyCode::KEY_9, KeyCode::KEY_ENTER].iter().all(|key| keys.contains(*key))
    })
}

/// What to do about it, where that is known.
fn explain(error: &io::Error) -> String {
    let advice = [
        (
            io::ErrorKind::PermissionDenied,
            "the user of this program has to be in the group `input`",
        ),
        (io::ErrorKind::ResourceBusy, "another program has it"),
    ];

    match advice.iter().find(|(kind, _)| *kind == error.kind()) {
        Some((_, advice)) => format!("{error}: {advice}"),
        None => error.to_string(),
    }
}
