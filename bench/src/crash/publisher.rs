//! Who publishes until the broker is gone, and remembers what it was promised.

use std::{collections::HashMap, net::SocketAddr, time::Duration};

use anyhow::{Context, ensure};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time,
};

use super::ledger::Serial;
use crate::{
    client::Client,
    wire::{Kind, Qos, Retain, Version},
};

const VERSION: Version = Version::V311;
/// Messages that are not acknowledged.
const WINDOW: usize = 10;
/// So often the window is filled again: a round is to end in the middle of it, and what it leaves
/// has to fit into the queue of the subscriber.
const EVERY: Duration = Duration::from_millis(2);
/// One message in so many is retained, on so many topics of each publisher.
const RETAINED: u32 = 4;
const TOPICS: u32 = 8;
const PAYLOAD: usize = 200;
/// Sends nothing but what marks the end of a round.
const MARKER: u8 = u8::MAX;

/// A message, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sent {
    pub(super) serial: Serial,
    pub(super) acknowledged: bool,
    pub(super) retained_on: Option<String>,
}

/// Publishes until the connection breaks.
pub(super) async fn publish(address: SocketAddr, round: u32, publisher: u8) -> Vec<Sent> {
    let mut sent = Vec::new();
    // The end is always the same: the broker is killed.
    let _ = publish_into(&mut sent, address, round, publisher).await;

    sent
}

async fn publish_into(
    sent: &mut Vec<Sent>,
    address: SocketAddr,
    round: u32,
    publisher: u8,
) -> anyhow::Result<()> {
    let mut client = Client::connect(address, VERSION, &format!("publisher-{publisher}")).await?;
    let mut in_flight: HashMap<u16, usize> = HashMap::new();
    let mut beat = time::interval(EVERY);

    loop {
        tokio::select! {
            biased;
            read = client.stream.read(client.inbox.room()) => {
                client.inbox.filled(read.context("cannot read")?)?;
                while let Some(frame) = client.inbox.next() {
                    let id = frame.acknowledged().filter(|_| frame.kind() == Kind::PubAck);
                    if let Some(index) = id.and_then(|id| in_flight.remove(&id)) {
                        sent[index].acknowledged = true;
                    }
                }
            }
            _ = beat.tick() => {
                let mut packets = Vec::new();
                while in_flight.len() < WINDOW {
                    let number = sent.len() as u32;
                    let id = (number % u32::from(u16::MAX)) as u16 + 1;
                    in_flight.insert(id, sent.len());
                    let (message, packet) = message(Serial { round, publisher, number }, id);
                    packets.extend(packet);
                    sent.push(message);
                }
                client.stream.write_all(&packets).await.context("cannot write")?;
            }
        }
    }
}

/// Publishes what comes after all else, and waits for its acknowledgement.
pub(super) async fn mark(address: SocketAddr, round: u32) -> anyhow::Result<Sent> {
    let mut client = Client::connect(address, VERSION, "marker").await?;
    // Not a multiple of what is retained.
    let (mut sent, packet) = message(Serial { round, publisher: MARKER, number: 1 }, 1);
    client.stream.write_all(&packet).await.context("cannot publish the marker")?;
    let answer = client.next().await?.kind();

    ensure!(answer == Kind::PubAck, "{answer:?} came where the marker was to be acknowledged");
    sent.acknowledged = true;
    Ok(sent)
}

fn message(serial: Serial, id: u16) -> (Sent, Vec<u8>) {
    let Serial { publisher, number, .. } = serial;
    let (topic, retain) = match number % RETAINED {
        0 => (format!("load/{publisher}/keep/{}", number / RETAINED % TOPICS), Retain::Yes),
        _ => (format!("load/{publisher}/event"), Retain::No),
    };
    let payload = format!("{serial:<PAYLOAD$}", serial = serial.to_string());
    let packet = VERSION.publish(&topic, (Qos::AtLeastOnce, id), retain, payload.as_bytes());
    let retained_on = (retain == Retain::Yes).then_some(topic);

    (Sent { serial, acknowledged: false, retained_on }, packet)
}
