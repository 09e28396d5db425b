//! Which connection a client identifier belongs to, and how it changes hands (3.1.4, 4.1).

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio_util::sync::CancellationToken;

/// All client identifiers that are taken.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    seats: Mutex<HashMap<Arc<str>, Seat>>,
}

#[derive(Debug, Clone)]
struct Seat {
    /// Somebody else connected with the same identifier.
    taken_over: CancellationToken,
    /// The connection has left, its will is published.
    left: CancellationToken,
}

/// The right of one connection to its client identifier, until it is dropped.
#[derive(Debug)]
pub(crate) struct Claim {
    registry: Arc<Registry>,
    client_id: Arc<str>,
    seat: Seat,
}

impl Registry {
    /// Takes an identifier, from the connection that has it if need be; that one leaves first.
    pub(crate) async fn claim(self: &Arc<Self>, client_id: &str) -> Claim {
        let client_id: Arc<str> = client_id.into();

        loop {
            let holder = match self.try_claim(&client_id) {
                Ok(claim) => return claim,
                Err(holder) => holder,
            };
            holder.taken_over.cancel();
            holder.left.cancelled().await;
        }
    }

    fn try_claim(self: &Arc<Self>, client_id: &Arc<str>) -> Result<Claim, Seat> {
        let mut seats = self.lock();
        if let Some(holder) = seats.get(client_id) {
            return Err(holder.clone());
        }

        let seat = Seat { taken_over: CancellationToken::new(), left: CancellationToken::new() };
        seats.insert(Arc::clone(client_id), seat.clone());

        Ok(Claim { registry: Arc::clone(self), client_id: Arc::clone(client_id), seat })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Arc<str>, Seat>> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Claim {
    /// Returns when the connection has to leave because its client is connected elsewhere.
    pub(crate) async fn taken_over(&self) {
        self.seat.taken_over.cancelled().await;
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.registry.lock().remove(&self.client_id);
        self.seat.left.cancel();
    }
}

#[cfg(test)]
mod tests {
    use tokio::task::JoinSet;

    use super::*;

    #[tokio::test]
    async fn an_identifier_changes_hands_when_its_holder_has_left() {
        let registry = Arc::new(Registry::default());
        let first = registry.claim("gate_in").await;
        let mut newcomers = JoinSet::new();
        newcomers.spawn({
            let registry = Arc::clone(&registry);
            async move { registry.claim("gate_in").await }
        });

        first.taken_over().await;
        assert!(newcomers.try_join_next().is_none());
        drop(first);
        let second = newcomers.join_next().await.unwrap().unwrap();

        assert!(!second.seat.taken_over.is_cancelled());
        assert_eq!(registry.lock().len(), 1);
        drop(second);
        assert_eq!(registry.lock().len(), 0);
    }

    #[tokio::test]
    async fn of_many_newcomers_each_gets_its_turn() {
        let registry = Arc::new(Registry::default());
        let mut newcomers = JoinSet::new();
        for _ in 0..20 {
            let registry = Arc::clone(&registry);
            newcomers.spawn(async move { drop(registry.claim("gate_in").await) });
        }

        newcomers.join_all().await;
        assert_eq!(registry.lock().len(), 0);
    }
}
