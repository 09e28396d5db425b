//! Which driver a camera has.

use std::convert::Infallible;

use tokio_util::sync::CancellationToken;

use super::{Film, Local, Mjpeg, Rtsp, Snapshot, feed::drive};
use crate::config::{Fitted, Source};

/// Keeps the camera that is configured open until cancelled.
pub(crate) async fn drive_fitted(
    camera: Fitted,
    film: Film,
    cancel: CancellationToken,
) -> Result<(), Infallible> {
    match camera.source.clone() {
        Source::Device(device) => drive(Local::new(&device, &camera), film, cancel).await,
        Source::Snapshot(network) => drive(Snapshot::new(network, &camera), film, cancel).await,
        Source::Mjpeg(network) => drive(Mjpeg::new(network, &camera), film, cancel).await,
        Source::Rtsp(network) => drive(Rtsp::new(network, &camera), film, cancel).await,
    }
}
