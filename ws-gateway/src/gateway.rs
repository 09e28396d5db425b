//! The gateway as a whole: takes its port, serves, and stops in order.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use access::Access;
use schemas::Root;
use service::{config::ConfigError, signal::Hangup, tls::Files};
use tokio::{
    net::TcpListener,
    task::{JoinError, JoinSet},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{info, warn};

use crate::{
    audit::{self, Audit},
    config::{Config, Tls},
    http::{self, Site},
    relay::Relay,
    uplink,
};

/// How long the last clients and the broker may take to hear that the gateway stops.
const FAREWELL: Duration = Duration::from_secs(5);
/// What clients may agree on with the gateway, if they ask (RFC 7301).
const PROTOCOLS: [&[u8]; 1] = [b"http/1.1"];

/// A gateway that has its port and serves nobody yet.
#[derive(Debug)]
pub struct Gateway {
    listener: TcpListener,
    address: SocketAddr,
    relay: Arc<Relay>,
    audit: Option<audit::Writer>,
    mqtt: service::mqtt::Config,
    access: Access,
    certificates: Option<Files>,
    hangup: Hangup,
}

/// The gateway cannot start.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// It was asked for what may not be.
    #[error("cannot start the gateway")]
    Config(#[from] ConfigError),
    /// The system lets nobody listen for signals.
    #[error("cannot listen for signals")]
    Signals(#[source] io::Error),
    /// Somebody else was first.
    #[error(
        "cannot listen on {address}: another program uses port {}; \
         stop that program, or set `gateway.listen` to another port", address.port()
    )]
    PortTaken {
        /// Where.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// The system does not let us.
    #[error("cannot listen on {address}: set `gateway.listen` to an address of this machine")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
}

/// The gateway had to stop.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// A part of it has a bug.
    #[error("a part of the gateway panicked")]
    Panicked(#[from] JoinError),
}

impl Gateway {
    /// Takes the port. Clients may connect from here on, and are served by [`Gateway::run`].
    ///
    /// # Errors
    ///
    /// The configuration is refused, or the port cannot be had.
    pub async fn bind(
        config: Config,
        mqtt: service::mqtt::Config,
        root: Root,
        access: Access,
    ) -> Result<Self, BindError> {
        config.validate(&access)?;
        mqtt.validate()?;
        let certificates = config.tls.is_wanted().then(|| certificates(&config.tls)).transpose()?;
        let hangup = Hangup::listen().map_err(BindError::Signals)?;
        let wanted = config.listen;
        let listener = TcpListener::bind(wanted).await.map_err(|error| refusal(wanted, error))?;
        let address = listener.local_addr().map_err(|error| refusal(wanted, error))?;

        let (audit, writer) = Audit::open(&config)?;
        let relay = Arc::new(Relay::new(config, root, audit));

        Ok(Self { listener, address, relay, audit: writer, mqtt, access, certificates, hangup })
    }

    /// Whether it speaks HTTPS.
    pub fn has_tls(&self) -> bool {
        self.certificates.is_some()
    }

    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// How long it may take to stop.
    pub fn grace(&self) -> Duration {
        self.relay.config.drain + FAREWELL
    }

    /// Serves until `cancel` fires; then tells every client, the broker, and returns.
    ///
    /// # Errors
    ///
    /// A part of it panicked.
    pub async fn run(self, cancel: CancellationToken) -> Result<(), GatewayError> {
        let Self { listener, address, relay, audit, mqtt, access, certificates, hangup } = self;
        let (closing, clients_gone) = (CancellationToken::new(), CancellationToken::new());
        let silent = CancellationToken::new();
        let sessions = TaskTracker::new();
        let site = Site::new(
            Arc::clone(&relay),
            address,
            sessions.clone(),
            closing.clone(),
            (mqtt.clone(), access.clone()),
        );
        info!(%address, tls = certificates.is_some(), "The gateway listens");
        let is_open = !address.ip().is_loopback() && relay.config.trusted_proxies.is_empty();
        if is_open && certificates.is_none() {
            warn!(
                %address,
                "Passwords and tokens travel in the clear: set `gateway.tls`, or put a reverse proxy \
                 with TLS in front of the gateway and name it in `gateway.trusted_proxies`"
            );
        }
        let tls = certificates.as_ref().map(Files::current);

        let mut parts = JoinSet::new();
        for shard in relay.hub.shards() {
            parts.spawn(shard.run(clients_gone.clone()));
        }
        parts.spawn(uplink::run(Arc::clone(&relay), mqtt, clients_gone.clone()));
        if let Some(audit) = audit {
            parts.spawn_blocking(|| audit.run());
        }
        parts.spawn({
            let (relay, closing) = (Arc::clone(&relay), closing.clone());
            async move {
                cancel.cancelled().await;
                relay.hear_out().await;
                relay.hub.drain(relay.config.drain).await;
                closing.cancel();
            }
        });
        parts.spawn({
            let silent = silent.clone();
            async move {
                closing.cancelled().await;
                sessions.close();
                sessions.wait().await;
                // Until then whoever comes is told to come elsewhere.
                silent.cancel();
            }
        });
        parts.spawn(async move {
            tokio::select! {
                biased;
                () = http::serve(listener, tls, site, silent) => {}
                never = access.keep_up(hangup, certificates) => match never {},
            }
            // The broker is left last: until then it is told which controllers went.
            clients_gone.cancel();
            relay.audit.close();
        });

        while let Some(end) = parts.join_next().await {
            end?;
        }
        Ok(())
    }
}

fn certificates(tls: &Tls) -> Result<Files, ConfigError> {
    Files::identity(tls.certificate.clone(), tls.key.clone(), &PROTOCOLS)
        .map_err(|error| error.refused("gateway.tls", "authority"))
}

fn refusal(address: SocketAddr, source: io::Error) -> BindError {
    if source.kind() == io::ErrorKind::AddrInUse {
        BindError::PortTaken { address, source }
    } else {
        BindError::Listen { address, source }
    }
}
