//! Which camera is meant.

use std::path::Path;

use anyhow::{Result, bail};
use gate_agent::Camera;

use crate::{
    devices,
    site::{self, Simulated},
};

/// A camera to take a picture of.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) camera: Camera,
    /// What a simulated one looks at.
    pub(crate) simulated: Option<Simulated>,
}

impl Place {
    pub(crate) fn find(place: Option<&str>, config: Option<&Path>) -> Result<Self> {
        match place {
            Some(camera) if is_camera(camera) => Self::at(camera),
            Some(name) => Self::of_gate(name, config),
            None => Self::only(config),
        }
    }

    fn at(place: &str) -> Result<Self> {
        let camera = Camera::at(place);
        camera.validate("camera")?;

        Ok(Self { camera, simulated: None })
    }

    fn of_gate(name: &str, config: Option<&Path>) -> Result<Self> {
        let name = name.parse()?;
        let gate = site::gate(config, &name)?;
        if gate.camera == Camera::None {
            bail!("{name} has no camera in the configuration: name one, such as /dev/video0");
        }

        Ok(Self { simulated: site::simulated(&name, &gate)?, camera: gate.camera })
    }

    /// The one of the configuration, or the one that is plugged in.
    fn only(config: Option<&Path>) -> Result<Self> {
        let gates = site::gates(config)?;
        let fitted = gates.iter().filter(|(_, gate)| gate.camera != Camera::None);
        match fitted.map(|(name, _)| name.as_str()).collect::<Vec<_>>().as_slice() {
            [] => {}
            [name] => return Self::of_gate(name, config),
            names => bail!("there are several cameras: name the gate, one of {}", names.join(", ")),
        }

        match devices::cameras_plugged_in().as_slice() {
            [camera] => Self::at(camera),
            [] => bail!("no camera is plugged in: name one, or a gate of the configuration"),
            cameras => bail!("there are several cameras: name one of {}", cameras.join(", ")),
        }
    }
}

/// A gate's name has no slash and is no number.
fn is_camera(text: &str) -> bool {
    text.contains(['/', '\\', ':']) || text.bytes().all(|byte| byte.is_ascii_digit())
}
