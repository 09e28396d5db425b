//! The listeners: accept connections, and turn each of them into a stream of MQTT.
//!
//! A handshake of TLS or WebSocket takes place in the task of its connection, within
//! `limits.connect_within` and counted by `limits.handshakes`: whoever is silent stops nobody.

mod peer;
pub(crate) mod tls;
mod websocket;

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use service::{
    doorstep::{Counted, Place},
    seldom::Seldom,
    tls::{Current, Files, chain},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpSocket, TcpStream},
    task::JoinSet,
    time,
};
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, debug, field, info, info_span, warn};

use crate::{connection, front::Front};

pub(crate) use peer::Peer;
pub use peer::Transport;
pub(crate) use websocket::Origins;

const BACKLOG: u32 = 1024;
/// How long clients may take to hear that the broker stops.
const STOP_WITHIN: Duration = Duration::from_millis(1_500);
/// How long a client may take to read the end of TLS.
const FAREWELL: Duration = Duration::from_secs(1);
/// How often it is logged that no connection can be accepted.
const TELL_EVERY: Duration = Duration::from_secs(1);
/// How long to wait when no further socket can be had.
const OUT_OF_SOCKETS: Duration = Duration::from_millis(50);

/// A port that is ours.
pub(crate) struct Listener {
    socket: TcpListener,
    pub(crate) address: SocketAddr,
    pub(crate) transport: Transport,
    door: Door,
}

/// What a connection has to pass before it speaks MQTT.
#[derive(Clone)]
enum Door {
    Tcp,
    Tls(Current),
    WebSocket(Arc<Origins>),
    WebSocketTls(Current, Arc<Origins>),
}

/// Why a connection does not get as far as MQTT.
#[derive(Debug, thiserror::Error)]
enum TurnedAway {
    #[error("no handshake in time")]
    Silent(#[from] time::error::Elapsed),
    #[error("no TLS")]
    Tls(#[from] tls::AcceptError),
    #[error("no WebSocket")]
    WebSocket(#[from] websocket::UpgradeError),
    #[error("too many others wait as well")]
    Crowded,
    #[error("the broker stops")]
    Stopped,
}

/// What the task of a connection is given.
struct Visit {
    peer: Peer,
    place: Place,
    counted: Counted,
    front: Arc<Front>,
    cancel: CancellationToken,
}

impl Listener {
    /// Takes a port.
    pub(crate) fn bind(
        transport: Transport,
        address: SocketAddr,
        certificates: Option<&Files>,
        origins: &Arc<Origins>,
    ) -> io::Result<Self> {
        let socket = listen(address)?;
        let address = socket.local_addr()?;
        let current = || certificates.expect("a listener with TLS has files").current();
        let door = match transport {
            Transport::Tcp => Door::Tcp,
            Transport::Tls => Door::Tls(current()),
            Transport::WebSocket => Door::WebSocket(Arc::clone(origins)),
            Transport::WebSocketTls => Door::WebSocketTls(current(), Arc::clone(origins)),
        };

        Ok(Self { socket, address, transport, door })
    }

    /// Serves until `cancel` fires; then says good-bye to everybody.
    pub(crate) async fn serve(self, front: Arc<Front>, cancel: CancellationToken) {
        let mut clients = JoinSet::new();
        info!(address = %self.address, transport = %self.transport, "The broker listens");
        if !self.address.ip().is_loopback() && !self.transport.is_encrypted() {
            warn!(
                address = %self.address,
                "Passwords and cards travel in the clear: use `broker.listen_tls` on a network that \
                 others share"
            );
        }

        tokio::select! {
            biased;
            () = cancel.cancelled() => {}
            () = self.accept(&mut clients, &front, &cancel) => {}
        }
        drop(self);
        if time::timeout(STOP_WITHIN, drain(&mut clients)).await.is_err() {
            clients.shutdown().await;
        }
    }

    async fn accept(
        &self,
        clients: &mut JoinSet<()>,
        front: &Arc<Front>,
        cancel: &CancellationToken,
    ) {
        let mut failures = Seldom::new(TELL_EVERY);

        loop {
            tokio::select! {
                biased;
                Some(_) = clients.join_next() => {}
                accepted = self.socket.accept() => match accepted {
                    Ok((stream, address)) => self.enter(stream, address, clients, front, cancel),
                    Err(error) => {
                        if let Some(failed) = failures.happened(front.exchange.now()) {
                            warn!(%error, failed, "Cannot accept a connection");
                        }
                        front.doorstep.make_room();
                        time::sleep(OUT_OF_SOCKETS).await;
                    }
                },
            }
        }
    }

    fn enter(
        &self,
        stream: TcpStream,
        address: SocketAddr,
        clients: &mut JoinSet<()>,
        front: &Arc<Front>,
        cancel: &CancellationToken,
    ) {
        let Ok((place, counted)) = front.doorstep.enter(address.ip()) else {
            front.figures.turned_away.add();
            front.figures.crowded_addresses.add();
            debug!(peer = %address, "Turned a connection away: its address has too many");
            return;
        };
        let peer = Peer { address, certificate_name: None, transport: self.transport };
        let (front, cancel) = (Arc::clone(front), cancel.clone());

        self.serve_one(stream, Visit { peer, place, counted, front, cancel }, clients);
    }

    fn serve_one(&self, stream: TcpStream, visit: Visit, clients: &mut JoinSet<()>) {
        // Without it, an answer may wait 40 ms for the client's next packet.
        let _ = stream.set_nodelay(true);
        let span = info_span!(
            "client",
            peer = %visit.peer.address,
            over = %visit.peer.transport,
            certificate = field::Empty,
            client = field::Empty
        );

        // One task for each kind: a connection in the clear has no room for TLS.
        match self.door.clone() {
            Door::Tcp => clients.spawn(visit.mqtt(stream).instrument(span)),
            Door::Tls(current) => {
                clients.spawn(visit.mqtt_over_tls(stream, current).instrument(span))
            }
            Door::WebSocket(origins) => {
                clients.spawn(visit.mqtt_over_websocket(stream, origins).instrument(span))
            }
            Door::WebSocketTls(current, origins) => {
                clients.spawn(visit.mqtt_over_both(stream, current, origins).instrument(span))
            }
        };
    }
}

impl Visit {
    async fn mqtt<S>(self, stream: S)
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let Self { peer, place, counted: _counted, front, cancel } = self;

        connection::serve(stream, peer, place, &front, &cancel).await;
    }

    async fn mqtt_over_tls(mut self, stream: TcpStream, current: Current) {
        match self.tls(stream, &current).await {
            Ok(mut stream) => {
                self.mqtt(&mut stream).await;
                // So that the client knows that nothing was cut off.
                let _ = time::timeout(FAREWELL, stream.shutdown()).await;
            }
            Err(why) => self.turn_away(&why),
        }
    }

    async fn mqtt_over_both(mut self, stream: TcpStream, current: Current, origins: Arc<Origins>) {
        match self.tls(stream, &current).await {
            Ok(stream) => self.mqtt_over_websocket(stream, origins).await,
            Err(why) => self.turn_away(&why),
        }
    }

    async fn mqtt_over_websocket<S>(self, stream: S, origins: Arc<Origins>)
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let longest = self.front.limits.packet_size;

        match self.in_time(websocket::accept(stream, &origins, longest)).await {
            Ok(mut socket) => {
                self.mqtt(&mut socket).await;
                socket.close().await;
            }
            Err(why) => self.turn_away(&why),
        }
    }

    async fn tls(
        &mut self,
        stream: TcpStream,
        current: &Current,
    ) -> Result<TlsStream<TcpStream>, TurnedAway> {
        let (stream, name) = self.in_time(tls::accept(stream, current)).await?;
        self.peer.certificate_name = name;

        Ok(stream)
    }

    /// The result of a handshake that does not take too long.
    async fn in_time<T, E>(
        &self,
        handshake: impl Future<Output = Result<T, E>>,
    ) -> Result<T, TurnedAway>
    where
        TurnedAway: From<E>,
    {
        let handshake = time::timeout(self.front.limits.connect_within, handshake);

        tokio::select! {
            biased;
            () = self.cancel.cancelled() => Err(TurnedAway::Stopped),
            () = self.place.sent_away() => Err(TurnedAway::Crowded),
            done = handshake => Ok(done??),
        }
    }

    fn turn_away(&self, why: &TurnedAway) {
        self.front.figures.turned_away.add();
        if matches!(why, TurnedAway::Crowded) {
            self.front.figures.crowded_out.add();
        }
        let reason = chain(why);

        match why {
            // Somebody who is trusted has a certificate that is of no use.
            TurnedAway::Tls(tls::AcceptError::Certificate(_) | tls::AcceptError::Name(_)) => {
                let now = self.front.exchange.now();
                if let Some(turned_away) = self.front.turned_away.happened(now) {
                    warn!(reason, turned_away, "Turned a connection away");
                }
            }
            TurnedAway::Silent(_)
            | TurnedAway::Tls(tls::AcceptError::Handshake(_))
            | TurnedAway::WebSocket(_)
            | TurnedAway::Crowded
            | TurnedAway::Stopped => debug!(reason, "Turned a connection away"),
        }
    }
}

async fn drain(clients: &mut JoinSet<()>) {
    while clients.join_next().await.is_some() {}
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // So that a restart need not wait for the last connections to be forgotten. On Windows the
    // option would let two programs have one port.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;

    socket.listen(BACKLOG)
}
