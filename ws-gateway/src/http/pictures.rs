//! Pictures of the gates: the latest, a recent one, and a running stream.

use std::{convert::Infallible, time::Duration};

use axum::{
    body::Body,
    extract::{Path, State},
    http::{HeaderName, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::{Bytes, BytesMut};
use futures_util::stream;
use schemas::{GateId, Id};
use tokio::{sync::watch, time};

use super::{Site, reply};
use crate::fetch::FetchError;

/// A stream that sends nothing for so long has ended.
const STREAM_ENDS_AFTER: Duration = Duration::from_secs(5);
const BOUNDARY: &str = "manless-frame";
/// Pages of this machine may show a picture, those of other hosts may not.
const SAME_SITE: (HeaderName, &str) =
    (HeaderName::from_static("cross-origin-resource-policy"), "same-site");

pub(super) async fn latest(State(site): State<Site>, Path(gate): Path<String>) -> Response {
    let picture = known(&gate).and_then(|gate| site.relay.pictures.latest(&gate));

    match picture {
        Some(picture) => jpeg(picture),
        None => missing(&format!("there is no picture of `{gate}`")),
    }
}

/// A picture by its name: one that is here, or one that the agent of the gate keeps.
pub(super) async fn named(
    State(site): State<Site>,
    Path((gate, file)): Path<(String, String)>,
) -> Response {
    let named =
        file.strip_suffix(".jpg").and_then(|image| image.parse::<Id>().ok()).zip(known(&gate));
    let Some((image, gate)) = named else {
        return missing("there is no such picture: its name is IMAGE_ID.jpg");
    };
    if let Some(picture) = site.relay.pictures.find(&gate, image.as_str()) {
        return jpeg(picture);
    }

    match site.relay.fetch(&gate, image).await {
        Ok(picture) => jpeg(picture),
        Err(error @ (FetchError::NotKept | FetchError::Offline)) => missing(&error.to_string()),
        Err(error @ FetchError::NoAnswer) => {
            reply::refusal(StatusCode::GATEWAY_TIMEOUT, "timeout", &error.to_string())
        }
    }
}

/// The stream of a gate. A client that reads slowly skips frames.
pub(super) async fn stream(State(site): State<Site>, Path(gate): Path<String>) -> Response {
    let frames = known(&gate).and_then(|gate| site.relay.pictures.frames(&gate));
    let Some(mut frames) = frames else { return no_stream(&gate) };
    let Some(first) = next(&mut frames).await else { return no_stream(&gate) };

    let parts = stream::unfold((Some(first), frames, site.cancel), async |state| {
        let (first, mut frames, cancel) = state;
        let frame = match first {
            Some(first) => first,
            None => cancel.run_until_cancelled(next(&mut frames)).await.flatten()?,
        };
        Some((Ok::<_, Infallible>(part(&frame)), (None, frames, cancel)))
    });
    let content_type = format!("multipart/x-mixed-replace; boundary={BOUNDARY}");

    (
        [(header::CONTENT_TYPE, content_type), (header::CACHE_CONTROL, "no-store".to_owned())],
        [SAME_SITE],
        Body::from_stream(parts),
    )
        .into_response()
}

async fn next(frames: &mut watch::Receiver<Bytes>) -> Option<Bytes> {
    time::timeout(STREAM_ENDS_AFTER, frames.changed()).await.ok()?.ok()?;

    Some(frames.borrow_and_update().clone())
}

fn part(frame: &Bytes) -> Bytes {
    let head = format!(
        "--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {}\r\n\r\n",
        frame.len()
    );
    let mut part = BytesMut::with_capacity(head.len() + frame.len() + 2);
    part.extend_from_slice(head.as_bytes());
    part.extend_from_slice(frame);
    part.extend_from_slice(b"\r\n");

    part.freeze()
}

fn jpeg(picture: Bytes) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "image/jpeg"),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        SAME_SITE,
    ];

    (headers, picture).into_response()
}

fn no_stream(gate: &str) -> Response {
    missing(&format!(
        "no stream of `{gate}` runs: send camera_control with the action start_stream first"
    ))
}

fn missing(message: &str) -> Response {
    reply::refusal(StatusCode::NOT_FOUND, "no_picture", message)
}

fn known(gate: &str) -> Option<GateId> {
    gate.parse().ok()
}
