//! Where a message is published: one parser, one printer.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{BridgeId, GateId, GateIdError, MessageType, gate_id::excerpt};

const MAX_ROOT: usize = 200;

/// The levels before the gate's name: `parking`, or several such as `acme/site-12/parking`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Root(String);

/// The text cannot be the root of the topics.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` cannot be the root of the topics: use 1 to 200 characters in levels that are not empty, without `+`, `#` and NUL, not beginning with `$`"
)]
pub struct RootError(String);

/// Where a message is published, below the root.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Topic {
    /// `{gate_id}/{type}`.
    Gate(GateId, MessageType),
    /// `bridge/system_status`: a gateway's own state.
    Bridge(BridgeId),
}

/// The topic is not part of the contract.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TopicError {
    /// It does not begin with the root.
    #[error("topic `{0}` is outside of the root")]
    OutsideRoot(String),
    /// It has too few or too many levels.
    #[error("topic `{0}` is not `{{root}}/{{gate_id}}/{{type}}`")]
    Shape(String),
    /// Its middle level cannot be a gate.
    #[error("topic with a bad gate")]
    Gate(#[from] GateIdError),
    /// Its last level is no type of message.
    #[error("topic `{0}` ends in an unknown message type")]
    Type(String),
}

impl Root {
    /// The filter that matches every topic of this root.
    pub fn everything(&self) -> String {
        format!("{}/#", self.0)
    }

    /// The root as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Root {
    fn default() -> Self {
        Self("parking".to_owned())
    }
}

impl FromStr for Root {
    type Err = RootError;

    fn from_str(text: &str) -> Result<Self, RootError> {
        let well_formed = (1..=MAX_ROOT).contains(&text.len())
            && !text.starts_with('$')
            && !text.contains(['+', '#', '\0'])
            && text.split('/').all(|level| !level.is_empty());

        if well_formed { Ok(Self(text.to_owned())) } else { Err(RootError(excerpt(text))) }
    }
}

impl TryFrom<String> for Root {
    type Error = RootError;

    fn try_from(text: String) -> Result<Self, RootError> {
        text.parse()
    }
}

impl From<Root> for String {
    fn from(root: Root) -> Self {
        root.0
    }
}

impl fmt::Display for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Topic {
    /// Reads a topic below `root`.
    pub fn parse(root: &Root, text: &str) -> Result<Self, TopicError> {
        let below = text
            .strip_prefix(root.as_str())
            .and_then(|rest| rest.strip_prefix('/'))
            .ok_or_else(|| TopicError::OutsideRoot(excerpt(text)))?;
        let Some((name, kind)) = below.split_once('/').filter(|(_, kind)| !kind.contains('/'))
        else {
            return Err(TopicError::Shape(excerpt(text)));
        };
        let kind: MessageType = kind.parse().map_err(|_| TopicError::Type(excerpt(text)))?;

        match name.parse::<BridgeId>() {
            Ok(bridge) if kind == MessageType::SystemStatus => Ok(Self::Bridge(bridge)),
            _ => Ok(Self::Gate(name.parse()?, kind)),
        }
    }

    /// Prints the topic below `root`.
    pub fn below(&self, root: &Root) -> String {
        format!("{root}/{}/{}", self.name(), self.message_type())
    }

    /// The type of the messages that are published here.
    pub fn message_type(&self) -> MessageType {
        match self {
            Self::Gate(_, kind) => *kind,
            Self::Bridge(_) => MessageType::SystemStatus,
        }
    }

    /// The middle level: whom the messages are about.
    pub fn name(&self) -> &str {
        match self {
            Self::Gate(gate, _) => gate.as_str(),
            Self::Bridge(bridge) => bridge.as_str(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_topic_parses_back_to_itself(root in roots(), topic in topics()) {
            prop_assert_eq!(Topic::parse(&root, &topic.below(&root)), Ok(topic));
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in "\\PC{0,80}") {
            let _ = Topic::parse(&Root::default(), &text);
            let _ = Topic::parse(&Root::default(), &format!("parking/{text}"));
        }
    }

    #[test]
    fn refuses_what_is_not_in_the_contract() {
        for text in [
            "",
            "parking",
            "parking/",
            "parking/gate_in",
            "parking/gate_in/",
            "parking/gate_in/gate_status/",
            "parking/gate_in/gate_status/now",
            "parking/gate_in/door_status",
            "parking/gate_in/GATE_STATUS",
            "parking/+/gate_status",
            "parking//gate_status",
            "parking/gate_all/gate_control",
            "parking/bridge/gate_control",
            "parkings/gate_in/gate_status",
            "Parking/gate_in/gate_status",
            "/parking/gate_in/gate_status",
            "é/gate_in/gate_status",
        ] {
            assert!(Topic::parse(&Root::default(), text).is_err(), "accepted `{text}`");
        }
    }

    #[test]
    fn refuses_a_root_that_no_client_could_publish_below() {
        for text in ["", "/", "/parking", "parking/", "a//b", "a/+", "#", "$SYS", "a\0b"] {
            assert!(text.parse::<Root>().is_err(), "accepted `{text}`");
        }
    }

    fn roots() -> impl Strategy<Value = Root> {
        prop_oneof![Just("parking"), Just("acme/site-12/parking"), Just("é/ü")]
            .prop_map(|text| text.parse().unwrap())
    }

    fn topics() -> impl Strategy<Value = Topic> {
        let gate = "[a-z0-9][a-z0-9_-]{0,62}".prop_filter_map("reserved", |name| name.parse().ok());

        prop_oneof![
            (gate, prop::sample::select(&MessageType::ALL[..]))
                .prop_map(|(gate, kind)| Topic::Gate(gate, kind)),
            "bridge(-[a-z0-9_-]{0,20})?".prop_map(|name| Topic::Bridge(name.parse().unwrap())),
        ]
    }
}
