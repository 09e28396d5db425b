//! The order in which bytes leave for one client.
//!
//! | first | what | bound |
//! |---|---|---|
//! | 1 | the rest of what the socket has taken a part of | one batch |
//! | 2 | control frames: pings, pongs, the close | 1 KiB |
//! | 3 | what is for this client alone, between the entries of its channel that it came between | `limits.queued_bytes` |
//! | 4 | what its channel says | a number |

use std::{
    collections::VecDeque,
    io, mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker, ready},
};

use bytes::{Buf, Bytes};
use tokio::io::AsyncWrite;

use super::{Frame, Pushed, Socket, wire};
use crate::{
    hub::{BATCH, Following, Memo},
    session::End,
};

/// A client that floods us with pings is answered as fast as it reads.
const MAX_CONTROL: usize = 1_024;

pub(super) struct Line {
    socket: Option<Box<dyn Socket>>,
    /// The task of the session.
    waker: Option<Waker>,
    state: State,
    rest: Bytes,
    control: Vec<u8>,
    own: VecDeque<Own>,
    /// Of those that count.
    own_bytes: usize,
    max_bytes: usize,
    following: Option<Following>,
    end: Option<End>,
    is_finishing: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing is pending: whoever has something may write.
    Idle,
    /// The socket is full or not there: the session goes on when it can.
    Parked,
}

/// A frame for this client alone.
#[derive(Debug)]
struct Own {
    /// The entry of the channel that comes after it.
    before: u64,
    weight: Weight,
    frame: Frame,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Weight {
    /// Bounded by what the hub knows, not by how fast the client reads.
    Greeting,
    /// The first frame of another greeting, which is void if yet another one comes before it is told.
    Again,
    /// The rest of it.
    AgainToo,
    Counted,
}

impl Line {
    pub(super) fn new(
        greeting: Vec<Frame>,
        following: Option<Following>,
        max_bytes: usize,
    ) -> Self {
        let mut line = Self {
            socket: None,
            waker: None,
            state: State::Parked,
            rest: Bytes::new(),
            control: Vec::new(),
            own: VecDeque::new(),
            own_bytes: 0,
            max_bytes,
            following,
            end: None,
            is_finishing: false,
        };
        line.append(greeting, Weight::Greeting);

        line
    }

    pub(super) fn push(&mut self, frame: &Frame) -> Pushed {
        if self.end.is_some() {
            return Pushed::Refused;
        }
        self.own_bytes += wire::length(frame);
        if self.own_bytes > self.max_bytes {
            self.close(End::Slow);
            return Pushed::Overflowed;
        }

        self.append(vec![frame.clone()], Weight::Counted);
        self.alone(Self::write_in_passing);
        Pushed::Queued
    }

    pub(super) fn greet(&mut self, mut greeting: Vec<Frame>) {
        if self.end.is_some() {
            return;
        }

        let mut is_void = false;
        self.own.retain(|own| {
            is_void |= own.weight == Weight::Again;
            !(is_void && matches!(own.weight, Weight::Again | Weight::AgainToo))
        });
        let rest = greeting.split_off(1.min(greeting.len()));
        self.append(greeting, Weight::Again);
        self.append(rest, Weight::AgainToo);
        self.alone(Self::write_in_passing);
    }

    pub(super) fn tell(&mut self, memo: &mut Memo) {
        if self.state != State::Parked {
            self.write_in_passing(memo);
        } else if let Some(following) = &mut self.following
            && following.skip(memo).is_err()
        {
            self.fall_behind(memo);
        }
    }

    pub(super) fn close(&mut self, end: End) {
        self.end.get_or_insert(end);
        self.own = VecDeque::new();
        self.following = None;
        self.wake();
    }

    pub(super) fn finish(&mut self) {
        self.is_finishing = true;
        self.wake();
    }

    pub(super) fn ping(&mut self) {
        // Where one waits for the socket, another one would not be heard any earlier.
        if self.control.is_empty() {
            self.control.extend(wire::PING);
            self.alone(Self::write_in_passing);
        }
    }

    pub(super) fn control(&mut self, frames: &[u8]) -> bool {
        if !self.control.is_empty() && self.control.len() + frames.len() > MAX_CONTROL {
            return false;
        }

        self.control.extend(frames);
        self.alone(Self::write_in_passing);
        true
    }

    pub(super) fn attach(&mut self, socket: Box<dyn Socket>) {
        self.socket = Some(socket);
    }

    pub(super) fn detach(&mut self) {
        self.socket = None;
        self.waker = None;
        self.state = State::Parked;
    }

    pub(super) fn socket(&mut self) -> Option<&mut Box<dyn Socket>> {
        self.socket.as_mut()
    }

    pub(super) fn poll_drive(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        if self.waker.as_ref().is_none_or(|waker| !waker.will_wake(cx.waker())) {
            self.waker = Some(cx.waker().clone());
        }
        if self.end.is_none() && self.state != State::Idle {
            self.alone(|line, memo| line.write_all(cx, memo));
        }

        match &self.end {
            Some(end) => Poll::Ready(end.clone()),
            None if self.is_finishing && self.state == State::Idle => Poll::Ready(End::GoingAway),
            None => Poll::Pending,
        }
    }

    /// Resolves when nothing is pending that was said before the end.
    pub(super) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_write(cx, &mut Memo::default())
    }

    #[cfg(test)]
    pub(super) fn take_all(&mut self) -> Vec<u8> {
        let mut all = Vec::new();
        self.alone(|line, memo| {
            while line.refill(memo) {
                all.extend(mem::take(&mut line.rest));
            }
        });

        all
    }

    fn append(&mut self, frames: Vec<Frame>, weight: Weight) {
        let before = self.following.as_ref().map_or(0, |following| following.feed.next());

        self.own.extend(frames.into_iter().map(|frame| Own { before, weight, frame }));
    }

    /// Writes to this client and no other: all that is there at this moment.
    fn alone(&mut self, write: impl FnOnce(&mut Self, &mut Memo)) {
        let Some(feed) = self.following.as_ref().map(|following| Arc::clone(&following.feed))
        else {
            return write(self, &mut Memo::default());
        };

        let mut memo = feed.memo();
        write(self, &mut memo);
        feed.count(&memo.tally);
    }

    /// Writes, unless the socket is known to be full. It wakes the session when it has room again.
    fn write_in_passing(&mut self, memo: &mut Memo) {
        if self.state == State::Parked || self.end.is_some() {
            return;
        }
        let Some(waker) = self.waker.take() else { return };

        self.write_all(&mut Context::from_waker(&waker), memo);
        if self.end.is_some() {
            waker.wake_by_ref();
        }
        self.waker = Some(waker);
    }

    fn write_all(&mut self, cx: &mut Context<'_>, memo: &mut Memo) {
        match self.poll_write(cx, memo) {
            Poll::Ready(Ok(())) => self.state = State::Idle,
            Poll::Ready(Err(_)) => self.close(End::Broken),
            Poll::Pending => self.state = State::Parked,
        }
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, memo: &mut Memo) -> Poll<io::Result<()>> {
        loop {
            while self.rest.has_remaining() {
                let Some(socket) = &mut self.socket else { return Poll::Pending };
                let taken = ready!(Pin::new(socket).poll_write(cx, &self.rest))?;
                if taken == 0 {
                    return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
                }
                self.rest.advance(taken);
            }
            // What is empty still holds the memory of what it was.
            self.rest = Bytes::new();
            if self.refill(memo) {
                continue;
            }
            let Some(socket) = &mut self.socket else { return Poll::Ready(Ok(())) };
            return Pin::new(socket).poll_flush(cx);
        }
    }

    /// Takes what comes next; whether there is something.
    fn refill(&mut self, memo: &mut Memo) -> bool {
        if !self.control.is_empty() {
            self.rest = mem::take(&mut self.control).into();
            return true;
        }

        loop {
            let at = self.following.as_ref().map_or(u64::MAX, |following| following.at);
            let own = self.own.front().map(|own| own.before);
            if own.is_some_and(|before| before <= at) {
                self.rest = self.take_own(at, memo);
                return true;
            }
            let Some(following) = &mut self.following else { return false };
            match following.read(own.unwrap_or(u64::MAX), memo) {
                Ok(Some(batch)) if batch.bytes.is_empty() => {}
                Ok(Some(batch)) => {
                    self.rest = batch.bytes;
                    return true;
                }
                Ok(None) => return false,
                Err(_) => {
                    self.fall_behind(memo);
                    return false;
                }
            }
        }
    }

    /// What is for this client alone and comes before what its channel says at `at`.
    fn take_own(&mut self, at: u64, memo: &mut Memo) -> Bytes {
        let mut bytes = 0;
        let due = self.own.iter().take_while(|own| {
            let fits = own.before <= at && bytes < BATCH as usize;
            bytes += wire::length(&own.frame);
            fits
        });
        let count = due.count();

        let taken: Vec<Own> = self.own.drain(..count).collect();
        for own in taken.iter().filter(|own| own.weight == Weight::Counted) {
            self.own_bytes -= wire::length(&own.frame);
        }
        if self.own.is_empty() {
            // It was the greeting, which was long: what is idle is small.
            self.own = VecDeque::new();
        }
        memo.tally.frames += count;
        wire::texts(taken.iter().map(|own| &own.frame))
    }

    fn fall_behind(&mut self, memo: &mut Memo) {
        memo.tally.too_slow += 1;

        self.close(End::Slow);
    }

    fn wake(&self) {
        if let Some(waker) = &self.waker {
            waker.wake_by_ref();
        }
    }
}
