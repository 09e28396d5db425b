//! Many clients that connect, and do nothing then.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use anyhow::Context;
use tokio::{net::TcpStream, task::JoinSet};

use crate::{
    client::Client,
    wire::{Qos, Version},
};

/// So many connect at a time: more than any broker works on at once, less than any backlog.
const AT_A_TIME: usize = 64;

/// Whether a client subscribes once it is connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Filters {
    None,
    /// Each to a topic of its own.
    One,
}

/// Connects `count` clients as fast as they are let in.
pub(crate) async fn gather(
    address: SocketAddr,
    version: Version,
    count: usize,
    filters: Filters,
) -> anyhow::Result<Vec<TcpStream>> {
    let next = Arc::new(AtomicUsize::new(0));
    let mut workers = JoinSet::new();
    for _ in 0..AT_A_TIME {
        let next = Arc::clone(&next);
        workers.spawn(async move {
            let mut streams = Vec::new();
            loop {
                let n = next.fetch_add(1, Relaxed);
                if n >= count {
                    return anyhow::Ok(streams);
                }
                let client = connect(address, version, n, filters).await;
                streams.push(client.with_context(|| format!("client {n} of {count}"))?);
            }
        });
    }

    let mut streams = Vec::with_capacity(count);
    while let Some(worker) = workers.join_next().await {
        streams.extend(worker.context("a client failed")??);
    }
    Ok(streams)
}

async fn connect(
    address: SocketAddr,
    version: Version,
    n: usize,
    filters: Filters,
) -> anyhow::Result<TcpStream> {
    let mut client = Client::connect(address, version, &format!("crowd-{n}")).await?;
    if filters == Filters::One {
        client.subscribe(&[format!("crowd/{n}")], Qos::AtLeastOnce).await?;
    }

    Ok(client.stream)
}
