//! What the gateway hears of: everything, or some gates.
//!
//! | | states | commands and answers | events, other states, pictures, streams |
//! |---|---|---|---|
//! | everything | ✓ | ✓ | ✓ |
//! | a gate that is covered | ✓ | ✓ | ✓ |
//! | another gate | `system_status` | ✓ | |
//!
//! The filters of one coverage never overlap, since some brokers send a message once for each that
//! matches it.

use std::collections::BTreeSet;

use schemas::{GateId, MessageType, Root, Topic};

use crate::{
    config::{Config, Subscribe},
    hub::Channel,
};

/// Of every gate, always: whether it is there, so that who asks for it is told the truth; what it is
/// ordered and answers, so that the audit log is whole and controllers get their commands.
const ALWAYS: [MessageType; 7] = [
    MessageType::SystemStatus,
    MessageType::GateControl,
    MessageType::CameraControl,
    MessageType::RequestStatus,
    MessageType::RequestEvents,
    MessageType::GateControlResponse,
    MessageType::CameraControlResponse,
];

/// Which gates are heard whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Coverage {
    /// All of them.
    Everything,
    /// These.
    Gates(BTreeSet<GateId>),
}

impl Coverage {
    pub(crate) fn nothing() -> Self {
        Self::Gates(BTreeSet::new())
    }

    /// What is heard before anybody wants anything.
    pub(crate) fn at_first(config: &Config) -> Self {
        match config.subscribe {
            Subscribe::Everything => Self::Everything,
            Subscribe::Demand => Self::nothing(),
        }
    }

    /// Whether all is heard that concerns a channel.
    pub(crate) fn covers(&self, channel: &Channel) -> bool {
        match (self, channel) {
            (Self::Everything, _) => true,
            (Self::Gates(gates), Channel::Gate(gate)) => gates.contains(gate),
            (Self::Gates(_), Channel::All | Channel::Admin) => false,
        }
    }

    /// Whether a gate is heard whole.
    pub(crate) fn has(&self, gate: &GateId) -> bool {
        match self {
            Self::Everything => true,
            Self::Gates(gates) => gates.contains(gate),
        }
    }

    /// What both cover.
    pub(crate) fn common(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Everything, both) | (both, Self::Everything) => both.clone(),
            (Self::Gates(one), Self::Gates(other)) => {
                Self::Gates(one.intersection(other).cloned().collect())
            }
        }
    }

    /// Without these the gateway cannot do its work.
    pub(crate) fn needed(&self, root: &Root) -> BTreeSet<String> {
        match self {
            Self::Everything => [root.everything()].into(),
            Self::Gates(_) => ALWAYS.iter().map(|kind| format!("{root}/+/{kind}")).collect(),
        }
    }

    /// Those of single gates.
    pub(crate) fn of_gates(&self, root: &Root) -> BTreeSet<String> {
        let Self::Gates(gates) = self else { return BTreeSet::new() };
        let kinds = MessageType::ALL.iter().filter(|kind| !ALWAYS.contains(kind));

        gates
            .iter()
            .flat_map(|gate| kinds.clone().map(|kind| Topic::Gate(gate.clone(), *kind)))
            .map(|topic| topic.below(root))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_of_a_covered_gate_matches_exactly_one_filter() {
        let (root, gate) = (Root::default(), "gate_in".parse::<GateId>().unwrap());
        let coverage = Coverage::Gates([gate.clone(), "gate_out".parse().unwrap()].into());
        let filters: Vec<String> =
            coverage.needed(&root).into_iter().chain(coverage.of_gates(&root)).collect();

        for kind in MessageType::ALL {
            let topic = Topic::Gate(gate.clone(), kind).below(&root);
            let wildcard = format!("{root}/+/{kind}");
            let matching =
                filters.iter().filter(|filter| **filter == topic || **filter == wildcard);

            assert_eq!(matching.count(), 1, "{kind}");
        }
    }

    #[test]
    fn what_two_cover_is_what_each_of_them_does() {
        let some = |names: &[&str]| {
            Coverage::Gates(names.iter().map(|name| name.parse().unwrap()).collect())
        };

        assert_eq!(some(&["a", "b"]).common(&some(&["b", "c"])), some(&["b"]));
        assert_eq!(Coverage::Everything.common(&some(&["b"])), some(&["b"]));
        assert_eq!(some(&["b"]).common(&Coverage::Everything), some(&["b"]));
        assert_eq!(Coverage::Everything.common(&Coverage::Everything), Coverage::Everything);
    }
}
