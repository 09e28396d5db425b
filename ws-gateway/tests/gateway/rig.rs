//! A broker, a gateway, and whoever talks to them; ports are whatever is free.

mod client;
mod mqtt;
mod people;
pub(crate) mod raw;
mod web;

use std::{net::SocketAddr, time::Duration};

use access::Access;
use broker::{Broker, Transport};
use schemas::Root;
use serde_json::Value;
use tokio::{task::JoinSet, time};
use tokio_util::sync::CancellationToken;
use ws_gateway::{Config, Gateway};

pub(crate) use client::{Client, upgrade};
pub(crate) use mqtt::Mqtt;
pub(crate) use people::{People, password};
pub(crate) use web::{Reply, post, request, send};

/// How long a state may take to come about, on a machine that has other things to do.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) const BOOT: &str = "boot-1";

/// A whole site without gates.
pub(crate) struct Site {
    pub(crate) broker: SocketAddr,
    pub(crate) gateway: SocketAddr,
    pub(crate) stop_broker: CancellationToken,
    pub(crate) stop_gateway: CancellationToken,
    pub(crate) broker_task: JoinSet<()>,
    pub(crate) gateway_task: JoinSet<()>,
    /// By which the test itself is known, where there are logins.
    pub(crate) token: Option<String>,
}

impl Site {
    pub(crate) async fn start() -> Self {
        Self::start_with(config()).await
    }

    pub(crate) async fn start_with(config: Config) -> Self {
        Self::start_for(config, Access::without_logins(&Root::default()), None).await
    }

    /// A site where one has to log in, as the test itself does with the token of an admin.
    pub(crate) async fn start_with_logins(config: Config, people: &People) -> Self {
        // The gateway reads it as it starts: what is made later it finds in its own time.
        let token = people.token("ada");

        Self::start_for(config, people.access(), Some(token)).await
    }

    async fn start_for(config: Config, access: Access, token: Option<String>) -> Self {
        let (broker, stop_broker, broker_task) = start_broker(([127, 0, 0, 1], 0).into()).await;
        let (gateway, stop_gateway, gateway_task) = start_gateway_for(config, broker, access).await;
        let site =
            Self { broker, gateway, stop_broker, stop_gateway, broker_task, gateway_task, token };
        site.ready().await;
        // Its own birth comes back to it: from here on nothing happens but what a test does.
        eventually(async || (site.metric("messages_received_total").await > 0).then_some(())).await;

        site
    }

    /// Waits until the gateway has its subscription.
    pub(crate) async fn ready(&self) {
        self.until_readyz_is(200).await;
    }

    pub(crate) async fn until_readyz_is(&self, status: u16) {
        eventually(async || (self.get("/readyz").await.status == status).then_some(())).await;
    }

    pub(crate) async fn mqtt(&self) -> Mqtt {
        Mqtt::connect(self.broker).await
    }

    pub(crate) async fn client(&self, path: &str) -> Client {
        Client::connect(self.gateway, path).await
    }

    /// A client that has heard its greeting.
    pub(crate) async fn greeted(&self, path: &str) -> Client {
        let mut client = self.client(path).await;
        client.greeting().await;

        client
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        let token = self.token.as_ref().map(|token| format!("Bearer {token}"));
        let authorization = token.as_deref().map(|token| ("Authorization", token));
        let headers: Vec<_> = [("Host", "localhost")].into_iter().chain(authorization).collect();

        web::get(self.gateway, path, &headers).await
    }

    pub(crate) async fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Reply {
        web::get(self.gateway, path, headers).await
    }

    pub(crate) async fn status(&self) -> Value {
        self.get("/status").await.json()
    }

    /// Waits until `/status` shows something.
    pub(crate) async fn until_status(&self, shows: impl Fn(&Value) -> bool) -> Value {
        eventually(async || Some(self.status().await).filter(&shows)).await
    }

    /// Waits until the gateway believes this of a gate.
    pub(crate) async fn until_gate_is(&self, gate: &str, state: &str) {
        self.until_status(|status| status["gates"][gate]["state"] == state).await;
    }

    /// An agent that says it is online, and a gateway that has heard it.
    pub(crate) async fn online(&self, gate: &str) -> Mqtt {
        let agent = self.mqtt().await;
        agent
            .publish_retained(&format!("{gate}/system_status"), system(gate, "online", BOOT))
            .await;
        self.until_gate_is(gate, "online").await;

        agent
    }

    pub(crate) async fn metric(&self, name: &str) -> u64 {
        let text = self.get("/metrics").await.text();
        let line = text.lines().find_map(|line| {
            line.strip_prefix("manless_gateway_")?.strip_prefix(name)?.strip_prefix(' ')
        });

        line.unwrap_or_else(|| panic!("no {name} in:\n{text}")).parse().unwrap()
    }

    /// The broker comes back on the same port, knowing nothing.
    pub(crate) async fn restart_broker(&mut self) {
        self.kill_broker().await;
        let (_, stop, task) = start_broker(self.broker).await;
        (self.stop_broker, self.broker_task) = (stop, task);
    }

    pub(crate) async fn kill_broker(&mut self) {
        self.stop_broker.cancel();
        while self.broker_task.join_next().await.is_some() {}
    }
}

/// Quick where a person would not notice.
pub(crate) fn config() -> Config {
    Config { listen: ([127, 0, 0, 1], 0).into(), ..Config::default() }
}

pub(crate) async fn start_broker(
    listen: SocketAddr,
) -> (SocketAddr, CancellationToken, JoinSet<()>) {
    let config = broker::Config { listen: listen.into(), ..broker::Config::default() };
    let dir = tempfile::tempdir().unwrap();
    let access = Access::without_logins(&Root::default());
    let broker = Broker::bind(config, Root::default(), access, dir.path()).await.unwrap();
    let (address, stop, mut task) =
        (broker.address(Transport::Tcp).unwrap(), CancellationToken::new(), JoinSet::new());
    let cancel = stop.clone();
    task.spawn(async move {
        broker.run(cancel).await.unwrap();
        drop(dir);
    });

    (address, stop, task)
}

pub(crate) async fn start_gateway(
    config: Config,
    broker: SocketAddr,
) -> (SocketAddr, CancellationToken, JoinSet<()>) {
    start_gateway_for(config, broker, Access::without_logins(&Root::default())).await
}

async fn start_gateway_for(
    config: Config,
    broker: SocketAddr,
    access: Access,
) -> (SocketAddr, CancellationToken, JoinSet<()>) {
    let mqtt = service::mqtt::Config::at(broker);
    let gateway = Gateway::bind(config, mqtt, Root::default(), access.clone()).await.unwrap();
    let (address, stop, mut task) =
        (gateway.local_addr(), CancellationToken::new(), JoinSet::new());
    let cancel = stop.clone();
    task.spawn({
        let cancel = cancel.clone();
        async move { access.watch_file(cancel).await.unwrap() }
    });
    task.spawn(async move { gateway.run(cancel).await.unwrap() });

    (address, stop, task)
}

/// Asks until there is an answer.
pub(crate) async fn eventually<T>(mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let answer = async {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            tokio::task::yield_now().await;
        }
    };

    time::timeout(PATIENCE, answer).await.expect("it never came about")
}

pub(crate) fn system(gate: &str, state: &str, boot: &str) -> String {
    format!(
        r#"{{"type":"system_status","payload":{{"state":"{state}","boot":"{boot}"}},"gate_id":"{gate}","timestamp":"2024-01-20T10:30:00Z"}}"#
    )
}

pub(crate) fn gate_status(gate: &str, status: &str) -> String {
    format!(
        r#"{{"type":"gate_status","payload":{{"status":"{status}","mode":"auto"}},"gate_id":"{gate}","timestamp":"2024-01-20T10:30:00Z"}}"#
    )
}

pub(crate) fn event(gate: &str, id: &str) -> String {
    format!(
        r#"{{"type":"parking_event","payload":{{"event":"entry"}},"gate_id":"{gate}","timestamp":"2024-01-20T10:30:00Z","id":"{id}"}}"#
    )
}

pub(crate) fn answer(gate: &str, command_id: &str, status: &str) -> String {
    format!(
        r#"{{"type":"gate_control_response","payload":{{"command_id":"{command_id}","action":"open","status":"{status}","success":true}},"gate_id":"{gate}","timestamp":"2024-01-20T10:30:00Z"}}"#
    )
}

pub(crate) const HARDWARE: &str = r#"{
  "type": "hardware_status",
  "payload": {
    "camera":      { "connected": true, "status": "ready" },
    "card_reader": { "connected": true, "port": "COM17" },
    "arduino":     { "connected": true, "gate_status": "closed" }
  },
  "gate_id": "gate_in",
  "timestamp": "2024-01-20T10:30:00Z"
}"#;
