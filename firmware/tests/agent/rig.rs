//! A gate on a bench: an agent, a broker, somebody who listens; its barrier is a path.

use std::{net::SocketAddr, path::Path, time::Duration};

use access::Access;
use broker::{Broker, Transport};
use firmware::{Config as Firmware, Simulator};
use gate_agent::{Agent, Barrier, Camera, Config, HomeAssistant, Port, Site};
use rumqttc::{AsyncClient, Event, Incoming, MqttOptions, PublishOptions, QoS};
use schemas::Root;
use serde_json::{Value, json};
use service::{Supervisor, mqtt, stamp};
use tempfile::TempDir;
use tokio::{sync::mpsc, task::JoinSet, time::timeout};
use tokio_util::sync::CancellationToken;

pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
/// How long the boom of the simulator takes. The relays press for half a second of it.
pub(crate) const TRAVEL: Duration = Duration::from_secs(1);
const GRACE: Duration = Duration::from_secs(5);

pub(crate) struct Rig {
    broker: SocketAddr,
    messages: mpsc::Receiver<(String, Value)>,
    client: AsyncClient,
    stop: Option<(CancellationToken, JoinSet<()>)>,
    barrier: Barrier,
    dir: TempDir,
    _tasks: JoinSet<()>,
}

impl Rig {
    /// An agent with the firmware, in contact with each other.
    pub(crate) async fn with_firmware(boot_loader: Duration) -> (Self, Simulator) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("barrier");
        let simulator = Simulator::at_port(Firmware::Barrier, TRAVEL, &path, boot_loader);
        let mut rig = Self::start(barrier_at(&path), dir).await;
        rig.status("closed").await;

        (rig, simulator)
    }

    /// An agent of this barrier, and whoever listens to it.
    pub(crate) async fn start(barrier: Barrier, dir: TempDir) -> Self {
        let mut tasks = JoinSet::new();
        let broker = start_broker(&dir.path().join("broker"), &mut tasks).await;
        let (client, messages) = listen(broker, &mut tasks).await;
        let mut rig = Self { broker, messages, client, stop: None, barrier, dir, _tasks: tasks };
        rig.start_agent();

        rig
    }

    pub(crate) fn start_agent(&mut self) {
        let site = Site {
            root: Root::default(),
            data_dir: self.dir.path().join("data"),
            mqtt: mqtt::Config::at(self.broker),
            home_assistant: HomeAssistant::default(),
        };
        let config = Config {
            barrier: self.barrier.clone(),
            card_reader: None,
            camera: Camera::None,
            open_for: Duration::from_secs(1),
            travel: Duration::from_secs(5),
            ..Config::simulated()
        };
        let agent = Agent::prepare("gate_in".parse().unwrap(), config, site).unwrap();
        let mut supervisor = Supervisor::default();
        agent.start(&mut supervisor);

        let stop = CancellationToken::new();
        let told = stop.clone().cancelled_owned();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move { supervisor.run(told, GRACE).await.unwrap() });
        self.stop = Some((stop, tasks));
    }

    pub(crate) async fn stop_agent(&mut self) {
        let (stop, mut tasks) = self.stop.take().unwrap();
        stop.cancel();
        while tasks.join_next().await.is_some() {}
    }

    pub(crate) async fn command(&self, id: &str, payload: Value) {
        let mut payload = payload;
        payload["command_id"] = id.into();
        let message = json!({
            "type": "gate_control",
            "payload": payload,
            "gate_id": "gate_in",
            "timestamp": stamp::now(),
        });
        let topic = "parking/gate_in/gate_control";
        let options = PublishOptions::at_least_once();

        self.client.publish(topic, message.to_string(), options).await.unwrap();
    }

    /// Sends a command and waits for its final answer.
    pub(crate) async fn outcome_of(&mut self, id: &str, payload: Value) -> Value {
        self.command(id, payload).await;
        self.outcome(id).await
    }

    pub(crate) async fn outcome(&mut self, id: &str) -> Value {
        let is_final = |status: &Value| {
            ["succeeded", "failed", "rejected", "expired"].iter().any(|s| status == s)
        };

        self.wait_for("gate_control_response", |payload| {
            payload["command_id"] == id && is_final(&payload["status"])
        })
        .await
    }

    /// Waits until the agent says whether it has its controller.
    pub(crate) async fn connected(&mut self, connected: bool) -> Value {
        self.wait_for("hardware_status", |p| p["arduino"]["connected"] == connected).await
    }

    pub(crate) async fn status(&mut self, status: &str) -> Value {
        self.wait_for("gate_status", |payload| payload["status"] == status).await
    }

    /// The payload of the next message of this type that is as wanted; what comes before it is lost.
    pub(crate) async fn wait_for(&mut self, kind: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let mut seen = Vec::new();
        let search = async {
            loop {
                let (heard, payload) = self.messages.recv().await.unwrap();
                if heard == kind && wanted(&payload) {
                    return payload;
                }
                seen.push(format!("{heard} {payload}"));
            }
        };

        let found = timeout(PATIENCE, search).await;
        found.unwrap_or_else(|_| panic!("no such {kind} among {seen:#?}"))
    }
}

pub(crate) fn barrier_at(path: &Path) -> Barrier {
    Barrier::at(Port::Serial(path.display().to_string()))
}

async fn start_broker(dir: &Path, tasks: &mut JoinSet<()>) -> SocketAddr {
    std::fs::create_dir_all(dir).unwrap();
    let listen: SocketAddr = "127.0.0.1:0".parse().unwrap();
    let config = broker::Config { listen: listen.into(), ..broker::Config::default() };
    let access = Access::without_logins(&Root::default());
    let broker = Broker::bind(config, Root::default(), access, dir).await.unwrap();
    let address = broker.address(Transport::Tcp).unwrap();
    tasks.spawn(async move { broker.run(CancellationToken::new()).await.unwrap() });

    address
}

async fn listen(
    broker: SocketAddr,
    tasks: &mut JoinSet<()>,
) -> (AsyncClient, mpsc::Receiver<(String, Value)>) {
    let options = MqttOptions::new("ears", (broker.ip().to_string(), broker.port()));
    let (client, mut event_loop) = AsyncClient::builder(options).capacity(16).build();
    client.subscribe("parking/gate_in/#", QoS::AtLeastOnce).await.unwrap();
    let (sender, messages) = mpsc::channel(4096);
    let (ready, subscribed) = tokio::sync::oneshot::channel();
    let mut ready = Some(ready);

    tasks.spawn(async move {
        while let Ok(event) = event_loop.poll().await {
            match event {
                Event::Incoming(Incoming::SubAck(_)) => {
                    if let Some(ready) = ready.take() {
                        let _ = ready.send(());
                    }
                }
                Event::Incoming(Incoming::Publish(publish)) => {
                    let topic = str::from_utf8(&publish.topic).unwrap().to_owned();
                    let kind = topic.rsplit('/').next().unwrap().to_owned();
                    let Ok(message) = serde_json::from_slice::<Value>(&publish.payload) else {
                        continue;
                    };
                    if sender.send((kind, message["payload"].clone())).await.is_err() {
                        return;
                    }
                }
                Event::Incoming(_) | Event::Outgoing(_) => {}
            }
        }
    });
    timeout(PATIENCE, subscribed).await.unwrap().unwrap();

    (client, messages)
}
