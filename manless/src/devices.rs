//! `manless devices`: what is plugged in, what it probably is, and what keeps it from being used.

pub(crate) mod access;
mod camera;
mod input;
pub(crate) mod serial;

use std::{
    fmt,
    io::{self, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

use access::Trouble;

/// A device, as a person is to be told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Device {
    /// The name that stays the same, where there is one: what belongs into the configuration.
    pub(crate) name: String,
    /// What the kernel calls it.
    pub(crate) node: PathBuf,
    /// What it says of itself.
    pub(crate) label: String,
    /// What it probably is.
    pub(crate) guess: String,
    /// What stands in the way.
    pub(crate) trouble: Vec<Trouble>,
}

/// The cameras that have pictures, as a rule.
pub(crate) fn cameras_plugged_in() -> Vec<String> {
    let cameras = camera::cameras(Path::new("/"));

    cameras.into_iter().filter(|camera| camera.guess == camera::CAMERA).map(|it| it.name).collect()
}

/// Devices of a kind.
struct Section {
    title: &'static str,
    devices: Vec<Device>,
    nothing: &'static str,
}

pub(crate) fn run() -> Result<()> {
    let report = Report::look().to_string();

    io::stdout().write_all(report.as_bytes()).context("cannot write to standard output")
}

struct Report([Section; 3]);

impl Report {
    fn look() -> Self {
        Self([
            Section {
                title: "Serial ports: barrier controllers and card readers",
                devices: serial::ports(),
                nothing: "none; a USB device that is plugged in shows up within a second",
            },
            Section {
                title: "Readers that type, and other keyboards",
                devices: input::keyboards(Path::new("/")),
                nothing: if cfg!(target_os = "linux") { "none" } else { "read on Linux alone" },
            },
            Section {
                title: "Cameras",
                devices: camera::cameras(Path::new("/")),
                nothing: if cfg!(target_os = "linux") { "none" } else { "listed on Linux alone" },
            },
        ])
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, section) in self.0.iter().enumerate() {
            if n > 0 {
                writeln!(f)?;
            }
            write!(f, "{section}")?;
        }

        Ok(())
    }
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.title)?;
        if self.devices.is_empty() {
            writeln!(f, "  {}", self.nothing)?;
        }

        self.devices.iter().try_for_each(|device| write!(f, "{device}"))
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let node = self.node.display().to_string();

        writeln!(f, "  {}", self.name)?;
        let node = if node == self.name { String::new() } else { format!("{node}  ") };
        let known = format!("{node}{}", self.label);
        if !known.trim().is_empty() {
            writeln!(f, "      {}", known.trim_end())?;
        }
        if !self.guess.is_empty() {
            writeln!(f, "      {}", self.guess)?;
        }

        self.trouble.iter().try_for_each(|trouble| writeln!(f, "      ! {trouble}"))
    }
}

/// The name of `node` among the links in `dir` (`/dev/serial/by-id`), which stays the same.
pub(crate) fn by_id(dir: &Path, node: &Path) -> Option<PathBuf> {
    let node = node.canonicalize().ok()?;
    let mut links: Vec<PathBuf> = dir
        .read_dir()
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|link| link.canonicalize().is_ok_and(|target| target == node))
        .collect();
    links.sort();

    links.into_iter().next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_told_by_the_name_that_stays_with_what_it_is_and_what_is_wrong() {
        let device = Device {
            name: "/dev/serial/by-id/usb-Arduino_Uno-if00".to_owned(),
            node: "/dev/ttyACM0".into(),
            label: "2341:0043 Arduino Uno".to_owned(),
            guess: "probably a barrier controller".to_owned(),
            trouble: vec![Trouble::InUse(vec!["manless (812)".to_owned()])],
        };

        assert_eq!(
            device.to_string(),
            "  /dev/serial/by-id/usb-Arduino_Uno-if00\n      /dev/ttyACM0  2341:0043 Arduino Uno\n      \
             probably a barrier controller\n      ! in use by manless (812)\n"
        );
    }
}
