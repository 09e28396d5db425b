//! A WebSocket as a stream of bytes: packets span frames, and frames hold many packets.

#[cfg(test)]
mod tests;

use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use futures_util::{Sink, SinkExt, Stream, StreamExt};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time,
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Error, Message,
        error::CapacityError,
        protocol::{CloseFrame, Role, WebSocketConfig, frame::coding::CloseCode},
    },
};

use super::{hang_up, stranger::Stranger};

/// Small, for it is there for every client.
const READ_BUFFER: usize = 4 * 1024;
/// What is written waits for more up to here while the socket is full.
const WRITE_BUFFER: usize = 16 * 1024;
/// The longest frame that is sent.
const FRAME: usize = 64 * 1024;
/// What a packet has besides what counts as its length (2.1.4).
const FIXED_HEADER: usize = 5;
/// The most that is read before a client is answered: the longest CONNECT that is taken from somebody
/// unknown, and some more.
const STRANGER: usize = 192 * 1024;
/// How long a client may take to read why it is closed, and to close as well.
const CLOSE_WITHIN: Duration = Duration::from_secs(1);

/// A WebSocket whose binary frames are read and written as one stream.
pub(crate) struct WebSocketIo<S> {
    socket: WebSocketStream<Stranger<S>>,
    /// What has come and was not read.
    unread: Bytes,
    /// What the client did that WebSocket or MQTT do not allow.
    fault: Option<CloseFrame>,
}

impl<S> WebSocketIo<S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    /// Goes on with a stream from which `received` was read already.
    pub(super) async fn new(stream: S, received: Bytes, packet_size: u32) -> Self {
        let longest = (packet_size as usize).max(FRAME) + FIXED_HEADER;
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER)
            .write_buffer_size(WRITE_BUFFER)
            .max_message_size(Some(longest))
            .max_frame_size(Some(longest));
        let socket = WebSocketStream::from_partially_read(
            Stranger::new(stream, STRANGER),
            received.into(),
            Role::Server,
            Some(config),
        )
        .await;

        Self { socket, unread: Bytes::new(), fault: None }
    }

    /// Says good-bye, or what was wrong, and waits a moment for the client to close as well.
    pub(crate) async fn close(mut self) {
        let _ = time::timeout(CLOSE_WITHIN, async {
            self.socket.send(Message::Close(self.fault.take())).await.ok();
            while let Some(Ok(_)) = self.socket.next().await {}
            hang_up(self.socket.get_mut().get_mut()).await
        })
        .await;
    }

    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            match ready!(Pin::new(&mut self.socket).poll_next(cx)) {
                None => return Poll::Ready(Ok(())),
                Some(Ok(Message::Binary(bytes))) if bytes.is_empty() => {}
                Some(Ok(Message::Binary(bytes))) => {
                    self.unread = bytes;
                    return Poll::Ready(Ok(()));
                }
                Some(Ok(Message::Text(_))) => {
                    let reason = "MQTT is sent in binary frames";
                    return Poll::Ready(Err(self.refuse(CloseCode::Unsupported, reason)));
                }
                // tungstenite answers them.
                Some(Ok(
                    Message::Ping(_) | Message::Pong(_) | Message::Close(_) | Message::Frame(_),
                )) => {}
                Some(Err(error)) => return Poll::Ready(Err(self.broken(error))),
            }
        }
    }

    fn broken(&mut self, error: Error) -> io::Error {
        if let Error::Capacity(CapacityError::MessageTooLong { .. }) = error {
            return self.refuse(CloseCode::Size, "the frame is too long");
        }
        if let Error::Protocol(_) = error {
            return self.refuse(CloseCode::Protocol, "the frame is not valid");
        }

        to_io(error)
    }

    fn refuse(&mut self, code: CloseCode, reason: &'static str) -> io::Error {
        self.fault = Some(CloseFrame { code, reason: reason.into() });

        io::Error::new(io::ErrorKind::InvalidData, reason)
    }

    /// Sends one frame as soon as there is room. What the socket does not take at once leaves with
    /// what comes next, or when it is flushed.
    fn poll_send(
        &mut self,
        cx: &mut Context<'_>,
        payload: impl FnOnce() -> Bytes,
    ) -> Poll<io::Result<usize>> {
        ready!(Pin::new(&mut self.socket).poll_ready(cx)).map_err(to_io)?;
        self.socket.get_mut().answered();
        let payload = payload();
        let len = payload.len();
        Pin::new(&mut self.socket).start_send(Message::Binary(payload)).map_err(to_io)?;

        match Pin::new(&mut self.socket).poll_flush(cx) {
            Poll::Ready(Err(error)) => Poll::Ready(Err(to_io(error))),
            Poll::Ready(Ok(())) | Poll::Pending => Poll::Ready(Ok(len)),
        }
    }
}

impl<S> AsyncRead for WebSocketIo<S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.unread.is_empty() {
            ready!(self.poll_frame(cx))?;
        }
        let len = self.unread.len().min(buf.remaining());
        buf.put_slice(&self.unread.split_to(len));

        Poll::Ready(Ok(()))
    }
}

impl<S> AsyncWrite for WebSocketIo<S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_send(cx, || Bytes::copy_from_slice(&buf[..buf.len().min(FRAME)]))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_send(cx, || gather(bufs))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx).map_err(to_io)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_close(cx).map_err(to_io)
    }
}

/// One frame of many pieces.
fn gather(bufs: &[IoSlice<'_>]) -> Bytes {
    let len = bufs.iter().map(|buf| buf.len()).sum::<usize>().min(FRAME);
    let mut frame = BytesMut::with_capacity(len);
    for buf in bufs {
        let room = len - frame.len();
        frame.extend_from_slice(&buf[..buf.len().min(room)]);
    }

    frame.freeze()
}

fn to_io(error: Error) -> io::Error {
    if let Error::Io(error) = error { error } else { io::Error::other(error) }
}
