//! One WebSocket connection: frames in, frames out, and a close that says why.
//!
//! Reading and writing go on side by side in one task, so that a client that reads slowly is
//! still heard. All that is pending leaves in one write.

mod dashboard;
mod end;
mod patience;

use std::time::Duration;

use futures_util::{
    FutureExt, SinkExt, StreamExt,
    stream::{SplitSink, SplitStream},
};
use schemas::{Fault, Id, MAX_MESSAGE, SessionBody, SessionMessage};
use service::stamp;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    time::{self, Instant, MissedTickBehavior},
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Message,
        protocol::{Role, WebSocketConfig},
    },
};
use tokio_util::sync::CancellationToken;

use crate::outbox::{Frame, Outbox};
pub(crate) use dashboard::Dashboard;
pub(crate) use end::End;
use patience::Patience;

/// What is pending leaves in writes of about this size.
const BATCH: usize = 64 * 1024;
/// Small, for it is there for every client: what clients send is short.
const READ_BUFFER: usize = 4 * 1024;
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

/// Serves one client until one of the two sides ends it.
pub(crate) async fn run<S>(
    socket: S,
    outbox: &Outbox,
    party: &mut impl Party,
    ping_every: Duration,
    cancel: &CancellationToken,
) -> End
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let socket = WebSocketStream::from_raw_socket(socket, Role::Server, Some(config())).await;
    let (mut sink, mut stream) = socket.split();

    let end = tokio::select! {
        biased;
        end = outbox.closed() => end,
        end = listen(&mut stream, outbox, party, ping_every * 2) => end,
        end = tell(&mut sink, outbox, ping_every, cancel) => end,
        () = after(cancel, DRAIN_WITHIN) => End::GoingAway,
    };

    let socket = sink.reunite(stream).expect("both halves are of this socket");
    part(socket, &end, cancel).await;
    end
}

/// Lets a client in only to say why it may not stay.
pub(crate) async fn refuse<S>(socket: S, end: &End, cancel: &CancellationToken)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let socket = WebSocketStream::from_raw_socket(socket, Role::Server, Some(config())).await;

    part(socket, end, cancel).await;
}

async fn listen<S>(
    stream: &mut SplitStream<WebSocketStream<S>>,
    outbox: &Outbox,
    party: &mut impl Party,
    silence: Duration,
) -> End
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut patience = Patience::default();
    let mut heard = Instant::now();

    loop {
        let frame = tokio::select! {
            biased;
            () = until(party.poll_timeout()) => {
                party.handle_timeout(Instant::now());
                continue;
            }
            frame = time::timeout_at(heard + silence, stream.next()) => frame,
        };
        let frame = match frame {
            Ok(Some(Ok(frame))) => frame,
            Ok(Some(Err(error))) => return End::of(&error),
            Ok(None) => return End::Left,
            Err(_) => return End::Silent,
        };

        heard = Instant::now();
        let Err(fault) = hear(party, &frame, heard) else { continue };
        outbox.push_event(&say_to(party.name(), SessionBody::Error(fault)));
        if patience.is_lost(heard) {
            return End::Flood;
        }
    }
}

fn hear(party: &mut impl Party, frame: &Message, now: Instant) -> Result<(), Fault> {
    match frame {
        Message::Text(text) => party.hear(text, now),
        Message::Binary(bytes) => Err(fault(
            "invalid",
            format!("a binary frame of {} bytes: send text frames, one message each", bytes.len()),
            None,
        )),
        Message::Ping(_) | Message::Pong(_) | Message::Close(_) | Message::Frame(_) => Ok(()),
    }
}

async fn tell<S>(
    sink: &mut SplitSink<WebSocketStream<S>, Message>,
    outbox: &Outbox,
    ping_every: Duration,
    cancel: &CancellationToken,
) -> End
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut ping = time::interval_at(Instant::now() + ping_every, ping_every);
    ping.set_missed_tick_behavior(MissedTickBehavior::Delay);

    loop {
        let mut frames: Vec<Message> = outbox.take(BATCH).into_iter().map(Message::Text).collect();
        if frames.is_empty() && cancel.is_cancelled() {
            return End::GoingAway;
        }
        if frames.is_empty() {
            tokio::select! {
                biased;
                () = cancel.cancelled() => {}
                _ = ping.tick() => frames.push(Message::Ping(Default::default())),
                () = outbox.filled() => {}
            }
        } else if ping.tick().now_or_never().is_some() {
            frames.push(Message::Ping(Default::default()));
        }

        if let Err(end) = send(sink, frames).await {
            return end;
        }
    }
}

async fn send<S>(
    sink: &mut SplitSink<WebSocketStream<S>, Message>,
    frames: Vec<Message>,
) -> Result<(), End>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    for frame in frames {
        sink.feed(frame).await.map_err(|error| End::of(&error))?;
    }

    sink.flush().await.map_err(|error| End::of(&error))
}

/// Says why, and waits until the client has heard it: a socket that is closed with something
/// unread in it takes the last words back.
async fn part<S>(mut socket: WebSocketStream<S>, end: &End, cancel: &CancellationToken)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let last_words = async {
        let said = match end.close_frame() {
            Some(frame) => socket.send(Message::Close(Some(frame))).await,
            None => socket.flush().await,
        };
        if said.is_ok() && socket.get_mut().shutdown().await.is_ok() {
            let _ = time::timeout(HANG_UP_WITHIN, hang_up(socket.get_mut())).await;
        }
    };

    tokio::select! {
        biased;
        () = last_words => {}
        () = time::sleep(CLOSE_WITHIN) => {}
        () = after(cancel, LAST_WORDS_WITHIN) => {}
    }
}

/// Reads what a client still sends, until it hangs up.
async fn hang_up(mut socket: impl AsyncRead + Unpin) {
    let mut unread = vec![0; READ_BUFFER];

    while socket.read(&mut unread).await.is_ok_and(|length| length > 0) {}
}

/// Resolves some time after the gateway was told to stop.
async fn after(cancel: &CancellationToken, time: Duration) {
    cancel.cancelled().await;

    time::sleep(time).await;
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

fn config() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(BATCH)
        .max_message_size(Some(MAX_MESSAGE))
        .max_frame_size(Some(MAX_MESSAGE))
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
