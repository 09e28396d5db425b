//! The two threads of a port.
//!
//! The first opens the port, reads it until it fails, waits and opens it again. The second writes
//! what it is handed; it ends with the port that it was started for.

use std::{
    io,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, RecvTimeoutError},
    },
    thread,
    time::{Duration, Instant},
};

use serialport::{ClearBuffer, SerialPort};
use service::Backoff;
use tokio::sync::mpsc::Sender;
use tracing::debug;

use super::{LineEvent, dtr};

/// A blocked read cannot be cancelled: this is how soon a dropped port is noticed.
const READ_TIMEOUT: Duration = Duration::from_millis(500);
const RETRY_SHORTEST: Duration = Duration::from_millis(100);
const RETRY_LONGEST: Duration = Duration::from_millis(2000);
const CHUNK: usize = 512;
const STACK: usize = 128 * 1024;

type Writes = Arc<Mutex<Receiver<Vec<u8>>>>;

pub(crate) fn start(path: String, baud: u32, events: Sender<LineEvent>, writes: Receiver<Vec<u8>>) {
    let writes = Arc::new(Mutex::new(writes));
    let name = format!("serial {}", path.rsplit('/').next().unwrap_or(&path));
    let started = thread::Builder::new().name(name).stack_size(STACK).spawn(move || {
        keep_open(&path, baud, &events, &writes);
    });

    // Its channel closes, which `SerialLine::next` reports as a port that is gone.
    if let Err(error) = started {
        debug!(%error, "No thread for a serial port");
    }
}

fn keep_open(path: &str, baud: u32, events: &Sender<LineEvent>, writes: &Writes) {
    let mut backoff = Backoff::new(RETRY_SHORTEST, RETRY_LONGEST);
    let mut told = String::new();

    while !events.is_closed() {
        let opened = {
            let _kept = dtr::keep_up(path);
            serialport::new(path, baud).timeout(READ_TIMEOUT).open()
        };
        let end = match opened {
            Ok(port) => {
                backoff.reset();
                told.clear();
                use_port(port, events, writes).to_string()
            }
            Err(error) => format!("cannot open {path}: {error}"),
        };

        // A port that stays away is reported once, not at every try.
        if told != end {
            told.clone_from(&end);
            if events.blocking_send(LineEvent::Down(end)).is_err() {
                return;
            }
        }
        pause(backoff.delay(), writes);
    }
}

/// Reads until the port fails.
fn use_port(
    mut port: Box<dyn SerialPort>,
    events: &Sender<LineEvent>,
    writes: &Writes,
) -> io::Error {
    forget_old(writes);
    let dead = Arc::new(AtomicBool::new(false));
    let writer = match port.try_clone() {
        Ok(clone) => start_writer(clone, Arc::clone(writes), Arc::clone(&dead)),
        Err(error) => return error.into(),
    };

    let error = read(port.as_mut(), events, &dead);
    dead.store(true, Ordering::Relaxed);
    // Throwing away what a stuck device has not taken releases a blocked write.
    let _ = port.clear(ClearBuffer::Output);
    drop(port);
    if let Ok(writer) = writer {
        let _ = writer.join();
    }

    error
}

/// What waits was meant for the device as it was before it went away.
fn forget_old(writes: &Writes) {
    let writes = writes.lock().unwrap_or_else(PoisonError::into_inner);

    while writes.try_recv().is_ok() {}
}

fn read(port: &mut dyn SerialPort, events: &Sender<LineEvent>, dead: &AtomicBool) -> io::Error {
    let mut chunk = [0; CHUNK];

    if events.blocking_send(LineEvent::Up).is_err() {
        return io::ErrorKind::NotConnected.into();
    }
    while !events.is_closed() && !dead.load(Ordering::Relaxed) {
        match port.read(&mut chunk) {
            Ok(0) => return io::ErrorKind::UnexpectedEof.into(),
            Ok(n) => {
                // Fails only when nobody listens any more, which ends the loop.
                let _ = events.blocking_send(LineEvent::Bytes(chunk[..n].to_vec()));
            }
            Err(error) if is_patience(&error) => {}
            Err(error) => return error,
        }
    }

    io::ErrorKind::BrokenPipe.into()
}

fn is_patience(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::TimedOut | io::ErrorKind::Interrupted)
}

fn start_writer(
    mut port: Box<dyn SerialPort>,
    writes: Writes,
    dead: Arc<AtomicBool>,
) -> io::Result<thread::JoinHandle<()>> {
    thread::Builder::new().name("serial write".to_owned()).stack_size(STACK).spawn(move || {
        let writes = writes.lock().unwrap_or_else(PoisonError::into_inner);
        while !dead.load(Ordering::Relaxed) {
            match writes.recv_timeout(READ_TIMEOUT) {
                Ok(bytes) => {
                    if let Err(error) = port.write_all(&bytes) {
                        debug!(%error, "Cannot write to a serial port");
                        dead.store(true, Ordering::Relaxed);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    })
}

/// Until the port is tried again. What is sent meanwhile is dropped, or it would look as if a device
/// had stopped listening.
fn pause(time: Duration, writes: &Writes) {
    let end = Instant::now() + time;
    let writes = writes.lock().unwrap_or_else(PoisonError::into_inner);

    while writes.recv_timeout(end.saturating_duration_since(Instant::now())).is_ok() {}
}
