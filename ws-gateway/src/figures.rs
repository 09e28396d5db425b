//! Counters: what the gateway did since it started, as `/metrics` tells it.

mod histogram;
mod outcomes;

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use service::prometheus::{Kind, metric};

use histogram::Histogram;
pub(crate) use outcomes::{By, Outcomes};

const PREFIX: &str = "manless_gateway_";

/// One number that only grows.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

/// All counters of a gateway.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    pub(crate) received: Counter,
    pub(crate) invalid: Counter,
    pub(crate) stale: Counter,
    pub(crate) delivered: Counter,
    pub(crate) conflated: Counter,
    pub(crate) slow_clients: Counter,
    pub(crate) sessions: Counter,
    pub(crate) refused_requests: Counter,
    pub(crate) stuck_connections: Counter,
    pub(crate) commands: Counter,
    pub(crate) refused_commands: Counter,
    pub(crate) unanswered_commands: Counter,
    pub(crate) bad_frames: Counter,
    pub(crate) broker_connections: Counter,
    pub(crate) stream_frames: Counter,
    /// What became of commands.
    pub(crate) outcomes: Outcomes,
    /// From when a message came from the broker until the last client of a shard was written to.
    deliveries: Histogram,
    /// From when a message was made until it came from the broker.
    ages: Histogram,
}

impl Counter {
    /// One more.
    pub(crate) fn count(&self) {
        self.add(1);
    }

    pub(crate) fn add(&self, more: usize) {
        self.0.fetch_add(more as u64, Ordering::Relaxed);
    }

    pub(crate) fn total(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Figures {
    /// What came so long ago has been written to all clients of a shard that keep up.
    pub(crate) fn delivered_after(&self, time: Duration) {
        self.deliveries.add(time);
    }

    /// A message was made so long ago, by the clock of whoever made it.
    pub(crate) fn came_after(&self, time: Duration) {
        self.ages.add(time);
    }

    fn named(&self) -> [(&'static str, &'static str, &Counter); 15] {
        [
            ("messages_received", "Messages that came from the broker", &self.received),
            ("messages_invalid", "Messages that are not of the contract", &self.invalid),
            ("messages_stale", "Wills of agents that have come back since", &self.stale),
            ("frames_delivered", "Frames that were written to clients", &self.delivered),
            (
                "frames_conflated",
                "States that a client was not told, for a newer one had come",
                &self.conflated,
            ),
            ("clients_slow", "Clients closed with 4008", &self.slow_clients),
            ("sessions", "WebSocket sessions opened", &self.sessions),
            ("requests_refused", "Requests of a wrong host or origin", &self.refused_requests),
            (
                "connections_stuck",
                "Connections closed because nothing was taken of what was sent, such as a stream",
                &self.stuck_connections,
            ),
            ("commands", "Commands that clients sent", &self.commands),
            ("commands_refused", "Commands that the gateway refused", &self.refused_commands),
            ("commands_unanswered", "Commands that no gate answered", &self.unanswered_commands),
            ("client_frames_bad", "Frames of clients that were not valid", &self.bad_frames),
            ("stream_frames", "Frames of streams that viewers took", &self.stream_frames),
            ("broker_connections", "Times the broker was reached", &self.broker_connections),
        ]
    }

    /// The text that Prometheus reads, followed by `gauges`: what is the case now.
    pub(crate) fn prometheus(&self, gauges: &[(&str, &str, u64)]) -> String {
        let mut text = String::new();

        for (name, help, counter) in self.named() {
            metric(
                &mut text,
                &format!("{PREFIX}{name}_total"),
                help,
                Kind::Counter,
                counter.total(),
            );
        }
        self.outcomes.write(
            &mut text,
            &format!("{PREFIX}command_outcomes_total"),
            "Last answers to commands, by gates and by the gateway",
        );
        self.deliveries.write(
            &mut text,
            &format!("{PREFIX}delivery_seconds"),
            "From the broker to the sockets of the clients, once for all that is written together",
        );
        self.ages.write(
            &mut text,
            &format!("{PREFIX}message_age_seconds"),
            "From the timestamp of an event to its arrival here; right where the clocks agree",
        );
        for (name, help, value) in gauges {
            metric(&mut text, &format!("{PREFIX}{name}"), help, Kind::Gauge, *value);
        }

        text
    }
}
