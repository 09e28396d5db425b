//! Pictures of the gates: the latest, a recent one, and a running stream.

use std::convert::Infallible;

use axum::{
    Extension,
    body::Body,
    extract::{Path, Query, State},
    http::{HeaderName, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::stream;
use schemas::{GateId, Id};
use serde::Deserialize;

use super::{Site, reply};
use crate::{
    fetch::FetchError,
    hub::Channel,
    pictures::BOUNDARY,
    streams::{StreamError, Viewer, Wanted},
    visitor::Visitor,
};

/// Frames a second of a stream where nobody says.
const FRAME_RATE: u32 = 5;
/// Agents take no more.
const FASTEST: u32 = 15;
/// Pages of this machine may show a picture, those of other hosts may not.
const SAME_SITE: (HeaderName, &str) =
    (HeaderName::from_static("cross-origin-resource-policy"), "same-site");

/// What may be said about a stream.
#[derive(Debug, Deserialize)]
pub(super) struct Wish {
    fps: Option<String>,
}

pub(super) async fn latest(State(site): State<Site>, Path(gate): Path<String>) -> Response {
    let picture = match known(&gate) {
        Some(gate) => {
            let channel = Channel::Gate(gate.clone());
            let _listening = site.relay.listen(&channel).await;
            site.relay.pictures.latest(&gate)
        }
        None => None,
    };

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

    let channel = Channel::Gate(gate.clone());
    let _listening = site.relay.listen(&channel).await;
    match site.relay.fetch(&gate, image).await {
        Ok(picture) => jpeg(picture),
        Err(error @ (FetchError::NotKept | FetchError::Offline)) => missing(&error.to_string()),
        Err(error @ FetchError::NoAnswer) => {
            reply::refusal(StatusCode::GATEWAY_TIMEOUT, "timeout", &error.to_string())
        }
    }
}

/// The stream of a gate, which runs from here on as long as somebody watches. A client that reads
/// slowly skips frames.
pub(super) async fn stream(
    State(site): State<Site>,
    Path(gate): Path<String>,
    Extension(visitor): Extension<Visitor>,
    Query(wish): Query<Wish>,
) -> Response {
    let Some(gate) = known(&gate) else {
        return reply::refusal(StatusCode::NOT_FOUND, "no_such_gate", "no gate has such a name");
    };
    let Some(frames_per_second) = wish.frames_per_second() else {
        let message = format!("`fps` is a whole number from 1 to {FASTEST}");
        return reply::refusal(StatusCode::BAD_REQUEST, "invalid", &message);
    };
    let wanted = Wanted { gate, frames_per_second, visitor };
    let viewer = match Viewer::open(site.relay, wanted).await {
        Ok(viewer) => viewer,
        Err(error) => return no_stream(&error),
    };

    let parts = stream::unfold((viewer, site.cancel), async |(mut viewer, cancel)| {
        let frame = cancel.run_until_cancelled(viewer.next()).await.flatten()?;
        Some((Ok::<_, Infallible>(frame), (viewer, cancel)))
    });
    let content_type = format!("multipart/x-mixed-replace; boundary={BOUNDARY}");

    (
        [(header::CONTENT_TYPE, content_type), (header::CACHE_CONTROL, "no-store".to_owned())],
        [SAME_SITE],
        Body::from_stream(parts),
    )
        .into_response()
}

impl Wish {
    /// `None`: it is not possible.
    fn frames_per_second(&self) -> Option<u32> {
        let Some(fps) = &self.fps else { return Some(FRAME_RATE) };

        fps.parse().ok().filter(|frames| (1..=FASTEST).contains(frames))
    }
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

fn no_stream(error: &StreamError) -> Response {
    let message = error.to_string();
    let (status, code) = match error {
        StreamError::NoSuchGate(_) => (StatusCode::NOT_FOUND, "no_such_gate".to_owned()),
        StreamError::Refused(refusal) => {
            (StatusCode::SERVICE_UNAVAILABLE, refusal.code.to_string())
        }
        StreamError::NoFrames(_) => (StatusCode::GATEWAY_TIMEOUT, "timeout".to_owned()),
        StreamError::TooMany(_) => (StatusCode::SERVICE_UNAVAILABLE, "too_many_viewers".to_owned()),
        StreamError::TooManyOfAddress(_) => {
            (StatusCode::TOO_MANY_REQUESTS, "too_many_viewers".to_owned())
        }
    };

    reply::refusal(status, &code, &message)
}

fn missing(message: &str) -> Response {
    reply::refusal(StatusCode::NOT_FOUND, "no_picture", message)
}

fn known(gate: &str) -> Option<GateId> {
    gate.parse().ok()
}
