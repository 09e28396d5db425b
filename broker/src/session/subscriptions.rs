//! What a client has subscribed to.

use std::{
    collections::{HashMap, hash_map::Entry},
    num::NonZeroU32,
    sync::Arc,
};

use crate::{
    codec::{Qos, Request, RetainHandling},
    exchange::Way,
    topic,
};

/// One subscription, by its key.
#[derive(Debug)]
pub(super) struct Subscription {
    filter: Arc<str>,
    pub(super) way: Option<Way>,
    pub(super) qos: Qos,
    pub(super) no_local: bool,
    pub(super) retain_as_published: bool,
    pub(super) identifier: Option<NonZeroU32>,
    /// Retained messages up to this sequence number were, or were replaced in, the snapshot that
    /// the client got when it subscribed; the router may still bring them.
    pub(super) snapshot: u64,
    /// The last message that the router has brought.
    pub(super) seen: u64,
}

/// A filter and its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Route {
    pub(crate) key: u32,
    pub(crate) filter: Arc<str>,
    pub(crate) way: Way,
}

/// All subscriptions of one client.
#[derive(Debug, Default)]
pub(super) struct Subscriptions {
    keys: HashMap<Arc<str>, u32>,
    by_key: HashMap<u32, Subscription>,
    last_key: u32,
}

/// What became of a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Subscribed {
    pub(super) key: u32,
    /// Which way the subscription goes, if the client had it before; then it has new options
    /// (3.8.4).
    pub(super) way: Option<Way>,
}

impl Subscribed {
    /// 3.3.1.3: whether the retained messages are due.
    pub(super) fn wants_retained(&self, handling: RetainHandling) -> bool {
        match handling {
            RetainHandling::Always => true,
            RetainHandling::IfNew => self.way.is_none(),
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

    /// The filter of a shared subscription.
    pub(super) fn shared(&self, key: u32) -> Option<&Arc<str>> {
        let filter = &self.by_key.get(&key)?.filter;
        topic::is_shared(filter).then_some(filter)
    }

    pub(super) fn get_mut(&mut self, key: u32) -> Option<&mut Subscription> {
        self.by_key.get_mut(&key)
    }

    /// Subscribes, or gives an existing subscription its new options.
    pub(super) fn add(&mut self, request: &Request, identifier: Option<NonZeroU32>) -> Subscribed {
        let filter: Arc<str> = (&request.filter[..]).into();
        let key = match self.keys.entry(Arc::clone(&filter)) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(free) => {
                self.last_key += 1;
                *free.insert(self.last_key)
            }
        };

        let known = self.by_key.get(&key);
        let (snapshot, seen) = known.map_or((0, 0), |known| (known.snapshot, known.seen));
        let way = known.and_then(|known| known.way);
        self.by_key.insert(
            key,
            Subscription {
                filter,
                way,
                qos: request.qos,
                no_local: request.no_local,
                retain_as_published: request.retain_as_published,
                identifier,
                snapshot,
                seen,
            },
        );

        Subscribed { key, way }
    }

    /// Puts back one that was stored; the exchange knows its options.
    pub(super) fn restore(&mut self, key: u32, filter: &str) {
        let filter: Arc<str> = filter.into();
        self.last_key = self.last_key.max(key);
        self.keys.insert(Arc::clone(&filter), key);
        self.by_key.insert(
            key,
            Subscription {
                filter,
                way: Some(Way::Direct),
                qos: Qos::AtMostOnce,
                no_local: false,
                retain_as_published: false,
                identifier: None,
                snapshot: 0,
                seen: 0,
            },
        );
    }

    pub(super) fn remove(&mut self, filter: &str) -> Option<Route> {
        let (filter, key) = self.keys.remove_entry(filter)?;
        let way = self.by_key.remove(&key)?.way?;

        Some(Route { key, filter, way })
    }

    /// All that the router serves, and the last message that each has got.
    pub(super) fn routed(&self) -> Vec<(Route, u64)> {
        let routed = |(key, subscription): (&u32, &Subscription)| {
            let Subscription { filter, way: Some(Way::Routed), seen, .. } = subscription else {
                return None;
            };
            Some((Route { key: *key, filter: Arc::clone(filter), way: Way::Routed }, *seen))
        };

        self.by_key.iter().filter_map(routed).collect()
    }

    pub(super) fn filters(&self) -> impl Iterator<Item = (&str, Way)> {
        self.by_key
            .values()
            .filter_map(|subscription| subscription.way.map(|way| (&*subscription.filter, way)))
    }
}
