//! Whom a session belongs to at the moment: a connection, or nobody until its client comes back
//! (3.1.4, 4.1).

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::Notify,
    time::{self, Instant},
};
use tokio_util::sync::CancellationToken;

use crate::{codec::Will, message::Origin, session::Kept};

/// How often it is looked whose time is up.
const GRANULARITY: Duration = Duration::from_millis(50);

/// Whose session it is: two users never take over each other's.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Owner {
    pub(crate) user: Arc<str>,
    pub(crate) client_id: Arc<str>,
}

/// All sessions by their owner.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    inner: Mutex<Inner>,
    parked: Notify,
}

#[derive(Debug, Default)]
struct Inner {
    seats: HashMap<Owner, Seat>,
    /// How many connections each user has.
    connected: HashMap<Arc<str>, usize>,
    away: usize,
}

#[derive(Debug)]
enum Seat {
    Taken(Holder),
    Parked(Box<Parked>),
}

#[derive(Debug, Clone)]
struct Holder {
    /// Somebody else connected with the same identifier.
    taken_over: CancellationToken,
    /// The connection has left, its will is published or parked.
    left: CancellationToken,
}

/// A session whose client is away.
#[derive(Debug)]
pub(crate) struct Parked {
    pub(crate) kept: Kept,
    /// When the session is over; never, if there is no such time.
    pub(crate) ends: Option<Instant>,
    /// What is published unless the client comes back before.
    pub(crate) will: Option<(Instant, Will)>,
    pub(crate) since: Since,
}

/// Since when a client is away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Since {
    /// The end of its connection.
    Disconnect,
    /// The start of the broker: it is not the client's fault.
    Start,
}

/// The right of one connection to a session, until it is dropped.
#[derive(Debug)]
pub(crate) struct Claim {
    registry: Arc<Registry>,
    owner: Owner,
    holder: Holder,
    parks: Option<Box<Parked>>,
}

/// What is due to a session whose client is away.
#[derive(Debug)]
pub(crate) enum Expired {
    /// Its will.
    Will(Owner, Will, Origin),
    /// Its end, and its will if that was not due before.
    Session(Owner, Box<Parked>),
}

impl Registry {
    /// Takes a session, from the connection that has it if need be; that one leaves first. Returns
    /// what has been left of an earlier connection.
    pub(crate) async fn claim(self: &Arc<Self>, owner: &Owner) -> (Claim, Option<Parked>) {
        loop {
            let holder = match self.try_claim(owner) {
                Ok(claimed) => return claimed,
                Err(holder) => holder,
            };
            holder.taken_over.cancel();
            holder.left.cancelled().await;
        }
    }

    fn try_claim(self: &Arc<Self>, owner: &Owner) -> Result<(Claim, Option<Parked>), Holder> {
        let mut inner = self.lock();
        if let Some(Seat::Taken(holder)) = inner.seats.get(owner) {
            return Err(holder.clone());
        }

        let holder =
            Holder { taken_over: CancellationToken::new(), left: CancellationToken::new() };
        let before = inner.seats.insert(owner.clone(), Seat::Taken(holder.clone()));
        *inner.connected.entry(Arc::clone(&owner.user)).or_default() += 1;
        let parked = match before {
            Some(Seat::Parked(parked)) => {
                inner.away -= 1;
                Some(*parked)
            }
            Some(Seat::Taken(_)) | None => None,
        };
        let registry = Arc::clone(self);

        Ok((Claim { registry, owner: owner.clone(), holder, parks: None }, parked))
    }

    /// Puts back a session that was stored.
    pub(crate) fn restore(&self, owner: Owner, parked: Parked) {
        self.lock().park(owner, Box::new(parked));
        self.parked.notify_one();
    }

    /// Leaves a will to the session of a client that is away.
    pub(crate) fn leave_will(&self, owner: &Owner, will: (Instant, Will)) -> Result<(), Will> {
        match self.lock().seats.get_mut(owner) {
            Some(Seat::Parked(parked)) => {
                parked.will = Some(will);
                Ok(())
            }
            Some(Seat::Taken(_)) | None => Err(will.1),
        }
    }

    /// How many sessions there are whose client is away.
    pub(crate) fn away(&self) -> usize {
        self.lock().away
    }

    /// Whether there is a session of that owner.
    pub(crate) fn knows(&self, owner: &Owner) -> bool {
        self.lock().seats.contains_key(owner)
    }

    /// How many connections a user has.
    pub(crate) fn connections_of(&self, user: &str) -> usize {
        self.lock().connected.get(user).copied().unwrap_or(0)
    }

    /// Waits until something is due to a session whose client is away. May be dropped at any time.
    pub(crate) async fn expired(&self) -> Vec<Expired> {
        loop {
            let parked = self.parked.notified();
            let (due, next) = self.lock().take_expired(Instant::now());
            if !due.is_empty() {
                return due;
            }
            match next {
                Some(next) => drop(time::timeout_at(next, parked).await),
                None => parked.await,
            }
            // However many come and go, they are looked through only so often.
            time::sleep(GRANULARITY).await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn park(&mut self, owner: Owner, parked: Box<Parked>) {
        self.seats.insert(owner, Seat::Parked(parked));
        self.away += 1;
    }

    fn leave(&mut self, owner: &Owner) {
        self.seats.remove(owner);
        if let Some(connected) = self.connected.get_mut(&owner.user) {
            *connected -= 1;
            if *connected == 0 {
                self.connected.remove(&owner.user);
            }
        }
    }

    /// What is due now, and when to look again.
    fn take_expired(&mut self, now: Instant) -> (Vec<Expired>, Option<Instant>) {
        let (mut due, mut over) = (Vec::new(), Vec::new());
        let mut next: Option<Instant> = None;

        for (owner, seat) in &mut self.seats {
            let Seat::Parked(parked) = seat else { continue };
            if parked.ends.is_some_and(|ends| ends <= now) {
                over.push(owner.clone());
                continue;
            }
            if let Some((_, will)) = parked.will.take_if(|(at, _)| *at <= now) {
                due.push(Expired::Will(owner.clone(), will, parked.kept.member.origin));
            }
            let soonest = [parked.ends, parked.will.as_ref().map(|(at, _)| *at), next];
            next = soonest.into_iter().flatten().min();
        }
        for owner in over {
            if let Some(Seat::Parked(parked)) = self.seats.remove(&owner) {
                self.away -= 1;
                due.push(Expired::Session(owner, parked));
            }
        }

        (due, next)
    }
}

impl Claim {
    pub(crate) fn owner(&self) -> &Owner {
        &self.owner
    }

    /// Returns when the connection has to leave because its client is connected elsewhere.
    pub(crate) async fn taken_over(&self) {
        self.holder.taken_over.cancelled().await;
    }

    /// Leaves a session for its client to come back to.
    pub(crate) fn park(mut self, parked: Parked) {
        self.parks = Some(Box::new(parked));
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let mut inner = self.registry.lock();
        inner.leave(&self.owner);
        if let Some(parked) = self.parks.take() {
            inner.park(self.owner.clone(), parked);
            self.registry.parked.notify_one();
        }
        drop(inner);
        self.holder.left.cancel();
    }
}

#[cfg(feature = "fuzzing")]
impl Registry {
    /// How many sessions there are, with and without a client.
    pub(crate) fn len(&self) -> usize {
        self.lock().seats.len()
    }
}

#[cfg(test)]
mod tests {
    use tokio::task::JoinSet;

    use super::*;

    fn owner() -> Owner {
        Owner { user: "gate_in".into(), client_id: "agent".into() }
    }

    #[tokio::test]
    async fn an_identifier_changes_hands_when_its_holder_has_left() {
        let registry = Arc::new(Registry::default());
        let first = registry.claim(&owner()).await.0;
        let mut newcomers = JoinSet::new();
        newcomers.spawn({
            let registry = Arc::clone(&registry);
            async move { registry.claim(&owner()).await.0 }
        });

        first.taken_over().await;
        assert!(newcomers.try_join_next().is_none());
        drop(first);
        let second = newcomers.join_next().await.unwrap().unwrap();

        assert!(!second.holder.taken_over.is_cancelled());
        assert_eq!(registry.lock().seats.len(), 1);
        drop(second);
        assert_eq!(registry.lock().seats.len(), 0);
    }

    #[tokio::test]
    async fn of_many_newcomers_each_gets_its_turn() {
        let registry = Arc::new(Registry::default());
        let mut newcomers = JoinSet::new();
        for _ in 0..20 {
            let registry = Arc::clone(&registry);
            newcomers.spawn(async move { drop(registry.claim(&owner()).await) });
        }

        newcomers.join_all().await;
        assert_eq!(registry.lock().seats.len(), 0);
    }
}
