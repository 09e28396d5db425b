//! The connection to the broker: what it says, and whether it is there.

use std::time::Duration;

use anyhow::{Result, bail};
use rumqttc::{AsyncClient, Event, Packet, QoS, SubscribeReasonCode};
use schemas::{GateId, Kind, Message, MessageType, Report, Root, Topic};
use service::Backoff;
use tokio::{sync::mpsc, time};

use super::words;

/// A subscription for each type of message of one gate fits.
const REQUESTS: usize = 64;
const SHORTEST_WAIT: Duration = Duration::from_millis(200);
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// Where to listen, and to whom.
#[derive(Debug)]
pub(crate) struct Feed {
    pub(crate) mqtt: service::mqtt::Config,
    pub(crate) root: Root,
    pub(crate) gate: Option<GateId>,
}

/// Something new.
#[derive(Debug)]
pub(crate) enum Update {
    /// The broker is there: states follow.
    Connected,
    /// The broker is not there, for this reason.
    Lost(String),
    /// A gate said something, in these words.
    Said(Box<Report>, String),
}

impl Feed {
    /// The address of the broker, for a person.
    pub(crate) fn broker(&self) -> String {
        format!("{}:{}", self.mqtt.host, self.mqtt.port())
    }

    /// Listens until nobody wants to hear it any more.
    pub(crate) async fn run(&self, updates: mpsc::Sender<Update>) {
        let mut backoff = Backoff::new(SHORTEST_WAIT, LONGEST_WAIT);
        let mut told = String::new();

        loop {
            let connected = self.connection(&updates).await;
            let Err(error) = connected else { return };

            let reason = error.chain().map(ToString::to_string).collect::<Vec<_>>().join(": ");
            let is_new = reason != told;
            if is_new {
                told.clone_from(&reason);
                backoff.reset();
                if updates.send(Update::Lost(words::plain(&reason))).await.is_err() {
                    return;
                }
            }
            time::sleep(backoff.delay()).await;
        }
    }

    /// One connection, until it breaks. `Ok` where nobody wants to hear it.
    async fn connection(&self, updates: &mpsc::Sender<Update>) -> Result<()> {
        let id = format!("manless-monitor-{:08x}", fastrand::u32(..));
        let (client, mut link) =
            AsyncClient::builder(self.mqtt.options(&id)?).capacity(REQUESTS).build();

        loop {
            let Event::Incoming(packet) = link.poll().await? else { continue };

            if let Some(update) = self.take_in(&client, packet)?
                && updates.send(update).await.is_err()
            {
                return Ok(());
            }
        }
    }

    fn take_in(&self, client: &AsyncClient, packet: Packet) -> Result<Option<Update>> {
        if let Packet::ConnAck(_) = packet {
            for filter in self.filters() {
                client.try_subscribe(filter, QoS::AtLeastOnce)?;
            }
        } else if let Packet::SubAck(answer) = packet {
            if !answer.return_codes.iter().all(is_granted) {
                bail!("the broker does not let this user listen to the gate");
            }
            return Ok(Some(Update::Connected));
        } else if let Packet::Publish(publish) = packet {
            return Ok(self.said(&publish.topic, &publish.payload));
        }

        Ok(None)
    }

    /// All that a gate says but its pictures; of all gates, with them.
    fn filters(&self) -> Vec<String> {
        let Some(gate) = &self.gate else { return vec![self.root.everything()] };

        MessageType::ALL
            .iter()
            .filter(|kind| matches!(kind.kind(), Kind::State | Kind::Event | Kind::Answer))
            .map(|kind| Topic::Gate(gate.clone(), *kind).below(&self.root))
            .collect()
    }

    fn said(&self, topic: &[u8], bytes: &[u8]) -> Option<Update> {
        let topic = Topic::parse(&self.root, str::from_utf8(topic).ok()?).ok()?;
        // Who sends what is no message of the contract is the gateway's business, and on its page.
        let Ok(Message::Report(report)) = Message::decode(&topic, bytes) else { return None };

        Some(Update::Said(Box::new(report), words::of_payload(bytes)))
    }
}

fn is_granted(code: &SubscribeReasonCode) -> bool {
    matches!(code, SubscribeReasonCode::Success(_))
}
