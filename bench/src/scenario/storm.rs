//! How fast clients get in: CONNECT, CONNACK, SUBSCRIBE, SUBACK.

use std::time::Instant;

use super::{
    Outcome,
    crowd::{Filters, gather},
};
use crate::{peer::Running, wire::Version};

#[derive(Debug, Clone)]
pub(super) struct Storm {
    pub(super) clients: usize,
}

impl Storm {
    pub(super) async fn run(&self, broker: &Running, version: Version) -> anyhow::Result<Outcome> {
        let (before, start) = (broker.usage()?, Instant::now());
        let clients = gather(broker.address(), version, self.clients, Filters::One).await?;
        let took = start.elapsed();
        let cpu = broker.usage()?.cpu - before.cpu;
        drop(clients);

        let count = self.clients as f64;
        Ok(Outcome::default().measure("connections", "/s", count / took.as_secs_f64()).measure(
            "CPU of the broker",
            "µs each",
            cpu.as_secs_f64() * 1e6 / count,
        ))
    }
}
