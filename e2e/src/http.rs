//! What the gateway answers to whoever has no WebSocket.

use std::net::SocketAddr;

use serde_json::Value;

/// The body of `path`; `None` if nobody answers, or not with success.
pub fn try_get(gateway: SocketAddr, path: &str) -> Option<Vec<u8>> {
    ureq::get(format!("http://{gateway}{path}")).call().ok()?.body_mut().read_to_vec().ok()
}

/// What `/status` says.
#[track_caller]
pub fn status(gateway: SocketAddr) -> Value {
    let body = try_get(gateway, "/status").expect("the gateway answers");

    serde_json::from_slice(&body).expect("the status is JSON")
}
