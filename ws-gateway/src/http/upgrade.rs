//! From HTTP to WebSocket.
//!
//! The handshake is hyper's and tungstenite's: axum's own would bring a second tungstenite.

use std::sync::Arc;

use access::User;
use axum::{
    body::Body,
    extract::{Path, Query, Request, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use schemas::{GateId, SessionBody};
use serde::Deserialize;
use service::stamp;
use tokio_tungstenite::tungstenite::handshake::server::create_response_with_body;
use tracing::{Instrument, info, info_span};

use super::{Site, listener::Peer, reply};
use crate::{
    controller::{self, Bridge},
    hub::{Channel, Guest, Sight},
    outbox::Outbox,
    session::{self, Dashboard, End, Party},
    visitor::Visitor,
};

/// There are no logins: whoever reaches the gateway may do what an operator may.
const ROLE: &str = "operator";

/// What may follow the path of a channel.
#[derive(Debug, Deserialize)]
pub(super) struct Resume {
    after: Option<String>,
}

/// One session: who is at the other end, and by which number it is known.
struct Visit {
    site: Site,
    session: u64,
    peer: Peer,
}

pub(super) async fn dashboard(
    State(site): State<Site>,
    Path(channel): Path<String>,
    Query(resume): Query<Resume>,
    mut request: Request,
) -> Response {
    let channel: Channel = match channel.parse() {
        Ok(channel) => channel,
        Err(error) => {
            return reply::refusal(StatusCode::NOT_FOUND, "no_such_channel", &error.to_string());
        }
    };
    let (response, upgrade) = match handshake(&mut request) {
        Ok(accepted) => accepted,
        Err(refused) => return *refused,
    };

    let Some(visit) = Visit::new(site, &request) else { return not_an_upgrade() };
    let tasks = visit.site.sessions.clone();
    let span = info_span!("session", number = visit.session, %channel);
    tasks.spawn(async move { attend(visit, channel, resume, upgrade).await }.instrument(span));
    response
}

pub(super) async fn controller(
    State(site): State<Site>,
    Path(gate): Path<String>,
    mut request: Request,
) -> Response {
    let gate: GateId = match gate.parse() {
        Ok(gate) => gate,
        Err(error) => {
            return reply::refusal(StatusCode::NOT_FOUND, "no_such_gate", &error.to_string());
        }
    };
    let (response, upgrade) = match handshake(&mut request) {
        Ok(accepted) => accepted,
        Err(refused) => return *refused,
    };

    let Some(visit) = Visit::new(site, &request) else { return not_an_upgrade() };
    let tasks = visit.site.sessions.clone();
    let span = info_span!("controller", number = visit.session, %gate);
    tasks.spawn(async move { bridge(visit, gate, upgrade).await }.instrument(span));
    response
}

async fn attend(visit: Visit, channel: Channel, resume: Resume, upgrade: OnUpgrade) {
    let Ok(socket) = upgrade.await else { return };
    let relay = &visit.site.relay;
    visit.came(&channel.to_string());

    let guest = Guest {
        session: visit.session,
        channel: channel.clone(),
        sight: Sight::All,
        role: ROLE.to_owned(),
    };
    let seat = relay.hub.join(guest, resume.after.as_deref(), stamp::now());
    let outbox = Arc::clone(&seat.outbox);
    let visitor = Visitor::new(User::anonymous(), visit.peer.address.ip());
    let mut party = Dashboard::new(relay.clone(), seat, visitor);
    let end = visit.converse(socket, &outbox, &mut party).await;

    party.close();
    visit.went(&channel.to_string(), &end);
}

async fn bridge(visit: Visit, gate: GateId, upgrade: OnUpgrade) {
    let Ok(socket) = upgrade.await else { return };
    let relay = &visit.site.relay;
    if let Err(end) = controller::admit(relay, &gate) {
        info!(reason = %end, "Controller refused");
        session::refuse(TokioIo::new(socket), &end, &visit.site.cancel).await;
        return;
    }

    let mut party = Bridge::open(relay.clone(), gate, visit.session);
    visit.came(&party.name());
    let outbox = Arc::clone(party.outbox());
    let end = visit.converse(socket, &outbox, &mut party).await;

    let name = party.name();
    party.close();
    visit.went(&name, &end);
}

impl Visit {
    fn new(site: Site, request: &Request) -> Option<Self> {
        let peer = request.extensions().get::<Peer>()?.clone();

        Some(Self { session: site.relay.next_session(), site, peer })
    }

    async fn converse(&self, socket: Upgraded, outbox: &Outbox, party: &mut impl Party) -> End {
        let every = self.site.relay.config.ping_every;

        session::run(TokioIo::new(socket), outbox, party, every, &self.site.cancel).await
    }

    fn came(&self, channel: &str) {
        info!(peer = %self.peer.address, "Connected");
        self.site.relay.figures.sessions.count();
        self.site.relay.tell_admin(SessionBody::SessionOpened {
            session: self.session,
            channel: channel.to_owned(),
            address: self.peer.address.to_string(),
        });
    }

    fn went(&self, channel: &str, end: &End) {
        info!(reason = %end, "Disconnected");
        self.site.relay.tell_admin(SessionBody::SessionClosed {
            session: self.session,
            channel: channel.to_owned(),
            reason: end.to_string(),
        });
    }
}

/// The answer that turns the connection into a WebSocket, and the connection.
fn handshake(request: &mut Request) -> Result<(Response, OnUpgrade), Box<Response>> {
    let Some(upgrade) = request.extensions_mut().remove::<OnUpgrade>() else {
        return Err(Box::new(not_an_upgrade()));
    };
    let response = create_response_with_body(request, Body::empty).map_err(|error| {
        let message = format!("not a WebSocket handshake: {error}");
        Box::new(reply::refusal(StatusCode::BAD_REQUEST, "bad_handshake", &message))
    })?;

    Ok((response.into_response(), upgrade))
}

fn not_an_upgrade() -> Response {
    let mut headers = HeaderMap::new();
    headers.insert(header::UPGRADE, header::HeaderValue::from_static("websocket"));
    let refusal = reply::refusal(
        StatusCode::UPGRADE_REQUIRED,
        "upgrade_required",
        "this path speaks WebSocket: connect to it with a WebSocket client",
    );

    (headers, refusal).into_response()
}
