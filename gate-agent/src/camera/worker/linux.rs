//! Cameras of Linux, through V4L2.

use std::{convert::Infallible, io, path::PathBuf, time::Duration};

use v4l::{
    Device as Camera, Format, FourCC,
    buffer::{Flags, Type},
    frameinterval::FrameIntervalEnum,
    framesize::FrameSizeEnum,
    io::{mmap::Stream, traits::CaptureStream},
    video::{Capture, capture::Parameters},
};

use super::{
    Output, WorkerError,
    modes::{Mode, PixelFormat, choose},
};
use crate::config::{Device, Wanted};

/// Two for the driver to fill, and one to be looked at.
const BUFFERS: u32 = 3;
/// The agent loses patience later: it shall hear why.
const FRAME: Duration = Duration::from_secs(4);
const ENODEV: i32 = 19;

impl PixelFormat {
    /// By the name that V4L2 gives it.
    fn of(fourcc: &[u8; 4]) -> Option<Self> {
        match fourcc {
            b"MJPG" | b"JPEG" => Some(Self::Mjpeg),
            b"YUYV" | b"YUY2" => Some(Self::Yuyv),
            b"NV12" => Some(Self::Nv12),
            _ => None,
        }
    }
}

/// Hands out frames until the camera fails.
pub(super) fn shoot(
    device: &Device,
    wanted: Wanted,
    output: &mut Output,
) -> Result<Infallible, WorkerError> {
    let path = match device {
        Device::Index(number) => PathBuf::from(format!("/dev/video{number}")),
        Device::Path(path) => path.clone(),
    };
    let name = path.display();
    let camera = Camera::with_path(&path).map_err(|error| missing(&name, &error))?;

    let modes = modes(&camera, wanted).map_err(|error| failed(&name, &error))?;
    let Some(mode) = choose(modes, wanted) else {
        return Err(WorkerError::Failed(format!(
            "{name} has no pictures as MJPEG, YUYV or NV12: a camera has several files, take another one"
        )));
    };
    let (mode, stride) = set(&camera, mode).map_err(|error| failed(&name, &error))?;

    let mut stream = Stream::with_buffers(&camera, Type::VideoCapture, BUFFERS)
        .map_err(|error| failed(&name, &error))?;
    stream.set_timeout(FRAME);
    output.opened(&mode)?;
    loop {
        let (buffer, meta) = stream.next().map_err(|error| failed(&name, &error))?;
        // The driver knows how much of its buffer is a frame, and whether something is missing.
        let length = (meta.bytesused as usize).min(buffer.len());
        if !meta.flags.contains(Flags::ERROR) && length > 0 {
            output.frame(&mode, &buffer[..length], stride)?;
        }
    }
}

/// Everything that the camera says it can do, and that can be used here.
fn modes(camera: &Camera, wanted: Wanted) -> io::Result<Vec<Mode>> {
    let mut modes = Vec::new();

    for description in camera.enum_formats()? {
        let fourcc = description.fourcc;
        let Some(format) = PixelFormat::of(&fourcc.repr) else { continue };
        for (width, height) in sizes(camera, fourcc, wanted) {
            let rates = rates(camera, fourcc, (width, height), wanted);
            modes.extend(rates.into_iter().map(|fps| Mode { format, width, height, fps }));
        }
    }

    Ok(modes)
}

/// A driver that does not tell its sizes is asked for the one that is wanted.
fn sizes(camera: &Camera, fourcc: FourCC, wanted: Wanted) -> Vec<(u32, u32)> {
    let nearest = |wanted: u32, min: u32, max: u32, step: u32| {
        let wanted = wanted.clamp(min, max.max(min));
        wanted - (wanted - min) % step.max(1)
    };
    let sizes = camera.enum_framesizes(fourcc).unwrap_or_default();
    if sizes.is_empty() {
        return vec![(wanted.width, wanted.height)];
    }

    sizes
        .into_iter()
        .map(|size| match size.size {
            FrameSizeEnum::Discrete(size) => (size.width, size.height),
            FrameSizeEnum::Stepwise(range) => (
                nearest(wanted.width, range.min_width, range.max_width, range.step_width),
                nearest(wanted.height, range.min_height, range.max_height, range.step_height),
            ),
        })
        .collect()
}

fn rates(
    camera: &Camera,
    fourcc: FourCC,
    (width, height): (u32, u32),
    wanted: Wanted,
) -> Vec<Option<u32>> {
    let intervals = camera.enum_frameintervals(fourcc, width, height).unwrap_or_default();
    if intervals.is_empty() {
        return vec![None];
    }

    intervals
        .into_iter()
        .map(|interval| match interval.interval {
            FrameIntervalEnum::Discrete(time) => {
                Some(time.denominator.div_ceil(time.numerator.max(1)))
            }
            // From the shortest time to the longest: any rate between them.
            FrameIntervalEnum::Stepwise(range) => {
                let fastest = range.min.denominator / range.min.numerator.max(1);
                let slowest = range.max.denominator.div_ceil(range.max.numerator.max(1));
                Some(wanted.fps.clamp(slowest, fastest.max(slowest)))
            }
        })
        .collect()
}

/// Puts the camera into a mode, whatever state another program has left it in; says what came of
/// it, with the bytes from one row to the next.
fn set(camera: &Camera, mode: Mode) -> io::Result<(Mode, usize)> {
    let fourcc = camera
        .enum_formats()?
        .into_iter()
        .map(|description| description.fourcc)
        .find(|fourcc| PixelFormat::of(&fourcc.repr) == Some(mode.format))
        .ok_or_else(|| io::Error::other("it has changed its mind about its formats"))?;
    let format = camera.set_format(&Format::new(mode.width, mode.height, fourcc))?;
    let Some(taken) = PixelFormat::of(&format.fourcc.repr) else {
        return Err(io::Error::other(format!("it gives {} instead of {fourcc}", format.fourcc)));
    };
    // Not every camera lets itself be told how many frames it takes; all that it takes are drained.
    let params = mode.fps.and_then(|fps| camera.set_params(&Parameters::with_fps(fps)).ok());
    let fps = params.map(|params| params.interval).filter(|time| time.numerator > 0);

    Ok((
        Mode {
            format: taken,
            width: format.width,
            height: format.height,
            fps: fps.map(|time| time.denominator.div_ceil(time.numerator)),
        },
        format.stride as usize,
    ))
}

fn missing(name: &dyn std::fmt::Display, error: &io::Error) -> WorkerError {
    if error.kind() == io::ErrorKind::PermissionDenied {
        let hint = "this user may not open it: add it to the group `video`";
        return WorkerError::Failed(format!("{name}: {hint}"));
    }

    WorkerError::Missing(format!("{name}: {error}"))
}

fn failed(name: &dyn std::fmt::Display, error: &io::Error) -> WorkerError {
    if error.raw_os_error() == Some(ENODEV) {
        WorkerError::Missing(format!("{name} was unplugged"))
    } else if error.kind() == io::ErrorKind::ResourceBusy {
        WorkerError::Failed(format!("{name} is used by another program"))
    } else if error.kind() == io::ErrorKind::TimedOut {
        WorkerError::Failed(format!("{name} delivers no frames"))
    } else {
        WorkerError::Failed(format!("{name}: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use zune_jpeg::{JpegDecoder, zune_core::bytestream::ZCursor};

    use super::{super::pixels::Raw, *};

    const WANTED: Wanted = Wanted { width: 640, height: 360, fps: 10 };
    /// What the kernel's test camera shows, from left to right: red, green and blue.
    const BARS: [[bool; 3]; 8] = [
        [true, true, true],
        [true, true, false],
        [false, true, true],
        [false, true, false],
        [true, false, true],
        [true, false, false],
        [false, false, true],
        [false, false, false],
    ];

    #[test]
    #[ignore = "make test-hardware"]
    fn the_bars_of_the_test_camera_have_their_colours_in_every_format() {
        let path = test_camera().expect("vivid is loaded");

        for format in [PixelFormat::Nv12, PixelFormat::Yuyv] {
            let picture = shot(&path, format);
            let rgb = JpegDecoder::new(ZCursor::new(&picture)).decode().expect("it is a picture");
            assert_eq!(rgb.len(), 640 * 360 * 3);

            // The text is in the upper half.
            for y in [200, 280, 358] {
                let bars = [0, 1, 2, 3, 4, 5, 6, 7].map(|bar| {
                    let pixel = (y * 640 + bar * 80 + 40) * 3;
                    [rgb[pixel], rgb[pixel + 1], rgb[pixel + 2]]
                });
                let lit = bars.map(|pixel| pixel.map(|colour| colour > 100));
                assert_eq!(lit, BARS, "{format:?}, row {y}: {bars:?}");
            }
        }
    }

    /// A picture that the camera takes in this format, encoded.
    fn shot(path: &PathBuf, format: PixelFormat) -> Vec<u8> {
        let camera = Camera::with_path(path).expect("it can be opened");
        let modes = modes(&camera, WANTED).expect("it tells its modes");
        let modes = modes.into_iter().filter(|mode| mode.format == format);
        let mode = choose(modes, WANTED).expect("it has the format");
        let (mode, stride) = set(&camera, mode).expect("it takes the mode");
        assert_eq!((mode.format, mode.width, mode.height), (format, 640, 360));

        let mut stream = Stream::with_buffers(&camera, Type::VideoCapture, BUFFERS).unwrap();
        stream.set_timeout(FRAME);
        let (buffer, meta) = stream.next().expect("it has a frame");
        let bytes = &buffer[..meta.bytesused as usize];
        let Some(layout) = format.layout() else { panic!("{format:?} is compressed") };

        Raw { bytes, layout, width: mode.width, height: mode.height, stride }
            .encode()
            .expect("it is a whole frame")
    }

    fn test_camera() -> Option<PathBuf> {
        (0..8).map(|number| PathBuf::from(format!("/dev/video{number}"))).find(|path| {
            let driver = Camera::with_path(path).and_then(|camera| camera.query_caps());
            driver.is_ok_and(|driver| driver.driver == "vivid")
        })
    }
}
