//! The connection to the broker, and all that comes over it.

use std::time::Duration;

use anyhow::{Result, bail};
use rumqttc::{AsyncClient, Event, Packet, Publish, QoS, SubAck, SubscribeReasonCode};
use schemas::{MessageType, Root, Timestamp, Topic};
use service::{Backoff, stamp};
use tokio::{sync::mpsc, time};

use super::Wanted;
use crate::monitor::plain;

/// A subscription for each type of message of one gate fits.
const REQUESTS: usize = 64;
const SHORTEST_WAIT: Duration = Duration::from_millis(200);
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// Where to listen, and to what.
#[derive(Debug)]
pub(crate) struct Feed {
    pub(crate) mqtt: service::mqtt::Config,
    pub(crate) root: Root,
    pub(crate) wanted: Wanted,
}

/// Something was heard.
#[derive(Debug)]
pub(crate) enum Heard {
    /// How the connection is, for a person.
    Link(String),
    Message(Message),
}

/// A message as it came.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) time: Timestamp,
    pub(crate) topic: String,
    /// `None`: it is not one of the contract.
    pub(crate) sorted: Option<Topic>,
    pub(crate) is_retained: bool,
    pub(crate) bytes: Vec<u8>,
}

impl Feed {
    /// Listens until nobody wants to hear it any more.
    pub(crate) async fn run(&self, heard: mpsc::Sender<Heard>) {
        let mut backoff = Backoff::new(SHORTEST_WAIT, LONGEST_WAIT);
        let mut told = String::new();

        while let Err(error) = self.connection(&heard, &mut told, &mut backoff).await {
            let reason = error.chain().map(ToString::to_string).collect::<Vec<_>>().join(": ");
            if reason != told {
                let (host, port) = (&self.mqtt.host, self.mqtt.port());
                let said = plain(&format!("no broker at {host}:{port}: {reason}; trying again"));
                told = reason;
                if heard.send(Heard::Link(said)).await.is_err() {
                    return;
                }
            }
            tokio::select! {
                () = time::sleep(backoff.delay()) => {}
                () = heard.closed() => return,
            }
        }
    }

    /// One connection, until it breaks. `Ok` where nobody wants to hear it.
    async fn connection(
        &self,
        heard: &mpsc::Sender<Heard>,
        told: &mut String,
        backoff: &mut Backoff,
    ) -> Result<()> {
        let id = format!("manless-tap-{:08x}", fastrand::u32(..));
        let (client, mut link) =
            AsyncClient::builder(self.mqtt.options(&id)?).capacity(REQUESTS).build();
        let mut answers = Vec::new();

        loop {
            let event = tokio::select! {
                event = link.poll() => event?,
                () = heard.closed() => return Ok(()),
            };
            let Event::Incoming(packet) = event else { continue };
            let news = if let Packet::ConnAck(_) = packet {
                for filter in self.filters() {
                    client.try_subscribe(filter, QoS::AtLeastOnce)?;
                }
                None
            } else if let Packet::SubAck(answer) = packet {
                answers.push(is_granted(&answer));
                self.check(&answers)?;
                backoff.reset();
                // It was lost before, and this is the first that is heard of it.
                (!told.is_empty()).then(|| {
                    told.clear();
                    Heard::Link("connected to the broker again".to_owned())
                })
            } else if let Packet::Publish(publish) = packet {
                self.sort(publish)
            } else {
                None
            };

            if let Some(news) = news
                && heard.send(news).await.is_err()
            {
                return Ok(());
            }
        }
    }

    /// A user who may hear some of it hears that.
    fn check(&self, answers: &[bool]) -> Result<()> {
        if answers.len() == self.filters().len() && !answers.contains(&true) {
            bail!("the broker does not let this user listen to that");
        }

        Ok(())
    }

    /// One for each type of one gate, so that a picture that nobody wants is not sent; otherwise one
    /// for everything.
    fn filters(&self) -> Vec<String> {
        let Some(gate) = &self.wanted.gate else { return vec![self.root.everything()] };
        let types = MessageType::ALL.into_iter().filter(|kind| self.wanted.wants_type(*kind));

        types.map(|kind| Topic::Gate(gate.clone(), kind).below(&self.root)).collect()
    }

    fn sort(&self, publish: Publish) -> Option<Heard> {
        let topic = String::from_utf8_lossy(&publish.topic).into_owned();
        let sorted = Topic::parse(&self.root, &topic).ok();

        self.wanted.wants(sorted.as_ref()).then(|| {
            Heard::Message(Message {
                time: stamp::now(),
                topic,
                sorted,
                is_retained: publish.retain,
                bytes: publish.payload.to_vec(),
            })
        })
    }
}

fn is_granted(answer: &SubAck) -> bool {
    answer.return_codes.iter().all(|code| matches!(code, SubscribeReasonCode::Success(_)))
}
