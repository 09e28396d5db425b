//! One connection, from CONNECT to its end.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use bytes::Bytes;
use journal::Entry;
use rumqttc::{
    AsyncClient, ClientError, Event, EventLoop, Incoming, Outgoing, Publish, PublishOptions, QoS,
    SubscribeFilter, SubscribeReasonCode,
};
use schemas::{Kind, MessageType, Retention, SystemState};
use service::stamp;
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, sleep_until, timeout},
};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::{
    Uplink,
    window::{Token, Window},
};
use crate::commands::{Arrival, Delivery};

/// How long the broker may take to let the agent in.
const CONNECT: Duration = Duration::from_secs(5);
/// How long it may take to say goodbye.
const GOODBYE: Duration = Duration::from_secs(2);
/// Room for a whole window and the packets around it: handing over never waits.
const REQUESTS: usize = 128;
const EVENTS: usize = 64;
/// How many events are fetched from the journal at once.
const BATCH: usize = 32;
/// When the journal does not answer, it is asked again after this long.
const RETRY: Duration = Duration::from_secs(1);

/// Why a connection ended.
#[derive(Debug)]
pub(super) enum End {
    /// The agent is to stop.
    Stopped,
    /// The broker is gone, or was never there.
    Lost { reason: String, was_up: bool },
}

pub(super) struct Connection<'a> {
    uplink: &'a mut Uplink,
    client: AsyncClient,
    window: Window,
    /// Events from the journal that are next, and the last one that was fetched.
    entries: VecDeque<Entry>,
    fetched: u64,
    fetching: Fetching,
    /// The last event that there was when the journal was asked.
    asked_until: u64,
    subscribed: Option<Instant>,
    /// Whether Home Assistant has to be told of the gate.
    introduction: Introduction,
}

/// Whether Home Assistant knows the gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Introduction {
    Due,
    Done,
}

/// Whether the journal was asked for events.
#[derive(Debug)]
enum Fetching {
    No,
    Asked(oneshot::Receiver<Vec<Entry>>),
    /// It did not answer: its disk is in trouble.
    Failed(Instant),
}

impl<'a> Connection<'a> {
    /// Connects, works until something ends it, and puts back what did not get through.
    pub(super) async fn open(
        uplink: &'a mut Uplink,
        cancel: &CancellationToken,
    ) -> Result<(), End> {
        let client_id = format!("gate-agent-{}", uplink.voice.gate());
        let mut options = uplink
            .mqtt
            .options(&client_id)
            .map_err(|error| End::Lost { reason: error.to_string(), was_up: false })?;
        options.set_last_will(uplink.will());
        let (client, mut event_loop) = AsyncClient::builder(options).capacity(REQUESTS).build();
        event_loop.set_network_options(service::mqtt::network());
        let (events, inbox) = mpsc::channel(EVENTS);

        let mut connection = Connection {
            uplink,
            client,
            window: Window::default(),
            entries: VecDeque::new(),
            fetched: 0,
            fetching: Fetching::No,
            asked_until: 0,
            subscribed: None,
            introduction: Introduction::Due,
        };
        let end = tokio::select! {
            end = poll(event_loop, events) => Err(connection.lost(end)),
            end = connection.work(inbox, cancel) => end,
        };
        connection.put_back();

        end
    }

    async fn work(
        &mut self,
        mut inbox: mpsc::Receiver<Event>,
        cancel: &CancellationToken,
    ) -> Result<(), End> {
        let welcome = async {
            while self.subscribed.is_none() {
                let event = inbox.recv().await;
                self.on_event(event)?;
            }
            Ok(())
        };
        match cancel.run_until_cancelled(timeout(CONNECT, welcome)).await {
            None => return Err(End::Stopped),
            Some(Err(_)) => return Err(self.lost("the broker does not answer".to_owned())),
            Some(Ok(welcomed)) => welcomed?,
        }

        self.uplink.on_connected().await;
        let stopped = self.serve(&mut inbox, cancel).await;
        if stopped.is_ok() {
            self.say_goodbye(&mut inbox).await;
        }

        stopped
    }

    /// Works until the agent is to stop.
    async fn serve(
        &mut self,
        inbox: &mut mpsc::Receiver<Event>,
        cancel: &CancellationToken,
    ) -> Result<(), End> {
        let figures = Arc::clone(self.uplink.journal.figures());
        let mailbox = self.uplink.mailbox.clone();

        loop {
            self.hand_over()?;

            let has_room = self.window.has_room();
            tokio::select! {
                biased;
                () = cancel.cancelled() => return Ok(()),
                event = inbox.recv() => self.on_event(event)?,
                entries = fetched(&mut self.fetching) => self.on_fetched(entries),
                () = mailbox.posted(), if has_room => {}
                () = figures.appended() => {}
                Some(entry) = self.uplink.replays.recv(), if has_room => {
                    self.publish_entry(entry, Token::Once)?;
                }
            }
        }
    }

    /// Hands over what there is while the window has room: the mailbox first, which is short.
    fn hand_over(&mut self) -> Result<(), End> {
        while self.window.has_room() {
            if self.introduction == Introduction::Due {
                self.introduce()?;
            } else if let Some(post) = self.uplink.mailbox.take() {
                self.publish(post.kind, post.topic.clone(), post.bytes.clone(), Token::Post(post))?;
            } else if let Some(entry) = self.entries.pop_front() {
                let token = Token::Event(entry.seq);
                self.publish_entry(entry, token)?;
            } else {
                self.fetch();
                return Ok(());
            }
        }

        Ok(())
    }

    /// Tells Home Assistant of the gate, where that is wanted. It is retained, as a state is.
    fn introduce(&mut self) -> Result<(), End> {
        self.introduction = Introduction::Done;
        let Some(discovery) = &self.uplink.discovery else { return Ok(()) };

        let (topic, bytes) = (discovery.topic.clone(), discovery.bytes.clone());
        self.publish(MessageType::SystemStatus, topic, bytes, Token::Once)
    }

    /// Asks the journal for more, if there is more.
    fn fetch(&mut self) {
        let journal = &self.uplink.journal;

        let last = journal.figures().last_seq();
        if matches!(self.fetching, Fetching::No) && self.fetched < last {
            self.asked_until = last;
            self.fetching = Fetching::Asked(journal.unacknowledged(self.fetched, BATCH));
        }
    }

    fn on_fetched(&mut self, entries: Option<Vec<Entry>>) {
        self.fetching = Fetching::No;
        let Some(entries) = entries else { return };

        // All that were written before the question and are not in the answer are acknowledged.
        if let Some(last) = entries.last() {
            self.fetched = last.seq;
        } else {
            self.fetched = self.fetched.max(self.asked_until);
        }
        self.entries.extend(entries);
    }

    fn publish_entry(&mut self, entry: Entry, token: Token) -> Result<(), End> {
        self.publish(MessageType::ParkingEvent, entry.topic, entry.bytes.into(), token)
    }

    fn publish(
        &mut self,
        kind: MessageType,
        topic: String,
        bytes: Bytes,
        token: Token,
    ) -> Result<(), End> {
        let delivery = kind.delivery();
        let qos = match delivery.qos {
            schemas::Qos::AtMostOnce => QoS::AtMostOnce,
            schemas::Qos::AtLeastOnce => QoS::AtLeastOnce,
        };
        let retain = delivery.retention == Retention::Retained;

        self.window.hand_over(token);
        self.client
            .try_publish(topic, bytes, PublishOptions::new(qos).retain(retain))
            .map_err(|error| self.lost(error.to_string()))
    }

    fn on_event(&mut self, event: Option<Event>) -> Result<(), End> {
        match event {
            None => return Err(self.lost("the connection is closed".to_owned())),
            Some(Event::Incoming(Incoming::ConnAck(_))) => {
                self.subscribe().map_err(|error| self.lost(error.to_string()))?;
            }
            Some(Event::Incoming(Incoming::SubAck(granted))) => {
                self.on_subscribed(&granted.return_codes)?;
                self.subscribed = Some(Instant::now());
            }
            Some(Event::Incoming(Incoming::Publish(publish))) => self.on_publish(publish),
            Some(Event::Outgoing(Outgoing::Publish(packet_id))) => self.window.on_left(packet_id),
            Some(Event::Incoming(Incoming::PubAck(acknowledged))) => {
                if let Some(Token::Event(seq)) = self.window.on_acknowledged(acknowledged.pkid) {
                    self.uplink.journal.acknowledge(seq);
                }
            }
            Some(Event::Incoming(_) | Event::Outgoing(_)) => {}
        }

        Ok(())
    }

    /// Commands, and last the arrivals of Home Assistant.
    fn subscribe(&self) -> Result<(), ClientError> {
        let commands = MessageType::ALL
            .into_iter()
            .filter(|kind| kind.kind() == Kind::Command)
            .map(|kind| self.uplink.topic(kind));
        let births = self.uplink.discovery.iter().map(|discovery| discovery.birth.clone());
        let filters = commands.chain(births);

        self.client.try_subscribe_many(
            filters.map(|filter| SubscribeFilter::new(filter, QoS::AtLeastOnce)),
        )
    }

    /// A gate without commands is none; one that Home Assistant does not know is.
    fn on_subscribed(&self, codes: &[SubscribeReasonCode]) -> Result<(), End> {
        let of_births = usize::from(self.uplink.discovery.is_some());
        let (commands, births) = codes.split_at(codes.len().saturating_sub(of_births));

        if commands.contains(&SubscribeReasonCode::Failure) {
            return Err(self.lost("the broker refuses the gate its commands".to_owned()));
        }
        if births.contains(&SubscribeReasonCode::Failure) {
            warn!("The broker does not let the gate hear when Home Assistant has come");
        }

        Ok(())
    }

    fn on_publish(&mut self, publish: Publish) {
        // Ours are ASCII: what is no text was meant for nobody here.
        let Ok(topic) = String::from_utf8(publish.topic.into()) else { return };
        if let Some(discovery) = self.uplink.discovery.as_ref().filter(|d| d.birth == topic) {
            if discovery.is_wanted(&topic, &publish.payload) {
                self.introduction = Introduction::Due;
            }
            return;
        }
        let Some(subscribed) = self.subscribed.or_else(|| publish.retain.then(Instant::now)) else {
            return warn!(topic, "Arrived before the subscription: dropped");
        };
        let arrival = Arrival {
            topic,
            bytes: publish.payload,
            delivery: if publish.retain { Delivery::Retained } else { Delivery::Live },
            at: stamp::now(),
            subscribed,
        };

        // Whoever floods a gate with commands loses commands, and nobody else does.
        if let Err(error) = self.uplink.commands.try_send(arrival) {
            warn!(%error, "Too many commands at once: one is dropped");
        }
    }

    /// Says that the gate was stopped on purpose, so that nobody takes it for lost.
    async fn say_goodbye(&mut self, inbox: &mut mpsc::Receiver<Event>) {
        let goodbye = async {
            let topic = self.uplink.topic(MessageType::SystemStatus);
            let bytes = self.uplink.system_status(SystemState::Stopped);
            self.publish(MessageType::SystemStatus, topic, bytes.into(), Token::Once)?;
            while !self.window.is_empty() {
                let event = inbox.recv().await;
                self.on_event(event)?;
            }
            self.client.try_disconnect().map_err(|error| self.lost(error.to_string()))?;
            while let Some(event) = inbox.recv().await {
                if event == Event::Outgoing(Outgoing::Disconnect) {
                    break;
                }
            }
            Ok::<(), End>(())
        };

        if timeout(GOODBYE, goodbye).await.is_err() {
            warn!("The broker did not take the goodbye");
        }
    }

    fn lost(&self, reason: String) -> End {
        End::Lost { reason, was_up: self.subscribed.is_some() }
    }

    /// Events are fetched again from the journal; the rest is posted once more.
    fn put_back(self) {
        for token in self.window.into_unacknowledged() {
            match token {
                Token::Post(post) => self.uplink.mailbox.put_back(post),
                Token::Event(_) | Token::Once => {}
            }
        }
    }
}

/// Moves packets until the connection fails; says why.
async fn poll(mut event_loop: EventLoop, events: mpsc::Sender<Event>) -> String {
    loop {
        match event_loop.poll().await {
            Ok(event) => {
                if events.send(event).await.is_err() {
                    return "nobody listens".to_owned();
                }
            }
            Err(error) => return error.to_string(),
        }
    }
}

/// What the journal answers. Cancel-safe.
async fn fetched(fetching: &mut Fetching) -> Option<Vec<Entry>> {
    if let Fetching::Asked(answer) = fetching {
        match answer.await {
            Ok(entries) => return Some(entries),
            Err(_) => *fetching = Fetching::Failed(Instant::now() + RETRY),
        }
    }

    match fetching {
        Fetching::Failed(until) => sleep_until(*until).await,
        Fetching::No | Fetching::Asked(_) => std::future::pending().await,
    }
    None
}
