//! One client's connection: moves bytes and messages between its socket, its session and the
//! router, until one of them has enough.

#[cfg(test)]
mod tests;
mod transfer;

use std::{io, sync::Arc, time::Duration};

use access::User;
use bytes::BytesMut;
use service::doorstep::Place;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    task, time,
};
use tokio_util::sync::CancellationToken;
use tracing::{Span, debug, field, info, warn};

use self::transfer::{Moved, READ_AT_LEAST, farewell, make_room, move_bytes};
use crate::{
    codec::{Packet, PacketId, Publication, Reason, Will, encode, frame},
    exchange::Way,
    front::Front,
    handshake::{self, Admitted, TurnedAway},
    keep_alive::KeepAlive,
    listener::Peer,
    pace::Pace,
    registry::Claim,
    router::{Event, Link, NoLink, RouterDied},
    session::{Asked, Close, Due, Route, Session, Step, TOO_SLOW},
    store::{Store, Ticket},
};

/// A client that does not read its answers is not read from.
const OUTBOX_FULL: usize = 1 << 20;
/// How many answers may wait for the disk before nothing more is read.
const UNANSWERED: usize = 1_000;
/// How many packets of one client are taken before others have their turn.
const PACKETS_AT_ONCE: usize = 256;
/// How many messages are taken from the router before the socket has its turn.
const MESSAGES_AT_ONCE: usize = 256;
/// How long what was published before a stop may take through the router.
const LAST_MESSAGES: Duration = Duration::from_millis(100);
/// How long a client may take to read why it was disconnected.
const FAREWELL: Duration = Duration::from_secs(1);
/// Somebody changed the file of users.
const REVOKED: Close =
    Close::new(Reason::AdministrativeAction, "the user was changed or removed since it logged in");

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
            // 3.14.2.1: DISCONNECT cannot say that the server is unavailable.
            Self::NoLink(_) => Some(Reason::ServerBusy),
            Self::Stopped => Some(Reason::ShuttingDown),
        }
    }
}

/// Serves whoever is at the other end, until it leaves or `cancel` fires.
///
/// `place` is where it waits among those who have not said who they are.
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
        () = place.sent_away() => Err(TurnedAway::CrowdedOut),
        admitted = handshake::receive(&mut io, &mut received, &peer, front) => admitted,
    };

    match admitted {
        Ok(admitted) => {
            drop(place);
            welcome(io, received, admitted, front, cancel).await;
        }
        Err(why) => {
            front.figures.turned_away(&why);
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
    let Admitted { connect, principal, owner, places: _places } = admitted;
    Span::current().record("client", field::display(&owner.client_id));
    let (claim, parked) = front.registry.claim(&owner).await;
    let version = connect.version;
    let allowed_silence = front.limits.keep_alive_seconds(version, connect.keep_alive);
    let expiry = front.limits.session_seconds(connect.session_expiry);
    let user = principal.user.clone();
    let (kept, session_present) =
        front.enter(&owner, parked, &principal, connect.clean_start, expiry).await;
    let offer = encode::Offer {
        session_present,
        assigned_client_id: connect.client_id.is_empty().then_some(&owner.client_id[..]),
        session_expiry: (expiry != connect.session_expiry).then_some(expiry),
        keep_alive: (allowed_silence != connect.keep_alive).then_some(allowed_silence),
        receive_maximum: front.limits.receive_maximum.get(),
        maximum_packet_size: front.limits.packet_size,
        topic_aliases: front.limits.topic_aliases,
    };
    let leaves_will = connect.will.is_some();
    if let Some(will) = &connect.will {
        front.store_will(&owner, will);
    }
    let mut session = Session::new(connect, kept, expiry, principal, &front.surroundings());
    encode::accept(session.outbox().open(), version, &offer);

    front.figures.connections.add();
    front.figures.connected.add();
    front.figures.connected_most.raise(front.figures.connected.value());
    info!(%user, ?version, session_present, "Client connected");
    let mut connection = Connection {
        io,
        received,
        session,
        link: None,
        keep_alive: KeepAlive::new(allowed_silence),
        pace: Pace::new(front.limits.publishes_per_second),
        leaves_will,
        front,
    };
    let end = connection.run(&claim, &user, cancel).await;
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
    /// There is none before the first subscription that is routed.
    link: Option<Link>,
    keep_alive: KeepAlive,
    pace: Pace,
    /// Whether it came with a will.
    leaves_will: bool,
    front: &'a Front,
}

impl<S> Connection<'_, S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    async fn run(&mut self, claim: &Claim, user: &User, cancel: &CancellationToken) -> End {
        tokio::select! {
            biased;
            () = stopped(cancel) => End::Stopped,
            () = claim.taken_over() => {
                Close::new(Reason::TakenOver, "the client connected again").into()
            }
            () = user.revoked() => REVOKED.into(),
            end = self.work() => match end {
                Ok(never) => match never {},
                Err(end) => end,
            },
        }
    }

    /// Nothing in here keeps the others waiting: each turn takes what is there of everything.
    async fn work(&mut self) -> Result<std::convert::Infallible, End> {
        let inbox = Arc::clone(&self.session.member().inbox);
        let store = self.front.exchange.store().clone();

        loop {
            self.take_packets().await?;
            self.take_messages().await?;
            self.settle()?;
            self.session.pump(self.front.exchange.now())?;
            self.record();

            let may_read = self.may_read() && self.pace.is_open();
            make_room(&mut self.received);
            let awaited = self.session.waits_for();
            tokio::select! {
                biased;
                moved = move_bytes(&mut self.io, &mut self.received, self.session.outbox(), may_read) => {
                    match moved? {
                        Moved::Out(bytes) => self.front.figures.bytes_sent.add_many(bytes),
                        Moved::In(bytes) => self.front.figures.bytes_received.add_many(bytes),
                    }
                }
                () = inbox.news() => {}
                event = next(&mut self.link) => self.take_event(event).await?,
                () = committed(&store, awaited) => {}
                () = self.pace.opens() => {}
                () = self.keep_alive.expired() => {
                    return Err(Close::new(Reason::KeepAliveTimeout, "the client went silent").into());
                }
            }
        }
    }

    /// A client that does not read its answers, or is too far ahead of the disk, is not read from.
    fn may_read(&mut self) -> bool {
        self.session.outbox().len() < OUTBOX_FULL && self.session.unanswered() < UNANSWERED
    }

    /// Takes the packets that are complete.
    async fn take_packets(&mut self) -> Result<(), End> {
        let maximum = self.front.limits.packet_size as usize;
        let mut taken = 0;

        while self.may_read()
            && self.pace.is_open()
            && let Some(frame) = frame::cut(&mut self.received, maximum).map_err(Close::from)?
        {
            self.keep_alive.heard();
            let packet = Packet::decode(frame, self.session.version()).map_err(Close::from)?;
            let step = self.session.packet(packet, self.front.exchange.now())?;
            self.take(step).await?;
            taken += 1;
            if taken % PACKETS_AT_ONCE == 0 {
                task::yield_now().await;
            }
        }
        Ok(())
    }

    async fn take(&mut self, step: Step) -> Result<(), End> {
        match step {
            Step::Done => Ok(()),
            Step::Refused => {
                self.count_publish();
                Ok(())
            }
            Step::Publish(publication, packet_id) => {
                self.publish(&publication, packet_id).await;
                Ok(())
            }
            Step::Subscribe(asked) => self.subscribe(asked).await,
            Step::Unsubscribe(routes) => {
                self.unsubscribe(routes).await;
                Ok(())
            }
            Step::Leave => Err(End::Left),
        }
    }

    async fn publish(&mut self, publication: &Publication, packet_id: Option<PacketId>) {
        self.count_publish();
        let incoming = self.session.incoming(publication.qos, packet_id);
        let origin = self.session.member().origin;
        let published = self.front.exchange.publish(publication, origin, incoming).await;

        // Noted before anything is awaited, where the connection may end: a message of QoS 2 that
        // is sent again must be known.
        match published {
            Ok(published) => {
                self.session.published(publication.qos, packet_id, Ok(published.ticket));
                published.relief().await;
            }
            Err(_full) => {
                let refused = Err(Reason::QuotaExceeded);
                self.session.published(publication.qos, packet_id, refused);
            }
        }
    }

    fn count_publish(&mut self) {
        if !self.pace.take() {
            self.front.figures.throttled.add();
        }
    }

    async fn subscribe(&mut self, asked: Vec<Asked>) -> Result<(), End> {
        let exchange = &self.front.exchange;
        let mut commit = None;
        let mut placed = Vec::new();
        for asked in asked {
            let Asked { key, request, identifier, way, wants_retained } = &asked;
            let member = self.session.member();
            let (way, ticket) =
                exchange.subscribe(member, *key, request, *identifier, *way, *wants_retained);
            commit = commit.max(ticket);
            placed.push((asked, way));
        }

        if let Some((routes, ticket)) = self.session.placed(placed, commit) {
            self.route(&routes, ticket).await?;
        }
        self.settle()
    }

    async fn route(&mut self, routes: &[Route], ticket: u16) -> Result<(), End> {
        let link = match &mut self.link {
            Some(link) => link,
            none => none.insert(self.front.exchange.attach().await?),
        };
        for route in routes {
            link.subscribe(route.key, &route.filter, ticket).await;
        }

        Ok(())
    }

    async fn unsubscribe(&mut self, routes: Vec<Route>) {
        // All of them before anything is awaited, where the connection may end.
        for Route { key, filter, way } in &routes {
            self.front.exchange.unsubscribe(self.session.member(), *key, filter, *way);
        }
        let Some(link) = &mut self.link else { return };
        for route in routes.iter().filter(|route| route.way == Way::Routed) {
            link.unsubscribe(route.key, &route.filter).await;
        }
    }

    /// Answers what is in effect or safe, and takes what is due to routed subscriptions.
    fn settle(&mut self) -> Result<(), End> {
        let exchange = &self.front.exchange;
        let is_committed = |ticket| exchange.store().is_committed(ticket);

        self.session.release(is_committed, exchange.now());
        for due in self.session.settle(is_committed) {
            match due {
                Due::Retained(route) => {
                    let snapshot = exchange.snapshot(&route.filter);
                    self.session.snapshot(route.key, snapshot);
                }
                Due::Missed(route, seen) => {
                    let messages = exchange.missed(&route.filter, seen);
                    self.session.missed(route.key, messages)?;
                }
            }
        }

        Ok(())
    }

    /// Tells the store what has become of the session.
    fn record(&mut self) {
        let changes = self.session.take_changes();
        if !changes.is_empty() {
            let ticket = self.front.exchange.store().submit(changes);
            self.session.recorded(ticket);
        }
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
            Ok(Event::Message(key, message)) => self.session.message(key, message)?,
            Ok(Event::Subscribed(ticket)) => self.session.subscribed(ticket),
            Ok(Event::Missed) => return Err(TOO_SLOW.into()),
            Ok(Event::Pong) => {}
            Err(_died) => {
                self.link = None;
                if let Some((routes, ticket)) = self.session.reroute() {
                    self.route(&routes, ticket).await?;
                }
            }
        }

        Ok(())
    }

    /// Gives the session back, and lets the client read why it was disconnected.
    async fn leave(mut self, end: End, claim: Claim) {
        self.link = None;
        let reason = end.reason();
        if let Some(reason) = reason {
            let detail = match &end {
                End::Closed(close) => close.detail,
                End::Left | End::Broken(_) | End::NoLink(_) | End::Stopped => "",
            };
            self.session.disconnect(reason, detail);
        }
        let outbox = std::mem::take(self.session.outbox());
        self.record();
        let stays = |will: &Will| match end {
            End::Stopped => false,
            End::Closed(REVOKED) => self.front.admission.outlives_its_user(will),
            End::Left | End::Broken(_) | End::Closed(_) | End::NoLink(_) => true,
        };
        let will = self.session.take_will().filter(stays);
        // The broker that is started next asks whether the client comes back.
        if self.leaves_will && will.is_none() && !matches!(end, End::Stopped) {
            self.front.forget_will(claim.owner());
        }
        self.front.leave(self.session, will, claim).await;

        if reason.is_some() {
            let _ = time::timeout(FAREWELL, farewell(&mut self.io, outbox)).await;
        }
    }
}

/// Waits for the store; for ever where there is nothing to wait for.
async fn committed(store: &Store, ticket: Option<Ticket>) {
    match ticket {
        Some(ticket) => store.committed(ticket).await,
        None => std::future::pending().await,
    }
}

/// Waits for the router; for ever where there is no link.
async fn next(link: &mut Option<Link>) -> Result<Event, RouterDied> {
    match link {
        Some(link) => link.next().await,
        None => std::future::pending().await,
    }
}
