//! Whether a client takes what it is sent.
//!
//! Somebody who asks for a stream and reads nothing would hold a place among the viewers, and a
//! connection, for as long as his system answers: TCP has no end for a window that is shut.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time,
};

/// Who takes no byte for so long, while some wait for him, is closed; at the latest after twice as
/// long.
const TAKES_WITHIN: Duration = Duration::from_secs(30);

/// A connection that says whether its client takes what it is sent.
pub(super) struct Watched<S> {
    stream: S,
    taking: Arc<Taking>,
}

/// What a client has taken.
#[derive(Debug, Default)]
pub(super) struct Taking {
    bytes: AtomicU64,
    is_full: AtomicBool,
}

impl Taking {
    /// Returns when the client has taken nothing for a while, and something waits.
    pub(super) async fn stops(&self) {
        let mut before = None;

        loop {
            time::sleep(TAKES_WITHIN).await;
            let is_full = self.is_full.load(Ordering::Relaxed);
            let now = is_full.then(|| self.bytes.load(Ordering::Relaxed));
            if now.is_some() && now == before {
                return;
            }
            before = now;
        }
    }

    fn note(&self, written: &Poll<io::Result<usize>>) {
        self.is_full.store(written.is_pending(), Ordering::Relaxed);
        if let Poll::Ready(Ok(bytes)) = written {
            self.bytes.fetch_add(*bytes as u64, Ordering::Relaxed);
        }
    }
}

impl<S> Watched<S> {
    pub(super) fn new(stream: S) -> (Self, Arc<Taking>) {
        let taking = Arc::new(Taking::default());

        (Self { stream, taking: Arc::clone(&taking) }, taking)
    }

    pub(super) fn into_inner(self) -> S {
        self.stream
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.taking.note(&written);

        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, parts);
        self.taking.note(&written);

        written
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

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt, duplex},
        time::Instant,
    };

    use super::*;

    /// Bytes that are on their way before a writer has to wait.
    const PIPE: usize = 16;

    #[tokio::test(start_paused = true)]
    async fn who_takes_nothing_that_waits_is_noticed() {
        let (near, _far) = duplex(PIPE);
        let (mut near, taking) = Watched::new(near);
        let start = Instant::now();

        tokio::select! {
            written = near.write_all(&[0; 2 * PIPE]) => panic!("somebody took it: {written:?}"),
            () = taking.stops() => {}
        }

        assert!((TAKES_WITHIN..=2 * TAKES_WITHIN).contains(&start.elapsed()));
    }

    #[tokio::test(start_paused = true)]
    async fn who_takes_a_little_now_and_then_stays() {
        let (near, mut far) = duplex(PIPE);
        let (mut near, taking) = Watched::new(near);
        let sips = async {
            for _ in 0..100 {
                time::sleep(TAKES_WITHIN / 2).await;
                far.read_u8().await.unwrap();
            }
        };

        tokio::select! {
            written = near.write_all(&[0; 1_000]) => panic!("all was taken: {written:?}"),
            () = taking.stops() => panic!("it takes something"),
            () = sips => {}
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_sent_nothing_stays() {
        let (near, _far) = duplex(PIPE);
        let (mut near, taking) = Watched::new(near);
        near.write_all(&[0; PIPE]).await.unwrap();

        let hour = time::timeout(Duration::from_secs(3_600), taking.stops()).await;

        assert!(hour.is_err());
    }
}
