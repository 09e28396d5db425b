//! What really happened at a gate.

use std::collections::BTreeMap;

use site_sim::Tally;

use crate::fault::Fault;

/// One vehicle that came and showed its card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Visit {
    pub(crate) card: String,
    pub(crate) outcome: Outcome,
    pub(crate) fault: Option<Fault>,
}

/// How the visit of a vehicle ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It was under the boom, and left.
    Passed,
    /// It left without having been there.
    BackedOut,
}

/// All of one gate.
#[derive(Debug, Clone, Default)]
pub(crate) struct Record {
    pub(crate) gate: String,
    pub(crate) visits: Vec<Visit>,
    pub(crate) faults: BTreeMap<Fault, u64>,
    /// What a person ordered over MQTT.
    pub(crate) orders: u64,
    pub(crate) tally: Tally,
    /// What should not have happened and needs no ledger to be seen.
    pub(crate) troubles: Vec<String>,
}
