//! No broker: a server that answers as one and hands every packet to every subscriber unread.
//!
//! What is measured against it is the load itself, the kernel and the machine: a peer that comes
//! close to it is no longer what limits the figure.

use std::{net::SocketAddr, sync::Arc};

use anyhow::Context;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, tcp::OwnedWriteHalf},
    sync::Mutex,
    task::JoinSet,
};

use crate::wire::{Inbox, Kind, Version, puback};

const SMALL: usize = 2 * 1024;
const LARGE: usize = 256 * 1024;

/// Shared by all connections; held while one batch is written.
type Subscribers = Arc<Mutex<Vec<OwnedWriteHalf>>>;

/// Serves until it is killed.
///
/// One thread is faster here than several that wake each other.
pub(crate) async fn serve(address: SocketAddr) -> anyhow::Result<()> {
    let listener = TcpListener::bind(address).await.context("cannot listen")?;
    let (subscribers, mut clients) = (Subscribers::default(), JoinSet::new());

    loop {
        let (stream, _) = listener.accept().await.context("cannot accept")?;
        let subscribers = Arc::clone(&subscribers);
        // A client that leaves ends its task.
        clients.spawn(async move { client(stream, subscribers).await.ok() });
        while clients.try_join_next().is_some() {}
    }
}

async fn client(stream: TcpStream, subscribers: Subscribers) -> anyhow::Result<()> {
    stream.set_nodelay(true)?;
    let (mut reader, writer) = stream.into_split();
    let mut writer = Some(writer);
    let (mut inbox, mut version) = (Inbox::with_room(SMALL), Version::V311);
    let (mut answers, mut messages) = (Vec::new(), Vec::new());

    loop {
        let read = reader.read(inbox.room()).await?;
        inbox.filled(read)?;
        let mut subscribes = false;
        while let Some(frame) = inbox.next() {
            match frame.kind() {
                Kind::Connect => {
                    version = if frame.body()[6] == 5 { Version::V5 } else { Version::V311 };
                    answers.extend(conn_ack(version));
                }
                Kind::Subscribe => {
                    subscribes = true;
                    answers.extend(sub_ack(version, frame.body()));
                }
                Kind::Publish => {
                    answers.extend(frame.to_acknowledge().into_iter().flat_map(puback));
                    messages.extend_from_slice(frame.whole());
                }
                Kind::ConnAck
                | Kind::PubAck
                | Kind::SubAck
                | Kind::PingResp
                | Kind::Disconnect
                | Kind::Other => {}
            }
        }

        if let Some(writer) = &mut writer {
            writer.write_all(&answers).await?;
        }
        answers.clear();
        if subscribes {
            subscribers.lock().await.extend(writer.take());
        }
        if !messages.is_empty() {
            inbox.grow(LARGE);
            hand_on(&subscribers, &messages).await;
            messages.clear();
        }
    }
}

/// Waits for the slowest: nothing is lost, and nothing is kept.
async fn hand_on(subscribers: &Subscribers, messages: &[u8]) {
    let mut subscribers = subscribers.lock().await;

    for subscriber in subscribers.iter_mut() {
        // Who has left gets nothing.
        let _ = subscriber.write_all(messages).await;
    }
}

fn conn_ack(version: Version) -> &'static [u8] {
    match version {
        Version::V311 => b"\x20\x02\0\0",
        Version::V5 => b"\x20\x03\0\0\0",
    }
}

/// Grants QoS 1 for the one filter that the load asks for.
fn sub_ack(version: Version, subscribe: &[u8]) -> Vec<u8> {
    match version {
        Version::V311 => vec![0x90, 3, subscribe[0], subscribe[1], 1],
        Version::V5 => vec![0x90, 4, subscribe[0], subscribe[1], 0, 1],
    }
}
