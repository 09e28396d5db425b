//! What the fuzz targets see of the broker: the codec, and a front without listeners.
//!
//! It is there with the feature `fuzzing`, which nothing but the workspace `fuzz/` asks for.

use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use access::Access;
use bytes::{Buf, BytesMut};
use schemas::Root;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::sync::CancellationToken;

use crate::{
    Durability, Limits, Transport,
    codec::{
        Packet, Publish, Version,
        encode::{Alias, Outgoing},
        frame,
    },
    connection, figures,
    front::Front,
    listener::Peer,
    message::{Draft, Origin},
    outbox::Outbox,
    store::{Location, StoreError},
};

/// The longest packet that [`read`] takes.
pub const LONGEST: usize = 1 << 20;

/// What a client speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// MQTT 3.1.
    V31,
    /// MQTT 3.1.1.
    V311,
    /// MQTT 5.
    V5,
}

/// What became of one packet.
#[derive(Debug, PartialEq, Eq)]
pub enum Read {
    /// It may not be.
    Refused,
    /// It is a PUBLISH: what it says, and the packet that says the same to a subscriber.
    Publish {
        /// Everything but the DUP flag, in words.
        meaning: String,
        /// The packet.
        again: Vec<u8>,
    },
    /// It is something else.
    Other,
}

/// Takes the packets off `bytes` as a connection does, up to the first that is refused or cut short.
pub fn read(protocol: Protocol, bytes: &[u8]) -> Vec<Read> {
    let version = match protocol {
        Protocol::V31 => Version::V31,
        Protocol::V311 => Version::V311,
        Protocol::V5 => Version::V5,
    };
    let mut received = BytesMut::from(bytes);
    let mut read = Vec::new();

    while let Some(cut) = frame::cut(&mut received, LONGEST).transpose() {
        match cut.and_then(|frame| Packet::decode(frame, version)) {
            Ok(Packet::Publish(publish)) => read.push(write(&publish, version)),
            Ok(_) => read.push(Read::Other),
            Err(_) => {
                read.push(Read::Refused);
                break;
            }
        }
    }
    read
}

fn write(publish: &Publish, version: Version) -> Read {
    let Publish { publication, packet_id, alias } = publish;
    let message = Draft::new(publication, Origin::BROKER, Duration::ZERO).number(1);
    let by_name = !publication.topic.is_empty();
    let outgoing = Outgoing {
        message: &message,
        qos: message.qos(),
        packet_id: *packet_id,
        dup: false,
        retain: message.retain(),
        expiry: publication.expiry,
        identifiers: &[],
        alias: alias.map(if by_name { Alias::New } else { Alias::Known }),
    };
    let mut outbox = Outbox::default();
    outgoing.write(&mut outbox, version);
    let again = outbox.copy_to_bytes(outbox.remaining()).to_vec();
    assert_eq!(again.len(), outgoing.length(version), "the length of {publish:?}");

    Read::Publish { meaning: format!("{publish:?}"), again }
}

/// A broker without listeners: whoever is at the other end of any stream is its client.
pub struct Bare {
    front: Arc<Front>,
    stop: CancellationToken,
}

/// What there is of everything that a client can leave behind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stock {
    /// Sessions, with and without a client.
    pub sessions: usize,
    /// Of them, those without.
    pub away: usize,
    /// Subscriptions.
    pub subscriptions: usize,
    /// Levels of filters that are remembered.
    pub levels: usize,
    /// Connections that have said who they are.
    pub connections: usize,
    /// Connections that have not.
    pub waiting: usize,
    /// Both, as they are counted by address.
    pub addresses: usize,
    /// Retained messages.
    pub retained: usize,
    /// Routers that were replaced.
    pub routers: u64,
}

impl Bare {
    /// A broker that keeps what it stores in `store`, or nowhere.
    ///
    /// # Errors
    ///
    /// The store cannot be opened, or there is no router.
    pub async fn open(
        limits: &Limits,
        store: Option<PathBuf>,
        root: Root,
        access: Access,
    ) -> Result<Self, String> {
        let store = Location { path: store, durability: Durability::Crash };
        let front = Front::open(limits, store, root, access).await;

        Ok(Self {
            front: Arc::new(front.map_err(|error| error.to_string())?),
            stop: CancellationToken::new(),
        })
    }

    /// Serves a client until it leaves or the broker stops.
    pub fn serve<S>(
        &self,
        io: S,
        address: IpAddr,
        certificate_name: Option<&str>,
    ) -> impl Future<Output = ()> + use<S>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let (front, stop) = (Arc::clone(&self.front), self.stop.clone());
        let peer = Peer {
            address: SocketAddr::new(address, 1),
            certificate_name: certificate_name.map(Into::into),
            transport: Transport::Tcp,
        };
        let place = front.doorstep.enter(address);

        async move {
            if let Ok((place, _counted)) = place {
                connection::serve(io, peer, place, &front, &stop).await;
            }
        }
    }

    /// Does what a broker does besides serving clients, for as long as it is polled.
    ///
    /// A router that seems to hang is looked at again: where the clock is not that of the world it
    /// may seem so.
    pub fn work(&self, figures_every: Duration) -> impl Future<Output = ()> + use<> {
        let front = Arc::clone(&self.front);
        let store = front.exchange.store().clone();
        let watch = {
            let front = Arc::clone(&front);
            async move {
                loop {
                    front.exchange.watch().await;
                }
            }
        };

        async move {
            tokio::select! {
                () = watch => {}
                failed = store.failed() => panic!("the store has failed: {failed}"),
                () = front.expire() => {}
                () = figures::publish(&front, figures_every) => {}
            }
        }
    }

    /// Tells everybody that the broker stops; what [`Bare::serve`] returned ends.
    pub fn stop(&self) {
        self.stop.cancel();
    }

    /// Closes the store. The router is dead afterwards: it would never end by itself.
    pub async fn close(self) {
        let store = self.front.exchange.store().clone();
        self.kill_router();
        drop(self);
        loop {
            match store.clone().close().await {
                Ok(()) => return,
                // By a clock that is not the disk's.
                Err(StoreError::Slow) => {}
                Err(error) => panic!("the store cannot be closed: {error}"),
            }
        }
    }

    /// Whether there is a router, as far as anybody has noticed.
    pub fn has_router(&self) -> bool {
        self.front.exchange.has_router()
    }

    /// Makes the router die, if there is one; says whether there was.
    pub fn kill_router(&self) -> bool {
        self.front.exchange.kill_router()
    }

    /// Returns when the router has seen all that it was sent before.
    pub fn router_is_up_to_date(&self) -> impl Future<Output = ()> + use<> {
        let front = Arc::clone(&self.front);

        async move {
            // By a clock that is not the router's it may seem that there is none.
            while front.exchange.attach().await.is_err() {}
        }
    }

    /// What there is of everything.
    pub fn stock(&self) -> Stock {
        let Front { exchange, figures, registry, doorstep, connections, limits, .. } = &*self.front;
        let stock = exchange.sweep();

        Stock {
            sessions: registry.len(),
            away: registry.away(),
            subscriptions: stock.subscriptions,
            levels: exchange.levels(),
            connections: limits.connections - connections.available_permits(),
            waiting: doorstep.waiting(),
            addresses: doorstep.connections(),
            retained: stock.retained,
            routers: figures.router_restarts.value(),
        }
    }
}
