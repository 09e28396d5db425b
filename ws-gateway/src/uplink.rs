//! The connection to the broker: one, with one subscription to everything below the root, or with
//! those that are wanted ([`crate::demand`]).
//!
//! Each connection is made from nothing: what an earlier one had not sent is gone, so that a
//! command never reaches a gate later than its sender was told.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rumqttc::{
    AsyncClient, ConnectionError, Event, EventLoop, LastWill, MqttOptions, Outgoing, Packet,
    PublishOptions, QoS, SubAck, SubscribeReasonCode,
};
use schemas::{Delivery, Qos, Retention, SystemState};
use service::{Backoff, config::ConfigError};
use tokio::time;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use crate::{demand, hub::Arrival, relay::Relay};

/// How many messages may wait for the broker. More than this means that it does not read.
const QUEUE: usize = 1_024;
const SHORTEST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// How long the broker may take to hear that the gateway stops.
const FAREWELL: Duration = Duration::from_secs(1);

/// The way to the broker, while there is one.
#[derive(Default)]
pub(crate) struct Uplink {
    client: Mutex<Option<AsyncClient>>,
}

/// Nothing can be sent to the broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the gateway has no connection to the MQTT broker")]
pub(crate) struct BrokerUnavailable;

/// The broker refuses what the gateway cannot do without.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the broker does not let the gateway subscribe")]
pub(crate) struct NotSubscribed;

/// A connection ended.
#[derive(Debug, thiserror::Error)]
enum LinkError {
    #[error("the connection to the broker broke")]
    Broken(#[from] Box<ConnectionError>),
    #[error("cannot log in to the broker")]
    Login(#[from] ConfigError),
    #[error(transparent)]
    NotSubscribed(#[from] NotSubscribed),
}

impl Uplink {
    pub(crate) fn open(&self, client: AsyncClient) {
        *self.client() = Some(client);
    }

    pub(crate) fn is_open(&self) -> bool {
        self.client().is_some()
    }

    /// Hands a message over. It never waits: a full queue is a broker that does not read.
    pub(crate) fn publish(
        &self,
        topic: String,
        delivery: Delivery,
        bytes: Vec<u8>,
    ) -> Result<(), BrokerUnavailable> {
        let qos = match delivery.qos {
            Qos::AtMostOnce => QoS::AtMostOnce,
            Qos::AtLeastOnce => QoS::AtLeastOnce,
        };
        let retain = delivery.retention == Retention::Retained;
        let options = PublishOptions::new(qos).retain(retain);
        let client = self.client();

        client
            .as_ref()
            .and_then(|client| client.try_publish(topic, bytes, options).ok())
            .ok_or(BrokerUnavailable)
    }

    fn close(&self) -> Option<AsyncClient> {
        self.client().take()
    }

    fn client(&self) -> MutexGuard<'_, Option<AsyncClient>> {
        self.client.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Uplink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Uplink").field("open", &self.is_open()).finish()
    }
}

/// Keeps the gateway connected until cancelled.
pub(crate) async fn run(relay: Arc<Relay>, mqtt: service::mqtt::Config, cancel: CancellationToken) {
    let mut backoff = Backoff::new(SHORTEST_WAIT, LONGEST_WAIT);
    let mut told = false;

    loop {
        let Err(error) = connection(&relay, &mqtt, &cancel).await else { return };
        let was_open = relay.uplink.close().is_some();
        if was_open {
            backoff.reset();
            told = false;
        }

        let retry = backoff.delay();
        let reason = crate::relay::reason(&error);
        if told {
            debug!(reason, ?retry, "Still no broker");
        } else {
            warn!(
                host = mqtt.host,
                port = mqtt.port(),
                reason,
                "No broker: trying again until it is there"
            );
            told = true;
        }
        if cancel.run_until_cancelled(time::sleep(retry)).await.is_none() {
            return;
        }
    }
}

/// One connection, from its first byte until it breaks or the gateway stops.
async fn connection(
    relay: &Relay,
    mqtt: &service::mqtt::Config,
    cancel: &CancellationToken,
) -> Result<(), LinkError> {
    let (client, mut link) = AsyncClient::builder(options(relay, mqtt)?).capacity(QUEUE).build();
    link.set_network_options(service::mqtt::network());

    tokio::select! {
        biased;
        end = listen(relay, &client, &mut link, cancel) => end,
        end = demand::keep(relay, &client) => match end? {},
    }
}

async fn listen(
    relay: &Relay,
    client: &AsyncClient,
    link: &mut EventLoop,
    cancel: &CancellationToken,
) -> Result<(), LinkError> {
    loop {
        tokio::select! {
            biased;
            () = cancel.cancelled() => {
                farewell(relay, link).await;
                return Ok(());
            }
            // Whoever is cancelled here is never polled again but to say good-bye.
            event = link.poll() => match event.map_err(Box::new)? {
                Event::Incoming(packet) => take_in(relay, client, packet)?,
                Event::Outgoing(_) => {}
            },
        }
    }
}

fn take_in(relay: &Relay, client: &AsyncClient, packet: Packet) -> Result<(), LinkError> {
    if let Packet::Publish(publish) = packet {
        let arrival = if publish.retain { Arrival::Retained } else { Arrival::Live };
        // Ours are ASCII: what is no text was meant for nobody here.
        if let Ok(topic) = str::from_utf8(&publish.topic) {
            relay.take_in(topic, &publish.payload, arrival);
        }
    } else if relay.demand.is_limited() {
        // Whoever subscribes waits for the answers by himself.
    } else if let Packet::ConnAck(_) = packet {
        client
            .try_subscribe(relay.root.everything(), QoS::AtLeastOnce)
            .map_err(|_| NotSubscribed)?;
    } else if let Packet::SubAck(answer) = packet {
        if !is_granted(&answer) {
            return Err(NotSubscribed.into());
        }
        info!(root = %relay.root, "Connected to the broker");
        relay.subscribed(client.clone());
    }

    Ok(())
}

fn is_granted(answer: &SubAck) -> bool {
    answer.return_codes.iter().all(|code| matches!(code, SubscribeReasonCode::Success(_)))
}

fn options(relay: &Relay, mqtt: &service::mqtt::Config) -> Result<MqttOptions, ConfigError> {
    let name = &relay.config.name;
    let will = relay.own_status(SystemState::Offline);
    let mut options = mqtt.options(&format!("{name}-{}", relay.boot))?;
    options.set_last_will(LastWill::new(
        will.topic().below(&relay.root),
        will.encode(),
        QoS::AtLeastOnce,
        true,
    ));

    Ok(options)
}

/// Says `stopped`, and leaves in such a way that the will is not published.
async fn farewell(relay: &Relay, link: &mut EventLoop) {
    // Without a connection there is nobody to tell.
    let _ = relay.publish(&relay.own_status(SystemState::Stopped));
    let Some(client) = relay.uplink.close() else { return };
    if client.try_disconnect().is_err() {
        return;
    }

    let leave = async {
        while let Ok(event) = link.poll().await {
            if matches!(event, Event::Outgoing(Outgoing::Disconnect)) {
                return;
            }
        }
    };
    if time::timeout(FAREWELL, leave).await.is_err() {
        warn!("The broker did not hear that the gateway stops");
    }
}
