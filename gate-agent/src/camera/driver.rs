//! Which eye and which driver a camera has.

use std::{convert::Infallible, sync::Arc};

use site_sim::Gate;
use tokio_util::sync::CancellationToken;

use super::{
    Eye, Film, Local, Mjpeg, Rtsp, Snapshot,
    feed::{drive, feed},
};
use crate::config::{Camera, Fitted, Source};

/// A camera that somebody has to drive before its eye sees anything.
#[derive(Debug)]
pub(crate) struct Driver {
    camera: Fitted,
    film: Film,
}

/// What looks through a camera, and what drives it if it has to be driven. `simulated` is the gate that
/// a simulated one looks at.
pub(crate) fn open(camera: &Camera, simulated: Option<Arc<Gate>>) -> (Eye, Option<Driver>) {
    match (camera, simulated) {
        (Camera::None, _) | (Camera::Simulated, None) => (Eye::NotFitted, None),
        (Camera::Simulated, Some(gate)) => (Eye::Simulated(gate), None),
        (Camera::Fitted(camera), _) => {
            let (film, eye) = feed();
            (eye, Some(Driver { camera: camera.clone(), film }))
        }
    }
}

impl Driver {
    /// Keeps the camera open until cancelled.
    pub(crate) async fn run(self, cancel: CancellationToken) -> Result<(), Infallible> {
        let Self { camera, film } = self;

        match camera.source.clone() {
            Source::Device(device) => drive(Local::new(&device, &camera), film, cancel).await,
            Source::Snapshot(network) => drive(Snapshot::new(network, &camera), film, cancel).await,
            Source::Mjpeg(network) => drive(Mjpeg::new(network, &camera), film, cancel).await,
            Source::Rtsp(network) => drive(Rtsp::new(network, &camera), film, cancel).await,
        }
    }
}
