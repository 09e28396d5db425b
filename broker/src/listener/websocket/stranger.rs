//! A stream from somebody unknown: not much is read from it before it was answered.
//!
//! A frame is kept until it is complete. Without this, everybody who has not said who they are
//! could have one kept that is as long as the longest packet.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A stream, and what may still be read before it is answered.
pub(super) struct Stranger<S> {
    stream: S,
    /// There is no bound once it was answered.
    budget: Option<usize>,
}

impl<S> Stranger<S> {
    pub(super) fn new(stream: S, budget: usize) -> Self {
        Self { stream, budget: Some(budget) }
    }

    /// Somebody is told that he is welcome, or why not: either way he has been understood.
    pub(super) fn answered(&mut self) {
        self.budget = None;
    }

    pub(super) fn get_mut(&mut self) -> &mut S {
        &mut self.stream
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Stranger<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        let len = buf.filled().len() - before;

        match &mut self.budget {
            Some(budget) if len > *budget => {
                let message = "too much came before the client had said who it is";
                Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, message)))
            }
            Some(budget) => {
                *budget -= len;
                read
            }
            None => read,
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Stranger<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
