//! The names of gates and of gateways: the middle level of every topic.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

const MAX_LEN: usize = 63;
const RESERVED: [&str; 4] = ["all", "gate_all", "admin", "controller"];
const BRIDGE: &str = "bridge";

/// The name of a gate: `[a-z0-9][a-z0-9_-]{0,62}`, and none of the reserved words.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct GateId(String);

/// The name of a gateway among the gates: `bridge`, or `bridge-2` where several run.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BridgeId(String);

/// The text is not a name that a gate can have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GateIdError {
    /// It has characters that no name has, or too many of them.
    #[error(
        "`{0}` is not a gate's name: use 1 to 63 of a-z, 0-9, `_` and `-`, the first of them a letter or digit"
    )]
    Malformed(String),
    /// It is a word that means something else in this place.
    #[error("`{0}` is reserved and cannot be a gate's name")]
    Reserved(String),
    /// It should name a gateway and does not.
    #[error("`{0}` is not a gateway's name: it is `bridge`, or begins with `bridge-`")]
    NotABridge(String),
}

impl GateId {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl BridgeId {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for BridgeId {
    fn default() -> Self {
        Self(BRIDGE.to_owned())
    }
}

impl FromStr for GateId {
    type Err = GateIdError;

    fn from_str(text: &str) -> Result<Self, GateIdError> {
        check_characters(text)?;
        if RESERVED.contains(&text) || is_bridge(text) {
            return Err(GateIdError::Reserved(text.to_owned()));
        }

        Ok(Self(text.to_owned()))
    }
}

impl FromStr for BridgeId {
    type Err = GateIdError;

    fn from_str(text: &str) -> Result<Self, GateIdError> {
        check_characters(text)?;
        if !is_bridge(text) {
            return Err(GateIdError::NotABridge(text.to_owned()));
        }

        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<String> for GateId {
    type Error = GateIdError;

    fn try_from(text: String) -> Result<Self, GateIdError> {
        text.parse()
    }
}

impl TryFrom<String> for BridgeId {
    type Error = GateIdError;

    fn try_from(text: String) -> Result<Self, GateIdError> {
        text.parse()
    }
}

impl From<GateId> for String {
    fn from(id: GateId) -> Self {
        id.0
    }
}

impl From<BridgeId> for String {
    fn from(id: BridgeId) -> Self {
        id.0
    }
}

impl fmt::Display for GateId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for BridgeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_bridge(text: &str) -> bool {
    text.strip_prefix(BRIDGE).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

fn check_characters(text: &str) -> Result<(), GateIdError> {
    let plain = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = text.as_bytes();
    let well_formed = bytes.len() <= MAX_LEN
        && bytes.first().is_some_and(plain)
        && bytes.iter().all(|b| plain(b) || matches!(b, b'_' | b'-'));

    if well_formed { Ok(()) } else { Err(GateIdError::Malformed(excerpt(text))) }
}

/// Enough of a hostile text to recognise it by.
pub(crate) fn excerpt(text: &str) -> String {
    const ENOUGH: usize = 80;

    match text.char_indices().nth(ENOUGH) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_what_the_contract_allows() {
        let long = "a".repeat(63);
        for name in ["gate_in", "gate_out", "0", "north-2", "bridges", "allee", &long] {
            assert_eq!(name.parse::<GateId>().unwrap().as_str(), name);
        }
    }

    #[test]
    fn refuses_what_would_break_a_topic_or_a_path() {
        let long = "a".repeat(64);
        for name in ["", "Gate", "_in", "-in", "gate in", "é", "a/b", "+", "#", "..", "a\0", &long]
        {
            assert!(
                matches!(name.parse::<GateId>(), Err(GateIdError::Malformed(_))),
                "accepted `{name}`"
            );
        }
    }

    #[test]
    fn refuses_the_reserved_words() {
        for name in ["all", "gate_all", "admin", "controller", "bridge", "bridge-", "bridge-2"] {
            assert!(
                matches!(name.parse::<GateId>(), Err(GateIdError::Reserved(_))),
                "accepted `{name}`"
            );
        }
    }

    #[test]
    fn a_gateway_is_called_bridge_and_a_gate_never_is() {
        assert_eq!("bridge-2".parse::<BridgeId>().unwrap().as_str(), "bridge-2");
        assert!("gate_in".parse::<BridgeId>().is_err());
        assert!("bridge/2".parse::<BridgeId>().is_err());
    }

    #[test]
    fn an_error_shows_only_the_beginning_of_a_long_text() {
        let error = "é".repeat(10_000).parse::<GateId>().unwrap_err();

        assert!(error.to_string().len() < 400);
    }
}
