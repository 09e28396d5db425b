//! Where the pictures of a camera come from.

use std::{fmt, path::PathBuf};

use serde::Deserialize;
use service::config::ConfigError;

use super::Network;

/// Where the pictures of a camera come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A camera of this machine.
    Device(Device),
    /// A URL with one picture behind it, asked for again and again.
    Snapshot(Network),
    /// A URL with pictures one after the other: `multipart/x-mixed-replace`.
    Mjpeg(Network),
    /// A URL of an RTSP stream with an MJPEG track.
    Rtsp(Network),
}

/// A camera of this machine.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Device {
    /// The number that the system gave it: 0 is `/dev/video0` on Linux. It may be another one
    /// after the next start.
    Index(u32),
    /// Its file, best as `/dev/v4l/by-id/…`.
    Path(PathBuf),
}

impl Source {
    pub(super) fn validate(&self, key: &str) -> Result<(), ConfigError> {
        match self {
            Self::Device(device) => device.validate(&format!("{key}.device")),
            Self::Snapshot(camera) => camera.validate(key, "snapshot", &["http", "https"]),
            Self::Mjpeg(camera) => camera.validate(key, "mjpeg", &["http", "https"]),
            Self::Rtsp(camera) => camera.validate(key, "rtsp", &["rtsp"]),
        }
    }
}

impl Device {
    fn validate(&self, key: &str) -> Result<(), ConfigError> {
        let reason = match self {
            Self::Path(path) if path.as_os_str().is_empty() => {
                "name a camera such as /dev/v4l/by-id/…, or its number"
            }
            Self::Path(_) if cfg!(not(target_os = "linux")) => {
                "on this system cameras have numbers: `manless devices` lists them"
            }
            Self::Path(_) | Self::Index(_) => return Ok(()),
        };

        Err(ConfigError::Refused { key: key.to_owned(), reason: reason.to_owned() })
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Device(device) => device.fmt(f),
            Self::Snapshot(camera) | Self::Mjpeg(camera) | Self::Rtsp(camera) => camera.fmt(f),
        }
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Index(number) if cfg!(target_os = "linux") => write!(f, "/dev/video{number}"),
            Self::Index(number) => write!(f, "camera {number}"),
            Self::Path(path) => path.display().fmt(f),
        }
    }
}
