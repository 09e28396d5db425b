//! An MQTT client: an agent, or somebody with `mosquitto_pub`.

use std::{
    net::SocketAddr,
    sync::atomic::{AtomicU64, Ordering},
};

use rumqttc::{AsyncClient, Event, LastWill, MqttOptions, Packet, Publish, PublishOptions, QoS};
use serde_json::Value;
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
    time,
};

use super::PATIENCE;

pub(crate) struct Mqtt {
    client: AsyncClient,
    incoming: mpsc::UnboundedReceiver<Packet>,
    published: AtomicU64,
    acknowledged: watch::Receiver<u64>,
    /// Ends with the client, without a good-bye: then its will is published.
    _link: JoinSet<()>,
}

impl Mqtt {
    pub(crate) async fn connect(broker: SocketAddr) -> Self {
        let unique = service::stamp::new_id().to_string();

        Self::connect_as(broker, &unique, None).await
    }

    pub(crate) async fn connect_as(
        broker: SocketAddr,
        client_id: &str,
        will: Option<LastWill>,
    ) -> Self {
        let mut options = MqttOptions::new(client_id, (broker.ip().to_string(), broker.port()));
        options.set_max_packet_size(4 << 20, 4 << 20);
        if let Some(will) = will {
            options.set_last_will(will);
        }
        let (client, mut link) = AsyncClient::builder(options).capacity(1_000).build();
        let (sender, incoming) = mpsc::unbounded_channel();
        let (acknowledge, acknowledged) = watch::channel(0);
        let mut task = JoinSet::new();
        task.spawn(async move {
            while let Ok(event) = link.poll().await {
                if let Event::Incoming(Packet::PubAck(_)) = event {
                    acknowledge.send_modify(|count| *count += 1);
                } else if let Event::Incoming(packet) = event {
                    let _ = sender.send(packet);
                }
            }
        });

        let published = AtomicU64::new(0);
        let mut mqtt = Self { client, incoming, published, acknowledged, _link: task };
        mqtt.packet(|packet| matches!(packet, Packet::ConnAck(_)).then_some(())).await;
        mqtt
    }

    /// Publishes, and waits until the broker has it.
    pub(crate) async fn publish(&self, topic: &str, payload: impl Into<Vec<u8>>) {
        self.publish_as(topic, false, payload.into()).await;
    }

    pub(crate) async fn publish_retained(&self, topic: &str, payload: impl Into<Vec<u8>>) {
        self.publish_as(topic, true, payload.into()).await;
    }

    async fn publish_as(&self, topic: &str, retain: bool, payload: Vec<u8>) {
        let topic = format!("parking/{topic}");
        self.client
            .publish(topic, payload, PublishOptions::at_least_once().retain(retain))
            .await
            .unwrap();
        let published = self.published.fetch_add(1, Ordering::Relaxed) + 1;

        let mut acknowledged = self.acknowledged.clone();
        let acknowledged = acknowledged.wait_for(|count| *count >= published);
        time::timeout(PATIENCE, acknowledged).await.expect("no PUBACK").unwrap();
    }

    pub(crate) async fn subscribe(&mut self, filter: &str) {
        self.client.subscribe(format!("parking/{filter}"), QoS::AtLeastOnce).await.unwrap();
        self.packet(|packet| matches!(packet, Packet::SubAck(_)).then_some(())).await;
    }

    /// The next message that this client is subscribed to.
    pub(crate) async fn message(&mut self) -> Publish {
        self.packet(|packet| match packet {
            Packet::Publish(publish) => Some(publish),
            _ => None,
        })
        .await
    }

    /// The next message in which something is so, as JSON.
    pub(crate) async fn next(&mut self, is_wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            let publish = self.message().await;
            let Ok(json) = serde_json::from_slice(&publish.payload) else { continue };
            if is_wanted(&json) {
                return json;
            }
        }
    }

    async fn packet<T>(&mut self, mut pick: impl FnMut(Packet) -> Option<T>) -> T {
        let wanted = async {
            loop {
                let packet = self.incoming.recv().await.expect("the broker hung up");
                if let Some(picked) = pick(packet) {
                    return picked;
                }
            }
        };

        time::timeout(PATIENCE, wanted).await.expect("nothing came over MQTT")
    }
}
