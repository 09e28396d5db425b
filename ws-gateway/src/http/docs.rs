//! What is said on the wire, for those who write clients: a page without a script, compiled in.
//!
//! `make contract` makes it from the types of the crate `schemas`. It tells nothing of this site.

use axum::{
    Router,
    http::header,
    response::{IntoResponse, Response},
    routing::get,
};

use super::Site;

const PAGE: &str = include_str!("../../page/docs/index.html");
const STYLE: &str = include_str!("../../page/docs/docs.css");
const ASYNCAPI: &str = include_str!("../../../schemas/asyncapi.yaml");

const POLICY: &str = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

pub(super) fn routes() -> Router<Site> {
    Router::new()
        .route("/docs", get(async || file("text/html; charset=utf-8", PAGE)))
        .route("/docs/docs.css", get(async || file("text/css; charset=utf-8", STYLE)))
        .route("/docs/asyncapi.yaml", get(async || file("application/yaml", ASYNCAPI)))
}

/// A gateway that was updated serves the page that belongs to it: nothing is cached.
fn file(content_type: &'static str, text: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, content_type),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
    ];

    (headers, text).into_response()
}
