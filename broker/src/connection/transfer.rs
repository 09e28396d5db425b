//! Bytes between a socket and the two buffers of its connection.

use std::{future::poll_fn, io, pin::Pin, task::Poll};

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio_util::io::{poll_read_buf, poll_write_buf};

use crate::outbox::Outbox;

/// Room for what comes next; a client that sends much is given more.
pub(super) const READ_AT_LEAST: usize = 2 * 1024;
const READ_AT_MOST: usize = 256 * 1024;

/// How many bytes went which way.
pub(super) enum Moved {
    In(usize),
    Out(usize),
}

/// Writes what is to be written, or reads what has come: one system call. May be dropped.
pub(super) async fn move_bytes<S>(
    io: &mut S,
    received: &mut BytesMut,
    outbox: &mut impl Buf,
    may_read: bool,
) -> io::Result<Moved>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    poll_fn(|cx| {
        if outbox.has_remaining()
            && let Poll::Ready(written) = poll_write_buf(Pin::new(&mut *io), cx, outbox)
        {
            return Poll::Ready(written.and_then(some).map(Moved::Out));
        }
        // TLS and WebSocket keep what the socket did not take.
        if let Poll::Ready(Err(error)) = Pin::new(&mut *io).poll_flush(cx) {
            return Poll::Ready(Err(error));
        }
        if may_read && let Poll::Ready(read) = poll_read_buf(Pin::new(&mut *io), cx, received) {
            return Poll::Ready(read.and_then(some).map(Moved::In));
        }
        Poll::Pending
    })
    .await
}

fn some(moved: usize) -> io::Result<usize> {
    match moved {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        1.. => Ok(moved),
    }
}

/// Grows with what comes, and gives back what one large packet needed.
pub(super) fn make_room(received: &mut BytesMut) {
    if received.is_empty() && received.capacity() > READ_AT_MOST {
        *received = BytesMut::new();
    }
    if received.capacity() - received.len() < READ_AT_LEAST / 2 {
        received.reserve(received.len().clamp(READ_AT_LEAST, READ_AT_MOST));
    }
}

/// A socket that is closed while bytes are unread is reset, and the reason lost with it.
pub(super) async fn farewell<S>(io: &mut S, mut outbox: Outbox) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    while outbox.has_remaining() {
        io.write_buf(&mut outbox).await?;
    }
    io.shutdown().await?;

    let mut unread = BytesMut::with_capacity(READ_AT_LEAST);
    loop {
        unread.clear();
        if io.read_buf(&mut unread).await? == 0 {
            return Ok(());
        }
    }
}
