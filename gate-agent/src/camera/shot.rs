//! What a camera saw, and why it sees nothing.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use schemas::Timestamp;
use service::stamp;
use site_sim::Scene;
use tokio::{task::spawn_blocking, time::Instant};

/// A whole picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Frame {
    /// From its first marker to its last, as it came from the camera.
    pub(crate) jpeg: Bytes,
    pub(crate) width: u32,
    pub(crate) height: u32,
}

/// When it was.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    /// For ages.
    pub(crate) at: Instant,
    /// For people.
    pub(crate) time: Timestamp,
}

/// What a camera saw at a moment. To have one costs nothing, wherever it is taken.
#[derive(Debug, Clone)]
pub(crate) struct Shot {
    pub(crate) moment: Moment,
    exposure: Exposure,
}

#[derive(Debug, Clone)]
enum Exposure {
    Frame(Frame),
    /// Drawn when somebody wants to see it.
    Scene(Arc<Scene>),
}

/// Why there is no picture.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CameraError {
    #[error("no camera is fitted")]
    NotFitted,
    #[error("the camera has not delivered a picture yet")]
    Starting,
    #[error("the camera has delivered no picture for {} s", .0.as_secs())]
    Stalled(Duration),
    #[error("cannot reach the camera: {0}")]
    Unreachable(String),
    #[error("the camera wants a login: set `username` and `password_file`")]
    LoginWanted,
    #[error("the camera refuses the user or the password")]
    LoginRefused,
    #[error("what the camera sent is no picture")]
    NotAPicture,
    #[error("the camera sent half a picture")]
    CutShort,
    #[error(
        "the camera's picture is larger than {max_bytes} bytes: lower its resolution or quality, \
         or raise `max_bytes` and the broker's `packet_size`"
    )]
    TooLarge { max_bytes: usize },
    #[error("the camera fails: {0}")]
    Failed(String),
}

impl Moment {
    pub(crate) fn now() -> Self {
        Self { at: Instant::now(), time: stamp::now() }
    }
}

impl Shot {
    pub(crate) fn of_frame(moment: Moment, frame: Frame) -> Self {
        Self { moment, exposure: Exposure::Frame(frame) }
    }

    pub(crate) fn of_scene(moment: Moment, scene: Scene) -> Self {
        Self { moment, exposure: Exposure::Scene(Arc::new(scene)) }
    }

    /// Makes a picture of it.
    pub(crate) async fn develop(self) -> Result<Frame, CameraError> {
        let scene = match self.exposure {
            Exposure::Frame(frame) => return Ok(frame),
            Exposure::Scene(scene) => scene,
        };

        // Drawing and encoding take milliseconds in which a worker would serve nobody else.
        let jpeg = spawn_blocking(move || scene.render())
            .await
            .map_err(|error| CameraError::Failed(error.to_string()))?;
        let (width, height) = (Scene::WIDTH.into(), Scene::HEIGHT.into());

        Ok(Frame { jpeg: jpeg.into(), width, height })
    }
}
