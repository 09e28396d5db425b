//! The `[home_assistant]` section: whether gates make themselves known to Home Assistant.

use schemas::{DISCOVERY_PREFIX, Root};
use serde::Deserialize;

/// What is said to Home Assistant.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HomeAssistant {
    /// Whether each gate publishes its description. `false` takes back what was published; absent,
    /// nothing is published and nothing taken back.
    #[serde(default)]
    pub discovery: Option<bool>,
    /// Where Home Assistant looks for descriptions. Change it where it was changed there.
    #[serde(default = "prefix")]
    pub prefix: Root,
}

impl Default for HomeAssistant {
    fn default() -> Self {
        Self { discovery: None, prefix: prefix() }
    }
}

fn prefix() -> Root {
    DISCOVERY_PREFIX.parse().expect("the word is a level of a topic")
}
