//! `gates.*.camera`: the camera.

mod network;
mod source;

use std::{fmt, ops::RangeInclusive, path::PathBuf};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor, value::MapAccessDeserializer},
};
use service::config::ConfigError;

use super::within;
pub use network::{Login, Network};
pub use source::{Device, Source};

const SIDE: RangeInclusive<u32> = 16..=16_384;
const FRAMES_PER_SECOND: RangeInclusive<u32> = 1..=60;
/// The broker has to take them: `broker.limits.packet_size` is 1 MiB unless it is raised.
const MAX_BYTES: RangeInclusive<usize> = 10_000..=4_000_000;
const USUAL_MAX_BYTES: usize = 1_000_000;

/// The camera.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Camera {
    /// None is fitted.
    #[default]
    None,
    /// A drawing of the gate.
    Simulated,
    /// A real one.
    Fitted(Fitted),
}

/// A camera that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fitted {
    /// Where its pictures come from.
    pub source: Source,
    /// What is asked of it, where it can be asked.
    pub wanted: Wanted,
    /// The largest picture that is taken from it, in bytes.
    pub max_bytes: usize,
}

/// What a camera is asked for. It gives what comes nearest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// Pictures a second.
    pub fps: u32,
}

impl Default for Wanted {
    fn default() -> Self {
        Self { width: 1280, height: 720, fps: 10 }
    }
}

/// The table as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    device: Option<Device>,
    snapshot: Option<String>,
    mjpeg: Option<String>,
    rtsp: Option<String>,
    username: Option<String>,
    password_file: Option<PathBuf>,
    ca: Option<PathBuf>,
    width: Option<u32>,
    height: Option<u32>,
    fps: Option<u32>,
    max_bytes: Option<usize>,
}

impl Camera {
    /// A camera by what a person calls it: its file (`/dev/video0`), its number, the URL of an RTSP
    /// stream, or else of a picture.
    pub fn at(place: &str) -> Self {
        let network = |url: &str| Network::without_login(url);
        let source = match place.parse() {
            Ok(index) => Source::Device(Device::Index(index)),
            Err(_) if place.starts_with("rtsp://") => Source::Rtsp(network(place)),
            Err(_) if place.contains("://") => Source::Snapshot(network(place)),
            Err(_) => Source::Device(Device::Path(place.into())),
        };

        Self::Fitted(Fitted { source, wanted: Wanted::default(), max_bytes: USUAL_MAX_BYTES })
    }

    /// The file of a camera of this machine.
    pub fn device_file(&self) -> Option<PathBuf> {
        let Self::Fitted(Fitted { source: Source::Device(device), .. }) = self else { return None };

        Some(match device {
            Device::Path(path) => path.clone(),
            Device::Index(index) => format!("/dev/video{index}").into(),
        })
    }

    /// For a person, without anything secret: `rtsp://10.0.0.9/stream2`.
    pub fn describe(&self) -> String {
        match self {
            Self::None => "none".to_owned(),
            Self::Simulated => "simulated".to_owned(),
            Self::Fitted(camera) => camera.source.to_string(),
        }
    }

    /// Checks what a type cannot say; `key` is where it stands.
    ///
    /// # Errors
    ///
    /// A value is out of its range, or its camera has no name or no good URL.
    pub fn validate(&self, key: &str) -> Result<(), ConfigError> {
        let Self::Fitted(Fitted { source, wanted, max_bytes }) = self else { return Ok(()) };

        within(format!("{key}.width"), &wanted.width, SIDE)?;
        within(format!("{key}.height"), &wanted.height, SIDE)?;
        within(format!("{key}.fps"), &wanted.fps, FRAMES_PER_SECOND)?;
        within(format!("{key}.max_bytes"), max_bytes, MAX_BYTES)?;
        source.validate(key)
    }
}

impl TryFrom<Table> for Fitted {
    type Error = &'static str;

    fn try_from(table: Table) -> Result<Self, Self::Error> {
        let usual = Wanted::default();
        let snapshot = table.snapshot.is_some();
        let login = Login { username: table.username, password_file: table.password_file };
        let at = |url| Network { url, login: login.clone(), ca: table.ca.clone() };

        let source = match (table.device, table.snapshot, table.mjpeg, table.rtsp) {
            (Some(device), None, None, None) => {
                if login != Login::default() || table.ca.is_some() {
                    return Err(
                        "a camera with `device` has no `username`, `password_file` or `ca`",
                    );
                }
                Source::Device(device)
            }
            (None, Some(url), None, None) => Source::Snapshot(at(url)),
            (None, None, Some(url), None) => Source::Mjpeg(at(url)),
            (None, None, None, Some(url)) => Source::Rtsp(at(url)),
            _ => return Err("say one of `device`, `snapshot`, `mjpeg` and `rtsp`"),
        };

        Ok(Self {
            source,
            wanted: Wanted {
                width: table.width.unwrap_or(usual.width),
                height: table.height.unwrap_or(usual.height),
                // Each snapshot is a request of its own, and often takes the camera a while.
                fps: table.fps.unwrap_or(if snapshot { 2 } else { usual.fps }),
            },
            max_bytes: table.max_bytes.unwrap_or(USUAL_MAX_BYTES),
        })
    }
}

impl<'de> Deserialize<'de> for Camera {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(WordOrTable)
    }
}

struct WordOrTable;

impl<'de> Visitor<'de> for WordOrTable {
    type Value = Camera;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"none\", \"simulated\" or a table such as { device = \"/dev/video0\" }")
    }

    fn visit_str<E: serde::de::Error>(self, word: &str) -> Result<Camera, E> {
        match word {
            "none" => Ok(Camera::None),
            "simulated" => Ok(Camera::Simulated),
            _ => Err(E::invalid_value(serde::de::Unexpected::Str(word), &self)),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Camera, A::Error> {
        let table = Table::deserialize(MapAccessDeserializer::new(map))?;

        table.try_into().map(Camera::Fitted).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests;
