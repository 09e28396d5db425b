//! rumqttd's router: which message goes to whom. The only file that names rumqttd.
//!
//! The router is a thread that knows links and filters. This file uses of it what is public and
//! holds up: links are made by one function, every message passes at QoS 0 (`message.rs` says what
//! it carries), and whoever owns a link is the one who closes it. Three things are paid attention
//! to because the router does not:
//!
//! - A link that falls behind the router's log is moved forward in silence; the offsets of what
//!   arrives tell, and the link says [`Event::Missed`].
//! - A thread that died takes its channels with it; every link notices, the first replaces it.
//! - The router remembers the name of every link there ever was; names are used again.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc},
    thread,
    time::Duration,
};

use bytes::Bytes;
use futures_util::FutureExt;
use rumqttd::{
    Forward, Notification, RouterConfig,
    local::{LinkBuilder, LinkError, LinkRx, LinkTx},
    protocol::{
        Disconnect, DisconnectReasonCode, Filter, Packet, PingReq, Publish, QoS, RetainForwardRule,
        Subscribe, SubscribeProperties, Unsubscribe,
    },
};
use tokio::{
    sync::{oneshot, watch},
    time::{self, Instant},
};
use tracing::warn;

use crate::message::{Message, routed};

/// The router keeps this much per filter for links that are not quite up to date.
const SEGMENT_BYTES: usize = 1 << 20;
const SEGMENTS: usize = 16;
/// How many messages a link is handed at once.
const HANDED_AT_ONCE: u64 = 200;
/// How much may wait for the router: well below what it keeps, or links could never catch up.
const WAITING_MESSAGES: usize = 1_000;
const WAITING_BYTES: usize = 1 << 20;
/// How long a router may refuse, or not answer: one that hangs is noticed within 5 s.
const PATIENCE: Duration = Duration::from_secs(4);
const ANSWER_WITHIN: Duration = Duration::from_secs(1);
const BETWEEN_ATTEMPTS: Duration = Duration::from_millis(10);

/// The channel of a router has a type without a name, so a closure holds it.
type Connect = Arc<dyn Fn(&str) -> Result<(LinkTx, LinkRx), Refusal> + Send + Sync>;

/// The running router, and its successors.
pub(crate) struct Router {
    config: RouterConfig,
    current: Mutex<Current>,
    /// Tells of each new desk: who has asked at the one before asks again.
    moved: watch::Sender<()>,
    names: Mutex<Names>,
}

struct Current {
    generation: usize,
    connect: Connect,
    desk: Desk,
}

/// A thread that asks the router for links, one after the other. To ask blocks until the router
/// answers, and one that dies over the question never does: then the thread is left behind, and
/// the next desk opens. So a router takes one thread with it, whatever waited for it.
struct Desk {
    number: usize,
    questions: mpsc::Sender<Question>,
}

struct Question {
    router: Arc<Router>,
    answer: oneshot::Sender<Option<Link>>,
}

#[derive(Debug, Default)]
struct Names {
    free: Vec<usize>,
    given: usize,
}

/// Why there is no link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refusal {
    RouterDied,
    NoAnswer,
}

/// The router thread is no more.
#[derive(Debug, thiserror::Error)]
#[error("the router died")]
pub(crate) struct RouterDied;

/// The router answers nobody.
#[derive(Debug, thiserror::Error)]
#[error("the router takes no further link")]
pub(crate) struct NoLink;

impl Router {
    /// Starts a router that takes up to `links` links.
    pub(crate) fn start(links: usize) -> Arc<Self> {
        let config = RouterConfig {
            max_connections: links,
            max_outgoing_packet_count: HANDED_AT_ONCE,
            max_segment_size: SEGMENT_BYTES,
            max_segment_count: SEGMENTS,
            ..RouterConfig::default()
        };
        let current = Current { generation: 0, connect: spawn(0, &config), desk: Desk::open(0) };

        Arc::new(Self {
            config,
            current: Mutex::new(current),
            moved: watch::Sender::new(()),
            names: Mutex::default(),
        })
    }

    /// Makes a link, on the next router if this one is dead.
    pub(crate) async fn attach(self: &Arc<Self>) -> Result<Link, NoLink> {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if let Some(link) = self.ask().await {
                return Ok(link);
            }
            time::sleep(BETWEEN_ATTEMPTS).await;
        }

        Err(NoLink)
    }

    async fn ask(self: &Arc<Self>) -> Option<Link> {
        let mut moved = self.moved.subscribe();
        let (answer, link) = oneshot::channel();
        let (desk, is_open) = {
            let current = lock(&self.current);
            let question = Question { router: Arc::clone(self), answer };
            (current.desk.number, current.desk.questions.send(question).is_ok())
        };

        if is_open {
            tokio::select! {
                biased;
                link = link => return link.ok().flatten(),
                _ = moved.changed() => return None,
                () = time::sleep(ANSWER_WITHIN) => {}
            }
        }
        self.move_from(desk);
        None
    }

    /// Opens another desk where this one answers nobody.
    fn move_from(&self, desk: usize) {
        let mut current = lock(&self.current);

        if current.desk.number == desk {
            current.desk = Desk::open(desk + 1);
            self.moved.send_replace(());
        }
    }

    fn connect(self: Arc<Self>) -> Option<Link> {
        let name = lock(&self.names).take();
        let (generation, connect) = {
            let current = lock(&self.current);
            (current.generation, Arc::clone(&current.connect))
        };

        match connect(&format!("link-{name}")) {
            Ok((sender, receiver)) => Some(Link {
                sender,
                receiver,
                name,
                generation,
                router: self,
                owes_wake: false,
                expected: HashMap::new(),
            }),
            Err(refusal) => {
                lock(&self.names).give_back(name);
                if refusal == Refusal::RouterDied {
                    self.replace(generation);
                }
                None
            }
        }
    }

    /// Starts the successor of a router that died, once.
    fn replace(&self, dead: usize) {
        let mut current = lock(&self.current);

        if current.generation == dead {
            let generation = dead + 1;
            warn!(generation, "The router died and is replaced");
            let desk = Desk::open(current.desk.number + 1);
            *current = Current { generation, connect: spawn(generation, &self.config), desk };
            self.moved.send_replace(());
        }
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the enum is the router's")]
fn spawn(generation: usize, config: &RouterConfig) -> Connect {
    let channel = rumqttd::Router::new(generation, config.clone()).spawn();

    Arc::new(move |name| {
        let link = LinkBuilder::new(name, channel.clone()).clean_session(true).build();
        link.map(|(sender, receiver, _)| (sender, receiver)).map_err(|error| match error {
            LinkError::Send(_) => Refusal::RouterDied,
            _ => Refusal::NoAnswer,
        })
    })
}

impl Desk {
    /// It closes when it is dropped. One that no thread can be had for answers nobody.
    fn open(number: usize) -> Self {
        let (questions, asked) = mpsc::channel::<Question>();
        let asking = thread::Builder::new().name("router-link".to_owned());
        let started = asking.spawn(move || {
            for Question { router, answer } in asked {
                if !answer.is_closed() {
                    // Whoever has stopped waiting gives the link back by dropping it.
                    drop(answer.send(router.connect()));
                }
            }
        });
        if let Err(error) = started {
            warn!(%error, "Cannot start a thread that asks the router");
        }

        Self { number, questions }
    }
}

impl Names {
    fn take(&mut self) -> usize {
        self.free.pop().unwrap_or_else(|| {
            self.given += 1;
            self.given
        })
    }

    fn give_back(&mut self, name: usize) {
        self.free.push(name);
    }
}

/// One subscriber, as the router sees it.
pub(crate) struct Link {
    sender: LinkTx,
    receiver: LinkRx,
    name: usize,
    generation: usize,
    router: Arc<Router>,
    /// The router waits to hear that its last batch has been taken.
    owes_wake: bool,
    /// Where in the router's log the next message of a subscription should stand.
    expected: HashMap<u32, u64>,
}

/// What a link hears.
#[derive(Debug)]
pub(crate) enum Event {
    /// A message for the subscription with that key.
    Message(u32, Message),
    /// All that was subscribed to up to this ticket is in effect.
    Subscribed(u16),
    /// Messages were lost: the link was too slow.
    Missed,
    /// The answer to [`Link::ping`].
    Pong,
}

impl Link {
    /// Which of the routers there have been this link belongs to.
    pub(crate) fn generation(&self) -> usize {
        self.generation
    }

    /// Subscribes; [`Event::Subscribed`] follows. Messages come with `key`, which is not 0.
    pub(crate) async fn subscribe(&mut self, key: u32, filter: &str, ticket: u16) {
        let filter = Filter {
            path: routed(filter),
            qos: QoS::AtMostOnce,
            nolocal: false,
            preserve_retain: false,
            retain_forward_rule: RetainForwardRule::Never,
        };
        let properties =
            SubscribeProperties { id: Some(key as usize), user_properties: Vec::new() };
        let subscribe = Subscribe { pkid: ticket, filters: vec![filter] };

        self.send(Packet::Subscribe(subscribe, Some(properties))).await;
    }

    /// Ends a subscription; messages that are on their way still come.
    pub(crate) async fn unsubscribe(&mut self, key: u32, filter: &str) {
        self.expected.remove(&key);
        let unsubscribe = Unsubscribe { pkid: 1, filters: vec![routed(filter)] };
        self.send(Packet::Unsubscribe(unsubscribe, None)).await;
    }

    /// Asks whether the router is there; [`Event::Pong`] follows.
    pub(crate) async fn ping(&mut self) {
        self.send(Packet::PingReq(PingReq)).await;
    }

    /// Waits for what comes next. May be dropped at any time without loss.
    pub(crate) async fn next(&mut self) -> Result<Event, RouterDied> {
        loop {
            if self.owes_wake {
                self.receiver.wake().await.map_err(|_| self.died())?;
                self.owes_wake = false;
            }
            let notification = self.receiver.next().await.map_err(|_| self.died())?;
            if let Some(event) = notification.and_then(|notification| self.understand(notification))
            {
                return Ok(event);
            }
        }
    }

    /// What is there already, if anything.
    pub(crate) fn try_next(&mut self) -> Option<Result<Event, RouterDied>> {
        self.next().now_or_never()
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the enums are the router's, and large")]
    fn understand(&mut self, notification: Notification) -> Option<Event> {
        match notification {
            Notification::Forward(forward) => self.forward(forward),
            Notification::Unschedule => {
                self.owes_wake = true;
                None
            }
            other => match Option::<Packet>::from(other)? {
                Packet::SubAck(acknowledgement, _) => Some(Event::Subscribed(acknowledgement.pkid)),
                Packet::PingResp(_) => Some(Event::Pong),
                _ => None,
            },
        }
    }

    fn forward(&mut self, forward: Forward) -> Option<Event> {
        let key = *forward.properties?.subscription_identifiers.last()? as u32;
        let (_, offset) = forward.cursor?;
        let message = Message::from_router(forward.publish.topic, forward.publish.payload);

        match self.expected.insert(key, offset + 1) {
            Some(expected) if expected != offset => Some(Event::Missed),
            Some(_) | None => Some(Event::Message(key, message)),
        }
    }

    /// Never waits for a router that lives and has room in its channel. One that is dead is noticed by
    /// `next`; one that hangs may keep the thread of whoever sends (`deadman.rs`).
    async fn send(&mut self, packet: Packet) {
        let _ = self.sender.send(packet).await;
    }

    fn died(&self) -> RouterDied {
        self.router.replace(self.generation);
        RouterDied
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        // The only public way to close a link, and only the owner may: an answer to `Unschedule`
        // that arrives after the end of its link would be the end of the router.
        let reason_code = DisconnectReasonCode::NormalDisconnection;
        let _ =
            self.sender.send(Packet::Disconnect(Disconnect { reason_code }, None)).now_or_never();
        lock(&self.router.names).give_back(self.name);
    }
}

/// Where messages enter the router: one for all, so that all see them in one order.
pub(crate) struct Entrance {
    link: Link,
    waiting_bytes: usize,
}

impl Entrance {
    pub(crate) fn new(link: Link) -> Self {
        Self { link, waiting_bytes: 0 }
    }

    /// The entrance, as long as the router keeps up. Where it does not, publishers wait.
    pub(crate) fn with_room(&mut self) -> Option<&mut Self> {
        let waiting = self.link.sender.buffer().len();
        if waiting == 0 {
            self.waiting_bytes = 0;
        }

        (waiting < WAITING_MESSAGES && self.waiting_bytes < WAITING_BYTES).then_some(self)
    }

    /// Hands a message to the router.
    pub(crate) fn push(&mut self, message: Message) -> Result<(), RouterDied> {
        self.waiting_bytes += message.size();
        let (topic, envelope) = message.into_router();

        self.push_raw(topic, envelope)
    }

    fn push_raw(&mut self, topic: Bytes, payload: Bytes) -> Result<(), RouterDied> {
        {
            let mut waiting = self.link.sender.buffer();
            if !waiting.is_empty() {
                // The router was told of what waits and has not come for it: it takes this, too.
                waiting.push_back(Packet::Publish(Publish::new(topic, payload, false), None));
                return Ok(());
            }
        }

        self.link.sender.publish(topic, payload).map(drop).map_err(|_| RouterDied)
    }
}

/// Nothing is left half done under these locks, so a poisoned one is as good as any.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(any(test, feature = "fuzzing"))]
impl Entrance {
    /// Makes the router panic, as a topic without the prefix does where there is a filter.
    pub(crate) fn kill_router(&mut self) {
        let _ = self.link.subscribe(u32::MAX, "+", 0).now_or_never();
        let _ = self.push_raw(Bytes::from_static("é".as_bytes()), Bytes::new());
    }
}

#[cfg(test)]
mod tests;
