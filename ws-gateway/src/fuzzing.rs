//! What the fuzz targets see of the gateway: its front, without a listener and without a broker.
//!
//! It is there with the feature `fuzzing`, which nothing but the workspace `fuzz/` asks for.

use std::{net::SocketAddr, sync::Arc};

use access::Access;
use schemas::Root;
use service::config::ConfigError;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    task::JoinSet,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    audit::Audit,
    config::{AuditFile, Config},
    http::{Site, fuzzing::Door},
    hub::Arrival,
    relay::Relay,
};

/// A gateway whose clients are handed to it.
#[derive(Debug)]
pub struct Bare {
    relay: Arc<Relay>,
    door: Door,
    sessions: TaskTracker,
    cancel: CancellationToken,
    shards: JoinSet<()>,
}

impl Bare {
    /// A gateway that nobody is connected to.
    ///
    /// # Errors
    ///
    /// The configuration is refused.
    pub fn open(config: Config, access: Access) -> Result<Self, ConfigError> {
        let config = Config { audit_file: AuditFile::None, ..config };
        let (audit, _) = Audit::open(&config)?;
        let relay = Arc::new(Relay::new(config, Root::default(), audit));
        let (sessions, cancel) = (TaskTracker::new(), CancellationToken::new());
        let mut shards = JoinSet::new();
        for shard in relay.hub.shards() {
            shards.spawn(shard.run(cancel.clone()));
        }
        let site = Site::new(
            Arc::clone(&relay),
            SocketAddr::from(([127, 0, 0, 1], 8000)),
            sessions.clone(),
            cancel.clone(),
            (service::mqtt::Config::default(), access),
        );

        Ok(Self { door: Door::new(site), relay, sessions, cancel, shards })
    }

    /// A message comes from the broker that this gateway does not have.
    pub fn hear(&self, topic: &str, bytes: &[u8]) {
        self.relay.take_in(topic, bytes, Arrival::Live);
    }

    /// Serves a client until its connection ends, or becomes a session.
    pub async fn serve<S>(&self, stream: S)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        self.door.serve(stream).await;
    }

    /// Sends everybody away, and returns when all have gone.
    ///
    /// # Panics
    ///
    /// A part panicked.
    pub async fn close(mut self) {
        self.cancel.cancel();
        self.sessions.close();
        self.sessions.wait().await;
        while let Some(end) = self.shards.join_next().await {
            end.expect("no shard panics");
        }
    }
}
