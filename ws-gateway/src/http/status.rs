//! What the gateway knows and how it is doing, for people, scripts and monitors.

use std::collections::BTreeMap;

use axum::{
    Extension, Json,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use schemas::{BridgeId, CONTRACT, GateId, SystemState, Timestamp};
use serde::Serialize;
use serde_json::value::RawValue;
use service::prometheus::{self, Kind, metric};

use super::{Site, reply};
use crate::{
    audit::Tally,
    hub::{Channel, GateView, View},
    outbox::Frame,
    visitor::Visitor,
};

/// The answer of `/status`.
#[derive(Serialize)]
struct Status<'a> {
    name: &'a BridgeId,
    version: &'static str,
    contract: &'static str,
    started_at: Timestamp,
    uptime_seconds: u64,
    broker: Broker<'a>,
    /// How the audit log is doing; absent, where none is written.
    #[serde(skip_serializing_if = "Option::is_none")]
    audit: Option<AuditLog>,
    /// Channels with their client counts.
    channels: BTreeMap<String, usize>,
    /// Gates whose controllers are connected over WebSocket.
    controllers: Vec<GateId>,
    gates: BTreeMap<GateId, Gate>,
}

#[derive(Serialize)]
struct Broker<'a> {
    connected: bool,
    host: &'a str,
    port: u16,
}

#[derive(Serialize)]
struct AuditLog {
    /// Whether the last record could be written.
    writes: bool,
    written: u64,
    /// Records that could not be written.
    lost: u64,
}

#[derive(Serialize)]
struct Gate {
    /// What the gate says of itself; `unknown` where it never did.
    state: SystemState,
    /// The latest message of each type of state, and the last event or answer.
    messages: BTreeMap<&'static str, Box<RawValue>>,
}

/// What somebody may know: of gates that he does not see, nothing.
pub(super) async fn status(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
) -> Response {
    let relay = &site.relay;
    let sees = &visitor.reach().sees;
    let View { mut channels, gates } = relay.hub.view();
    channels.retain(|channel, _| match channel.parse() {
        Ok(Channel::Gate(gate)) => sees.contains(&gate),
        Ok(Channel::All | Channel::Admin) | Err(_) => true,
    });
    let gates = gates.into_iter().filter(|view| sees.contains(&view.gate)).map(
        |GateView { gate, state, messages }| {
            let messages =
                messages.into_iter().filter_map(|(kind, frame)| Some((kind, embedded(&frame)?)));
            (gate, Gate { state, messages: messages.collect() })
        },
    );
    let status = Status {
        name: &relay.config.name,
        version: env!("CARGO_PKG_VERSION"),
        contract: CONTRACT,
        started_at: relay.started_at,
        uptime_seconds: relay.started.elapsed().as_secs(),
        broker: Broker {
            connected: relay.uplink.is_open(),
            host: &site.mqtt.host,
            port: site.mqtt.port(),
        },
        audit: relay.audit.tally().map(AuditLog::from),
        channels,
        controllers: relay
            .controllers
            .gates()
            .into_iter()
            .filter(|gate| sees.contains(gate))
            .collect(),
        gates: gates.collect(),
    };

    ([(header::CACHE_CONTROL, "no-store")], Json(status)).into_response()
}

impl From<&Tally> for AuditLog {
    fn from(tally: &Tally) -> Self {
        Self { writes: !tally.fails(), written: tally.written(), lost: tally.lost() }
    }
}

pub(super) async fn health() -> Response {
    plain("ok\n".to_owned())
}

pub(super) async fn readiness(State(site): State<Site>) -> Response {
    if site.relay.hub.is_draining() {
        return reply::refusal(StatusCode::SERVICE_UNAVAILABLE, "stopping", "the gateway stops");
    }
    if site.relay.uplink.is_open() {
        return plain("ready\n".to_owned());
    }

    // Where there are logins, this is for those who have none.
    let message = match site.access.has_logins() {
        true => "no MQTT broker".to_owned(),
        false => format!(
            "no MQTT broker at {}:{}: start it, or set `mqtt.host` and `mqtt.port`",
            site.mqtt.host,
            site.mqtt.port()
        ),
    };
    reply::refusal(StatusCode::SERVICE_UNAVAILABLE, "broker_unavailable", &message)
}

pub(super) async fn metrics(State(site): State<Site>) -> Response {
    let relay = &site.relay;
    let View { channels, gates } = relay.hub.view();
    let clients: usize = channels.values().sum();

    let mut text = relay.figures.prometheus(&[
        ("clients", "Clients that are connected", clients as u64),
        ("controllers", "Controllers that are connected", relay.controllers.gates().len() as u64),
        ("gates", "Gates that were heard of", gates.len() as u64),
        ("stream_viewers", "Who watches a stream", relay.streams.viewers() as u64),
        ("broker_connected", "Whether the broker is connected", relay.uplink.is_open().into()),
    ]);
    write_channels(&mut text, &channels);
    if let Some(tally) = relay.audit.tally() {
        write_audit(&mut text, tally);
    }

    plain(text)
}

fn write_channels(text: &mut String, channels: &BTreeMap<String, usize>) {
    let name = "manless_gateway_channel_clients";

    prometheus::family(text, name, "Clients of each channel", Kind::Gauge);
    for (channel, clients) in channels {
        prometheus::sample(text, name, &[("channel", channel)], clients);
    }
}

fn write_audit(text: &mut String, tally: &Tally) {
    for (name, help, kind, value) in [
        ("records_total", "Audit records on the disk", Kind::Counter, tally.written()),
        ("lost_total", "Audit records that could not be written", Kind::Counter, tally.lost()),
        (
            "fails",
            "Whether the last audit record could not be written",
            Kind::Gauge,
            tally.fails().into(),
        ),
    ] {
        metric(text, &format!("manless_gateway_audit_{name}"), help, kind, value);
    }
}

fn plain(text: String) -> Response {
    let headers =
        [(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::CACHE_CONTROL, "no-store")];

    (headers, text).into_response()
}

/// The message as it came, as a value in the answer.
fn embedded(frame: &Frame) -> Option<Box<RawValue>> {
    RawValue::from_string(frame.trim().to_owned()).ok()
}
