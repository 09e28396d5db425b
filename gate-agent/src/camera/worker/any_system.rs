//! Cameras of Windows (Media Foundation) and macOS (AVFoundation), through nokhwa.
//!
//! It hands out whole buffers, of which the agent cuts off what is not the picture, and waits for
//! ever where a camera stalls: then the agent ends this process.

use std::{convert::Infallible, sync::mpsc};

use nokhwa::{
    Camera, NokhwaError,
    utils::{CameraFormat, CameraIndex, FrameFormat, RequestedFormat, RequestedFormatType},
};

use super::{
    Output, WorkerError,
    modes::{Mode, PixelFormat, choose},
};
use crate::config::{Device, Wanted};

const FORMATS: [FrameFormat; 3] = [FrameFormat::MJPEG, FrameFormat::YUYV, FrameFormat::NV12];

impl From<NokhwaError> for WorkerError {
    fn from(error: NokhwaError) -> Self {
        Self::Failed(error.to_string())
    }
}

/// Hands out frames until the camera fails.
pub(super) fn shoot(
    device: &Device,
    wanted: Wanted,
    output: &mut Output,
) -> Result<Infallible, WorkerError> {
    ask_for_permission()?;
    let index = match device {
        Device::Index(number) => CameraIndex::Index(*number),
        Device::Path(path) => CameraIndex::String(path.display().to_string()),
    };
    let any = RequestedFormat::with_formats(RequestedFormatType::None, &FORMATS);
    let mut camera =
        Camera::new(index, any).map_err(|error| WorkerError::Missing(error.to_string()))?;

    let formats = camera.compatible_camera_formats()?;
    let modes = formats.iter().filter_map(mode_of);
    let mode = choose(modes, wanted).ok_or_else(|| {
        WorkerError::Failed("it has no pictures as MJPEG, YUYV or NV12".to_owned())
    })?;
    // Anything but a format that it has listed fails, or is ignored.
    let format = formats.iter().find(|format| mode_of(format) == Some(mode));
    if let Some(format) = format {
        let exact = RequestedFormatType::Exact(*format);
        camera.set_camera_requset(RequestedFormat::with_formats(exact, &FORMATS))?;
    }
    let mode = mode_of(&camera.camera_format()).ok_or_else(|| {
        WorkerError::Failed(format!("it gives {} instead of {mode}", camera.camera_format()))
    })?;

    camera.open_stream()?;
    output.opened(&mode)?;
    let stride = match mode.format {
        PixelFormat::Yuyv => mode.width as usize * 2,
        PixelFormat::Nv12 | PixelFormat::Mjpeg => mode.width as usize,
    };
    loop {
        output.frame(&mode, &camera.frame_raw()?, stride)?;
    }
}

fn mode_of(format: &CameraFormat) -> Option<Mode> {
    let pixels = match format.format() {
        FrameFormat::MJPEG => PixelFormat::Mjpeg,
        FrameFormat::YUYV => PixelFormat::Yuyv,
        FrameFormat::NV12 => PixelFormat::Nv12,
        FrameFormat::GRAY | FrameFormat::RAWRGB | FrameFormat::RAWBGR => return None,
    };

    Some(Mode {
        format: pixels,
        width: format.width(),
        height: format.height(),
        fps: Some(format.frame_rate()),
    })
}

/// macOS asks the person in front of it; elsewhere this answers at once.
fn ask_for_permission() -> Result<(), WorkerError> {
    let (answer, answered) = mpsc::channel();
    nokhwa::nokhwa_initialize(move |granted| {
        // Whoever asked waits for it.
        let _ = answer.send(granted);
    });

    match answered.recv() {
        Ok(false) => {
            let reason =
                "the system does not let this program use cameras: allow it in its settings";
            Err(WorkerError::Failed(reason.to_owned()))
        }
        Ok(true) | Err(_) => Ok(()),
    }
}
