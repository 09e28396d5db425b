//! Accepts connections and serves HTTP on each, until the gateway stops.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{Router, extract::Request};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use service::{
    doorstep::{Counted, Doorstep, Place},
    tls::Current,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinSet,
    time,
};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use super::{Site, client::Scheme, router, stuck::Watched, upgrade::TakeOut};
use crate::figures::Figures;

/// How long a client may take to agree on TLS.
const HANDSHAKE_WITHIN: Duration = Duration::from_secs(5);
/// How long it may then take to say what it wants.
const HEADERS_WITHIN: Duration = Duration::from_secs(10);
/// How much of an answer waits for a client that reads slowly: a frame of a stream and little more.
const MAX_BUFFERED: usize = 64 * 1024;
/// How long to wait when no further socket can be had.
const OUT_OF_SOCKETS: Duration = Duration::from_millis(50);
/// How long requests may take to end when the gateway stops.
const STOP_WITHIN: Duration = Duration::from_millis(500);

/// Where a request came from. Its connection is counted as long as anybody has this.
#[derive(Debug, Clone)]
pub(super) struct Peer {
    pub(super) address: SocketAddr,
    /// What is spoken with it.
    pub(super) scheme: Scheme,
    _counted: Arc<(OwnedSemaphorePermit, Counted)>,
}

/// What each connection is served with.
#[derive(Clone)]
pub(super) struct Desk {
    router: Router,
    figures: Arc<Figures>,
    cancel: CancellationToken,
}

/// Serves until cancelled. Sessions go on by themselves.
pub(crate) async fn serve(
    listener: TcpListener,
    tls: Option<Current>,
    site: Site,
    cancel: CancellationToken,
) {
    let limits = &site.relay.config.limits;
    let places = Arc::new(Semaphore::new(limits.connections));
    let doorstep = Arc::new(Doorstep::new(limits.handshakes, limits.connections_per_address));
    let figures = Arc::clone(&site.relay.figures);
    let desk = Desk { cancel, ..Desk::new(site) };
    let mut connections = JoinSet::new();

    loop {
        tokio::select! {
            biased;
            () = desk.cancel.cancelled() => break,
            Some(_) = connections.join_next() => {}
            accepted = accept(&listener, &places) => match accepted {
                Ok((stream, address, permit)) => {
                    let Ok((place, counted)) = doorstep.enter(address.ip()) else {
                        debug!(%address, "Turned a connection away: its address has too many");
                        figures.refused_requests.count();
                        continue;
                    };
                    let scheme = if tls.is_some() { Scheme::Https } else { Scheme::Http };
                    let peer = Peer::new(address, scheme, permit, counted);
                    // One task for each kind: a connection in the clear has no room for TLS.
                    match tls.clone() {
                        None => connections.spawn(desk.clone().http(stream, peer, place)),
                        Some(tls) => connections.spawn(desk.clone().https(stream, tls, peer, place)),
                    };
                }
                Err(error) => {
                    warn!(%error, "Cannot accept a connection");
                    doorstep.make_room();
                    time::sleep(OUT_OF_SOCKETS).await;
                }
            },
        }
    }

    drop(listener);
    let _ = time::timeout(STOP_WITHIN, async { while connections.join_next().await.is_some() {} })
        .await;
}

/// Waits for a place first: who finds none waits in the system's queue.
async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, address) = listener.accept().await?;

    Ok((stream, address, place))
}

impl Peer {
    pub(super) fn new(
        address: SocketAddr,
        scheme: Scheme,
        permit: OwnedSemaphorePermit,
        counted: Counted,
    ) -> Self {
        Self { address, scheme, _counted: Arc::new((permit, counted)) }
    }
}

impl Desk {
    pub(super) fn new(site: Site) -> Self {
        let (figures, cancel) = (Arc::clone(&site.relay.figures), site.cancel.clone());

        Self { router: router(site), figures, cancel }
    }

    async fn https(self, stream: TcpStream, tls: Current, peer: Peer, place: Place) {
        // Without it the connection works, only later.
        let _ = stream.set_nodelay(true);
        let acceptor = TlsAcceptor::from(Arc::clone(&tls.borrow()));
        let address = peer.address;
        let handshake = time::timeout(HANDSHAKE_WITHIN, acceptor.accept(stream));

        let stream = tokio::select! {
            biased;
            () = self.cancel.cancelled() => return,
            () = place.sent_away() => return debug!(%address, "Too many others wait as well"),
            handshake = handshake => match handshake {
                Ok(Ok(stream)) => stream,
                Ok(Err(error)) => return debug!(%address, %error, "No TLS"),
                Err(_) => return debug!(%address, "No TLS in time"),
            },
        };
        self.serve(stream, peer, place).await;
    }

    async fn http(self, stream: TcpStream, peer: Peer, place: Place) {
        let _ = stream.set_nodelay(true);

        self.serve(stream, peer, place).await;
    }

    pub(super) async fn serve<S>(self, stream: S, peer: Peer, place: Place)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let router = TowerToHyperService::new(self.router);
        let address = peer.address;
        let sent_away = place.sent_away();
        // Whoever has asked for something does not wait any more.
        let place = Mutex::new(Some(place));
        let service = service_fn(move |mut request: Request<Incoming>| {
            drop(place.lock().unwrap_or_else(PoisonError::into_inner).take());
            request.extensions_mut().insert(peer.clone());
            request.extensions_mut().insert(TakeOut::of::<S>());
            hyper::service::Service::call(&router, request)
        });
        let (stream, taking) = Watched::new(stream);
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADERS_WITHIN)
            .max_buf_size(MAX_BUFFERED)
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades();
        tokio::pin!(connection);

        let end = tokio::select! {
            biased;
            end = &mut connection => end,
            () = self.cancel.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
            () = sent_away => return debug!(%address, "Too many others wait as well"),
            () = taking.stops() => {
                self.figures.stuck_connections.count();
                return debug!(%address, "It takes nothing of what it is sent");
            }
        };
        if let Err(error) = end {
            debug!(%address, %error, "A connection broke");
        }
    }
}
