//! One picture of a camera.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use site_sim::Gate;
use tokio::{task::JoinSet, time};
use tokio_util::sync::CancellationToken;

use crate::{
    camera::{self, CameraError, Eye, Frame},
    config::Camera,
};

/// What a camera sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// The whole JPEG.
    pub jpeg: Bytes,
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
}

/// There is no picture, for this reason.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NoPicture(String);

/// The first picture that a camera delivers. `simulated` is the gate that a simulated one looks at.
///
/// # Errors
///
/// The camera says why it has none, or says nothing for as long as `patience`.
pub async fn snap(
    camera: &Camera,
    simulated: Option<Arc<Gate>>,
    patience: Duration,
) -> Result<Picture, NoPicture> {
    let (eye, driver) = camera::open(camera, simulated);
    let mut driven = JoinSet::new();
    if let Some(driver) = driver {
        driven.spawn(driver.run(CancellationToken::new()));
    }

    match time::timeout(patience, first(eye)).await {
        Ok(Ok(Frame { jpeg, width, height })) => Ok(Picture { jpeg, width, height }),
        Ok(Err(error)) => Err(NoPicture(error.to_string())),
        Err(_elapsed) => Err(NoPicture(CameraError::Stalled(patience).to_string())),
    }
}

async fn first(mut eye: Eye) -> Result<Frame, CameraError> {
    loop {
        match eye.look() {
            Ok(shot) => return shot.develop().await,
            Err(CameraError::Starting) => eye.health_changed().await,
            Err(error) => return Err(error),
        }
    }
}
