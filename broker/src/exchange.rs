//! Where published messages get their order, are retained and go to the router.
//!
//! The sequence number, the retained message and the place in the router's queue are given under
//! one lock that never waits: whoever subscribes can tell which messages its snapshot of the
//! retained ones has overtaken.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::{self, Instant};

use crate::{
    codec::Publication,
    figures::Figures,
    message::{Draft, Message, Origin},
    retained::{Capacity, Full, Retained},
    router::{Entrance, Event, Link, NoLink, Router},
};

/// How often the router is asked whether it is there, and how long it may take to answer.
const HEARTBEAT: Duration = Duration::from_secs(5);
const PATIENCE: Duration = Duration::from_secs(15);
/// The router tells nobody when it has room again.
const LOOK_AGAIN: Duration = Duration::from_millis(1);

/// The way of every message.
pub(crate) struct Exchange {
    router: Arc<Router>,
    inner: Mutex<Inner>,
    started: Instant,
    figures: Arc<Figures>,
}

struct Inner {
    sequence: u64,
    retained: Retained,
    /// Closed while the router is being replaced.
    entrance: Option<Entrance>,
}

/// The retained messages that match a filter.
pub(crate) struct Snapshot {
    /// Later messages have a higher number.
    pub(crate) sequence: u64,
    pub(crate) messages: Vec<Message>,
}

/// The router does not answer: a process that is half alive is worse than none.
#[derive(Debug, thiserror::Error)]
#[error("the router has not answered for {} s", PATIENCE.as_secs())]
pub(crate) struct RouterHung;

impl Exchange {
    pub(crate) async fn open(
        links: usize,
        capacity: Capacity,
        figures: Arc<Figures>,
    ) -> Result<Self, NoLink> {
        // One link more is the entrance, one the heartbeat, and some are being closed.
        let router = Router::start(links + 64);
        let entrance = Some(Entrance::new(router.attach().await?));
        let inner = Inner { sequence: 0, retained: Retained::new(capacity), entrance };

        Ok(Self { router, inner: Mutex::new(inner), started: Instant::now(), figures })
    }

    /// How long the broker has been there.
    pub(crate) fn now(&self) -> Duration {
        self.started.elapsed()
    }

    /// Publishes, after a wait where the router is behind.
    ///
    /// `Full` is for a message that should have been retained: it is not published either.
    pub(crate) async fn publish(
        &self,
        publication: &Publication,
        origin: Origin,
    ) -> Result<(), Full> {
        let mut draft = Draft::new(publication, origin, self.now());

        loop {
            draft = match self.admit(draft) {
                Ok(outcome) => return outcome,
                Err(waiting) => waiting,
            };
            time::sleep(LOOK_AGAIN).await;
        }
    }

    /// Gives a message its place, or gives it back while there is none.
    fn admit(&self, draft: Draft) -> Result<Result<(), Full>, Draft> {
        let mut inner = self.lock();
        let Inner { sequence, retained, entrance } = &mut *inner;
        let Some(open) = entrance.as_mut().and_then(Entrance::with_room) else {
            return Err(draft);
        };

        let message = draft.number(*sequence + 1);
        if message.retain()
            && let Err(full) = retained.keep(&message)
        {
            return Ok(Err(full));
        }
        *sequence += 1;
        if open.push(message).is_err() {
            // What a router that dies has not handed on is lost with it, this message included.
            *entrance = None;
            self.figures.dropped.add();
        }

        Ok(Ok(()))
    }

    /// The retained messages that match `filter`, as of now.
    pub(crate) fn snapshot(&self, filter: &str) -> Snapshot {
        let now = self.now();
        let inner = self.lock();

        Snapshot { sequence: inner.sequence, messages: inner.retained.matching(filter, now) }
    }

    /// How many messages are retained, once the expired ones are forgotten.
    pub(crate) fn sweep(&self) -> usize {
        let now = self.now();
        let mut inner = self.lock();
        inner.retained.sweep(now);

        inner.retained.len()
    }

    /// Makes a link for a subscriber.
    pub(crate) async fn attach(&self) -> Result<Link, NoLink> {
        self.router.attach().await
    }

    /// Opens a new entrance whenever the router had to be replaced; returns when it hangs.
    pub(crate) async fn watch(&self) -> RouterHung {
        loop {
            let Ok(mut link) = self.reopen().await else { return RouterHung };
            if let Err(hung) = heartbeat(&mut link).await {
                return hung;
            }
            self.lock().entrance = None;
        }
    }

    /// Opens an entrance, and makes a link that dies when the router behind that entrance does.
    async fn reopen(&self) -> Result<Link, NoLink> {
        loop {
            let (link, entrance) = (self.attach().await?, self.attach().await?);
            // The router may have died between the two.
            if link.generation() == entrance.generation() {
                self.lock().entrance = Some(Entrance::new(entrance));
                while self.figures.router_restarts.value() < link.generation() as u64 {
                    self.figures.router_restarts.add();
                }
                return Ok(link);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns when the router is dead, and says so when it is worse.
async fn heartbeat(link: &mut Link) -> Result<(), RouterHung> {
    loop {
        link.ping().await;
        match time::timeout(PATIENCE, link.next()).await {
            Ok(Ok(Event::Pong | Event::Message(..) | Event::Subscribed(_) | Event::Missed)) => {}
            Ok(Err(_died)) => return Ok(()),
            Err(_elapsed) => return Err(RouterHung),
        }
        if let Ok(Err(_died)) = time::timeout(HEARTBEAT, link.next()).await {
            return Ok(());
        }
    }
}

#[cfg(test)]
impl Exchange {
    pub(crate) fn kill_router(&self) {
        self.lock().entrance.as_mut().expect("the router is up").kill_router();
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use tokio::task::JoinSet;

    use super::*;
    use crate::codec::Qos;

    fn publication(payload: impl Into<Bytes>) -> Publication {
        Publication {
            topic: "a".into(),
            payload: payload.into(),
            qos: Qos::AtMostOnce,
            retain: false,
            expiry: None,
            properties: Bytes::new(),
        }
    }

    async fn exchange() -> Arc<Exchange> {
        let capacity = Capacity { messages: 10, bytes: 1 << 20 };
        Arc::new(Exchange::open(10, capacity, Arc::default()).await.unwrap())
    }

    async fn subscriber(exchange: &Exchange) -> Link {
        let mut link = exchange.attach().await.unwrap();
        link.subscribe(1, "#", 7).await;
        assert!(matches!(link.next().await, Ok(Event::Subscribed(7))));
        link
    }

    #[tokio::test]
    async fn a_router_that_dies_is_replaced() {
        let exchange = exchange().await;
        let mut watch = JoinSet::new();
        watch.spawn({
            let exchange = Arc::clone(&exchange);
            async move { exchange.watch().await }
        });
        let mut link = subscriber(&exchange).await;

        for restarts in 1..4 {
            exchange.kill_router();
            assert!(link.next().await.is_err());
            link = subscriber(&exchange).await;
            while exchange.figures.router_restarts.value() < restarts {
                assert!(watch.try_join_next().is_none(), "nobody watches");
                tokio::task::yield_now().await;
            }
            exchange.publish(&publication("y"), Origin::BROKER).await.unwrap();
            let Ok(Event::Message(1, message)) = link.next().await else { panic!("no message") };
            assert!(message.topic() == b"a");
        }
    }

    #[tokio::test]
    async fn a_link_that_falls_behind_is_told_so() {
        let exchange = exchange().await;
        let mut link = subscriber(&exchange).await;
        let large = Bytes::from(vec![0; 1 << 19]);
        for _ in 0..300 {
            exchange.publish(&publication("small"), Origin::BROKER).await.unwrap();
        }
        for _ in 0..20 {
            exchange.publish(&publication(large.clone()), Origin::BROKER).await.unwrap();
        }

        let mut heard = 0;
        while let Event::Message(..) = link.next().await.unwrap() {
            heard += 1;
        }
        assert!((200..320).contains(&heard), "{heard}");
    }

    #[tokio::test]
    async fn messages_are_numbered_in_their_order() {
        let exchange = exchange().await;
        let mut link = subscriber(&exchange).await;
        for _ in 0..100 {
            exchange.publish(&publication("x"), Origin(3)).await.unwrap();
        }

        for sequence in 1..=100 {
            let Ok(Event::Message(1, message)) = link.next().await else { panic!("no message") };
            assert_eq!((message.sequence(), message.origin()), (sequence, Origin(3)));
        }
    }
}
