//! What a client can listen to.

use std::{fmt, str::FromStr};

use schemas::{GateId, GateIdError};

const ALL: &str = "gate_all";
const ADMIN: &str = "admin";

/// A channel: the last part of the path that a client connects to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Channel {
    /// One gate. It need not exist.
    Gate(GateId),
    /// All gates.
    All,
    /// All gates, and what goes on in the gateway.
    Admin,
}

impl Channel {
    /// The gate, if there is only one.
    pub(crate) fn gate(&self) -> Option<&GateId> {
        match self {
            Self::Gate(gate) => Some(gate),
            Self::All | Self::Admin => None,
        }
    }
}

impl FromStr for Channel {
    type Err = GateIdError;

    fn from_str(text: &str) -> Result<Self, GateIdError> {
        match text {
            ALL => Ok(Self::All),
            ADMIN => Ok(Self::Admin),
            gate => gate.parse().map(Self::Gate),
        }
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gate(gate) => f.write_str(gate.as_str()),
            Self::All => f.write_str(ALL),
            Self::Admin => f.write_str(ADMIN),
        }
    }
}
