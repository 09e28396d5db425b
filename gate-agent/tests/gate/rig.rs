//! A gate on a bench: simulated devices, the agent, a broker, and somebody who listens.

use std::{collections::HashMap, net::SocketAddr, path::Path, sync::Arc, time::Duration};

use access::Access;
use broker::{Broker, Transport};
use gate_agent::{
    Agent, Barrier, Camera, CardReader, Config, HomeAssistant, Lane, Port, ReaderPort, Site,
};
use rumqttc::{AsyncClient, Event, Incoming, MqttOptions, Publish, PublishOptions, QoS};
use schemas::Root;
use serde_json::{Value, json};
use service::{Supervisor, mqtt, stamp};
use site_sim::{Gate, GateState, SimConfig};
use tempfile::TempDir;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::mpsc,
    task::JoinSet,
    time::timeout,
};
use tokio_util::sync::CancellationToken;

pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
const GRACE: Duration = Duration::from_secs(5);

/// A gate with its agent and a broker.
pub(crate) struct Rig {
    pub(crate) gate: Arc<Gate>,
    pub(crate) ears: Ears,
    broker: BrokerProcess,
    agent: Option<Running>,
    fitting: Fitting,
    dir: TempDir,
}

/// What was published, in order.
pub(crate) struct Ears {
    heard: mpsc::Receiver<Heard>,
    last: HashMap<String, Vec<u8>>,
    pub(crate) client: AsyncClient,
    _tasks: JoinSet<()>,
}

/// One message.
#[derive(Debug, Clone)]
pub(crate) struct Heard {
    pub(crate) kind: String,
    pub(crate) bytes: Vec<u8>,
}

struct BrokerProcess {
    /// Where the agent looks for it.
    address: SocketAddr,
    cancel: CancellationToken,
    tasks: JoinSet<()>,
    /// What leads there from that address, where it listens at another one.
    door: JoinSet<()>,
}

struct Running {
    stop: CancellationToken,
    tasks: JoinSet<()>,
}

/// What is at the gate besides its barrier.
#[derive(Clone, Default)]
struct Fitting {
    lane: Lane,
    /// The simulated one where there is none.
    reader: Option<CardReader>,
    camera: Camera,
    home_assistant: HomeAssistant,
}

impl Rig {
    /// Everything runs and the agent has said that it is online.
    pub(crate) async fn start() -> Self {
        Self::start_with(Fitting::default()).await
    }

    /// The same with a card reader that the test has at its other end.
    pub(crate) async fn start_with_reader(reader: CardReader) -> Self {
        Self::start_with(Fitting { reader: Some(reader), ..Fitting::default() }).await
    }

    /// The same with a camera.
    pub(crate) async fn start_with_camera(camera: Camera) -> Self {
        Self::start_with(Fitting { camera, ..Fitting::default() }).await
    }

    /// The same with a lane that is configured like this; its files are in `dir`.
    pub(crate) async fn with_lane(lane: Lane, dir: TempDir) -> Self {
        Self::start_in(dir, Fitting { lane, ..Fitting::default() }).await
    }

    /// The same where Home Assistant is told.
    pub(crate) async fn with_home_assistant(home_assistant: HomeAssistant) -> Self {
        Self::start_with(Fitting { home_assistant, ..Fitting::default() }).await
    }

    /// From the next start of the agent on.
    pub(crate) fn set_home_assistant(&mut self, home_assistant: HomeAssistant) {
        self.fitting.home_assistant = home_assistant;
    }

    async fn start_with(fitting: Fitting) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), fitting).await
    }

    async fn start_in(dir: TempDir, fitting: Fitting) -> Self {
        let gate = Gate::start(dir.path(), "gate_in", SimConfig::at_speed(10)).unwrap();
        let broker = BrokerProcess::start().await;
        let ears = Ears::open(broker.address).await;
        let gate = Arc::new(gate);
        let mut rig = Self { gate, ears, broker, agent: None, fitting, dir };

        rig.start_agent();
        rig.ears.wait_for("system_status", |m| m["payload"]["state"] == "online").await;
        rig
    }

    pub(crate) fn start_agent(&mut self) {
        let site = Site {
            root: Root::default(),
            data_dir: self.dir.path().join("data"),
            mqtt: mqtt::Config::at(self.broker.address),
            home_assistant: self.fitting.home_assistant.clone(),
        };
        let agent = Agent::prepare("gate_in".parse().unwrap(), self.config(), site).unwrap();
        let mut supervisor = Supervisor::default();
        agent.start(&mut supervisor);

        let stop = CancellationToken::new();
        let told = stop.clone().cancelled_owned();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move { supervisor.run(told, GRACE).await.unwrap() });
        self.agent = Some(Running { stop, tasks });
    }

    /// As on SIGTERM.
    pub(crate) async fn stop_agent(&mut self) {
        let mut agent = self.agent.take().unwrap();
        agent.stop.cancel();
        while agent.tasks.join_next().await.is_some() {}
    }

    /// Stops the agent and starts it anew; returns when it has its devices.
    pub(crate) async fn restart_agent(&mut self) {
        self.stop_agent().await;
        self.ears.wait_for("system_status", |m| m["payload"]["state"] == "stopped").await;
        self.ears.last.clear();
        self.start_agent();
        self.ears
            .wait_for("hardware_status", |m| {
                m["payload"]["arduino"]["connected"] == true
                    && m["payload"]["card_reader"]["connected"] == true
            })
            .await;
    }

    fn config(&self) -> Config {
        let Fitting { lane, reader, camera, .. } = self.fitting.clone();
        let config = config(&self.gate);
        let card_reader = reader.or(config.card_reader);

        Config { card_reader, lane, camera, ..config }
    }

    /// The same, but for the devices.
    pub(crate) async fn restart_agent_without_waiting(&mut self) {
        self.stop_agent().await;
        self.ears.wait_for("system_status", |m| m["payload"]["state"] == "stopped").await;
        self.start_agent();
        self.ears.wait_for("system_status", |m| m["payload"]["state"] != "stopped").await;
    }

    pub(crate) async fn stop_broker(&mut self) {
        self.broker.cancel.cancel();
        self.broker.door.shutdown().await;
        while self.broker.tasks.join_next().await.is_some() {}
    }

    /// Where it was, with nothing in it. The agent finds it when somebody listens there: what it has
    /// kept is published to nobody else.
    pub(crate) async fn start_broker(&mut self) {
        let broker = BrokerProcess::start().await;
        self.ears = Ears::open(broker.address).await;
        self.broker = broker.behind(self.broker.address).await;
    }

    /// Publishes a `gate_control` that says when it was sent.
    pub(crate) async fn command(&self, id: &str, payload: Value) {
        self.send("gate_control", id, payload).await;
    }

    /// The same for a `camera_control`.
    pub(crate) async fn camera_command(&self, id: &str, payload: Value) {
        self.send("camera_control", id, payload).await;
    }

    async fn send(&self, kind: &str, id: &str, payload: Value) {
        let mut payload = payload;
        payload["command_id"] = id.into();
        let message = json!({
            "type": kind,
            "payload": payload,
            "gate_id": "gate_in",
            "timestamp": stamp::now(),
        });

        self.publish(kind, message.to_string()).await;
    }

    pub(crate) async fn publish(&self, kind: &str, bytes: impl Into<Vec<u8>>) {
        let topic = format!("parking/gate_in/{kind}");

        self.ears
            .client
            .publish(topic, bytes.into(), PublishOptions::at_least_once())
            .await
            .unwrap();
    }

    /// Waits for a state of the simulated devices.
    pub(crate) async fn gate_is(
        &self,
        condition: impl Fn(&GateState) -> bool + Send + 'static,
    ) -> GateState {
        let gate = Arc::clone(&self.gate);
        let waiting = tokio::task::spawn_blocking(move || gate.wait_until(PATIENCE, condition));

        waiting.await.unwrap().expect("the gate gets there in time")
    }

    /// The final answer to a command.
    pub(crate) async fn outcome(&mut self, id: &str) -> Value {
        let is_final = |status: &Value| {
            ["succeeded", "failed", "rejected", "expired"].iter().any(|s| status == s)
        };

        self.ears
            .wait_for("gate_control_response", |m| {
                m["payload"]["command_id"] == id && is_final(&m["payload"]["status"])
            })
            .await["payload"]
            .clone()
    }
}

impl Ears {
    async fn open(address: SocketAddr) -> Self {
        let mut options = MqttOptions::new("ears", (address.ip().to_string(), address.port()));
        options.set_max_packet_size(1 << 20, 1 << 20);
        let (client, mut event_loop) = AsyncClient::builder(options).capacity(16).build();
        client.subscribe("parking/gate_in/#", QoS::AtLeastOnce).await.unwrap();

        let (sender, heard) = mpsc::channel(4096);
        let (ready, subscribed) = tokio::sync::oneshot::channel();
        let mut ready = Some(ready);
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            while let Ok(event) = event_loop.poll().await {
                match event {
                    Event::Incoming(Incoming::SubAck(_)) => {
                        if let Some(ready) = ready.take() {
                            let _ = ready.send(());
                        }
                    }
                    Event::Incoming(Incoming::Publish(publish)) => {
                        let kind = kind(&publish);
                        let heard = Heard { kind, bytes: publish.payload.to_vec() };
                        if sender.send(heard).await.is_err() {
                            return;
                        }
                    }
                    Event::Incoming(_) | Event::Outgoing(_) => {}
                }
            }
        });
        timeout(PATIENCE, subscribed).await.unwrap().unwrap();

        Self { heard, last: HashMap::new(), client, _tasks: tasks }
    }

    /// The next message.
    pub(crate) async fn next(&mut self) -> Heard {
        let heard = timeout(PATIENCE, self.heard.recv()).await;
        let heard = heard.expect("a message comes in time").unwrap();
        self.last.insert(heard.kind.clone(), heard.bytes.clone());

        heard
    }

    /// The last one of this type among those that came.
    pub(crate) fn last(&self, kind: &str) -> Option<Vec<u8>> {
        self.last.get(kind).cloned()
    }

    /// The state of this type that is as wanted: the last one that came, or one that comes.
    pub(crate) async fn state(&mut self, kind: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let last = self.last(kind).and_then(|bytes| serde_json::from_slice(&bytes).ok());

        match last.filter(&wanted) {
            Some(state) => state,
            None => self.wait_for(kind, wanted).await,
        }
    }

    /// The next message of this type that is as wanted; what comes before it is not kept.
    pub(crate) async fn wait_for(&mut self, kind: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let (message, _) = self.wait_for_raw(kind, wanted).await;

        message
    }

    /// The same with its bytes.
    pub(crate) async fn wait_for_raw(
        &mut self,
        kind: &str,
        wanted: impl Fn(&Value) -> bool,
    ) -> (Value, Vec<u8>) {
        let search = async {
            loop {
                let heard = self.heard.recv().await.unwrap();
                self.last.insert(heard.kind.clone(), heard.bytes.clone());
                let Ok(message) = serde_json::from_slice(&heard.bytes) else { continue };
                if heard.kind == kind && wanted(&message) {
                    return (message, heard.bytes);
                }
            }
        };

        timeout(PATIENCE, search).await.unwrap_or_else(|_| panic!("no such {kind} came in time"))
    }
}

impl Heard {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or(Value::Null)
    }
}

impl BrokerProcess {
    async fn start() -> Self {
        let anywhere: SocketAddr = "127.0.0.1:0".parse().unwrap();
        let config = broker::Config { listen: anywhere.into(), ..broker::Config::default() };
        let dir = tempfile::tempdir().unwrap();
        let access = Access::without_logins(&Root::default());
        let broker = Broker::bind(config, Root::default(), access, dir.path()).await.unwrap();
        let address = broker.address(Transport::Tcp).unwrap();
        let cancel = CancellationToken::new();
        let token = cancel.clone();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            broker.run(token).await.unwrap();
            drop(dir);
        });

        Self { address, cancel, tasks, door: JoinSet::new() }
    }

    async fn behind(mut self, address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let broker = self.address;
        self.door.spawn(async move {
            let mut visits = JoinSet::new();
            while let Ok((mut visitor, _)) = listener.accept().await {
                visits.spawn(async move {
                    if let Ok(mut broker) = TcpStream::connect(broker).await {
                        let _ = copy_bidirectional(&mut visitor, &mut broker).await;
                    }
                });
            }
        });

        Self { address, ..self }
    }
}

fn config(gate: &Gate) -> Config {
    let port = |path: &Path| path.display().to_string();

    Config {
        barrier: Barrier::at(Port::Serial(port(gate.barrier_path()))),
        card_reader: Some(CardReader::at(ReaderPort::Serial(port(gate.card_reader_path())))),
        camera: Camera::None,
        open_for: Duration::from_secs(1),
        travel: Duration::from_secs(2),
        ..Config::simulated()
    }
}

/// The last level of its topic.
fn kind(publish: &Publish) -> String {
    let topic = str::from_utf8(&publish.topic).unwrap();

    topic.rsplit('/').next().unwrap().to_owned()
}
