//! The page of the gateway: four files, compiled in, no script in the page itself.

use axum::{
    http::header,
    response::{IntoResponse, Response},
};

const HTML: &str = include_str!("../../page/index.html");
const SCRIPT: &str = include_str!("../../page/app.js");
const ICON: &str = include_str!("../../page/icon.svg");
const STYLE: &str = include_str!("../../page/app.css");

/// Only what comes from here runs, and nobody may put the page, with its buttons, into a frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
                      connect-src 'self'; base-uri 'none'; form-action 'self'; \
                      frame-ancestors 'none'";

pub(super) async fn html() -> Response {
    file("text/html; charset=utf-8", HTML)
}

pub(super) async fn script() -> Response {
    file("text/javascript; charset=utf-8", SCRIPT)
}

pub(super) async fn icon() -> Response {
    file("image/svg+xml", ICON)
}

pub(super) async fn style() -> Response {
    file("text/css; charset=utf-8", STYLE)
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
