//! Where gates make themselves known to Home Assistant: topics that are its, not ours.

use crate::{GateId, Root};

/// Where Home Assistant looks for devices unless it is told otherwise.
pub const DISCOVERY_PREFIX: &str = "homeassistant";

/// The name of a gate among the devices of Home Assistant: `manless_parking_gate_in`.
///
/// Another site at the same Home Assistant has another root, and so other names.
pub fn device_id(root: &Root, gate: &GateId) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let root: String = root.as_str().chars().map(|c| if allowed(c) { c } else { '_' }).collect();

    format!("manless_{root}_{gate}")
}

/// Where a gate publishes its description: `homeassistant/device/manless_parking_gate_in/config`.
pub fn discovery_topic(prefix: &str, root: &Root, gate: &GateId) -> String {
    format!("{prefix}/device/{}/config", device_id(root, gate))
}

/// Where Home Assistant says that it has come: `homeassistant/status`.
pub fn birth_topic(prefix: &str) -> String {
    format!("{prefix}/status")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_only_what_home_assistant_allows() {
        let gate: GateId = "gate_in".parse().unwrap();

        for (root, expected) in [
            ("parking", "manless_parking_gate_in"),
            ("acme/site-12/parking", "manless_acme_site-12_parking_gate_in"),
            ("é ü", "manless_____gate_in"),
        ] {
            assert_eq!(device_id(&root.parse().unwrap(), &gate), expected);
        }
    }
}
