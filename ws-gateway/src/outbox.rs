//! What one client is still to be told, and its socket.
//!
//! Three write to a client, each as far as the socket takes it, and never at the same time: the
//! shard of the hub, in passing; whoever has a word for this client alone; and the client's
//! session, which goes on when a full socket has room again. Nobody waits for anybody.

mod line;
pub(crate) mod wire;

use std::{
    fmt, io,
    pin::Pin,
    sync::{Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_tungstenite::tungstenite::Utf8Bytes;

use crate::{
    hub::{Following, Memo},
    session::End,
};
use line::Line;

/// The text of one frame, shared by everybody who gets it.
pub(crate) type Frame = Utf8Bytes;

/// The frame of a message that this gateway wrote.
pub(crate) fn frame(json: Vec<u8>) -> Frame {
    String::from_utf8(json).expect("JSON is UTF-8").into()
}

/// A connection, whatever is below it.
pub(crate) trait Socket: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Socket for S {}

/// What became of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pushed {
    /// It will be told.
    Queued,
    /// The client is too far behind: it is closed.
    Overflowed,
    /// The client is closed.
    Refused,
}

/// The way to one client.
pub(crate) struct Outbox {
    line: Mutex<Line>,
}

impl Outbox {
    /// For a client that is told only what is meant for it alone, and of which at most
    /// `max_bytes` wait.
    pub(crate) fn new(max_bytes: usize) -> Self {
        Self { line: Mutex::new(Line::new(Vec::new(), None, max_bytes)) }
    }

    /// For a client of a channel, which is greeted and then told what the channel says.
    pub(crate) fn following(greeting: Vec<Frame>, following: Following, max_bytes: usize) -> Self {
        Self { line: Mutex::new(Line::new(greeting, Some(following), max_bytes)) }
    }

    /// Adds a frame for this client alone, after all that was said before.
    pub(crate) fn push_event(&self, frame: &Frame) -> Pushed {
        self.line().push(frame)
    }

    /// Greets a client again, after all that was said before. If it was to be greeted again before
    /// and has not been told, that is void.
    pub(crate) fn greet(&self, greeting: Vec<Frame>) {
        self.line().greet(greeting);
    }

    /// Writes what its channel has said, if the socket takes it.
    pub(crate) fn tell(&self, memo: &mut Memo) {
        self.line().tell(memo);
    }

    /// Ends the session: what is still pending is not told. Whoever is first says why.
    pub(crate) fn close(&self, end: End) {
        self.line().close(end);
    }

    /// Whatever is pending is still told, and then the session ends.
    pub(crate) fn finish(&self) {
        self.line().finish();
    }

    /// Asks the client whether it is there.
    pub(crate) fn ping(&self) {
        self.line().ping();
    }

    /// From here on there is somebody to write to.
    pub(crate) fn attach(&self, socket: Box<dyn Socket>) {
        self.line().attach(socket);
    }

    /// The connection is over.
    pub(crate) fn detach(&self) {
        self.line().detach();
    }

    /// Goes on writing; resolves when the session is to end, with why.
    pub(crate) fn poll_drive(&self, cx: &mut Context<'_>) -> Poll<End> {
        self.line().poll_drive(cx)
    }

    /// After the end: resolves when the last words have left.
    pub(crate) fn poll_flush(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.line().poll_flush(cx)
    }

    /// Says that nothing more will come.
    pub(crate) fn poll_shutdown(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.line().socket() {
            Some(socket) => Pin::new(socket).poll_shutdown(cx),
            None => Poll::Ready(Ok(())),
        }
    }

    /// What the client says.
    pub(crate) fn poll_read(
        &self,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.line().socket() {
            Some(socket) => Pin::new(socket).poll_read(cx, buffer),
            None => Poll::Ready(Ok(())),
        }
    }

    /// Takes control frames, which leave before anything else and never inside another frame.
    /// `false`: too many wait already.
    pub(crate) fn control(&self, frames: &[u8]) -> bool {
        self.line().control(frames)
    }

    /// Everything that a client without a socket would be told.
    #[cfg(test)]
    pub(crate) fn take_all(&self) -> Vec<String> {
        wire::read_texts(&self.line().take_all())
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Outbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbox").finish_non_exhaustive()
    }
}
