//! The listener: binds, accepts, and stops in order.

use std::{io, net::SocketAddr, path::Path, sync::Arc, time::Duration};

use access::Access;
use schemas::Root;
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    task::JoinSet,
    time,
};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, info, info_span, warn};

use crate::{
    config::Config,
    connection,
    exchange::RouterHung,
    figures,
    front::{Front, OpenError},
    store::{Location, StoreError},
};

const BACKLOG: u32 = 1024;
/// The name of the store in the data directory.
const STORE: &str = "broker.db";
/// How long clients may take to hear that the broker stops.
const STOP_WITHIN: Duration = Duration::from_millis(1_500);
/// How long to wait when no further socket can be had.
const OUT_OF_SOCKETS: Duration = Duration::from_millis(50);

/// A broker that has its port and serves nobody yet.
pub struct Broker {
    listener: TcpListener,
    address: SocketAddr,
    front: Arc<Front>,
    figures_every: Duration,
}

/// The broker cannot start.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// It was asked for what may not be.
    #[error("cannot start the broker")]
    Config(#[from] service::config::ConfigError),
    /// Somebody else was first.
    #[error(
        "cannot listen on {address}: another program uses the port; \
         stop that program, or set `listen` to another port"
    )]
    PortTaken {
        /// Where.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// The system does not let us.
    #[error("cannot listen on {address}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// There is no thread to be had.
    #[error("cannot start the router")]
    Router,
    /// The store is somebody else's, newer, or out of reach.
    #[error("cannot open the store")]
    Store(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// The broker had to stop.
#[derive(Debug, thiserror::Error)]
pub enum BrokerError {
    /// No message gets through any more.
    #[error("the router hangs")]
    Router,
    /// Nothing can be stored any more.
    #[error("the store has failed")]
    Store(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl From<RouterHung> for BrokerError {
    fn from(_: RouterHung) -> Self {
        Self::Router
    }
}

impl From<StoreError> for BrokerError {
    fn from(error: StoreError) -> Self {
        Self::Store(Box::new(error))
    }
}

impl From<OpenError> for BindError {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Store(error) => Self::Store(Box::new(error)),
            OpenError::Router(_) => Self::Router,
        }
    }
}

impl Broker {
    /// Takes the port, and reads the store, which is in `data_dir` unless configured otherwise.
    /// Clients may connect from here on, and are served by [`Broker::run`].
    ///
    /// Whoever changes users while it runs has [`Access::watch_file`] run as well.
    pub async fn bind(
        config: Config,
        root: Root,
        access: Access,
        data_dir: &Path,
    ) -> Result<Self, BindError> {
        config.validate(&access)?;
        let listener = listen(config.listen).map_err(|source| refusal(config.listen, source))?;
        let address = listener.local_addr().map_err(|source| refusal(config.listen, source))?;
        let store = Location {
            path: Some(config.store.path.clone().unwrap_or_else(|| data_dir.join(STORE))),
            durability: config.store.durability,
        };
        let front = Front::open(&config.limits, store, root, access).await?;

        Ok(Self { listener, address, front: Arc::new(front), figures_every: config.figures_every })
    }

    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `cancel` fires; then says good-bye and returns within two seconds.
    pub async fn run(self, cancel: CancellationToken) -> Result<(), BrokerError> {
        let mut clients = JoinSet::new();
        let store = self.front.exchange.store().clone();
        info!(address = %self.address, "The broker listens");

        let result = tokio::select! {
            biased;
            () = cancel.cancelled() => Ok(()),
            hung = self.front.exchange.watch() => Err(hung.into()),
            failed = store.failed() => Err(failed.into()),
            () = self.front.expire() => unreachable!("sessions expire for ever"),
            () = figures::publish(&self.front, self.figures_every) => {
                unreachable!("figures are published for ever")
            }
            () = self.accept(&mut clients, &cancel) => unreachable!("clients are accepted for ever"),
        };

        drop(self.listener);
        cancel.cancel();
        if time::timeout(STOP_WITHIN, drain(&mut clients)).await.is_err() {
            clients.shutdown().await;
        }
        match result {
            Ok(()) => Ok(store.close().await?),
            Err(error) => Err(error),
        }
    }

    async fn accept(&self, clients: &mut JoinSet<()>, cancel: &CancellationToken) {
        loop {
            tokio::select! {
                biased;
                Some(_) = clients.join_next() => {}
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, peer)) => self.serve(stream, peer, clients, cancel),
                    Err(error) => {
                        warn!(%error, "Cannot accept a connection");
                        time::sleep(OUT_OF_SOCKETS).await;
                    }
                },
            }
        }
    }

    fn serve(
        &self,
        stream: TcpStream,
        peer: SocketAddr,
        clients: &mut JoinSet<()>,
        cancel: &CancellationToken,
    ) {
        let Ok(handshake) = Arc::clone(&self.front.handshakes).try_acquire_owned() else {
            self.front.figures.turned_away.add();
            return;
        };
        let (front, cancel) = (Arc::clone(&self.front), cancel.clone());
        let span = info_span!("client", %peer, client = tracing::field::Empty);

        clients.spawn(
            async move {
                // Without it, an answer may wait 40 ms for the client's next packet.
                let _ = stream.set_nodelay(true);
                connection::serve(stream, peer.ip(), handshake, &front, &cancel).await;
            }
            .instrument(span),
        );
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

fn refusal(address: SocketAddr, source: io::Error) -> BindError {
    if source.kind() == io::ErrorKind::AddrInUse {
        BindError::PortTaken { address, source }
    } else {
        BindError::Listen { address, source }
    }
}
