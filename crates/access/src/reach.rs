//! What rights over MQTT open at the gateway.
//!
//! The gateway shows a gate as a whole or not at all: whoever may not receive all of its states,
//! events and answers sees nothing of it there. Pictures are apart, so that a role can be kept from
//! them alone.

use std::{collections::BTreeSet, fmt};

use mqtt_topic as topic;
use schemas::{GateId, Kind, MessageType, Root};

use crate::rights::Rights;

/// What one client may do at the gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reach {
    /// Whose states, events and answers it sees.
    pub sees: Gates,
    /// Whose pictures it sees.
    pub pictures: Gates,
    /// Which booms it may move.
    pub commands: Gates,
    /// For which gates it may speak, as their controller.
    pub speaks: Gates,
}

/// Some of the gates, or all that there are and will be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Gates {
    /// Every one.
    All,
    /// These; perhaps none.
    Only(BTreeSet<GateId>),
}

impl Reach {
    pub(crate) fn everything() -> Self {
        Self { sees: Gates::All, pictures: Gates::All, commands: Gates::All, speaks: Gates::All }
    }

    pub(crate) fn of(rights: &Rights, root: &Root) -> Self {
        let named = named(rights, root);
        let at = |gate: &str, may: &dyn Fn(&str) -> bool, wanted: fn(MessageType) -> bool| {
            let kinds = MessageType::ALL.into_iter().filter(|kind| wanted(*kind));
            kinds.into_iter().all(|kind| may(&format!("{root}/{gate}/{kind}")))
        };
        let gates = |may: &dyn Fn(&str) -> bool| match may("+") {
            true => Gates::All,
            false => Gates::Only(named.iter().filter(|gate| may(gate.as_str())).cloned().collect()),
        };
        let (receives, publishes) = (
            |filter: &str| rights.receives_all(filter),
            |filter: &str| rights.publishes_all(filter),
        );

        Self {
            sees: gates(&|gate| at(gate, &receives, is_report)),
            pictures: gates(&|gate| at(gate, &receives, is_picture)),
            commands: gates(&|gate| at(gate, &publishes, |kind| kind == MessageType::GateControl)),
            speaks: gates(&|gate| {
                at(gate, &publishes, is_report) && at(gate, &receives, MessageType::is_command)
            }),
        }
    }
}

impl Gates {
    /// Whether it is one of them.
    pub fn contains(&self, gate: &GateId) -> bool {
        match self {
            Self::All => true,
            Self::Only(gates) => gates.contains(gate),
        }
    }

    /// Whether it is none at all.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::All => false,
            Self::Only(gates) => gates.is_empty(),
        }
    }
}

impl fmt::Display for Gates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all gates"),
            Self::Only(gates) if gates.is_empty() => f.write_str("no gate"),
            Self::Only(gates) => {
                let gates: Vec<&str> = gates.iter().map(GateId::as_str).collect();
                f.write_str(&gates.join(", "))
            }
        }
    }
}

fn is_report(kind: MessageType) -> bool {
    match kind.kind() {
        Kind::State | Kind::Event | Kind::Answer => true,
        Kind::Command | Kind::Picture => false,
    }
}

fn is_picture(kind: MessageType) -> bool {
    kind.kind() == Kind::Picture
}

/// The gates that the grants call by name.
fn named(rights: &Rights, root: &Root) -> BTreeSet<GateId> {
    let depth = topic::depth(root.as_str());
    let filters = rights.publishes().iter().chain(rights.subscribes());

    filters.filter_map(|filter| filter.split('/').nth(depth)?.parse().ok()).collect()
}

#[cfg(test)]
mod tests;
