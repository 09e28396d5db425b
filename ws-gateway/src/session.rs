//! One WebSocket connection: what its client says, when it is asked whether it is there, and a
//! close that says why.
//!
//! What the client is told is written by others in passing; the session goes on where its socket
//! was full, so that a client that reads slowly is still heard, and holds up nobody.

mod dashboard;
mod ear;
mod end;
mod patience;

use std::{
    future::poll_fn,
    io,
    task::{Context, Poll, ready},
    time::Duration,
};

use schemas::{Fault, Id, SessionBody, SessionMessage};
use service::stamp;
use tokio::{
    io::ReadBuf,
    time::{self, Instant},
};
use tokio_tungstenite::tungstenite::{Message, protocol::CloseFrame};
use tokio_util::sync::CancellationToken;

use crate::outbox::{Frame, Outbox, Socket};
pub(crate) use dashboard::Dashboard;
use ear::Ear;
pub(crate) use end::End;
use patience::Patience;

/// How long a client that is closed may take to read what was on its way to it.
const CLOSE_WITHIN: Duration = Duration::from_secs(20);
/// How long it may then take to hang up.
const HANG_UP_WITHIN: Duration = Duration::from_secs(5);
/// How long a client may take to read the rest when the gateway stops.
const DRAIN_WITHIN: Duration = Duration::from_millis(1_400);
/// How long it may then take to hear why, and to hang up.
const LAST_WORDS_WITHIN: Duration = Duration::from_millis(500);

/// Whom a session is with.
pub(crate) trait Party: Send {
    /// What it is called on its channel and on `admin`.
    fn name(&self) -> String;

    /// It said something. An error is told to it, and counted against its patience.
    fn hear(&mut self, text: &str, now: Instant) -> Result<(), Fault>;

    /// When [`Party::handle_timeout`] wants to be called next.
    fn poll_timeout(&self) -> Option<Instant>;

    /// Time has passed.
    fn handle_timeout(&mut self, now: Instant);
}

/// A connection whose two sides have agreed to speak WebSocket.
pub(crate) struct Opened {
    pub(crate) socket: Box<dyn Socket>,
    /// What the client said right behind its request, and HTTP has read.
    pub(crate) heard: Vec<u8>,
}

impl<S: Socket + 'static> From<S> for Opened {
    fn from(socket: S) -> Self {
        Self { socket: Box::new(socket), heard: Vec::new() }
    }
}

/// Serves one client until one of the two sides ends it.
pub(crate) async fn run(
    opened: impl Into<Opened>,
    outbox: &Outbox,
    party: &mut impl Party,
    ping_every: Duration,
    cancel: &CancellationToken,
) -> End {
    let Opened { socket, heard } = opened.into();
    outbox.attach(socket);
    let mut ear = Ear::new(heard);

    let end = converse(&mut ear, outbox, party, ping_every, cancel).await;

    outbox.close(end.clone());
    // Its room is only needed when the session ends.
    Box::pin(part(&mut ear, outbox, &end, cancel)).await;
    outbox.detach();
    end
}

/// Lets a client in only to say why it may not stay.
pub(crate) async fn refuse(opened: Opened, end: &End, cancel: &CancellationToken) {
    let Opened { socket, heard } = opened;
    let outbox = Outbox::new(0);
    outbox.attach(socket);

    Box::pin(part(&mut Ear::new(heard), &outbox, end, cancel)).await;
}

async fn converse(
    ear: &mut Ear,
    outbox: &Outbox,
    party: &mut impl Party,
    ping_every: Duration,
    cancel: &CancellationToken,
) -> End {
    let mut patience = Patience::default();
    let mut heard = Instant::now();
    let mut ping_at = heard + ping_every;
    let mut leave_at = None;

    loop {
        let silent_at = heard + ping_every * 2;
        let due = [party.poll_timeout(), leave_at].into_iter().flatten().min();
        let due = due.map_or(ping_at, |due| due.min(ping_at)).min(silent_at);

        tokio::select! {
            biased;
            end = poll_fn(|cx| outbox.poll_drive(cx)) => return end,
            () = cancel.cancelled(), if leave_at.is_none() => {
                outbox.finish();
                leave_at = Some(Instant::now() + DRAIN_WITHIN);
            }
            () = time::sleep_until(due) => {
                let now = Instant::now();
                party.handle_timeout(now);
                if now >= silent_at {
                    return End::Silent;
                }
                if leave_at.is_some_and(|leave_at| now >= leave_at) {
                    return End::GoingAway;
                }
                if now >= ping_at {
                    outbox.ping();
                    ping_at = now + ping_every;
                }
            }
            message = poll_fn(|cx| ear.poll_read(outbox, cx)) => {
                heard = Instant::now();
                let fault = match message {
                    Ok(message) => hear(party, &message, heard),
                    Err(error) => return End::of(&error),
                };
                if let Err(fault) = fault {
                    outbox.push_event(&say_to(party.name(), SessionBody::Error(fault)));
                    if patience.is_lost(heard) {
                        return End::Flood;
                    }
                }
            }
        }
    }
}

fn hear(party: &mut impl Party, message: &Message, now: Instant) -> Result<(), Fault> {
    match message {
        Message::Text(text) => party.hear(text, now),
        Message::Binary(bytes) => Err(fault(
            "invalid",
            format!("a binary frame of {} bytes: send text frames, one message each", bytes.len()),
            None,
        )),
        Message::Ping(_) | Message::Pong(_) | Message::Close(_) | Message::Frame(_) => Ok(()),
    }
}

/// Says why, and waits until the client has heard it: a socket that is closed with something
/// unread in it takes the last words back.
async fn part(ear: &mut Ear, outbox: &Outbox, end: &End, cancel: &CancellationToken) {
    if matches!(end, End::Broken | End::Silent) {
        return;
    }
    let close = end.close_frame();
    let last_words = async {
        let said = poll_fn(|cx| poll_last_words(ear, close.as_ref(), outbox, cx)).await;
        if said.is_ok() {
            let _ = time::timeout(HANG_UP_WITHIN, hang_up(outbox)).await;
        }
    };

    tokio::select! {
        biased;
        () = last_words => {}
        () = time::sleep(CLOSE_WITHIN) => {}
        () = after(cancel, LAST_WORDS_WITHIN) => {}
    }
}

fn poll_last_words(
    ear: &mut Ear,
    close: Option<&CloseFrame>,
    outbox: &Outbox,
    cx: &mut Context<'_>,
) -> Poll<io::Result<()>> {
    // Where the answers to a flood of pings leave no room for the close, it comes after them. That
    // tungstenite has nothing more to say, for the client has closed, is no error here.
    while ear.poll_close(close, outbox, cx).is_pending() {
        ready!(outbox.poll_flush(cx))?;
    }
    ready!(outbox.poll_flush(cx))?;

    outbox.poll_shutdown(cx)
}

/// Reads what a client still sends, until it hangs up.
async fn hang_up(outbox: &Outbox) {
    let mut unread = [0; 512];

    poll_fn(|cx| {
        loop {
            let mut buffer = ReadBuf::new(&mut unread);
            match ready!(outbox.poll_read(cx, &mut buffer)) {
                Ok(()) if !buffer.filled().is_empty() => {}
                Ok(()) | Err(_) => return Poll::Ready(()),
            }
        }
    })
    .await;
}

/// Resolves some time after the gateway was told to stop.
async fn after(cancel: &CancellationToken, time: Duration) {
    cancel.cancelled().await;

    time::sleep(time).await;
}

/// What is wrong with what a client sent.
pub(crate) fn fault(code: &str, message: String, command_id: Option<Id>) -> Fault {
    Fault { code: code.to_owned(), message, command_id, detail: None }
}

/// A message of the gateway to one client.
pub(crate) fn say_to(name: String, body: SessionBody) -> Frame {
    SessionMessage { body, gate_id: name, timestamp: stamp::now(), id: None }.encode().into()
}

#[cfg(test)]
mod tests;
