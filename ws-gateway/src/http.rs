//! HTTP and WebSocket on one port.

mod client;
mod cookie;
mod credentials;
mod dashboard;
mod docs;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod guard;
mod headers;
mod listener;
mod login;
mod origin;
mod pictures;
mod reply;
mod status;
mod stuck;
mod upgrade;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use access::Access;
use axum::{
    Router,
    middleware::{from_fn, from_fn_with_state},
    routing::{get, post},
};
use service::seldom::Shared;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{logins::Logins, relay::Relay};
pub use client::{Network, NetworkError};
pub(crate) use listener::serve;

/// How often it is logged that logins fail.
const TELL_EVERY: Duration = Duration::from_secs(1);

/// What a request is answered from.
#[derive(Debug, Clone)]
pub(crate) struct Site {
    relay: Arc<Relay>,
    address: SocketAddr,
    mqtt: Arc<service::mqtt::Config>,
    access: Access,
    logins: Arc<Logins>,
    /// Logins that failed, as they are logged.
    failures: Arc<Shared>,
    /// The WebSocket sessions, which outlive the requests that they began with.
    sessions: TaskTracker,
    cancel: CancellationToken,
}

impl Site {
    pub(crate) fn new(
        relay: Arc<Relay>,
        address: SocketAddr,
        sessions: TaskTracker,
        cancel: CancellationToken,
        (mqtt, access): (service::mqtt::Config, Access),
    ) -> Self {
        let logins = Arc::new(Logins::new(relay.config.logins.clone()));
        let (mqtt, failures) = (Arc::new(mqtt), Arc::new(Shared::new(TELL_EVERY)));

        Self { relay, address, mqtt, access, logins, failures, sessions, cancel }
    }
}

/// Every path there is. Who may come in where: see [`guard`].
fn router(site: Site) -> Router {
    let pictures = Router::new()
        .route("/gates/{gate}/image.jpg", get(pictures::latest))
        .route("/gates/{gate}/images/{image}", get(pictures::named))
        .route("/gates/{gate}/stream.mjpg", get(pictures::stream))
        .route_layer(from_fn(guard::sees_pictures));
    let known = Router::new()
        .route("/session", get(login::session))
        .route("/status", get(status::status).route_layer(from_fn(guard::sees_gates)))
        .route("/metrics", get(status::metrics).route_layer(from_fn(guard::sees_everything)))
        .merge(pictures)
        .route_layer(from_fn_with_state(site.clone(), guard::known));

    let logins = Router::new()
        .route("/login", post(login::log_in))
        .route("/logout", post(login::log_out))
        .route_layer(from_fn(origin::own_posts));

    Router::new()
        .route("/healthz", get(status::health))
        .route("/readyz", get(status::readiness))
        .merge(dashboard::routes())
        .merge(docs::routes())
        .route("/ws/{channel}", get(upgrade::dashboard))
        .route("/ws/controller/{gate}", get(upgrade::controller))
        .merge(known)
        .merge(logins)
        .fallback(reply::not_found)
        .method_not_allowed_fallback(reply::method_not_allowed)
        .layer(from_fn_with_state(site.clone(), guard::greet))
        .with_state(site)
}
