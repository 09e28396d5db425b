//! A subscription that comes back: the broker, and what it says, over connections that are made
//! again whenever one breaks.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Result, bail};
use rumqttc::{AsyncClient, Event, Packet, Publish, QoS, SubAck, SubscribeReasonCode};
use service::{
    Backoff,
    config::{ConfigError, Settings},
    mqtt,
};
use tokio::{sync::mpsc, time};

use crate::{monitor::plain, up::reachable};

/// A subscription for each type of message of one gate fits.
const REQUESTS: usize = 64;
const SHORTEST_WAIT: Duration = Duration::from_millis(200);
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// Where to listen, and to what.
#[derive(Debug)]
pub(crate) struct Subscription {
    pub(crate) mqtt: mqtt::Config,
    /// What its client id begins with.
    pub(crate) name: &'static str,
    pub(crate) filters: Vec<String>,
}

/// Something was heard.
#[derive(Debug)]
pub(crate) enum News {
    /// The broker is there, and lets this user hear at least some of it.
    Connected,
    /// The broker is not there, for this reason, which was not the last one that was told.
    Lost(String),
    /// A message came.
    Published(Publish),
}

impl Subscription {
    /// The address of the broker, for a person.
    pub(crate) fn broker(&self) -> String {
        format!("{}:{}", self.mqtt.host, self.mqtt.port())
    }

    /// Listens until nobody wants to hear what `sort` makes of it.
    pub(crate) async fn run<T>(
        &self,
        heard: mpsc::Sender<T>,
        mut sort: impl FnMut(News) -> Option<T>,
    ) {
        let mut backoff = Backoff::new(SHORTEST_WAIT, LONGEST_WAIT);
        let mut told = String::new();

        loop {
            let mut take = |news| {
                if matches!(news, News::Connected) {
                    backoff.reset();
                    told.clear();
                }
                sort(news)
            };
            let Err(error) = self.connection(&heard, &mut take).await else { return };

            let reason = plain(&format!("{error:#}"));
            if reason != told {
                told.clone_from(&reason);
                if let Some(lost) = sort(News::Lost(reason))
                    && heard.send(lost).await.is_err()
                {
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
    async fn connection<T>(
        &self,
        heard: &mpsc::Sender<T>,
        sort: &mut impl FnMut(News) -> Option<T>,
    ) -> Result<()> {
        let id = format!("manless-{}-{:08x}", self.name, fastrand::u32(..));
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
                for filter in &self.filters {
                    client.try_subscribe(filter, QoS::AtLeastOnce)?;
                }
                None
            } else if let Packet::SubAck(answer) = packet {
                answers.push(is_granted(&answer));
                self.is_answered(&answers)?.then_some(News::Connected)
            } else if let Packet::Publish(publish) = packet {
                Some(News::Published(publish))
            } else {
                None
            };

            if let Some(told) = news.and_then(&mut *sort)
                && heard.send(told).await.is_err()
            {
                return Ok(());
            }
        }
    }

    /// Whether all answers are there. A user who may hear some of it hears that.
    fn is_answered(&self, answers: &[bool]) -> Result<bool> {
        if answers.len() < self.filters.len() {
            return Ok(false);
        }
        if !answers.contains(&true) {
            bail!("the broker does not let this user listen to that");
        }

        Ok(true)
    }
}

/// Where `[mqtt]` says; where it says nothing, where the broker of the same configuration listens.
pub(crate) fn broker_of(settings: &Settings) -> Result<mqtt::Config, ConfigError> {
    let mqtt: mqtt::Config = settings.read("mqtt")?;
    let broker: broker::Config = settings.read("broker")?;
    let is_said =
        mqtt.port.is_some() || mqtt.tls.is_some() || mqtt.host != mqtt::Config::default().host;

    Ok(match broker.listen.iter().find(|address| address.port() != 0) {
        Some(address) if !is_said => {
            let here = SocketAddr::new(reachable(address.ip()), address.port());
            let mqtt::Config { host, port, .. } = mqtt::Config::at(here);
            mqtt::Config { host, port, ..mqtt }
        }
        Some(_) | None => mqtt,
    })
}

fn is_granted(answer: &SubAck) -> bool {
    answer.return_codes.iter().all(|code| matches!(code, SubscribeReasonCode::Success(_)))
}
