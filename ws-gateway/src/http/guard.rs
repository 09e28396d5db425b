//! Who may come in, and how far.
//!
//! | path | who |
//! |---|---|
//! | the page, `/login`, `/logout`, `/healthz`, `/readyz` | everybody |
//! | `/session` | who is known |
//! | `/status` | who sees a gate; only what he sees is in it |
//! | `/metrics` | who sees all gates |
//! | `/gates/{gate}/…` | who sees the pictures of that gate |
//! | `/ws/…` | is let in, and told with a close code why he may not stay: a browser tells its page nothing of a refused upgrade |
//!
//! Where there are no logins, everybody is known and may do everything.

use std::{fmt::Display, net::IpAddr, time::Duration};

use access::{BadToken, Refused};
use axum::{
    Extension,
    body::{Body, HttpBody},
    extract::{RawPathParams, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures_util::StreamExt;
use jiff::Timestamp;
use schemas::GateId;
use service::Secret;
use tokio::time::Instant;
use tracing::warn;

use super::{
    Site,
    client::Client,
    cookie,
    credentials::{self, Credentials},
    headers,
    listener::Peer,
    origin, reply,
};
use crate::visitor::Visitor;

/// How programs may log in.
const CHALLENGE: HeaderValue = HeaderValue::from_static("Bearer realm=\"manless\"");

/// Why somebody is not let in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotIn {
    #[error("a login is needed: log in at /login, or send a token, `Authorization: Bearer TOKEN`")]
    Unknown,
    #[error("{0}")]
    Wrong(String),
    #[error("too many logins from this address have failed: try again in {} s", seconds(*.0))]
    TooOften(Duration),
}

/// Turns away what no page and no program should send; says who asks, and whether by TLS.
pub(super) async fn greet(State(site): State<Site>, mut request: Request, next: Next) -> Response {
    let Some(peer) = request.extensions().get::<Peer>() else {
        return reply::refusal(StatusCode::BAD_REQUEST, "nobody", "the request comes from nowhere");
    };
    let trusted = &site.relay.config.trusted_proxies;
    let client = Client::of(peer.address.ip(), peer.scheme, request.headers(), trusted);
    request.extensions_mut().insert(client);

    let refused = if let Some(refused) = origin::refusal(&site, &request) {
        refused
    } else if credentials::is_in_url(request.uri()) {
        reply::refusal(
            StatusCode::BAD_REQUEST,
            "token_in_url",
            "a token in a URL ends up in logs and histories: this one should be removed. Send \
             another as `Authorization: Bearer TOKEN`, or as the WebSocket subprotocols `bearer, TOKEN`",
        )
    } else {
        let response = next.run(request).await;
        return headers::complete(response, client.scheme);
    };

    site.relay.figures.refused_requests.count();
    headers::complete(refused, client.scheme)
}

/// Lets in who is known.
pub(super) async fn known(
    State(site): State<Site>,
    Extension(client): Extension<Client>,
    mut request: Request,
    next: Next,
) -> Response {
    match identify(&site, client, request.headers()).await {
        Ok(visitor) => {
            request.extensions_mut().insert(visitor);
            next.run(request).await
        }
        Err(not_in) => not_in.response(client),
    }
}

/// Lets in who sees a gate.
pub(super) async fn sees_gates(
    Extension(visitor): Extension<Visitor>,
    request: Request,
    next: Next,
) -> Response {
    if visitor.reach().sees.is_empty() {
        return not_allowed(&visitor, "sees no gate");
    }

    next.run(request).await
}

/// Lets in who sees all gates.
pub(super) async fn sees_everything(
    Extension(visitor): Extension<Visitor>,
    request: Request,
    next: Next,
) -> Response {
    if visitor.reach().sees != access::Gates::All {
        return not_allowed(&visitor, "does not see all gates");
    }

    next.run(request).await
}

/// Lets in who sees the pictures of the gate in the path. A stream ends with the login.
pub(super) async fn sees_pictures(
    Extension(visitor): Extension<Visitor>,
    params: RawPathParams,
    request: Request,
    next: Next,
) -> Response {
    let gate = params.iter().find_map(|(name, value)| (name == "gate").then_some(value));
    let is_seen = |gate: GateId| visitor.reach().pictures.contains(&gate);
    // What can be no gate is not there, for everybody.
    if !gate.and_then(|gate| gate.parse().ok()).is_none_or(is_seen) {
        return not_allowed(&visitor, "does not see the pictures of this gate");
    }

    let response = next.run(request).await;
    if response.body().size_hint().exact().is_some() {
        return response;
    }
    response.map(|body| {
        let sent_away = async move { drop(visitor.sent_away().await) };
        Body::from_stream(body.into_data_stream().take_until(Box::pin(sent_away)))
    })
}

/// Who asks.
pub(super) async fn identify(
    site: &Site,
    client: Client,
    headers: &HeaderMap,
) -> Result<Visitor, NotIn> {
    let Client { address, scheme } = client;

    match Credentials::of(headers, cookie::name(scheme)) {
        Credentials::Token(token) => site
            .access
            .token(token.expose().as_bytes(), address, Timestamp::now())
            .map(|user| Visitor::new(user, address))
            .map_err(|bad| not_with(&bad, site, address)),
        Credentials::Password { name, password } => {
            authenticate(site, client, &name, &password).await
        }
        Credentials::Malformed(reason) => Err(NotIn::Wrong(reason.to_owned())),
        Credentials::Cookie(id) => match site.logins.find(id.expose().as_bytes(), Instant::now()) {
            Some(stay) => Ok(Visitor::logged_in(stay, address)),
            // No page can take back a cookie that is old: it is as good as none.
            None => anybody(site, client),
        },
        Credentials::None => anybody(site, client),
    }
}

/// Who has this name and password.
pub(super) async fn authenticate(
    site: &Site,
    client: Client,
    name: &str,
    password: &Secret,
) -> Result<Visitor, NotIn> {
    let address = client.address;
    let user = site.access.authenticate(name, password.expose().as_bytes(), address).await;

    user.map(|user| Visitor::new(user, address)).map_err(|refused| {
        warn_of(site, Some(name), address, &refused);
        match refused {
            Refused::TooOften(wait) => NotIn::TooOften(wait),
            Refused::BadLogin | Refused::NoSuchUser => {
                site.relay.audit.login_failed(Some(name), address, &refused.to_string());
                NotIn::Wrong(refused.to_string())
            }
        }
    })
}

/// Nobody is let in with a token. What it was is told to nobody: it may be one of another place.
fn not_with(bad: &BadToken, site: &Site, address: IpAddr) -> NotIn {
    let user = match bad {
        BadToken::Expired { user } => Some(user.as_str()),
        BadToken::Unknown | BadToken::TooOften(_) => None,
    };
    warn_of(site, user, address, bad);
    if let BadToken::TooOften(wait) = bad {
        return NotIn::TooOften(*wait);
    }

    site.relay.audit.login_failed(user, address, &bad.to_string());
    NotIn::Wrong(bad.to_string())
}

fn warn_of(site: &Site, user: Option<&str>, address: IpAddr, reason: &impl Display) {
    if let Some(failed) = site.failures.happened(site.relay.started.elapsed()) {
        let user = user.map(|name| name.chars().take(64).collect::<String>());
        warn!(%address, user, failed, %reason, "A login failed");
    }
}

fn anybody(site: &Site, client: Client) -> Result<Visitor, NotIn> {
    site.access.anonymous().map(|user| Visitor::new(user, client.address)).ok_or(NotIn::Unknown)
}

impl NotIn {
    /// What a request is answered; a cookie that is of no use is taken back.
    pub(super) fn response(&self, client: Client) -> Response {
        let message = self.to_string();
        let clear = (header::SET_COOKIE, cookie::clear(client.scheme));

        match self {
            Self::Unknown => {
                let refusal = reply::refusal(StatusCode::UNAUTHORIZED, "not_logged_in", &message);
                ([clear, (header::WWW_AUTHENTICATE, CHALLENGE)], refusal).into_response()
            }
            Self::Wrong(_) => {
                let refusal = reply::refusal(StatusCode::UNAUTHORIZED, "bad_login", &message);
                ([(header::WWW_AUTHENTICATE, CHALLENGE)], refusal).into_response()
            }
            Self::TooOften(wait) => {
                let refusal =
                    reply::refusal(StatusCode::TOO_MANY_REQUESTS, "rate_limited", &message);
                ([(header::RETRY_AFTER, seconds(*wait).to_string())], refusal).into_response()
            }
        }
    }
}

/// What somebody is told who is known, and may not do what he wants.
fn not_allowed(visitor: &Visitor, what: &str) -> Response {
    let message = format!("{} ({}) {what}", visitor.user(), visitor.role());

    reply::refusal(StatusCode::FORBIDDEN, "not_allowed", &message)
}

/// Whole seconds, at least one.
fn seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0).max(u64::from(wait.is_zero()))
}
