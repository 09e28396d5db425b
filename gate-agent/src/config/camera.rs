//! `gates.*.camera`: the camera.

use serde::Deserialize;

/// The camera.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Camera {
    /// None is fitted.
    #[default]
    None,
    /// A drawing of the gate.
    Simulated,
}
