//! What a connection takes while nothing happens on it.

use super::{
    Outcome,
    crowd::{Filters, gather},
};
use crate::{peer::Running, wire::Version};

#[derive(Debug, Clone)]
pub(super) struct Idle {
    clients: usize,
    filters: Filters,
}

impl Idle {
    pub(super) fn bare(clients: usize) -> Self {
        Self { clients, filters: Filters::None }
    }

    pub(super) fn subscribed(clients: usize) -> Self {
        Self { clients, filters: Filters::One }
    }

    pub(super) async fn run(&self, broker: &Running, version: Version) -> anyhow::Result<Outcome> {
        let before = broker.usage()?.resident;
        let clients = gather(broker.address(), version, self.clients, self.filters).await?;
        let after = broker.usage()?.resident;
        drop(clients);

        let each = after.saturating_sub(before) as f64 / self.clients as f64;
        Ok(Outcome::default().measure("memory", "KiB each", each).measure(
            "memory in total",
            "MiB",
            after as f64 / 1024.0,
        ))
    }
}
