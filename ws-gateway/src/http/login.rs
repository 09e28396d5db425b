//! How people log in and out, and what they may do.

use std::time::Duration;

use access::Gates;
use axum::{
    Extension, Json,
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use schemas::GateId;
use serde::{Deserialize, Serialize};
use service::Secret;
use tokio::time::{self, Instant};
use tracing::info;

use super::{
    Site,
    client::{Client, Scheme},
    cookie,
    credentials::Credentials,
    guard, reply,
};
use crate::visitor::Visitor;

/// Bytes of a name and a password.
const LONGEST: usize = 4 * 1024;
/// How long they may take to arrive.
const WITHIN: Duration = Duration::from_secs(10);
const FORM: &str = "application/x-www-form-urlencoded";
pub(super) const JSON: &str = "application/json";

/// What is posted.
#[derive(Deserialize)]
struct Posted {
    username: String,
    password: String,
}

/// How it is posted.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Form,
    Json,
}

/// Who somebody is, and what he may do: the answer of `/session`.
#[derive(Serialize)]
struct Session<'a> {
    /// `anonymous` where nobody has logged in.
    user: String,
    role: &'a str,
    /// Whether there are logins at all.
    logins: bool,
    /// Whether this is one that can be ended with `/logout`.
    can_log_out: bool,
    /// How many seconds the login lasts at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_in: Option<u64>,
    may: May<'a>,
}

#[derive(Serialize)]
struct May<'a> {
    see: Which<'a>,
    see_pictures: Which<'a>,
    command: Which<'a>,
    admin: bool,
}

/// `"all"`, or a list of gates.
#[derive(Serialize)]
#[serde(untagged)]
enum Which<'a> {
    All(&'static str),
    Only(Vec<&'a GateId>),
}

/// Lets a person in, and has the browser remember.
///
/// What the browser held before is ended and never taken over: nobody can know the next one.
pub(super) async fn log_in(
    State(site): State<Site>,
    Extension(client): Extension<Client>,
    request: Request,
) -> Response {
    let (head, body) = request.into_parts();
    let (kind, posted) = match read(&head.headers, body).await {
        Ok(posted) => posted,
        Err(refused) => return *refused,
    };
    if !site.access.has_logins() {
        let message = "there are no logins: everybody on this machine may do everything";
        return reply::refusal(StatusCode::CONFLICT, "no_logins", message);
    }

    let password = Secret::from(posted.password);
    let visitor = match guard::authenticate(&site, client, &posted.username, &password).await {
        Ok(visitor) => visitor,
        Err(not_in) => return not_in.response(client),
    };
    end(&site, client.scheme, &head.headers);
    let now = Instant::now();
    let id = site.logins.open(visitor.user().clone(), now);
    info!(user = %visitor.user(), address = %client.address, "Logged in");
    site.relay.audit.logged_in(&visitor);

    let cookie = [(header::SET_COOKIE, cookie::set(client.scheme, &id, site.logins.lifetime()))];
    let visitor = match site.logins.find(id.expose().as_bytes(), now) {
        Some(stay) => Visitor::logged_in(stay, client.address),
        // The user was changed in this very moment.
        None => return guard::NotIn::Unknown.response(client),
    };
    match kind {
        Kind::Form => (StatusCode::SEE_OTHER, cookie, [(header::LOCATION, "/")], Body::empty())
            .into_response(),
        Kind::Json => (cookie, describe(&site, &visitor)).into_response(),
    }
}

/// Ends a login, and all that is open with it.
pub(super) async fn log_out(
    State(site): State<Site>,
    Extension(client): Extension<Client>,
    headers: HeaderMap,
) -> Response {
    if let Credentials::Cookie(id) = Credentials::of(&headers, cookie::name(client.scheme))
        && let Some(stay) = site.logins.find(id.expose().as_bytes(), Instant::now())
    {
        site.relay.audit.logged_out(&Visitor::logged_in(stay, client.address));
    }
    end(&site, client.scheme, &headers);

    ([(header::SET_COOKIE, cookie::clear(client.scheme))], StatusCode::NO_CONTENT).into_response()
}

/// Who asks, and what he may do.
pub(super) async fn session(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
) -> Response {
    describe(&site, &visitor)
}

/// Reads what is posted: JSON, or a form.
async fn read(headers: &HeaderMap, body: Body) -> Result<(Kind, Posted), Box<Response>> {
    let refused =
        |status, code: &str, message: &str| Err(Box::new(reply::refusal(status, code, message)));
    let Some(kind) = Kind::of(headers) else {
        let message = "send JSON, {\"username\": …, \"password\": …}, or a form";
        return refused(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not_json", message);
    };
    let bytes = match time::timeout(WITHIN, to_bytes(body, LONGEST)).await {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(_)) => {
            let message = format!("a name and a password have at most {LONGEST} bytes");
            return refused(StatusCode::PAYLOAD_TOO_LARGE, "too_large", &message);
        }
        Err(_) => {
            let message = "what is posted did not arrive in time";
            return refused(StatusCode::REQUEST_TIMEOUT, "timeout", message);
        }
    };

    match kind.read(&bytes) {
        Some(posted) => Ok((kind, posted)),
        None => {
            let message = "what is posted has to have a `username` and a `password`";
            refused(StatusCode::BAD_REQUEST, "invalid", message)
        }
    }
}

fn end(site: &Site, scheme: Scheme, headers: &HeaderMap) {
    if let Credentials::Cookie(id) = Credentials::of(headers, cookie::name(scheme)) {
        site.logins.end(id.expose().as_bytes());
    }
}

fn describe(site: &Site, visitor: &Visitor) -> Response {
    let reach = visitor.reach();
    let session = Session {
        user: visitor.user().to_string(),
        role: visitor.role(),
        logins: site.access.has_logins(),
        can_log_out: visitor.stay().is_some(),
        expires_in: visitor.stay().map(|stay| stay.left(Instant::now()).as_secs()),
        may: May {
            see: (&reach.sees).into(),
            see_pictures: (&reach.pictures).into(),
            command: (&reach.commands).into(),
            admin: visitor.user().is_admin(),
        },
    };

    ([(header::CACHE_CONTROL, "no-store")], Json(session)).into_response()
}

impl Kind {
    fn of(headers: &HeaderMap) -> Option<Self> {
        let text = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
        let essence = text.split(';').next()?.trim();

        [(FORM, Self::Form), (JSON, Self::Json)]
            .into_iter()
            .find_map(|(name, kind)| essence.eq_ignore_ascii_case(name).then_some(kind))
    }

    fn read(self, bytes: &[u8]) -> Option<Posted> {
        let Self::Form = self else { return serde_json::from_slice(bytes).ok() };
        let field = |wanted: &str| {
            form_urlencoded::parse(bytes)
                .find_map(|(name, value)| (name == wanted).then(|| value.into_owned()))
        };

        Some(Posted { username: field("username")?, password: field("password")? })
    }
}

impl<'a> From<&'a Gates> for Which<'a> {
    fn from(gates: &'a Gates) -> Self {
        match gates {
            Gates::All => Self::All("all"),
            Gates::Only(gates) => Self::Only(gates.iter().collect()),
        }
    }
}
