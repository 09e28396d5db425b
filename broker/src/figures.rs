//! What is counted, and published as `$SYS/broker/…` under the names that tools know.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use bytes::Bytes;
use service::prometheus::Kind;
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

/// One figure, under the names by which it is known.
pub(crate) struct Figure {
    /// Below `$SYS/broker/`.
    pub(crate) topic: &'static str,
    /// Behind `manless_broker_`.
    pub(crate) metric: &'static str,
    pub(crate) help: &'static str,
    pub(crate) kind: Kind,
    pub(crate) value: u64,
}

impl Figures {
    /// Each of them, with the names that tools know.
    pub(crate) fn all(&self) -> impl Iterator<Item = Figure> {
        self.table().into_iter().map(|(topic, metric, help, counter)| Figure {
            topic,
            metric,
            help,
            kind: if metric.ends_with("_total") { Kind::Counter } else { Kind::Gauge },
            value: counter.value(),
        })
    }

    #[rustfmt::skip]
    fn table(&self) -> [(&'static str, &'static str, &'static str, &Counter); 9] {
        [
            ("clients/connected", "clients_connected", "Clients that are connected", &self.connected),
            ("connections/total", "connections_total", "Connections that became clients", &self.connections),
            ("connections/refused", "connections_refused_total", "Connections that were turned away", &self.turned_away),
            ("messages/received", "messages_received_total", "Messages from clients", &self.received),
            ("messages/sent", "messages_sent_total", "Messages to clients", &self.sent),
            ("publish/messages/dropped", "messages_dropped_total", "Messages that expired, were too large or got lost", &self.dropped),
            ("publish/messages/refused", "messages_refused_total", "Messages that a client may not publish", &self.refused),
            ("clients/slow", "clients_slow_total", "Clients that did not keep up", &self.slow_clients),
            ("router/restarts", "router_restarts_total", "Routers that died and were replaced", &self.router_restarts),
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
        for figure in figures.all() {
            report(exchange, figure.topic, figure.value.to_string()).await;
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
