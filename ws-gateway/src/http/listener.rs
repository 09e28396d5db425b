//! Accepts connections and serves HTTP on each, until the gateway stops.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, extract::Request};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinSet,
    time,
};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use super::{Site, client::Scheme, router};

/// How long a client may take to say what it wants.
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
    _place: Arc<OwnedSemaphorePermit>,
}

/// Serves until cancelled. Sessions go on by themselves.
pub(crate) async fn serve(listener: TcpListener, site: Site, cancel: CancellationToken) {
    let places = Arc::new(Semaphore::new(site.relay.config.limits.connections));
    let router = router(site);
    let mut connections = JoinSet::new();

    loop {
        tokio::select! {
            biased;
            () = cancel.cancelled() => break,
            Some(_) = connections.join_next() => {}
            accepted = accept(&listener, &places) => match accepted {
                Ok((stream, peer)) => {
                    connections.spawn(connection(stream, peer, router.clone(), cancel.clone()));
                }
                Err(error) => {
                    warn!(%error, "Cannot accept a connection");
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
async fn accept(listener: &TcpListener, places: &Arc<Semaphore>) -> io::Result<(TcpStream, Peer)> {
    let place = Arc::clone(places).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, address) = listener.accept().await?;

    Ok((stream, Peer { address, scheme: Scheme::Http, _place: Arc::new(place) }))
}

async fn connection(stream: TcpStream, peer: Peer, router: Router, cancel: CancellationToken) {
    // Without it the connection works, only later.
    let _ = stream.set_nodelay(true);
    let router = TowerToHyperService::new(router);
    let address = peer.address;
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer.clone());
        hyper::service::Service::call(&router, request)
    });
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
        () = cancel.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = end {
        debug!(%address, %error, "A connection broke");
    }
}
