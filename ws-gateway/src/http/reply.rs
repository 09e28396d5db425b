//! Answers that say what is possible.

use axum::{
    Json,
    http::{Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::json;

const PATHS: [&str; 15] = [
    "/",
    "/login",
    "/logout",
    "/session",
    "/status",
    "/healthz",
    "/readyz",
    "/metrics",
    "/ws/{gate_id}",
    "/ws/gate_all",
    "/ws/admin",
    "/ws/controller/{gate_id}",
    "/gates/{gate_id}/image.jpg",
    "/gates/{gate_id}/images/{image_id}.jpg",
    "/gates/{gate_id}/stream.mjpg",
];

/// A refusal in JSON: a stable word, and a sentence for a person.
pub(super) fn refusal(status: StatusCode, code: &str, message: &str) -> Response {
    let body = json!({ "error": code, "message": message });

    (status, [(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
}

pub(super) async fn not_found() -> Response {
    let body = json!({
        "error": "not_found",
        "message": "there is nothing at this path",
        "paths": PATHS,
    });

    (StatusCode::NOT_FOUND, [(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
}

pub(super) async fn method_not_allowed(method: Method) -> Response {
    refusal(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        &format!("{method} is not possible here: use GET; commands go over /ws/{{gate_id}}"),
    )
}
