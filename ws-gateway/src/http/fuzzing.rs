//! The door of a gateway that is fuzzed: one connection after the other, each from the same place.

use std::{net::SocketAddr, sync::Arc};

use service::doorstep::Doorstep;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::Semaphore,
};

use super::{
    Site,
    client::Scheme,
    listener::{Desk, Peer},
};

/// Lets clients in that no listener has accepted.
pub(crate) struct Door {
    desk: Desk,
    doorstep: Arc<Doorstep>,
    places: Arc<Semaphore>,
}

impl Door {
    pub(crate) fn new(site: Site) -> Self {
        let limits = &site.relay.config.limits;
        let doorstep = Doorstep::new(limits.handshakes, limits.connections_per_address);
        let places = Arc::new(Semaphore::new(limits.connections));

        Self { desk: Desk::new(site), doorstep: Arc::new(doorstep), places }
    }

    /// Serves a client that speaks HTTP, as the listener would.
    pub(crate) async fn serve<S>(&self, stream: S)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let address = SocketAddr::from(([192, 0, 2, 7], 50_000));
        let Ok((place, counted)) = self.doorstep.enter(address.ip()) else { return };
        let Ok(permit) = Arc::clone(&self.places).acquire_owned().await else { return };
        let peer = Peer::new(address, Scheme::Http, permit, counted);

        self.desk.clone().serve(stream, peer, place).await;
    }
}

impl std::fmt::Debug for Door {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Door").finish_non_exhaustive()
    }
}
