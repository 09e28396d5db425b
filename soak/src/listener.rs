//! The MQTT client that hears everything: a session that outlives its connections.

use std::{collections::BTreeMap, net::SocketAddr, time::Duration};

use rumqttc::{AsyncClient, Event, EventLoop, Incoming, MqttOptions, QoS};
use serde_json::Value;
use tokio::{sync::watch, time};
use tokio_util::sync::CancellationToken;

use crate::ledger::Ledger;

/// Before the next try when the broker is away.
const RETRY: Duration = Duration::from_millis(100);
const REQUESTS: usize = 64;
/// The largest message; there are no pictures.
const PACKET: usize = 1 << 20;

/// How the latest messages show each gate.
pub(crate) type Views = BTreeMap<String, watch::Receiver<View>>;

/// How the latest messages show a gate.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct View {
    /// Of `system_status`.
    pub(crate) state: String,
    pub(crate) last_seq: Option<u64>,
    pub(crate) unsent: Option<u64>,
    /// Of `gate_status`.
    pub(crate) status: String,
    pub(crate) mode: String,
    /// How many different events have come, and how many of them more than once.
    pub(crate) received: u64,
    pub(crate) came_again: u64,
}

pub(crate) struct Listener {
    mouth: AsyncClient,
    event_loop: EventLoop,
    views: BTreeMap<String, watch::Sender<View>>,
    ledger: Ledger,
}

impl Listener {
    /// The listener, what it shows of `gates`, and a client to publish with.
    pub(crate) fn connect(broker: SocketAddr, gates: Vec<String>) -> (Self, Views, AsyncClient) {
        let mut options = MqttOptions::new("soak", (broker.ip().to_string(), broker.port()));
        options.set_clean_session(false);
        options.set_max_packet_size(PACKET, PACKET);
        let (mouth, event_loop) = AsyncClient::builder(options).capacity(REQUESTS).build();

        let views: BTreeMap<_, _> =
            gates.into_iter().map(|gate| (gate, watch::Sender::new(View::default()))).collect();
        let seen = views.iter().map(|(gate, view)| (gate.clone(), view.subscribe())).collect();
        let ledger = Ledger::default();

        (Self { mouth: mouth.clone(), event_loop, views, ledger }, seen, mouth)
    }

    /// Runs until cancelled: all that was said.
    pub(crate) async fn run(mut self, over: CancellationToken) -> Ledger {
        while let Some(event) = over.run_until_cancelled(self.event_loop.poll()).await {
            match event {
                Ok(Event::Incoming(Incoming::ConnAck(_))) => {
                    // Known already, unless the broker is new. It fails only where the queue is
                    // full, and then so does everything else.
                    let _ = self.mouth.try_subscribe("parking/+/+", QoS::AtLeastOnce);
                }
                Ok(Event::Incoming(Incoming::Publish(publish))) => {
                    let topic = String::from_utf8_lossy(&publish.topic).into_owned();
                    self.hear(&topic, &publish.payload);
                }
                Ok(Event::Incoming(_) | Event::Outgoing(_)) => {}
                Err(_) => time::sleep(RETRY).await,
            }
        }

        self.ledger
    }

    fn hear(&mut self, topic: &str, bytes: &[u8]) {
        let levels: Vec<&str> = topic.split('/').collect();
        let &[_, gate, kind] = levels.as_slice() else { return };
        let Some(view) = self.views.get(gate) else { return };
        let Ok(message) = serde_json::from_slice::<Value>(bytes) else { return };

        self.ledger.enter(gate, bytes, &message);
        let payload = &message["payload"];
        let text = |key: &str| payload[key].as_str().unwrap_or_default().to_owned();
        view.send_modify(|view| match kind {
            "system_status" => {
                view.state = text("state");
                view.last_seq = payload["last_seq"].as_u64();
                view.unsent = payload["unsent"].as_u64();
            }
            "gate_status" => {
                view.status = text("status");
                view.mode = text("mode");
            }
            _ => {
                let pages = self.ledger.pages(gate);
                view.received = pages.map_or(0, |pages| pages.last());
                view.came_again = pages.map_or(0, |pages| pages.came_again());
            }
        });
    }
}
