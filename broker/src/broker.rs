//! The listener: binds, accepts, and stops in order.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use schemas::Root;
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    task::JoinSet,
    time,
};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, info, info_span, warn};

use crate::{config::Config, connection, exchange::RouterHung, figures, front::Front};

const BACKLOG: u32 = 1024;
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
}

/// The broker had to stop.
#[derive(Debug, thiserror::Error)]
pub enum BrokerError {
    /// No message gets through any more.
    #[error("the router hangs")]
    Router,
}

impl From<RouterHung> for BrokerError {
    fn from(_: RouterHung) -> Self {
        Self::Router
    }
}

impl Broker {
    /// Takes the port. Clients may connect from here on, and are served by [`Broker::run`].
    pub async fn bind(config: Config, root: Root) -> Result<Self, BindError> {
        config.validate()?;
        let listener = listen(config.listen).map_err(|source| refusal(config.listen, source))?;
        let address = listener.local_addr().map_err(|source| refusal(config.listen, source))?;
        let front = Front::open(&config.limits, root).await.map_err(|_| BindError::Router)?;

        Ok(Self { listener, address, front: Arc::new(front), figures_every: config.figures_every })
    }

    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `cancel` fires; then says good-bye and returns within two seconds.
    pub async fn run(self, cancel: CancellationToken) -> Result<(), BrokerError> {
        let mut clients = JoinSet::new();
        info!(address = %self.address, "The broker listens");

        let result = tokio::select! {
            biased;
            () = cancel.cancelled() => Ok(()),
            hung = self.front.exchange.watch() => Err(hung.into()),
            () = figures::publish(&self.front.figures, &self.front.exchange, self.figures_every) => {
                unreachable!("figures are published for ever")
            }
            () = self.accept(&mut clients, &cancel) => unreachable!("clients are accepted for ever"),
        };

        drop(self.listener);
        cancel.cancel();
        if time::timeout(STOP_WITHIN, drain(&mut clients)).await.is_err() {
            clients.shutdown().await;
        }
        result
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
                connection::serve(stream, handshake, &front, &cancel).await;
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
