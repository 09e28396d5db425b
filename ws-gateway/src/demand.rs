//! What the gateway hears by demand: of a gate, while somebody listens to it.
//!
//! Whoever wants to hear something holds a [`Listening`]; [`keep`] subscribes and unsubscribes, one
//! step after the other, as long as a connection lasts:
//!
//! ```text
//! forget what is heard no more ─▶ SUBSCRIBE ─▶ fence ─▶ whoever waits comes in ─▶ UNSUBSCRIBE ─▶ fence
//! ```
//!
//! A *fence* is a message of the gateway to itself. It comes back after all that the broker had for
//! it before: behind it the retained states are here, or the last stragglers.

mod repeats;
mod wants;

use std::{
    collections::BTreeSet,
    convert::Infallible,
    future::pending,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rumqttc::{AsyncClient, ClientError, QoS, SubscribeFilter, SubscribeReasonCode};
use schemas::{Delivery, Id, Report, Retention, Source, SystemState};
use tokio::{
    sync::{Notify, oneshot, watch},
    time::{self, Instant},
};
use tracing::{debug, info, warn};

use crate::{
    config::Config, coverage::Coverage, hub::Channel, relay::Relay, uplink::NotSubscribed,
};
use repeats::Repeats;
use wants::{Place, Wants};

/// How long somebody waits for what the broker has kept, before he is told what is there.
const PATIENCE: Duration = Duration::from_secs(2);

/// Who wants to hear what, and what is heard.
#[derive(Debug)]
pub(crate) struct Demand {
    /// `None`: all is heard, whatever is wanted.
    wants: Option<Mutex<Wants>>,
    changed: Notify,
    /// What is heard, and was from the retained messages on.
    covered: watch::Sender<Coverage>,
    fence: Mutex<Option<Fence>>,
    pub(crate) repeats: Repeats,
}

/// A message that is on its way to the broker and back.
#[derive(Debug)]
struct Fence {
    id: Id,
    came: oneshot::Sender<()>,
}

/// Somebody listens. Dropped, he does not any more.
#[derive(Debug)]
pub(crate) struct Listening(Option<(Arc<Demand>, Place)>);

impl Demand {
    pub(crate) fn new(config: &Config) -> Self {
        let wants = config.is_by_demand().then(|| Mutex::new(Wants::new(config.linger)));
        let covered = Coverage::at_first(config);

        Self {
            wants,
            changed: Notify::new(),
            covered: watch::Sender::new(covered),
            fence: Mutex::default(),
            repeats: Repeats::default(),
        }
    }

    /// Whether anything is subscribed to by demand alone.
    pub(crate) fn is_limited(&self) -> bool {
        self.wants.is_some()
    }

    /// A message of the gateway itself: whether it was said to be heard here and nowhere else.
    pub(crate) fn is_fence(&self, report: &Report) -> bool {
        if !matches!(report.source, Source::Bridge(_)) {
            return false;
        }
        let mut fence = self.fence();
        let Some(came) = fence.take_if(|fence| report.id.as_ref() == Some(&fence.id)) else {
            return false;
        };

        // Whoever waited may have lost patience.
        let _ = came.came.send(());
        true
    }

    fn enter(self: &Arc<Self>, channel: &Channel) -> Listening {
        let Some(wants) = &self.wants else { return Listening(None) };
        let place = channel.gate().cloned();
        lock(wants).enter(place.clone());
        self.changed.notify_one();

        Listening(Some((Arc::clone(self), place)))
    }

    fn leave(&self, place: &Place) {
        let Some(wants) = &self.wants else { return };

        lock(wants).leave(place, Instant::now());
        self.changed.notify_one();
    }

    /// The next coverage that is not this one. From here on, what it lacks is not covered.
    async fn next(&self, current: Option<&Coverage>) -> Coverage {
        let Some(wants) = &self.wants else { return pending().await };

        loop {
            let due = {
                let mut wants = lock(wants);
                let wanted = wants.coverage(Instant::now());
                if current != Some(&wanted) {
                    // Under the lock: who comes now waits until it is covered again.
                    self.covered.send_modify(|covered| *covered = covered.common(&wanted));
                    return wanted;
                }
                wants.next_change()
            };
            let later = async {
                match due {
                    Some(due) => time::sleep_until(due).await,
                    None => pending().await,
                }
            };
            tokio::select! {
                () = self.changed.notified() => {}
                () = later => {}
            }
        }
    }

    fn fence(&self) -> MutexGuard<'_, Option<Fence>> {
        lock(&self.fence)
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        if let Some((demand, place)) = self.0.take() {
            demand.leave(&place);
        }
    }
}

impl Relay {
    /// Hears what concerns a channel from here on: as soon as what the broker has kept of it is here,
    /// or after some time without it.
    pub(crate) async fn listen(&self, channel: &Channel) -> Listening {
        let listening = self.demand.enter(channel);
        let mut covered = self.demand.covered.subscribe();

        // Without a broker nothing would come.
        if self.uplink.is_open() {
            let covered = covered.wait_for(|covered| covered.covers(channel));
            if time::timeout(PATIENCE, covered).await.is_err() {
                warn!(%channel, "The broker is slow: somebody is told what is known so far");
            }
        }
        listening
    }

    /// Waits until all is here that the broker had for the gateway, if it sends that soon.
    async fn fence(&self) {
        let report = self.own_status(SystemState::Online);
        let (came, comes) = oneshot::channel();
        *self.demand.fence() = report.id.clone().map(|id| Fence { id, came });
        let topic = report.topic();
        // What the broker keeps of this gateway is its birth.
        let delivery =
            Delivery { retention: Retention::Transient, ..topic.message_type().delivery() };

        let sent = self.uplink.publish(topic.below(&self.root), delivery, report.encode());
        if sent.is_err() || time::timeout(PATIENCE, comes).await.is_err() {
            warn!("The broker is slow: it does not send the gateway its own words");
        }
        *self.demand.fence() = None;
    }
}

/// Subscribes to what is wanted, as long as the connection lasts.
pub(crate) async fn keep(relay: &Relay, client: &AsyncClient) -> Result<Infallible, NotSubscribed> {
    let demand = &relay.demand;
    if demand.is_limited() {
        demand.covered.send_replace(Coverage::nothing());
    }
    demand.repeats.ignore();
    let mut current: Option<Coverage> = None;
    let mut has = BTreeSet::new();

    loop {
        let target = demand.next(current.as_ref()).await;
        let covered = demand.covered.borrow().clone();
        relay.forget_all_but(&covered);
        let needed = target.needed(&relay.root);
        let wanted: BTreeSet<String> =
            needed.iter().cloned().chain(target.of_gates(&relay.root)).collect();
        let (more, less): (Vec<_>, Vec<_>) = (
            wanted.difference(&has).cloned().collect(),
            has.difference(&wanted).cloned().collect(),
        );
        if !more.is_empty() && !less.is_empty() {
            // Both may match a message, which then comes twice.
            demand.repeats.watch();
        }

        let refused = subscribe(client, &more).await;
        if refused.iter().any(|filter| needed.contains(filter)) {
            return Err(NotSubscribed);
        }
        if !refused.is_empty() {
            warn!(filters = ?refused, "The broker does not let the gateway subscribe to a gate");
        }
        if current.is_none() {
            relay.uplink.open(client.clone());
        }
        relay.fence().await;
        relay.hub.settle(&target);
        if current.is_none() {
            info!(root = %relay.root, "Connected to the broker");
            relay.subscribed(client.clone());
        }
        debug!(?target, "Subscribed by demand");
        demand.covered.send_replace(target.clone());

        if !less.is_empty() {
            unsubscribe(client, less).await;
            relay.fence().await;
            relay.forget_all_but(&target);
        }
        demand.repeats.ignore();
        has = wanted;
        current = Some(target);
    }
}

/// Those that the broker refuses. Without a connection it never returns: whoever reads says why.
async fn subscribe(client: &AsyncClient, filters: &[String]) -> Vec<String> {
    if filters.is_empty() {
        return Vec::new();
    }
    let wanted =
        filters.iter().map(|filter| SubscribeFilter::new(filter.clone(), QoS::AtLeastOnce));
    let Ok(notice) = client.subscribe_many_tracked(wanted).await else { return pending().await };
    let Ok(answer) = notice.wait_async().await else { return pending().await };

    let is_refused = |code: &SubscribeReasonCode| !matches!(code, SubscribeReasonCode::Success(_));
    let codes = answer.return_codes.iter();
    filters
        .iter()
        .zip(codes)
        .filter(|(_, code)| is_refused(code))
        .map(|(filter, _)| filter.clone())
        .collect()
}

async fn unsubscribe(client: &AsyncClient, filters: Vec<String>) {
    let notice: Result<_, ClientError> = client.unsubscribe_many_tracked(filters).await;
    let Ok(notice) = notice else { return pending().await };

    if notice.wait_async().await.is_err() {
        pending().await
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
