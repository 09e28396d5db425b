//! How a session comes to its subscriptions: asked for, in effect, answered.

use std::{collections::BTreeMap, num::NonZeroU32, time::Duration};

use tracing::warn;

use super::{Close, Route, Session, Step};
use crate::{
    codec::{PacketId, Qos, Reason, Request, Subscribe, Unsubscribe, encode},
    exchange::Way,
    message::Message,
    store::Ticket,
    topic,
};

/// A SUBSCRIBE, or a change of router, that is not in effect yet or has not been answered.
#[derive(Debug)]
pub(super) struct Unsettled {
    /// `None` once the router has said so.
    router: Option<u16>,
    pub(super) commit: Option<Ticket>,
    answer: Option<(PacketId, Vec<Reason>)>,
    due: Vec<Due>,
}

/// What a routed subscription is due when it is in effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Due {
    /// The retained messages.
    Retained(Route),
    /// What came after the message with that number, as a router may have taken it with it.
    Missed(Route, u64),
}

/// A subscription that is to be put into effect.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) key: u32,
    pub(crate) request: Request,
    pub(crate) identifier: Option<NonZeroU32>,
    /// Which way it goes, if there is one already.
    pub(crate) way: Option<Way>,
    pub(crate) wants_retained: bool,
}

impl Session {
    pub(super) fn subscribe(&mut self, subscribe: Subscribe, now: Duration) -> Step {
        let Subscribe { packet_id, identifier, requests } = subscribe;
        let (mut reasons, mut asked) = (Vec::new(), BTreeMap::<u32, Asked>::new());

        for request in requests {
            let reason = self.admit(&request, now);
            reasons.push(reason);
            if reason.is_refusal() {
                continue;
            }
            let subscribed = self.kept.subscriptions.add(&request, identifier);
            let key = subscribed.key;
            let is_shared = topic::is_shared(&request.filter);
            // What one packet asks for twice is put into effect once, or it would go two ways.
            let wants_retained = !is_shared
                && (subscribed.wants_retained(request.retain_handling)
                    || asked.get(&key).is_some_and(|earlier| earlier.wants_retained));
            let way = subscribed.way;
            asked.insert(key, Asked { key, request, identifier, way, wants_retained });
        }
        let answer = Some((packet_id, reasons));
        self.unsettled.push_back(Unsettled { router: None, commit: None, answer, due: Vec::new() });

        Step::Subscribe(asked.into_values().collect())
    }

    /// What is granted to a request, or why nothing is.
    pub(super) fn admit(&mut self, request: &Request, now: Duration) -> Reason {
        let filter = &request.filter[..];
        let shared = topic::shared(filter).map(|(_, filter)| filter);

        if topic::depth(shared.unwrap_or(filter)) > self.limits.topic_levels {
            return Reason::FilterInvalid;
        }
        if let Err(denied) = self.admission.subscribe(&self.principal, filter) {
            self.figures.refused_subscriptions.add();
            if let Some(refused) = self.refusals.happened(now) {
                let user = &self.principal.user;
                warn!(filter, %user, reason = %denied, refused, "Refused a subscription");
            }
            return denied.reason();
        }
        if self.kept.subscriptions.len() >= self.limits.subscriptions
            && !self.kept.subscriptions.contains(filter)
        {
            return Reason::QuotaExceeded;
        }
        match request.qos {
            Qos::AtMostOnce => Reason::Success,
            Qos::AtLeastOnce => Reason::GrantedQos1,
            Qos::ExactlyOnce => Reason::GrantedQos2,
        }
    }

    /// Takes note of which way the latest subscriptions go, and when they are stored. Returns those
    /// that the router has to be told of, and under which ticket.
    pub(crate) fn placed(
        &mut self,
        placed: Vec<(Asked, Way)>,
        commit: Option<Ticket>,
    ) -> Option<(Vec<Route>, u16)> {
        let (mut routes, mut due) = (Vec::new(), Vec::new());

        for (Asked { key, request, way: before, wants_retained, .. }, way) in placed {
            if let Some(subscription) = self.kept.subscriptions.get_mut(key) {
                subscription.way = Some(way);
            }
            let route = Route { key, filter: (&request.filter[..]).into(), way };
            if way == Way::Routed && wants_retained {
                due.push(Due::Retained(route.clone()));
            }
            if way == Way::Routed && before.is_none() {
                routes.push(route);
            }
        }

        let ticket = (!routes.is_empty()).then(|| self.next_ticket());
        if let Some(unsettled) = self.unsettled.back_mut() {
            unsettled.router = ticket;
            unsettled.commit = commit;
            unsettled.due = due;
        }
        ticket.map(|ticket| (routes, ticket))
    }

    /// The router was replaced: it has to be told everything again.
    pub(crate) fn reroute(&mut self) -> Option<(Vec<Route>, u16)> {
        let routed = self.kept.subscriptions.routed();
        if routed.is_empty() {
            return None;
        }
        let ticket = self.next_ticket();
        for unsettled in self.unsettled.iter_mut().filter(|unsettled| unsettled.router.is_some()) {
            unsettled.router = Some(ticket);
        }

        let routes = routed.iter().map(|(route, _)| route.clone()).collect();
        let due = routed.into_iter().map(|(route, seen)| Due::Missed(route, seen)).collect();
        self.unsettled.push_back(Unsettled {
            router: Some(ticket),
            commit: None,
            answer: None,
            due,
        });

        Some((routes, ticket))
    }

    fn next_ticket(&mut self) -> u16 {
        self.last_ticket = self.last_ticket.wrapping_add(1);
        self.last_ticket
    }

    /// The router says that all up to this ticket is in effect.
    pub(crate) fn subscribed(&mut self, ticket: u16) {
        for unsettled in &mut self.unsettled {
            unsettled.router = unsettled.router.filter(|waited_for| *waited_for != ticket);
        }
    }

    /// Answers the SUBSCRIBEs that are in effect; returns what is due to their subscriptions.
    pub(crate) fn settle(&mut self, is_committed: impl Fn(Ticket) -> bool) -> Vec<Due> {
        let is_settled =
            |next: &Unsettled| next.router.is_none() && next.commit.is_none_or(&is_committed);
        let mut due = Vec::new();

        while self.unsettled.front().is_some_and(is_settled)
            && let Some(settled) = self.unsettled.pop_front()
        {
            if let Some((id, reasons)) = settled.answer {
                encode::suback(self.outbox.open(), self.version, id, &reasons);
            }
            due.extend(settled.due);
        }
        due
    }

    /// Takes what may have been lost with a router, as if the new one had brought it.
    pub(crate) fn missed(&mut self, key: u32, messages: Vec<Message>) -> Result<(), Close> {
        messages.into_iter().try_for_each(|message| self.message(key, message))
    }

    pub(super) fn unsubscribe(&mut self, unsubscribe: Unsubscribe) -> Step {
        let (mut reasons, mut routes) = (Vec::new(), Vec::new());

        for filter in unsubscribe.filters {
            let route = self.kept.subscriptions.remove(&filter);
            reasons.push(if route.is_some() {
                Reason::Success
            } else {
                Reason::NoSubscriptionExisted
            });
            routes.extend(route);
        }
        encode::unsuback(self.outbox.open(), self.version, unsubscribe.packet_id, &reasons);

        Step::Unsubscribe(routes)
    }
}
