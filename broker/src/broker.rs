//! Takes the ports, serves, and stops in order.

use std::{
    error::Error, io, net::SocketAddr, path::Path, process, sync::Arc, thread, time::Duration,
};

use access::Access;
use schemas::Root;
use service::{signal::Hangup, tls::Files};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, error};

use crate::{
    config::Config,
    deadman::Deadman,
    exchange::RouterHung,
    figures,
    front::{Front, OpenError},
    listener::{Listener, Origins, Transport, tls},
    metrics::Page,
    store::{Location, StoreError},
};

/// How long the last line of the log may take.
const LAST_LINE: Duration = Duration::from_millis(100);
/// The name of the store in the data directory.
const STORE: &str = "broker.db";

/// A broker that has its ports and serves nobody yet.
pub struct Broker {
    listeners: Vec<Listener>,
    addresses: Vec<(Transport, SocketAddr)>,
    certificates: Option<Files>,
    hangup: Hangup,
    access: Access,
    pages: Vec<Page>,
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
         stop that program, or set `{key}` to another port"
    )]
    PortTaken {
        /// The key that says so.
        key: &'static str,
        /// Where.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// The system does not let us.
    #[error("cannot listen on {address}, which `{key}` says")]
    Listen {
        /// The key that says so.
        key: &'static str,
        /// Where.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// The system does not tell us when to read files again.
    #[error("cannot listen for signals")]
    Signals(#[source] io::Error),
    /// There is no thread to be had.
    #[error("cannot start the router")]
    Router,
    /// The store is somebody else's, newer, or out of reach.
    #[error("cannot open the store")]
    Store(#[source] Box<dyn Error + Send + Sync>),
}

/// The broker had to stop.
#[derive(Debug, thiserror::Error)]
pub enum BrokerError {
    /// No message gets through any more.
    #[error("the router hangs")]
    Router,
    /// There is no thread to be had.
    #[error("cannot start a thread")]
    Thread(#[source] io::Error),
    /// Nothing can be stored any more.
    #[error("the store has failed")]
    Store(#[source] Box<dyn Error + Send + Sync>),
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
    /// Takes the ports, and reads the store, which is in `data_dir` unless configured otherwise.
    /// Clients may connect from here on, and are served by [`Broker::run`].
    ///
    /// On a hang-up signal, users and certificates are read again. Whoever wants changed users to be
    /// noticed without one has [`Access::watch_file`] run as well.
    pub async fn bind(
        config: Config,
        root: Root,
        access: Access,
        data_dir: &Path,
    ) -> Result<Self, BindError> {
        config.validate(&access)?;
        let hangup = Hangup::listen().map_err(BindError::Signals)?;
        let certificates = config.needs_tls().then(|| tls::open(&config.tls)).transpose()?;
        let files = certificates.as_ref();
        let origins = Arc::new(Origins::new(&config.websocket_origins));
        let listeners = config
            .listeners()
            .map(|(key, transport, address)| {
                Listener::bind(transport, address, files, &origins)
                    .map_err(|source| refusal(key, address, source))
            })
            .collect::<Result<Vec<_>, _>>()?;
        let addresses =
            listeners.iter().map(|listener| (listener.transport, listener.address)).collect();
        let pages = pages(&config).await?;
        let store = Location {
            path: Some(config.store.path.clone().unwrap_or_else(|| data_dir.join(STORE))),
            durability: config.store.durability,
        };
        let front = Front::open(&config.limits, store, root, access.clone()).await?;

        Ok(Self {
            listeners,
            addresses,
            certificates,
            hangup,
            access,
            pages,
            front: Arc::new(front),
            figures_every: config.figures_every,
        })
    }

    /// Everywhere it listens.
    pub fn addresses(&self) -> &[(Transport, SocketAddr)] {
        &self.addresses
    }

    /// Where it listens for this; the first address, where there are several.
    pub fn address(&self, transport: Transport) -> Option<SocketAddr> {
        self.addresses.iter().find(|(over, _)| *over == transport).map(|(_, address)| *address)
    }

    /// Where it tells its figures; the first address, where there are several.
    pub fn metrics(&self) -> Option<SocketAddr> {
        self.pages.first().map(|page| page.address)
    }

    /// Serves until `cancel` fires; then says good-bye and returns within two seconds.
    pub async fn run(self, cancel: CancellationToken) -> Result<(), BrokerError> {
        let mut listening = JoinSet::new();
        let store = self.front.exchange.store().clone();
        for listener in self.listeners {
            let clients = listener.serve(Arc::clone(&self.front), cancel.clone());
            listening.spawn(clients.in_current_span());
        }
        for page in self.pages {
            let monitors = page.serve(Arc::clone(&self.front), cancel.clone());
            listening.spawn(monitors.in_current_span());
        }

        let deadman = Deadman::watch(self.front.exchange.pulse(), || {
            error!("The router hangs and the broker with it: ending the process");
            // Its line may have to pass through another thread.
            thread::park_timeout(LAST_LINE);
            process::exit(1);
        });
        let deadman = deadman.map_err(BrokerError::Thread)?;
        let result = tokio::select! {
            biased;
            () = cancel.cancelled() => Ok(()),
            hung = self.front.exchange.watch() => Err(hung.into()),
            failed = store.failed() => Err(failed.into()),
            () = self.front.expire() => unreachable!("sessions expire for ever"),
            () = figures::publish(&self.front, self.figures_every) => {
                unreachable!("figures are published for ever")
            }
            never = self.access.keep_up(self.hangup, self.certificates) => match never {},
            Some(_) = listening.join_next() => unreachable!("clients are accepted for ever"),
        };

        match &result {
            Err(BrokerError::Router) => deadman.stay_armed(),
            Ok(()) | Err(_) => drop(deadman),
        }
        cancel.cancel();
        while listening.join_next().await.is_some() {}
        match result {
            Ok(()) => Ok(store.close().await?),
            Err(error) => Err(error),
        }
    }
}

async fn pages(config: &Config) -> Result<Vec<Page>, BindError> {
    let mut pages = Vec::new();
    for address in config.metrics.iter() {
        let page = Page::bind(address).await;
        pages.push(page.map_err(|source| refusal("broker.metrics", address, source))?);
    }

    Ok(pages)
}

fn refusal(key: &'static str, address: SocketAddr, source: io::Error) -> BindError {
    if source.kind() == io::ErrorKind::AddrInUse {
        BindError::PortTaken { key, address, source }
    } else {
        BindError::Listen { key, address, source }
    }
}
