//! A camera that is not there: a drawing of the simulated gate as it is now.

use std::sync::Arc;

use jiff::Timestamp;
use site_sim::{Gate, Scene};
use tokio::task::spawn_blocking;

use super::{CameraError, Frame, FrameSource};

/// Looks at a simulated gate.
#[derive(Debug)]
pub(crate) struct Simulated(pub(crate) Arc<Gate>);

impl FrameSource for Simulated {
    async fn frame(&mut self) -> Result<Frame, CameraError> {
        let gate = Arc::clone(&self.0);
        let time = Timestamp::now().strftime("%Y-%m-%d %H:%M:%S UTC").to_string();

        // Drawing and encoding take milliseconds in which a worker would serve nobody else.
        let jpeg = spawn_blocking(move || gate.scene(&time).render())
            .await
            .map_err(|error| CameraError::Failed(error.to_string()))?;
        let (width, height) = (Scene::WIDTH.into(), Scene::HEIGHT.into());

        Ok(Frame { jpeg: jpeg.into(), width, height })
    }
}
