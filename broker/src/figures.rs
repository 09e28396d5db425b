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
    front::Front,
    message::Origin,
};

/// A number that only means something to people: no order between two of them is promised.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self) {
        self.add_many(1);
    }

    pub(crate) fn add_many(&self, many: usize) {
        self.0.fetch_add(many as u64, Ordering::Relaxed);
    }

    pub(crate) fn subtract(&self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }

    /// Notes the highest value there ever was.
    pub(crate) fn raise(&self, to: u64) {
        self.0.fetch_max(to, Ordering::Relaxed);
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
    /// The most that ever were.
    pub(crate) connected_most: Counter,
    /// Connections that were accepted as clients.
    pub(crate) connections: Counter,
    /// Connections that were turned away, with or without CONNACK.
    pub(crate) turned_away: Counter,
    /// Of them, those with a wrong user, password or certificate.
    pub(crate) failed_logins: Counter,
    /// Of them, those that made room for others before they had said who they are.
    pub(crate) crowded_out: Counter,
    /// Of them, those of an address that had as many as it may.
    pub(crate) crowded_addresses: Counter,
    /// Sessions that ended because their client stayed away.
    pub(crate) sessions_expired: Counter,
    /// Bytes from clients.
    pub(crate) bytes_received: Counter,
    /// Bytes to clients.
    pub(crate) bytes_sent: Counter,
    /// Messages from clients.
    pub(crate) received: Counter,
    /// Messages to clients.
    pub(crate) sent: Counter,
    /// Messages that expired, were too large for a client, or found no room in its queue.
    pub(crate) dropped: Counter,
    /// Messages that a client may not publish.
    pub(crate) refused: Counter,
    /// Subscriptions that a client may not have.
    pub(crate) refused_subscriptions: Counter,
    /// How often a client that publishes too fast was made to wait.
    pub(crate) throttled: Counter,
    /// Clients that were disconnected because they did not keep up.
    pub(crate) slow_clients: Counter,
    /// Routers that died and were replaced.
    pub(crate) router_restarts: Counter,
}

/// One figure, under the names by which it is known.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Figure {
    /// Below `$SYS/broker/`.
    pub(crate) topic: &'static str,
    /// Behind `manless_broker_`.
    pub(crate) metric: &'static str,
    pub(crate) help: &'static str,
    pub(crate) value: u64,
}

impl Figure {
    pub(crate) fn kind(self) -> Kind {
        if self.metric.ends_with("_total") { Kind::Counter } else { Kind::Gauge }
    }
}

impl Front {
    /// Everything there is to tell, as of now.
    #[rustfmt::skip]
    pub(crate) fn figures(&self) -> impl Iterator<Item = Figure> {
        let counted = &self.figures;
        let stock = self.exchange.sweep();
        let store = self.exchange.store().figures();
        let (here, away) = (counted.connected.value(), self.registry.away() as u64);
        let count = Counter::value;

        [
            ("clients/connected", "clients_connected", "Clients that are connected", here),
            ("clients/disconnected", "sessions_away", "Sessions whose client is away", away),
            ("clients/total", "sessions", "Sessions, with and without a client", here + away),
            ("clients/maximum", "clients_connected_most", "The most clients that ever were connected", count(&counted.connected_most)),
            ("clients/expired", "sessions_expired_total", "Sessions that ended because their client stayed away", count(&counted.sessions_expired)),
            ("clients/slow", "clients_slow_total", "Clients that did not keep up", count(&counted.slow_clients)),
            ("connections/total", "connections_total", "Connections that became clients", count(&counted.connections)),
            ("connections/refused", "connections_refused_total", "Connections that were turned away", count(&counted.turned_away)),
            ("connections/crowded_out", "connections_crowded_out_total", "Silent connections that made room for others", count(&counted.crowded_out)),
            ("connections/crowded_addresses", "connections_crowded_addresses_total", "Connections of an address that had as many as it may", count(&counted.crowded_addresses)),
            ("connections/failed_logins", "failed_logins_total", "Connections with a wrong user, password or certificate", count(&counted.failed_logins)),
            ("bytes/received", "received_bytes_total", "Bytes from clients", count(&counted.bytes_received)),
            ("bytes/sent", "sent_bytes_total", "Bytes to clients", count(&counted.bytes_sent)),
            ("messages/received", "messages_received_total", "Messages from clients", count(&counted.received)),
            ("messages/sent", "messages_sent_total", "Messages to clients", count(&counted.sent)),
            ("publish/messages/dropped", "messages_dropped_total", "Messages that expired, were too large or found no room", count(&counted.dropped)),
            ("publish/messages/refused", "messages_refused_total", "Messages that a client may not publish", count(&counted.refused)),
            ("publish/throttled", "publish_throttled_total", "How often a client that published too fast had to wait", count(&counted.throttled)),
            ("subscriptions/count", "subscriptions", "Subscriptions of all sessions", stock.subscriptions as u64),
            ("subscriptions/refused", "subscriptions_refused_total", "Subscriptions that a client may not have", count(&counted.refused_subscriptions)),
            ("retained messages/count", "retained_messages", "Messages that are retained", stock.retained as u64),
            ("retained messages/bytes", "retained_bytes", "Bytes of all retained messages", stock.retained_bytes as u64),
            ("store/commits", "store_commits_total", "Batches that were written to disk", store.commits),
            ("store/failures", "store_failures_total", "Batches that could not be written at once", store.failures),
            ("store/set_aside", "store_set_aside", "Stores that were found damaged and set aside at the start", u64::from(self.store_set_aside)),
            ("router/restarts", "router_restarts_total", "Routers that died and were replaced", count(&counted.router_restarts)),
            ("uptime", "uptime_seconds", "How long the broker has been there", self.exchange.uptime().as_secs()),
        ]
        .into_iter()
        .map(|(topic, metric, help, value)| Figure { topic, metric, help, value })
    }
}

/// Publishes the figures for as long as the broker runs.
pub(crate) async fn publish(front: &Front, every: Duration) {
    if every.is_zero() {
        return std::future::pending().await;
    }
    let mut tick = time::interval(every);
    let version = concat!("manless ", env!("CARGO_PKG_VERSION"));
    report(&front.exchange, "version", version.to_owned()).await;

    loop {
        tick.tick().await;
        for Figure { topic, value, .. } in front.figures() {
            // The customary form of this one.
            let unit = if topic == "uptime" { " seconds" } else { "" };
            report(&front.exchange, topic, format!("{value}{unit}")).await;
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
    let _ = exchange.publish(&publication, Origin::BROKER, None).await;
}
