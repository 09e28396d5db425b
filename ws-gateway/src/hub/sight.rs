//! Which gates a client may know of.
//!
//! | a message is about | all | some gates |
//! |---|---|---|
//! | a gate | ✓ | where it is one of them |
//! | a gateway | ✓ | ✓ |
//! | other clients, what was not valid | ✓ | |

use std::collections::BTreeSet;

use schemas::{GateId, Source};

/// How much of its channel a client is told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Sight {
    /// Everything.
    #[default]
    All,
    /// What concerns these gates.
    Gates(BTreeSet<GateId>),
}

/// What a message is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum About {
    Gate(GateId),
    /// A gateway as a whole, which concerns whoever is connected to it.
    Gateway,
    /// Other clients, or what is not of the contract: it may tell of any gate.
    House,
}

impl Sight {
    /// Whether a client is told what is about this.
    pub(crate) fn sees(&self, about: &About) -> bool {
        match (self, about) {
            (Self::All, _) | (Self::Gates(_), About::Gateway) => true,
            (Self::Gates(gates), About::Gate(gate)) => gates.contains(gate),
            (Self::Gates(_), About::House) => false,
        }
    }
}

impl From<&Source> for About {
    fn from(source: &Source) -> Self {
        match source {
            Source::Gate(gate) => Self::Gate(gate.clone()),
            Source::Bridge(_) => Self::Gateway,
        }
    }
}
