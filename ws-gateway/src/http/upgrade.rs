//! From HTTP to WebSocket.
//!
//! The handshake is hyper's and tungstenite's: axum's own would bring a second tungstenite.

use std::{future, sync::Arc};

use axum::{
    body::Body,
    extract::{Path, Query, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use hyper::upgrade::{OnUpgrade, Parts, Upgraded};
use hyper_util::rt::TokioIo;
use schemas::{GateId, SessionBody};
use serde::Deserialize;
use service::stamp;
use tokio_tungstenite::tungstenite::handshake::server::create_response_with_body;
use tracing::{Instrument, info, info_span};

use super::{
    Site,
    client::Client,
    credentials::{BEARER, offers_bearer},
    guard::{self, NotIn},
    listener::Peer,
    reply,
    stuck::Watched,
};
use crate::{
    controller::{self, Bridge},
    hub::{Channel, Guest},
    outbox::{Outbox, Socket},
    session::{self, Dashboard, End, Opened, Party},
    visitor::Visitor,
};

/// What may follow the path of a channel.
#[derive(Debug, Deserialize)]
pub(super) struct Resume {
    after: Option<String>,
}

/// How the connection itself is had, once it speaks HTTP no more.
#[derive(Clone, Copy)]
pub(super) struct TakeOut(fn(Upgraded) -> Opened);

/// One session: who is at the other end, and by which number it is known.
struct Visit {
    site: Site,
    session: u64,
    peer: Peer,
    client: Client,
    who: Result<Visitor, NotIn>,
    take_out: TakeOut,
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
    let (response, upgrade) = match handshake(&site, &mut request) {
        Ok(accepted) => accepted,
        Err(refused) => return *refused,
    };

    let Some(visit) = Visit::new(site, request).await else { return not_an_upgrade() };
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
    let (response, upgrade) = match handshake(&site, &mut request) {
        Ok(accepted) => accepted,
        Err(refused) => return *refused,
    };

    let Some(visit) = Visit::new(site, request).await else { return not_an_upgrade() };
    let tasks = visit.site.sessions.clone();
    let span = info_span!("controller", number = visit.session, %gate);
    tasks.spawn(async move { bridge(visit, gate, upgrade).await }.instrument(span));
    response
}

async fn attend(visit: Visit, channel: Channel, resume: Resume, upgrade: OnUpgrade) {
    let Ok(socket) = upgrade.await else { return };
    let relay = &visit.site.relay;
    let visitor = match visit.admit(|visitor| visitor.may_listen(&channel)) {
        Ok(visitor) => visitor,
        Err(end) => return visit.refuse(socket, &end).await,
    };
    visit.came(&channel.to_string(), visitor);

    let listen = visit.site.cancel.run_until_cancelled(relay.listen(&channel));
    let _listening = listen.await;
    let guest = Guest {
        session: visit.session,
        channel: channel.clone(),
        sight: visitor.sight(),
        role: visitor.role().to_owned(),
    };
    let seat = relay.hub.join(guest, resume.after.as_deref(), stamp::now());
    let outbox = Arc::clone(&seat.outbox);
    let mut party = Dashboard::new(relay.clone(), seat, visitor.clone());
    let end = visit.converse(socket, &outbox, &mut party, visitor).await;

    party.close();
    visit.went(&channel.to_string(), &end);
}

async fn bridge(visit: Visit, gate: GateId, upgrade: OnUpgrade) {
    let Ok(socket) = upgrade.await else { return };
    let relay = &visit.site.relay;
    let visitor = match visit.admit(|visitor| visitor.reach().speaks.contains(&gate)) {
        Ok(visitor) => visitor,
        Err(end) => return visit.refuse(socket, &end).await,
    };
    if let Err(end) = controller::admit(relay, &gate) {
        return visit.refuse(socket, &end).await;
    }

    let mut party = Bridge::open(relay.clone(), gate, visit.session);
    visit.came(&party.name(), visitor);
    let outbox = Arc::clone(party.outbox());
    let end = visit.converse(socket, &outbox, &mut party, visitor).await;

    let name = party.name();
    party.close();
    visit.went(&name, &end);
}

impl TakeOut {
    /// Out of the layers that HTTP has around it, each of which would cost something for each frame.
    pub(super) fn of<S: Socket + 'static>() -> Self {
        Self(|upgraded| {
            let Parts { io, read_buf, .. } = upgraded
                .downcast::<TokioIo<Watched<S>>>()
                .expect("it is what the listener serves HTTP on");

            Opened { socket: Box::new(io.into_inner().into_inner()), heard: read_buf.into() }
        })
    }
}

impl Visit {
    async fn new(site: Site, request: Request) -> Option<Self> {
        let (head, _) = request.into_parts();
        let peer = head.extensions.get::<Peer>()?.clone();
        let client = *head.extensions.get::<Client>()?;
        let take_out = *head.extensions.get::<TakeOut>()?;
        let who = guard::identify(&site, client, &head.headers).await;

        Some(Self { session: site.relay.next_session(), site, peer, client, who, take_out })
    }

    /// Who it is, if he is known and may do what he wants.
    fn admit(&self, may: impl FnOnce(&Visitor) -> bool) -> Result<&Visitor, End> {
        let visitor = self.who.as_ref().map_err(|error| End::NotLoggedIn(error.to_string()))?;
        if may(visitor) {
            return Ok(visitor);
        }
        let (user, role) = (visitor.user(), visitor.role());

        Err(End::NotAllowed(format!("{user} ({role}) may not be on this channel")))
    }

    /// Says why somebody may not stay.
    async fn refuse(&self, socket: Upgraded, end: &End) {
        info!(address = %self.client.address, reason = %end, "Refused");
        self.site.relay.figures.refused_requests.count();

        session::refuse((self.take_out.0)(socket), end, &self.site.cancel).await;
    }

    /// Serves somebody as long as he may stay.
    async fn converse(
        &self,
        socket: Upgraded,
        outbox: &Outbox,
        party: &mut impl Party,
        visitor: &Visitor,
    ) -> End {
        let every = self.site.relay.config.ping_every;
        let talk = session::run((self.take_out.0)(socket), outbox, party, every, &self.site.cancel);
        let leave = async {
            outbox.close(visitor.sent_away().await);
            future::pending().await
        };

        tokio::select! {
            biased;
            end = talk => end,
            end = leave => end,
        }
    }

    /// Where the client is; of one that is not behind a proxy with its port.
    fn address(&self) -> String {
        let peer = self.peer.address;

        match peer.ip().to_canonical() == self.client.address {
            true => peer.to_string(),
            false => self.client.address.to_string(),
        }
    }

    fn came(&self, channel: &str, visitor: &Visitor) {
        info!(peer = self.address(), user = %visitor.user(), "Connected");
        self.site.relay.figures.sessions.count();
        self.site.relay.tell_admin(SessionBody::SessionOpened {
            session: self.session,
            channel: channel.to_owned(),
            address: self.address(),
            user: visitor.user().name().map(str::to_owned),
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
fn handshake(site: &Site, request: &mut Request) -> Result<(Response, OnUpgrade), Box<Response>> {
    if site.relay.hub.is_draining() {
        return Err(Box::new(stopping()));
    }
    let Some(upgrade) = request.extensions_mut().remove::<OnUpgrade>() else {
        return Err(Box::new(not_an_upgrade()));
    };
    let mut response = create_response_with_body(request, Body::empty).map_err(|error| {
        let message = format!("not a WebSocket handshake: {error}");
        Box::new(reply::refusal(StatusCode::BAD_REQUEST, "bad_handshake", &message))
    })?;

    // A browser that has offered something hangs up where nothing of it is taken.
    if offers_bearer(request.headers()) {
        let bearer = HeaderValue::from_static(BEARER);
        response.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, bearer);
    }

    Ok((response.into_response(), upgrade))
}

/// Whoever asks again in a second finds another gateway, or this one started anew.
fn stopping() -> Response {
    let refusal = reply::refusal(
        StatusCode::SERVICE_UNAVAILABLE,
        "stopping",
        "the gateway stops: connect again in a second",
    );

    ([(header::RETRY_AFTER, "1")], refusal).into_response()
}

fn not_an_upgrade() -> Response {
    let mut headers = HeaderMap::new();
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    let refusal = reply::refusal(
        StatusCode::UPGRADE_REQUIRED,
        "upgrade_required",
        "this path speaks WebSocket: connect to it with a WebSocket client",
    );

    (headers, refusal).into_response()
}
