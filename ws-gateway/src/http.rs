//! HTTP and WebSocket on one port.

mod access;
mod dashboard;
mod listener;
mod page;
mod pictures;
mod reply;
mod status;
mod upgrade;

use std::{net::SocketAddr, sync::Arc};

use axum::{Router, middleware, routing::get};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::relay::Relay;
pub(crate) use listener::serve;

/// What a request is answered from.
#[derive(Debug, Clone)]
pub(crate) struct Site {
    relay: Arc<Relay>,
    address: SocketAddr,
    mqtt: service::mqtt::Config,
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
        mqtt: service::mqtt::Config,
    ) -> Self {
        Self { relay, address, mqtt, sessions, cancel }
    }
}

/// Every path there is.
fn router(site: Site) -> Router {
    Router::new()
        .route("/", get(page::html))
        .route("/app.js", get(page::script))
        .route("/app.css", get(page::style))
        .route("/icon.svg", get(page::icon))
        .route("/status", get(status::status))
        .route("/healthz", get(status::health))
        .route("/readyz", get(status::readiness))
        .route("/metrics", get(status::metrics))
        .route("/gates/{gate}/image.jpg", get(pictures::latest))
        .route("/gates/{gate}/images/{image}", get(pictures::named))
        .route("/gates/{gate}/stream.mjpg", get(pictures::stream))
        .merge(dashboard::routes())
        .route("/ws/{channel}", get(upgrade::dashboard))
        .route("/ws/controller/{gate}", get(upgrade::controller))
        .fallback(reply::not_found)
        .method_not_allowed_fallback(reply::method_not_allowed)
        .layer(middleware::from_fn_with_state(site.clone(), access::check))
        .with_state(site)
}
