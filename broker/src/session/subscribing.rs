//! How a session comes to its subscriptions: asked for, in effect, answered.

use super::{Route, Session, Step};
use crate::{
    codec::{PacketId, Qos, Reason, Request, Subscribe, Unsubscribe, encode},
    topic,
};

/// A SUBSCRIBE, or a change of router, that is not in effect yet or has not been answered.
#[derive(Debug)]
pub(super) struct Unsettled {
    /// `None` once the router has said so.
    pub(super) ticket: Option<u16>,
    answer: Option<(PacketId, Vec<Reason>)>,
    /// The subscriptions whose retained messages are due.
    snapshots: Vec<Route>,
}

impl Session {
    pub(super) fn subscribe(&mut self, subscribe: &Subscribe) -> Step {
        let Subscribe { packet_id, identifier, requests } = subscribe;
        let (mut reasons, mut routes, mut snapshots) = (Vec::new(), Vec::new(), Vec::new());

        for request in requests {
            let reason = self.admit(request);
            reasons.push(reason);
            if reason.is_refusal() {
                continue;
            }
            let subscribed = self.subscriptions.add(request, *identifier);
            if subscribed.wants_retained(request.retain_handling) {
                snapshots.push(subscribed.route.clone());
            }
            routes.extend(subscribed.new_route());
        }

        self.route(routes, Some((*packet_id, reasons)), snapshots)
    }

    /// What is granted to a request: QoS 1 at most, or why nothing is.
    fn admit(&self, request: &Request) -> Reason {
        let filter = &request.filter[..];

        if topic::is_shared(filter) {
            return Reason::SharedUnsupported;
        }
        if !topic::is_filter(filter) {
            return Reason::FilterInvalid;
        }
        if self.subscriptions.len() >= self.maximum_subscriptions
            && !self.subscriptions.contains(filter)
        {
            return Reason::QuotaExceeded;
        }
        match request.qos {
            Qos::AtMostOnce => Reason::Success,
            Qos::AtLeastOnce | Qos::ExactlyOnce => Reason::GrantedQos1,
        }
    }

    fn route(
        &mut self,
        routes: Vec<Route>,
        answer: Option<(PacketId, Vec<Reason>)>,
        snapshots: Vec<Route>,
    ) -> Step {
        if routes.is_empty() {
            self.unsettled.push_back(Unsettled { ticket: None, answer, snapshots });
            return Step::Done;
        }
        self.last_ticket = self.last_ticket.wrapping_add(1);
        let ticket = self.last_ticket;
        self.unsettled.push_back(Unsettled { ticket: Some(ticket), answer, snapshots });

        Step::Subscribe(routes, ticket)
    }

    /// The router was replaced: it has to be told everything again, and what was retained
    /// meanwhile may have been lost on the way.
    pub(crate) fn reroute(&mut self) -> Step {
        let routes = self.subscriptions.routes();
        let step = self.route(routes.clone(), None, routes);
        for unsettled in self.unsettled.iter_mut().filter(|unsettled| unsettled.ticket.is_some()) {
            unsettled.ticket = Some(self.last_ticket);
        }

        step
    }

    /// The router says that all up to this ticket is in effect.
    pub(crate) fn subscribed(&mut self, ticket: u16) {
        for unsettled in &mut self.unsettled {
            unsettled.ticket = unsettled.ticket.filter(|waited_for| *waited_for != ticket);
        }
    }

    /// Answers the SUBSCRIBEs that are in effect; returns whose retained messages are due.
    pub(crate) fn settle(&mut self) -> Vec<Route> {
        let mut due = Vec::new();

        while self.unsettled.front().is_some_and(|next| next.ticket.is_none())
            && let Some(settled) = self.unsettled.pop_front()
        {
            if let Some((id, reasons)) = settled.answer {
                encode::suback(self.outbox.open(), self.version, id, &reasons);
            }
            due.extend(settled.snapshots);
        }
        due
    }

    pub(super) fn unsubscribe(&mut self, unsubscribe: Unsubscribe) -> Step {
        let (mut reasons, mut routes) = (Vec::new(), Vec::new());

        for filter in unsubscribe.filters {
            let route = self.subscriptions.remove(&filter);
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
