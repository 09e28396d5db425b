//! What is counted, and published as `$SYS/broker/…` under the names that tools know.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use bytes::Bytes;
use tokio::time;

use crate::{
    codec::{Publication, Qos},
    exchange::Exchange,
    message::Origin,
};

/// A number that only means something to people: no order between two of them is promised.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn subtract(&self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }

    pub(crate) fn value(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// All that is counted.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    /// Clients that are connected.
    pub(crate) connected: Counter,
    /// Connections that were accepted as clients.
    pub(crate) connections: Counter,
    /// Connections that were turned away, with or without CONNACK.
    pub(crate) turned_away: Counter,
    /// Messages from clients.
    pub(crate) received: Counter,
    /// Messages to clients.
    pub(crate) sent: Counter,
    /// Messages that expired, were too large for a client, or went down with a router.
    pub(crate) dropped: Counter,
    /// Messages that a client may not publish.
    pub(crate) refused: Counter,
    /// Clients that were disconnected because they did not keep up.
    pub(crate) slow_clients: Counter,
    /// Routers that died and were replaced.
    pub(crate) router_restarts: Counter,
}

impl Figures {
    fn topics(&self) -> [(&'static str, u64); 9] {
        [
            ("clients/connected", self.connected.value()),
            ("connections/total", self.connections.value()),
            ("connections/refused", self.turned_away.value()),
            ("messages/received", self.received.value()),
            ("messages/sent", self.sent.value()),
            ("publish/messages/dropped", self.dropped.value()),
            ("publish/messages/refused", self.refused.value()),
            ("clients/slow", self.slow_clients.value()),
            ("router/restarts", self.router_restarts.value()),
        ]
    }
}

/// Publishes the figures for as long as the broker runs.
pub(crate) async fn publish(figures: &Figures, exchange: &Exchange, every: Duration) {
    if every.is_zero() {
        return std::future::pending().await;
    }
    let mut tick = time::interval(every);
    report(exchange, "version", concat!("manless ", env!("CARGO_PKG_VERSION")).to_owned()).await;

    loop {
        tick.tick().await;
        let retained = exchange.sweep();
        report(exchange, "retained messages/count", retained.to_string()).await;
        report(exchange, "uptime", format!("{} seconds", exchange.now().as_secs())).await;
        for (name, value) in figures.topics() {
            report(exchange, name, value.to_string()).await;
        }
    }
}

async fn report(exchange: &Exchange, name: &str, value: String) {
    let publication = Publication {
        topic: format!("$SYS/broker/{name}").into(),
        payload: Bytes::from(value),
        qos: Qos::AtMostOnce,
        retain: true,
        expiry: None,
        properties: Bytes::new(),
    };
    // A full store has no room for figures; that is not worth a word every ten seconds.
    let _ = exchange.publish(&publication, Origin::BROKER).await;
}
