//! What a client says, read by tungstenite from the socket that others write to.
//!
//! Tungstenite answers pings and closes by itself. It writes whole frames, and what it writes goes
//! to the outbox, which puts it between frames of its own: there is one place that writes.

use std::{
    io::{self, Read, Write},
    task::{Context, Poll},
};

use schemas::MAX_MESSAGE;
use tokio::io::ReadBuf;
use tokio_tungstenite::tungstenite::{
    Error, Message,
    protocol::{CloseFrame, Role, WebSocketConfig, WebSocketContext},
};

use crate::outbox::Outbox;

/// Small, for it is there for every client: what clients send is short. It grows for a message
/// that is longer.
const READ_BUFFER: usize = 512;
/// What tungstenite may have to say and not get rid of: one answer to a ping, and one close.
const WRITE_BUFFER: usize = 512;

/// The protocol of one connection, without its socket.
pub(super) struct Ear(WebSocketContext);

/// The socket as tungstenite wants it: it reads now, or would block.
struct Shared<'a, 'b, 'c> {
    outbox: &'a Outbox,
    cx: &'b mut Context<'c>,
}

impl Ear {
    /// For a client that has already said this.
    pub(super) fn new(heard: Vec<u8>) -> Self {
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER)
            .write_buffer_size(0)
            .max_write_buffer_size(WRITE_BUFFER)
            .max_message_size(Some(MAX_MESSAGE))
            .max_frame_size(Some(MAX_MESSAGE));

        Self(WebSocketContext::from_partially_read(heard, Role::Server, Some(config)))
    }

    /// The next message.
    pub(super) fn poll_read(
        &mut self,
        outbox: &Outbox,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Message, Error>> {
        ready(self.0.read(&mut Shared { outbox, cx }))
    }

    /// Says why the session ends, unless the client has said so itself.
    pub(super) fn poll_close(
        &mut self,
        frame: Option<&CloseFrame>,
        outbox: &Outbox,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Error>> {
        let mut socket = Shared { outbox, cx };

        ready(match frame {
            Some(frame) => self.0.close(&mut socket, Some(frame.clone())),
            None => self.0.flush(&mut socket),
        })
    }
}

impl Read for Shared<'_, '_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut buffer = ReadBuf::new(buffer);

        match self.outbox.poll_read(self.cx, &mut buffer) {
            Poll::Ready(read) => read.map(|()| buffer.filled().len()),
            Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
        }
    }
}

impl Write for Shared<'_, '_, '_> {
    fn write(&mut self, frames: &[u8]) -> io::Result<usize> {
        // The session is woken when the socket has room, and tries again.
        if self.outbox.control(frames) {
            Ok(frames.len())
        } else {
            Err(io::ErrorKind::WouldBlock.into())
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn ready<T>(outcome: Result<T, Error>) -> Poll<Result<T, Error>> {
    match outcome {
        Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => Poll::Pending,
        outcome => Poll::Ready(outcome),
    }
}
