//! What all connections share.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use schemas::Root;
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::{
    admission::Admission, config::Limits, exchange::Exchange, figures::Figures, listener::Doorstep,
    message::Origin, registry::Registry, retained::Capacity, router::NoLink, session::Surroundings,
};

/// The broker behind its listener.
pub(crate) struct Front {
    pub(crate) limits: Arc<Limits>,
    pub(crate) admission: Arc<Admission>,
    pub(crate) figures: Arc<Figures>,
    pub(crate) exchange: Exchange,
    pub(crate) registry: Arc<Registry>,
    /// Room for connections that have not said who they are.
    pub(crate) doorstep: Arc<Doorstep>,
    /// Room for those that have.
    pub(crate) connections: Arc<Semaphore>,
    last_origin: AtomicU64,
}

impl Front {
    pub(crate) async fn open(limits: &Limits, root: Root) -> Result<Self, NoLink> {
        let figures = Arc::new(Figures::default());
        let capacity =
            Capacity { messages: limits.retained_messages, bytes: limits.retained_bytes };
        let exchange = Exchange::open(limits.connections, capacity, Arc::clone(&figures)).await?;

        Ok(Self {
            admission: Arc::new(Admission::new(root)),
            figures,
            exchange,
            registry: Arc::default(),
            doorstep: Arc::new(Doorstep::new(limits.handshakes)),
            connections: Arc::new(Semaphore::new(limits.connections)),
            last_origin: AtomicU64::new(Origin::BROKER.0),
            limits: Arc::new(limits.clone()),
        })
    }

    /// A name for a client that has none (3.1.3.1); nobody else can have guessed it.
    pub(crate) fn invent_client_id(&self) -> String {
        format!("auto-{}", Uuid::now_v7().simple())
    }

    pub(crate) fn next_origin(&self) -> Origin {
        Origin(self.last_origin.fetch_add(1, Ordering::Relaxed) + 1)
    }

    pub(crate) fn surroundings(&self) -> Surroundings {
        Surroundings {
            admission: Arc::clone(&self.admission),
            figures: Arc::clone(&self.figures),
            limits: Arc::clone(&self.limits),
        }
    }
}
