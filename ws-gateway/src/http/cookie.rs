//! The cookie of a login.
//!
//! No script reads it, no other site sends it along, and over TLS no other host and nobody who
//! listens in can set it: that is what the prefix `__Host-` is for.

use std::time::Duration;

use axum::http::HeaderValue;
use service::Secret;

use super::client::Scheme;

/// What ours is called.
pub(super) fn name(scheme: Scheme) -> &'static str {
    match scheme {
        Scheme::Http => "manless",
        Scheme::Https => "__Host-manless",
    }
}

/// Has a browser hold `id`.
pub(super) fn set(scheme: Scheme, id: &Secret, lifetime: Duration) -> HeaderValue {
    let mut value = cookie(scheme, id.expose(), lifetime.as_secs());
    value.set_sensitive(true);

    value
}

/// Has a browser forget what it holds.
pub(super) fn clear(scheme: Scheme) -> HeaderValue {
    cookie(scheme, "", 0)
}

fn cookie(scheme: Scheme, id: &str, seconds: u64) -> HeaderValue {
    let name = name(scheme);
    let secure = match scheme {
        Scheme::Http => "",
        Scheme::Https => "; Secure",
    };

    format!("{name}={id}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}")
        .parse()
        .expect("hexadecimal digits and numbers are a header")
}
