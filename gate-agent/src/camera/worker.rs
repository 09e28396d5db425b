//! `camera-worker`: the process that owns a camera of this machine.
//!
//! ```text
//! camera-worker DEVICE WIDTH HEIGHT FPS
//! ```
//!
//! It opens the device, takes every frame as soon as it is there, and says on its standard output
//! what it has ([`pipe`]). It ends when the camera fails, when nobody reads, or when its standard
//! input does.

#![cfg_attr(
    not(any(windows, target_os = "macos", all(target_os = "linux", feature = "usb-cameras"))),
    allow(dead_code, reason = "there is no camera to work for")
)]

#[cfg(any(windows, target_os = "macos"))]
mod any_system;
#[cfg(all(target_os = "linux", feature = "usb-cameras"))]
mod linux;
mod modes;
pub(super) mod pipe;
mod pixels;

use std::{
    env,
    ffi::OsString,
    io::{self, Read, Stdout},
    process::{self, ExitCode},
    thread,
};

use crate::config::{Device, Wanted};
use modes::{Mode, Pace};
use pipe::Word;
use pixels::Raw;

const NAME: &str = "camera-worker";

/// The camera cannot be used, or not any more.
#[derive(Debug, thiserror::Error)]
enum WorkerError {
    #[error("{0}")]
    Missing(String),
    #[error("{0}")]
    Failed(String),
    /// Nobody reads any more.
    #[error("nobody reads")]
    Alone(#[from] io::Error),
}

/// Runs as the worker of a camera, if the arguments of this process say so.
///
/// Every program that runs an agent asks this first: the agent starts that same program anew for
/// each camera of this machine.
pub fn camera_worker() -> Option<ExitCode> {
    let mut args = env::args_os().skip(1);
    if args.next()? != NAME {
        return None;
    }

    Some(match parse(args) {
        Some((device, wanted)) => {
            end_with_agent();
            work(&device, wanted)
        }
        None => ExitCode::from(64),
    })
}

/// What [`camera_worker`] is to be started with.
pub(super) fn args(device: &Device, wanted: Wanted) -> Vec<OsString> {
    let device = match device {
        Device::Index(number) => number.to_string().into(),
        Device::Path(path) => path.clone().into_os_string(),
    };
    let wanted = [wanted.width, wanted.height, wanted.fps].map(|number| number.to_string().into());

    [NAME.into(), device].into_iter().chain(wanted).collect()
}

fn parse(mut args: impl Iterator<Item = OsString>) -> Option<(Device, Wanted)> {
    let device = args.next()?;
    let number = device.to_str().and_then(|text| text.parse().ok());
    let device = number.map_or_else(|| Device::Path(device.into()), Device::Index);
    let mut number = || args.next()?.to_str()?.parse().ok();

    Some((device, Wanted { width: number()?, height: number()?, fps: number()? }))
}

/// The agent holds the other end of standard input, and says nothing.
fn end_with_agent() {
    thread::spawn(|| {
        while io::stdin().read(&mut [0; 64]).is_ok_and(|read| read > 0) {}
        process::exit(0);
    });
}

fn work(device: &Device, wanted: Wanted) -> ExitCode {
    let mut output = Output { out: io::stdout(), pace: Pace::new(wanted.fps) };
    let Err(error) = shoot(device, wanted, &mut output);
    let word = match error {
        WorkerError::Missing(reason) => Word::Missing(reason),
        WorkerError::Failed(reason) => Word::Failed(reason),
        WorkerError::Alone(_) => return ExitCode::SUCCESS,
    };

    // If nobody is there to be told, nobody wants to know.
    let _ = word.write(&mut output.out);
    ExitCode::FAILURE
}

#[cfg(any(windows, target_os = "macos"))]
use any_system::shoot;
#[cfg(all(target_os = "linux", feature = "usb-cameras"))]
use linux::shoot;

#[cfg(not(any(windows, target_os = "macos", all(target_os = "linux", feature = "usb-cameras"))))]
fn shoot(
    _device: &Device,
    _wanted: Wanted,
    _output: &mut Output,
) -> Result<std::convert::Infallible, WorkerError> {
    Err(WorkerError::Failed(
        "this program was built without cameras of this machine (the feature `usb-cameras`)"
            .to_owned(),
    ))
}

/// Where frames go, no faster than they are wanted.
struct Output {
    out: Stdout,
    pace: Pace,
}

impl Output {
    fn opened(&mut self, mode: &Mode) -> Result<(), WorkerError> {
        Ok(Word::Opened(mode.to_string()).write(&mut self.out)?)
    }

    /// A frame as the driver has it. Whoever sends too many is not asked to encode them all.
    fn frame(&mut self, mode: &Mode, bytes: &[u8], stride: usize) -> Result<(), WorkerError> {
        if !self.pace.is_due() {
            return Ok(());
        }
        let Some(layout) = mode.format.layout() else {
            return Ok(Word::write_frame(&mut self.out, bytes)?);
        };

        let raw = Raw { bytes, layout, width: mode.width, height: mode.height, stride };
        match raw.encode() {
            Some(jpeg) => Ok(Word::write_frame(&mut self.out, &jpeg)?),
            // Half a frame: the next one comes, or the agent loses patience.
            None => Ok(()),
        }
    }
}
