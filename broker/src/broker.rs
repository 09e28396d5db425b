//! Takes the ports, serves, and stops in order.

use std::{convert::Infallible, io, net::SocketAddr, sync::Arc, time::Duration};

use schemas::Root;
use service::signal::Hangup;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::{
    config::Config,
    exchange::RouterHung,
    figures,
    front::Front,
    listener::{Listener, Origins, Transport, tls},
    metrics::Page,
};

/// A broker that has its ports and serves nobody yet.
pub struct Broker {
    listeners: Vec<Listener>,
    addresses: Vec<(Transport, SocketAddr)>,
    certificates: Option<(tls::Files, Hangup)>,
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
    /// The system does not tell us when to read the certificate again.
    #[error("cannot listen for signals")]
    Signals(#[source] io::Error),
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
    /// Takes the ports. Clients may connect from here on, and are served by [`Broker::run`].
    pub async fn bind(config: Config, root: Root) -> Result<Self, BindError> {
        config.validate()?;
        let certificates = match config.needs_tls() {
            true => {
                let hangup = Hangup::listen().map_err(BindError::Signals)?;
                Some((tls::Files::open(&config.tls)?, hangup))
            }
            false => None,
        };
        let files = certificates.as_ref().map(|(files, _)| files);
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
        let front = Front::open(&config.limits, root).await.map_err(|_| BindError::Router)?;

        Ok(Self {
            listeners,
            addresses,
            certificates,
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
        for listener in self.listeners {
            let clients = listener.serve(Arc::clone(&self.front), cancel.clone());
            listening.spawn(clients.in_current_span());
        }
        for page in self.pages {
            let monitors = page.serve(Arc::clone(&self.front), cancel.clone());
            listening.spawn(monitors.in_current_span());
        }

        let result = tokio::select! {
            biased;
            () = cancel.cancelled() => Ok(()),
            hung = self.front.exchange.watch() => Err(hung.into()),
            () = figures::publish(&self.front.figures, &self.front.exchange, self.figures_every) => {
                unreachable!("figures are published for ever")
            }
            never = watch(self.certificates) => match never {},
            Some(_) = listening.join_next() => unreachable!("clients are accepted for ever"),
        };

        cancel.cancel();
        while listening.join_next().await.is_some() {}
        result
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

async fn watch(certificates: Option<(tls::Files, Hangup)>) -> Infallible {
    match certificates {
        Some((files, hangup)) => files.watch(hangup).await,
        None => std::future::pending().await,
    }
}

fn refusal(key: &'static str, address: SocketAddr, source: io::Error) -> BindError {
    if source.kind() == io::ErrorKind::AddrInUse {
        BindError::PortTaken { key, address, source }
    } else {
        BindError::Listen { key, address, source }
    }
}
