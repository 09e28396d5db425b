//! Who is owed everything, and comes back for it.

use std::{
    collections::{HashMap, HashSet},
    net::SocketAddr,
    time::{Duration, Instant},
};

use anyhow::Context;
use tokio::{io::AsyncWriteExt, time};

use super::ledger::Serial;
use crate::{
    client::{Client, SessionPresent},
    wire::{DISCONNECT, Frame, Kind, PINGREQ, Qos, Session, Version, puback},
};

const VERSION: Version = Version::V311;
const ALL: &str = "load/#";
const RETAINED: &str = "load/+/keep/+";
/// When nothing has come for so long, nothing will.
const QUIET: Duration = Duration::from_secs(3);

/// A message that arrived, and when it was acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Heard {
    pub(super) serial: Serial,
    pub(super) confirmed: Instant,
}

/// A client whose session outlives its connections.
#[derive(Debug)]
pub(super) struct Subscriber {
    client: Client,
    session: SessionPresent,
}

/// Subscribes for all time to come, and leaves.
pub(super) async fn introduce(address: SocketAddr) -> anyhow::Result<()> {
    let mut subscriber = Subscriber::back(address).await?;
    subscriber.subscribe().await?;

    subscriber.leave().await
}

/// What a newcomer is told, as soon as it is all that is `due`, or when nothing comes any more.
pub(super) async fn retained(
    address: SocketAddr,
    due: &HashMap<String, Serial>,
) -> anyhow::Result<HashMap<String, Serial>> {
    let mut client = Client::connect(address, VERSION, "newcomer").await?;
    client.subscribe(&[RETAINED], Qos::AtMostOnce).await?;
    let mut found = HashMap::new();

    while !due.keys().all(|topic| found.contains_key(topic)) {
        let Ok(frame) = time::timeout(QUIET, client.next()).await else { break };
        let frame = frame?;
        if frame.kind() == Kind::Publish {
            let topic = frame.topic().context("a topic is not UTF-8")?.to_owned();
            found.insert(topic, serial(frame)?);
        }
    }
    Ok(found)
}

impl Subscriber {
    /// Connects to the session that there is, or should be.
    pub(super) async fn back(address: SocketAddr) -> anyhow::Result<Self> {
        let connect = VERSION.connect("owed", Session::Kept, None);
        let (client, session) = Client::open(address, VERSION, &connect).await?;

        Ok(Self { client, session })
    }

    pub(super) fn was_known(&self) -> bool {
        self.session == SessionPresent(true)
    }

    pub(super) async fn subscribe(&mut self) -> anyhow::Result<()> {
        self.client.subscribe(&[ALL], Qos::AtLeastOnce).await
    }

    /// Reads and acknowledges until the connection breaks.
    pub(super) async fn read_to_the_end(mut self) -> Vec<Heard> {
        let mut all = Vec::new();
        // The end is always the same: the broker is killed.
        while let Ok(heard) = self.hear().await {
            all.extend(heard);
        }

        all
    }

    /// Reads and acknowledges until all that is `due` has come, or nothing comes any more; leaves.
    pub(super) async fn catch_up(mut self, due: &[Serial]) -> anyhow::Result<Vec<Heard>> {
        let mut due: HashSet<Serial> = due.iter().copied().collect();
        let mut all = Vec::new();

        while !due.is_empty() {
            let Ok(heard) = time::timeout(QUIET, self.hear()).await else { break };
            let heard = heard.context("the broker cut the subscriber off")?;
            heard.iter().for_each(|heard| {
                due.remove(&heard.serial);
            });
            all.extend(heard);
        }
        self.leave().await?;
        Ok(all)
    }

    /// The next packet: what it carried, once that is acknowledged.
    async fn hear(&mut self) -> anyhow::Result<Option<Heard>> {
        let frame = self.client.next().await?;
        if frame.kind() != Kind::Publish {
            return Ok(None);
        }
        let (serial, id) = (serial(frame)?, frame.to_acknowledge());
        if let Some(id) = id {
            self.client.stream.write_all(&puback(id)).await?;
        }

        Ok(Some(Heard { serial, confirmed: Instant::now() }))
    }

    /// Leaves once the broker has read the last acknowledgement.
    async fn leave(mut self) -> anyhow::Result<()> {
        self.client.stream.write_all(&PINGREQ).await?;
        let answered = async {
            while self.client.next().await?.kind() != Kind::PingResp {}
            anyhow::Ok(())
        };
        time::timeout(QUIET, answered).await.context("no answer to a ping")??;

        Ok(self.client.stream.write_all(&DISCONNECT).await?)
    }
}

fn serial(frame: Frame<'_>) -> anyhow::Result<Serial> {
    let payload = frame.payload(VERSION).context("a message has no payload")?;

    std::str::from_utf8(payload).context("a payload is not text")?.parse()
}
