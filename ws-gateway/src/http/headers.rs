//! What every answer says to a browser.
//!
//! Nothing of ours is guessed at, framed, or lent to pages of others. What a handler says itself
//! stays.

use axum::{
    http::{HeaderName, HeaderValue, header},
    response::Response,
};

use super::client::Scheme;

const ALWAYS: [(HeaderName, HeaderValue); 7] = [
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
    ),
    // With `no-referrer`, a browser does not say either where a form of our own page comes from.
    (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
    (
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static(
            "camera=(), geolocation=(), microphone=(), payment=(), serial=(), usb=()",
        ),
    ),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    ),
];
/// A browser that was here by TLS does not come without it again, for a year.
const ONLY_TLS: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// Adds what a handler has not said.
pub(super) fn complete(mut response: Response, scheme: Scheme) -> Response {
    let headers = response.headers_mut();

    for (name, value) in ALWAYS {
        headers.entry(name).or_insert(value);
    }
    if scheme == Scheme::Https {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, ONLY_TLS);
    }
    response
}
