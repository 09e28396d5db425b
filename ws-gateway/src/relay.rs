//! What the parts of the gateway share, and the one place where messages of the broker are sorted.

use std::{
    error::Error,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use rumqttc::AsyncClient;
use schemas::{
    Answer, AnswerCode, Body, CONTRACT, Command, DecodeError, GateId, Id, Kind, Message,
    MessageType, Picture, Report, Root, SessionBody, Source, SystemState, SystemStatus, Timestamp,
    Topic, TopicError,
};
use service::stamp;
use tokio::{
    sync::Notify,
    time::{self, Instant},
};
use tracing::debug;

use crate::{
    allowance,
    audit::Audit,
    command::{self, Refusal},
    config::Config,
    controller::{self, Controllers},
    coverage::Coverage,
    demand::Demand,
    fetch::Fetches,
    figures::{By, Figures},
    hub::{About, Arrival, Channel, Hub, Outcome, say},
    outbox::Frame,
    pictures::Pictures,
    questions::Questions,
    streams::Streams,
    uplink::{BrokerUnavailable, Uplink},
};

/// How much of a topic that is not ours is shown.
const MAX_ORIGIN: usize = 200;
/// How long the broker may take to send the gateway its own words.
const ECHO: Duration = Duration::from_millis(500);

/// The gateway without its sockets.
#[derive(Debug)]
pub(crate) struct Relay {
    pub(crate) config: Config,
    pub(crate) root: Root,
    /// New at each start.
    pub(crate) boot: Id,
    pub(crate) started_at: Timestamp,
    pub(crate) started: Instant,
    pub(crate) hub: Hub,
    pub(crate) pictures: Pictures,
    pub(crate) fetches: Fetches,
    pub(crate) questions: Questions,
    pub(crate) streams: Streams,
    pub(crate) gates: allowance::Gates,
    pub(crate) audit: Audit,
    pub(crate) controllers: Controllers,
    pub(crate) demand: Arc<Demand>,
    pub(crate) uplink: Uplink,
    pub(crate) figures: Arc<Figures>,
    sessions: AtomicU64,
    /// The gateway heard itself say `stopped`.
    echo: Notify,
}

/// It came over MQTT, and is not a valid message of the contract.
#[derive(Debug, thiserror::Error)]
enum Invalid {
    #[error("not a topic of the contract")]
    Topic(#[from] TopicError),
    #[error("not a message of the contract")]
    Message(#[from] DecodeError),
    #[error("a retained `{0}`: only states are retained, so that nothing old looks new")]
    Retained(MessageType),
    #[error("more gates than `gateway.limits.gates` allows")]
    TooManyGates,
}

impl Relay {
    pub(crate) fn new(config: Config, root: Root, audit: Audit) -> Self {
        let figures = Arc::new(Figures::default());
        let limits = config.limits.clone();
        let covered = Coverage::at_first(&config);

        Self {
            root,
            boot: stamp::new_id(),
            started_at: stamp::now(),
            started: Instant::now(),
            hub: Hub::new(limits.clone(), covered, Arc::clone(&figures)),
            pictures: Pictures::new(limits.clone()),
            fetches: Fetches::default(),
            questions: Questions::default(),
            streams: Streams::default(),
            gates: allowance::Gates::new(&limits),
            audit,
            controllers: Controllers::default(),
            demand: Arc::new(Demand::new(&config)),
            uplink: Uplink::default(),
            figures,
            sessions: AtomicU64::new(0),
            echo: Notify::new(),
            config,
        }
    }

    /// A message came from the broker.
    pub(crate) fn take_in(&self, topic: &str, bytes: &[u8], arrival: Arrival) {
        self.figures.received.count();
        if arrival == Arrival::Live && self.demand.repeats.has_come(topic, bytes) {
            return;
        }

        if let Err(error) = self.sort(topic, bytes, arrival) {
            self.show_invalid(topic, bytes.len(), &error);
        }
    }

    /// Keeps nothing as the latest of a gate that is not heard whole.
    pub(crate) fn forget_all_but(&self, covered: &Coverage) {
        self.hub.forget_all_but(covered);
        self.pictures.forget_all_but(covered);
    }

    /// The broker is there, and will tell all that happens from here on.
    pub(crate) fn subscribed(&self, client: AsyncClient) {
        self.uplink.open(client);
        if self.figures.broker_connections.total() > 0 {
            self.hub.resume_after_gap(stamp::now());
        }
        self.figures.broker_connections.count();

        // A broker that is lost at this very moment is noticed by the uplink, which comes back here.
        let _ = self.publish(&self.own_status(SystemState::Online));
        controller::announce_all(self);
    }

    /// Says `stopped`, and waits until that comes back: by then all that was published before, such
    /// as the `stopped` of gates, is on its way to the clients.
    pub(crate) async fn hear_out(&self) {
        if self.publish(&self.own_status(SystemState::Stopped)).is_ok() {
            // A broker that does not answer is not worth more of anybody's time.
            let _ = time::timeout(ECHO, self.echo.notified()).await;
        }
    }

    /// Publishes what the gateway says itself, or says for a controller.
    pub(crate) fn publish(&self, report: &Report) -> Result<(), BrokerUnavailable> {
        self.publish_bytes(&report.topic(), report.encode())
    }

    pub(crate) fn publish_bytes(
        &self,
        topic: &Topic,
        bytes: Vec<u8>,
    ) -> Result<(), BrokerUnavailable> {
        self.uplink.publish(topic.below(&self.root), topic.message_type().delivery(), bytes)
    }

    /// Shows something on `admin`.
    pub(crate) fn tell_admin(&self, body: SessionBody) {
        self.hub.tell_admin(About::House, None, &say(&Channel::Admin, body, stamp::now()));
    }

    /// Whether anybody could act on a command to this gate, and otherwise why not.
    pub(crate) fn reach(&self, gate: &GateId) -> Result<(), Refusal> {
        if !self.uplink.is_open() {
            return Err(Refusal::no_broker());
        }
        let message = match self.hub.system_status(gate) {
            Some(status) if is_running(status.state) => return Ok(()),
            Some(_) => format!("{gate} is offline: start its agent, or look at its network"),
            // A controller that predates `system_status` is known by its other states.
            None if self.hub.knows(gate) => return Ok(()),
            None => format!("no gate `{gate}` was ever heard of: check its name"),
        };

        Err(Refusal::failed(AnswerCode::GateOffline, message))
    }

    /// A number that no other session of this start has.
    pub(crate) fn next_session(&self) -> u64 {
        self.sessions.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// The gateway's own state.
    pub(crate) fn own_status(&self, state: SystemState) -> Report {
        let status = SystemStatus {
            state,
            boot: self.boot.clone(),
            version: Some(env!("CARGO_PKG_VERSION").to_owned()),
            started_at: Some(self.started_at),
            simulated: None,
            contract: Some(CONTRACT.to_owned()),
            journal: None,
            last_seq: None,
            unsent: None,
            clock: None,
            reason: None,
        };

        report(Source::Bridge(self.config.name.clone()), Body::SystemStatus(status))
    }

    fn sort(&self, topic: &str, bytes: &[u8], arrival: Arrival) -> Result<(), Invalid> {
        let topic = Topic::parse(&self.root, topic)?;
        if bytes.is_empty() && is_kept(topic.message_type()) {
            self.forget(&topic);
            return Ok(());
        }

        match Message::decode(&topic, bytes)? {
            Message::Report(report) if self.demand.is_fence(&report) => Ok(()),
            Message::Report(report) => self.report(&report, bytes, arrival),
            Message::Command(command) => self.command(command, bytes, arrival),
            Message::Picture(picture) => {
                self.picture(&picture, bytes);
                Ok(())
            }
        }
    }

    fn report(&self, report: &Report, bytes: &[u8], arrival: Arrival) -> Result<(), Invalid> {
        let kind = report.body.message_type();
        if kind.kind() == Kind::Event && arrival == Arrival::Live {
            // One from the future is one whose clock is ahead.
            let age = stamp::now().duration_since(report.timestamp);
            self.figures.came_after(age.try_into().unwrap_or_default());
        }
        // The one copy: the buffer it came in is as long as everything that came with it.
        let frame = Frame::try_from(Bytes::copy_from_slice(bytes))
            .map_err(|_| Invalid::Message(DecodeError::NotAnObject))?;

        let outcome = match (kind.kind(), arrival) {
            (Kind::State, _) => self.hub.state(report, &frame, arrival),
            (_, Arrival::Live) => self.hub.event(report, &frame),
            (_, Arrival::Retained) => return Err(Invalid::Retained(kind)),
        };

        match outcome {
            Outcome::News(_) | Outcome::Known => self.act_on(report, arrival),
            Outcome::Stale => self.figures.stale.count(),
            Outcome::TooMany => return Err(Invalid::TooManyGates),
        }
        Ok(())
    }

    /// What the gateway itself learns from a message that it passed on.
    fn act_on(&self, report: &Report, arrival: Arrival) {
        let gate = match &report.source {
            Source::Gate(gate) => gate,
            Source::Bridge(_) => return self.hear_bridge(&report.body),
        };

        match &report.body {
            Body::SystemStatus(status) => controller::notice(self, gate, status, arrival),
            Body::ImageCaptured(image) => self.pictures.name(gate, image),
            Body::GateControlResponse(answer) => {
                self.answered(gate, answer);
            }
            Body::CameraControlResponse(answer) => {
                self.answered(gate, answer);
                self.questions.answered(answer);
            }
            Body::HardwareStatus(_)
            | Body::GateStatus(_)
            | Body::CardDetected(_)
            | Body::ParkingEntry(_)
            | Body::ParkingExit(_)
            | Body::ParkingEvent(_)
            | Body::Error(_) => {}
        }
    }

    fn answered(&self, gate: &GateId, answer: &Answer) {
        self.hub.answered(&answer.command_id);
        self.audit.answered(gate, answer);
        self.figures.outcomes.count(&answer.action, answer.status, answer.code, By::Gate);
    }

    fn hear_bridge(&self, body: &Body) {
        let stopped = |status: &SystemStatus| {
            status.boot == self.boot && status.state == SystemState::Stopped
        };

        if matches!(body, Body::SystemStatus(status) if stopped(status)) {
            self.echo.notify_one();
        }
    }

    fn command(&self, command: Command, bytes: &[u8], arrival: Arrival) -> Result<(), Invalid> {
        let now = stamp::now();
        self.audit.overheard(&command, arrival == Arrival::Retained);
        controller::take_order(self, &command, arrival, now);
        if arrival == Arrival::Retained {
            return Err(Invalid::Retained(command.body.message_type()));
        }

        let (about, id) = (About::Gate(command.gate.clone()), command.id.clone());
        let frame = Frame::try_from(Bytes::from(command::shown(command, bytes, now)))
            .map_err(|_| Invalid::Message(DecodeError::NotAnObject))?;
        self.hub.tell_admin(about, id, &frame);

        Ok(())
    }

    fn picture(&self, picture: &Picture, bytes: &[u8]) {
        let Picture { gate, message_type } = picture;

        if *message_type == MessageType::Stream {
            self.pictures.stream(gate, bytes);
        } else if *message_type == MessageType::Picture {
            self.pictures.add_fetched(gate, Bytes::copy_from_slice(bytes));
        } else {
            self.pictures.add(gate, Bytes::copy_from_slice(bytes));
        }
    }

    fn forget(&self, topic: &Topic) {
        match topic {
            Topic::Gate(gate, MessageType::Image) => self.pictures.forget(gate),
            Topic::Gate(..) | Topic::Bridge(_) => self.hub.forget(topic),
        }
    }

    fn show_invalid(&self, topic: &str, size: usize, error: &Invalid) {
        self.figures.invalid.count();
        let reason = reason(error);
        debug!(topic, size, reason, "Not a message of the contract");

        let origin = topic.chars().take(MAX_ORIGIN).collect();
        self.tell_admin(SessionBody::InvalidMessage { origin, size, reason });
    }
}

/// A message about `source` that happens now.
pub(crate) fn report(source: Source, body: Body) -> Report {
    Report {
        source,
        timestamp: stamp::now(),
        id: Some(stamp::new_id()),
        journal: None,
        cause: None,
        body,
    }
}

/// An error with all its causes, in one line for a person. Libraries that put the cause into their
/// message say it once.
pub(crate) fn reason(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();

    while let Some(error) = cause {
        let cause_text = error.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        cause = error.source();
    }
    text
}

/// Whether a gate acts by itself: its agent or its controller runs.
pub(crate) fn is_running(state: SystemState) -> bool {
    match state {
        SystemState::Online | SystemState::Degraded => true,
        SystemState::Stopped | SystemState::Offline | SystemState::Unknown => false,
    }
}

/// Whether the broker keeps the latest one, so that nothing at all means that it was cleared.
fn is_kept(kind: MessageType) -> bool {
    kind.kind() == Kind::State || kind == MessageType::Image
}

/// Whom the gateway speaks for.
pub(crate) fn of_gate(gate: &GateId) -> Source {
    Source::Gate(gate.clone())
}
