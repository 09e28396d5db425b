//! A Unix socket on which other processes tell simulated gates what happens.
//!
//! One line per request, one line per answer: `ok …` or `error …`. Only the user who runs
//! the site may connect (mode 0600). `control/words.rs` says what can be asked.

mod words;

use std::{
    fs,
    io::{self, BufRead, BufReader, Read, Write},
    os::unix::{
        fs::{FileTypeExt, PermissionsExt},
        net::{UnixListener, UnixStream},
    },
    path::{Path, PathBuf},
    sync::Arc,
    thread::{self, JoinHandle},
    time::Duration,
};

use rustix::event::{PollFd, PollFlags};
use tracing::debug;

use crate::{
    Gate,
    waker::{Waker, Wakeups, wait, waker},
};

/// The longest request in bytes.
const MAX_LINE: usize = 256;
/// One more, and the client that has been there longest has to go.
const MAX_CLIENTS: usize = 8;
/// How long [`request`] waits for an answer; gates answer at once.
const PATIENCE: Duration = Duration::from_secs(5);

/// A socket that is served until this is dropped.
#[derive(Debug)]
pub struct Control {
    path: PathBuf,
    waker: Option<Waker>,
    thread: Option<JoinHandle<()>>,
}

/// The socket cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Another process serves it.
    #[error("another site is controlled through {path}", path = path.display())]
    InUse {
        /// The socket.
        path: PathBuf,
    },
    /// The file is something else.
    #[error("{path} is there and is no socket", path = path.display())]
    NotASocket {
        /// The file.
        path: PathBuf,
    },
    /// It cannot be made.
    #[error("cannot make the socket {path}", path = path.display())]
    Socket {
        /// The socket.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// A request was not done.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// Nobody is there to ask.
    #[error("no site with simulated gates answers at {path}", path = path.display())]
    Nobody {
        /// The socket.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The answer was no.
    #[error("{0}")]
    Refused(String),
}

impl Control {
    /// Serves `gates` at `path`. A socket that a dead process left there is replaced.
    pub fn serve(path: &Path, gates: Vec<Arc<Gate>>) -> Result<Self, ServeError> {
        let failed = |source| ServeError::Socket { path: path.to_owned(), source };

        make_way(path)?;
        let listener = bind(path).map_err(failed)?;
        let (waker, wakeups) = waker().map_err(failed)?;
        let server = Server { listener, gates, clients: Vec::new() };
        let thread = thread::Builder::new()
            .name("sim control".to_owned())
            .stack_size(256 * 1024)
            .spawn(move || server.run(&wakeups))
            .map_err(failed)?;

        Ok(Self { path: path.to_owned(), waker: Some(waker), thread: Some(thread) })
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        self.waker = None;
        if let Some(thread) = self.thread.take() {
            // One that panicked has said so.
            let _ = thread.join();
        }
        // It may be gone with its directory.
        let _ = fs::remove_file(&self.path);
    }
}

/// Asks the site at `path` for something; answers with what follows `ok`.
pub fn request(path: &Path, line: &str) -> Result<String, RequestError> {
    if line.contains('\n') {
        return Err(RequestError::Refused("a request is one line".to_owned()));
    }
    let answer = exchange(path, line)
        .map_err(|source| RequestError::Nobody { path: path.to_owned(), source })?;

    match answer.split_once(' ').unwrap_or((&answer, "")) {
        ("ok", text) => Ok(text.to_owned()),
        ("error", text) => Err(RequestError::Refused(text.to_owned())),
        _ => Err(RequestError::Refused(format!("the answer makes no sense: {answer}"))),
    }
}

fn exchange(path: &Path, line: &str) -> io::Result<String> {
    let mut stream = UnixStream::connect(path)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(format!("{line}\n").as_bytes())?;

    let mut answer = String::new();
    BufReader::new(stream).read_line(&mut answer)?;

    match answer.strip_suffix('\n') {
        Some(answer) => Ok(answer.to_owned()),
        None => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

/// Removes a socket that nobody serves any more.
fn make_way(path: &Path) -> Result<(), ServeError> {
    let failed = |source| ServeError::Socket { path: path.to_owned(), source };

    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(failed(error)),
        Ok(file) if !file.file_type().is_socket() => {
            Err(ServeError::NotASocket { path: path.to_owned() })
        }
        Ok(_) => match UnixStream::connect(path) {
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                fs::remove_file(path).map_err(failed)
            }
            Ok(_) | Err(_) => Err(ServeError::InUse { path: path.to_owned() }),
        },
    }
}

/// Makes the socket under another name first: at its own it has its mode from the start.
fn bind(path: &Path) -> io::Result<UnixListener> {
    let mut fresh = path.as_os_str().to_owned();
    fresh.push(".new");

    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)?;
    }
    match fs::remove_file(&fresh) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }

    let listener = UnixListener::bind(&fresh)?;
    listener.set_nonblocking(true)?;
    fs::set_permissions(&fresh, fs::Permissions::from_mode(0o600))?;
    fs::rename(&fresh, path)?;

    Ok(listener)
}

struct Server {
    listener: UnixListener,
    gates: Vec<Arc<Gate>>,
    clients: Vec<Client>,
}

struct Client {
    stream: UnixStream,
    received: Vec<u8>,
}

impl Server {
    /// Runs until the waker of `wakeups` is dropped.
    fn run(mut self, wakeups: &Wakeups) {
        loop {
            let mut fds = vec![
                PollFd::new(wakeups, PollFlags::IN),
                PollFd::new(&self.listener, PollFlags::IN),
            ];
            fds.extend(
                self.clients.iter().map(|client| PollFd::new(&client.stream, PollFlags::IN)),
            );
            wait(&mut fds, None);
            if !fds[0].revents().is_empty() {
                return;
            }

            self.admit();
            let gates = &self.gates;
            self.clients.retain_mut(|client| match client.serve(gates) {
                Ok(()) => true,
                Err(error) => {
                    debug!(%error, "Control client gone");
                    false
                }
            });
        }
    }

    fn admit(&mut self) {
        while let Ok((stream, _)) = self.listener.accept() {
            if stream.set_nonblocking(true).is_err() {
                continue;
            }
            if self.clients.len() == MAX_CLIENTS {
                self.clients.remove(0);
            }
            self.clients.push(Client { stream, received: Vec::new() });
        }
    }
}

impl Client {
    /// Answers what has arrived; an error is the end of this client.
    fn serve(&mut self, gates: &[Arc<Gate>]) -> io::Result<()> {
        let mut buffer = [0; MAX_LINE];

        match self.stream.read(&mut buffer) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => self.received.extend_from_slice(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error),
        }

        while let Some(end) = self.received.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.received.drain(..=end).collect();
            self.answer(&words::answer(String::from_utf8_lossy(&line).trim(), gates))?;
        }

        if self.received.len() > MAX_LINE {
            self.answer(&Err("the request is too long".to_owned()))?;
            return Err(io::ErrorKind::InvalidData.into());
        }

        Ok(())
    }

    fn answer(&mut self, answer: &Result<String, String>) -> io::Result<()> {
        let line = match answer {
            Ok(text) => format!("ok {text}\n"),
            Err(text) => format!("error {text}\n"),
        };

        // A client that leaves a whole socket full of answers unread is not waited for.
        self.stream.write_all(line.as_bytes())
    }
}
