//! One client's connection: moves bytes and messages between its socket, its session and the
//! router, until one of them has enough.

#[cfg(test)]
mod tests;

use std::{future::poll_fn, io, pin::Pin, task::Poll, time::Duration};

use bytes::{Buf, BytesMut};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    time,
};
use tokio_util::{
    io::{poll_read_buf, poll_write_buf},
    sync::CancellationToken,
};
use tracing::{Span, debug, field, info, warn};

use crate::{
    codec::{Packet, Reason, encode, frame},
    front::Front,
    handshake::{self, Admitted, TurnedAway},
    keep_alive::KeepAlive,
    listener::{Peer, Place},
    registry::Claim,
    router::{Event, Link, NoLink, RouterDied},
    session::{Close, Route, Session, Step, TOO_SLOW},
};

/// Room for what comes next; a client that sends much is given more.
const READ_AT_LEAST: usize = 2 * 1024;
const READ_AT_MOST: usize = 256 * 1024;
/// A client that does not read its answers is not read from.
const OUTBOX_FULL: usize = 1 << 20;
/// How many messages are taken from the router before the socket has its turn.
const MESSAGES_AT_ONCE: usize = 256;
/// How long what was published before a stop may take through the router.
const LAST_MESSAGES: Duration = Duration::from_millis(100);
/// How long a client may take to read why it was disconnected.
const FAREWELL: Duration = Duration::from_secs(1);

/// How a connection ended.
#[derive(Debug, thiserror::Error)]
enum End {
    #[error("the client left")]
    Left,
    #[error("the connection broke")]
    Broken(#[from] io::Error),
    #[error("{0}")]
    Closed(#[from] Close),
    #[error("no further link to the router")]
    NoLink(#[from] NoLink),
    #[error("the broker stops")]
    Stopped,
}

impl End {
    /// What an MQTT 5 client is told.
    fn reason(&self) -> Option<Reason> {
        match self {
            Self::Left | Self::Broken(_) => None,
            Self::Closed(close) => Some(close.reason),
            Self::NoLink(_) => Some(Reason::ServerUnavailable),
            Self::Stopped => Some(Reason::ShuttingDown),
        }
    }
}

/// Serves whoever is at the other end, until it leaves or `cancel` fires.
///
/// `handshake` is its place among those who have not said who they are.
pub(crate) async fn serve<S>(
    mut io: S,
    peer: Peer,
    place: Place,
    front: &Front,
    cancel: &CancellationToken,
) where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut received = BytesMut::with_capacity(READ_AT_LEAST);
    if let Some(name) = &peer.certificate_name {
        Span::current().record("certificate", field::display(name));
    }
    let admitted = tokio::select! {
        biased;
        () = cancel.cancelled() => return,
        () = place.sent_away() => Err(TurnedAway::Silent),
        admitted = handshake::receive(&mut io, &mut received, front) => admitted,
    };

    match admitted {
        Ok(admitted) => {
            drop(place);
            welcome(io, received, admitted, front, cancel).await;
        }
        Err(why) => {
            front.figures.turned_away.add();
            debug!(reason = %why, "Turned a connection away");
            handshake::turn_away(&mut io, &why).await;
        }
    }
}

/// Lets a client in, and cleans up behind it.
async fn welcome<S>(
    io: S,
    received: BytesMut,
    admitted: Admitted,
    front: &Front,
    cancel: &CancellationToken,
) where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let Admitted { connect, principal, client_id, place: _place } = admitted;
    Span::current().record("client", field::display(&client_id));
    let claim = front.registry.claim(&client_id).await;
    let keep_alive = KeepAlive::new(connect.keep_alive);
    let offer = encode::Offer {
        assigned_client_id: connect.client_id.is_empty().then_some(&client_id[..]),
        maximum_packet_size: front.limits.packet_size,
        topic_aliases: front.limits.topic_aliases,
        session_expiry_asked: connect.session_expiry > 0,
    };
    let version = connect.version;
    let mut session = Session::new(connect, front.next_origin(), principal, &front.surroundings());
    encode::accept(session.outbox().open(), version, &offer);

    front.figures.connections.add();
    front.figures.connected.add();
    info!(?version, "Client connected");
    let mut connection = Connection { io, received, session, link: None, keep_alive, front };
    let end = connection.run(&claim, cancel).await;
    report(&end, front);
    front.figures.connected.subtract();
    connection.leave(end, claim).await;
}

fn report(end: &End, front: &Front) {
    match end {
        End::Left | End::Stopped => info!(reason = %end, "Client disconnected"),
        End::Broken(error) => info!(reason = %end, %error, "Client disconnected"),
        End::Closed(_) | End::NoLink(_) => warn!(reason = %end, "Client disconnected"),
    }
    if matches!(end, End::Closed(close) if *close == TOO_SLOW) {
        front.figures.slow_clients.add();
    }
}

/// Resolves soon after the broker was told to stop: what was published before is on its way through
/// the router, and its subscribers get it.
async fn stopped(cancel: &CancellationToken) {
    cancel.cancelled().await;

    time::sleep(LAST_MESSAGES).await;
}

struct Connection<'a, S> {
    io: S,
    received: BytesMut,
    session: Session,
    /// There is none before the first subscription.
    link: Option<Link>,
    keep_alive: KeepAlive,
    front: &'a Front,
}

impl<S> Connection<'_, S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    async fn run(&mut self, claim: &Claim, cancel: &CancellationToken) -> End {
        tokio::select! {
            biased;
            () = stopped(cancel) => End::Stopped,
            () = claim.taken_over() => {
                Close::new(Reason::TakenOver, "the client connected again").into()
            }
            end = self.work() => match end {
                Ok(never) => match never {},
                Err(end) => end,
            },
        }
    }

    /// Nothing in here keeps the others waiting: each turn takes what is there of everything.
    async fn work(&mut self) -> Result<std::convert::Infallible, End> {
        loop {
            self.take_packets().await?;
            self.take_messages().await?;

            let may_read = self.session.outbox().len() < OUTBOX_FULL;
            make_room(&mut self.received);
            tokio::select! {
                biased;
                moved = move_bytes(&mut self.io, &mut self.received, self.session.outbox(), may_read) => {
                    moved?;
                    self.session.pump(self.front.exchange.now());
                }
                event = next(&mut self.link) => self.take_event(event).await?,
                () = self.keep_alive.expired() => {
                    return Err(Close::new(Reason::KeepAliveTimeout, "the client went silent").into());
                }
            }
        }
    }

    /// Takes the packets that are complete.
    async fn take_packets(&mut self) -> Result<(), End> {
        let maximum = self.front.limits.packet_size as usize;

        while self.session.outbox().len() < OUTBOX_FULL
            && let Some(frame) = frame::cut(&mut self.received, maximum).map_err(Close::from)?
        {
            self.keep_alive.heard();
            let packet = Packet::decode(frame, self.session.version()).map_err(Close::from)?;
            let step = self.session.packet(packet, self.front.exchange.now())?;
            self.take(step).await?;
        }
        Ok(())
    }

    async fn take(&mut self, step: Step) -> Result<(), End> {
        match step {
            Step::Done => {}
            Step::Publish(publication, packet_id) => {
                let origin = self.session.origin();
                let reason = match self.front.exchange.publish(&publication, origin).await {
                    Ok(()) => Reason::Success,
                    Err(_full) => Reason::QuotaExceeded,
                };
                self.session.published(packet_id, reason);
            }
            Step::Subscribe(routes, ticket) => self.subscribe(&routes, ticket).await?,
            Step::Unsubscribe(routes) => {
                if let Some(link) = &mut self.link {
                    for route in routes {
                        link.unsubscribe(route.key, &route.filter).await;
                    }
                }
            }
            Step::Leave => return Err(End::Left),
        }

        self.settle()
    }

    async fn subscribe(&mut self, routes: &[Route], ticket: u16) -> Result<(), End> {
        let link = match &mut self.link {
            Some(link) => link,
            none => none.insert(self.front.exchange.attach().await?),
        };
        for route in routes {
            link.subscribe(route.key, &route.filter, ticket).await;
        }

        Ok(())
    }

    /// Answers what is in effect, and sends what is retained.
    fn settle(&mut self) -> Result<(), End> {
        for route in self.session.settle() {
            let snapshot = self.front.exchange.snapshot(&route.filter);
            self.session.snapshot(route.key, snapshot, self.front.exchange.now())?;
        }

        Ok(())
    }

    /// Takes what the router has at hand.
    async fn take_messages(&mut self) -> Result<(), End> {
        for _ in 0..MESSAGES_AT_ONCE {
            let Some(event) = self.link.as_mut().and_then(Link::try_next) else { return Ok(()) };
            self.take_event(event).await?;
        }

        Ok(())
    }

    async fn take_event(&mut self, event: Result<Event, RouterDied>) -> Result<(), End> {
        match event {
            Ok(Event::Message(key, message)) => {
                self.session.message(key, message, self.front.exchange.now())?;
            }
            Ok(Event::Subscribed(ticket)) => {
                self.session.subscribed(ticket);
                self.settle()?;
            }
            Ok(Event::Missed) => return Err(TOO_SLOW.into()),
            Ok(Event::Pong) => {}
            Err(_died) => {
                self.link = None;
                let step = self.session.reroute();
                Box::pin(self.take(step)).await?;
            }
        }

        Ok(())
    }

    /// Publishes the will, gives the name back, and lets the client read why.
    async fn leave(mut self, end: End, claim: Claim) {
        self.link = None;
        if let Some(will) = self.session.take_will().filter(|_| !matches!(end, End::Stopped)) {
            // A will that cannot be retained has nobody left to be told so.
            let _ = self.front.exchange.publish(&will.0, self.session.origin()).await;
        }
        drop(claim);

        if let Some(reason) = end.reason() {
            self.session.disconnect(reason);
            let _ = time::timeout(FAREWELL, self.farewell()).await;
        }
    }

    /// A socket that is closed while bytes are unread is reset, and the reason lost with it.
    async fn farewell(&mut self) -> io::Result<()> {
        while self.session.outbox().has_remaining() {
            self.io.write_buf(self.session.outbox()).await?;
        }
        self.io.shutdown().await?;
        loop {
            self.received.clear();
            if self.io.read_buf(&mut self.received).await? == 0 {
                return Ok(());
            }
        }
    }
}

/// Waits for the router; for ever where there is no link.
async fn next(link: &mut Option<Link>) -> Result<Event, RouterDied> {
    match link {
        Some(link) => link.next().await,
        None => std::future::pending().await,
    }
}

/// Writes what is to be written, or reads what has come: one system call. May be dropped.
async fn move_bytes<S>(
    io: &mut S,
    received: &mut BytesMut,
    outbox: &mut impl Buf,
    may_read: bool,
) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    poll_fn(|cx| {
        if outbox.has_remaining()
            && let Poll::Ready(written) = poll_write_buf(Pin::new(&mut *io), cx, outbox)
        {
            return Poll::Ready(written.and_then(some));
        }
        // TLS and WebSocket keep what the socket did not take.
        if let Poll::Ready(Err(error)) = Pin::new(&mut *io).poll_flush(cx) {
            return Poll::Ready(Err(error));
        }
        if may_read && let Poll::Ready(read) = poll_read_buf(Pin::new(&mut *io), cx, received) {
            return Poll::Ready(read.and_then(some));
        }
        Poll::Pending
    })
    .await
}

fn some(moved: usize) -> io::Result<()> {
    match moved {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        1.. => Ok(()),
    }
}

/// Grows with what comes, and gives back what one large packet needed.
fn make_room(received: &mut BytesMut) {
    if received.is_empty() && received.capacity() > READ_AT_MOST {
        *received = BytesMut::new();
    }
    if received.capacity() - received.len() < READ_AT_LEAST / 2 {
        received.reserve(received.len().clamp(READ_AT_LEAST, READ_AT_MOST));
    }
}
