//! What a client has subscribed to.

use std::{
    collections::{HashMap, hash_map::Entry},
    num::NonZeroU32,
    sync::Arc,
};

use crate::codec::{Qos, Request, RetainHandling};

/// One subscription, by the key under which the router knows it.
#[derive(Debug)]
pub(super) struct Subscription {
    pub(super) qos: Qos,
    pub(super) no_local: bool,
    pub(super) retain_as_published: bool,
    pub(super) identifier: Option<NonZeroU32>,
    /// Retained messages up to this sequence number were, or were replaced in, the snapshot that
    /// the client got when it subscribed; the router may still bring them.
    pub(super) snapshot: u64,
}

/// A filter that the router has to know, and its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Route {
    pub(crate) key: usize,
    pub(crate) filter: Arc<str>,
}

/// All subscriptions of one client.
#[derive(Debug, Default)]
pub(super) struct Subscriptions {
    keys: HashMap<Arc<str>, usize>,
    by_key: HashMap<usize, Subscription>,
    last_key: usize,
}

/// What became of a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Subscribed {
    pub(super) route: Route,
    pub(super) novelty: Novelty,
}

/// Whether the client had the subscription before; if so, it has new options (3.8.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Novelty {
    New,
    Known,
}

impl Subscribed {
    /// What the router has yet to be told.
    pub(super) fn new_route(self) -> Option<Route> {
        match self.novelty {
            Novelty::New => Some(self.route),
            Novelty::Known => None,
        }
    }

    /// 3.3.1.3: whether the retained messages are due.
    pub(super) fn wants_retained(&self, handling: RetainHandling) -> bool {
        match handling {
            RetainHandling::Always => true,
            RetainHandling::IfNew => self.novelty == Novelty::New,
            RetainHandling::Never => false,
        }
    }
}

impl Subscriptions {
    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    pub(super) fn contains(&self, filter: &str) -> bool {
        self.keys.contains_key(filter)
    }

    pub(super) fn get(&self, key: usize) -> Option<&Subscription> {
        self.by_key.get(&key)
    }

    pub(super) fn get_mut(&mut self, key: usize) -> Option<&mut Subscription> {
        self.by_key.get_mut(&key)
    }

    /// Subscribes, or gives an existing subscription its new options.
    pub(super) fn add(&mut self, request: &Request, identifier: Option<NonZeroU32>) -> Subscribed {
        let filter: Arc<str> = (&request.filter[..]).into();
        let (key, novelty) = match self.keys.entry(Arc::clone(&filter)) {
            Entry::Occupied(known) => (*known.get(), Novelty::Known),
            Entry::Vacant(free) => {
                self.last_key += 1;
                (*free.insert(self.last_key), Novelty::New)
            }
        };

        let snapshot = self.by_key.get(&key).map_or(0, |known| known.snapshot);
        self.by_key.insert(
            key,
            Subscription {
                qos: request.qos.min(Qos::AtLeastOnce),
                no_local: request.no_local,
                retain_as_published: request.retain_as_published,
                identifier,
                snapshot,
            },
        );

        Subscribed { route: Route { key, filter }, novelty }
    }

    pub(super) fn remove(&mut self, filter: &str) -> Option<Route> {
        let (filter, key) = self.keys.remove_entry(filter)?;
        self.by_key.remove(&key);

        Some(Route { key, filter })
    }

    pub(super) fn routes(&self) -> Vec<Route> {
        let route =
            |(filter, key): (&Arc<str>, &usize)| Route { key: *key, filter: filter.clone() };

        self.keys.iter().map(route).collect()
    }
}
