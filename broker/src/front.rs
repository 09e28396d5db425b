//! What all connections share, and the sessions whose client is away.

mod restoring;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use access::Access;
use schemas::Root;
use service::{doorstep::Doorstep, seldom::Shared};
use tokio::{sync::Semaphore, time::Instant};
use uuid::Uuid;

use crate::{
    admission::{Admission, Principal},
    codec::Will,
    exchange::{Exchange, Member},
    figures::Figures,
    inbox::Inbox,
    limits::Limits,
    message::{Draft, Origin},
    registry::{Claim, Expired, Owner, Parked, Registry, Since},
    retained::Capacity,
    router::NoLink,
    session::{Kept, Session, Surroundings},
    store::{self, Change, Location, Store},
};

/// How often things are logged that somebody unknown can cause.
const TELL_EVERY: Duration = Duration::from_secs(1);

/// The broker behind its listener.
pub(crate) struct Front {
    pub(crate) limits: Arc<Limits>,
    pub(crate) admission: Arc<Admission>,
    pub(crate) figures: Arc<Figures>,
    pub(crate) exchange: Exchange,
    pub(crate) registry: Arc<Registry>,
    /// Room for connections that have not said who they are.
    pub(crate) doorstep: Arc<Doorstep>,
    /// Room for those that have.
    pub(crate) connections: Arc<Semaphore>,
    /// When it may be logged again that a login has failed, and that somebody was turned away.
    pub(crate) failed_logins: Shared,
    pub(crate) turned_away: Shared,
    /// Whether the store was damaged, and an empty one took its place.
    pub(crate) store_set_aside: bool,
    last_origin: AtomicU64,
    last_record: AtomicU64,
}

/// There can be no broker.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    #[error(transparent)]
    Store(#[from] store::OpenError),
    #[error(transparent)]
    Router(#[from] NoLink),
}

impl Front {
    /// Goes on where the broker that had the same store ended.
    pub(crate) async fn open(
        limits: &Limits,
        store: Location,
        root: Root,
        access: Access,
    ) -> Result<Self, OpenError> {
        let figures = Arc::new(Figures::default());
        let (store, mut contents) = Store::open(&store)?;
        let capacity =
            Capacity { messages: limits.retained_messages, bytes: limits.retained_bytes };
        let exchange = Exchange::open(
            limits.connections,
            capacity,
            store,
            &mut contents,
            root.clone(),
            Arc::clone(&figures),
        )
        .await?;
        // Numbers that no stored message has, as it may have been published by somebody else.
        let first_origin = exchange.now().as_micros() as u64;

        let front = Self {
            admission: Arc::new(Admission::new(access, root, limits)),
            figures,
            exchange,
            registry: Arc::default(),
            doorstep: Arc::new(Doorstep::new(limits.handshakes, limits.connections_per_address)),
            connections: Arc::new(Semaphore::new(limits.connections)),
            failed_logins: Shared::new(TELL_EVERY),
            turned_away: Shared::new(TELL_EVERY),
            store_set_aside: contents.set_aside.is_some(),
            last_origin: AtomicU64::new(first_origin),
            last_record: AtomicU64::new(contents.last_session),
            limits: Arc::new(limits.clone()),
        };
        let over: Vec<Kept> =
            contents.sessions.into_iter().filter_map(|session| front.restore(session)).collect();
        for kept in over {
            front.end_session(&kept);
        }
        for will in contents.wills {
            front.restore_will(will);
        }

        Ok(front)
    }

    /// A name for a client that has none (3.1.3.1); nobody else can have guessed it.
    pub(crate) fn invent_client_id(&self) -> String {
        format!("auto-{}", Uuid::now_v7().simple())
    }

    fn next_origin(&self) -> Origin {
        Origin(self.last_origin.fetch_add(1, Ordering::Relaxed) + 1)
    }

    pub(crate) fn surroundings(&self) -> Surroundings {
        Surroundings {
            admission: Arc::clone(&self.admission),
            figures: Arc::clone(&self.figures),
            limits: Arc::clone(&self.limits),
        }
    }

    /// Whether one more session may outlive its connection, or it is one of those that do.
    pub(crate) fn has_room_for_session(&self, owner: &Owner) -> bool {
        self.registry.away() < self.limits.sessions || self.registry.knows(owner)
    }

    /// The session of a client that connects, and whether it is one from before (3.1.2.4).
    pub(crate) async fn enter(
        &self,
        owner: &Owner,
        parked: Option<Parked>,
        principal: &Principal,
        clean_start: bool,
        expiry: u32,
    ) -> (Kept, bool) {
        let parked = parked.map(|mut parked| {
            // Nobody who comes back to a broker that was started again had left it; and the client
            // of a session that goes on is back in time (3.1.3.2.2).
            if parked.since == Since::Start || !clean_start {
                parked.will.take().inspect(|_| self.forget_will(owner));
            }
            parked
        });
        let (kept, is_present) = match parked {
            Some(parked) if !clean_start && self.may_have(principal, &parked.kept) => {
                (parked.kept, true)
            }
            Some(parked) => {
                self.end(owner, parked).await;
                (self.begin(principal, expiry), false)
            }
            None => (self.begin(principal, expiry), false),
        };
        if let Some(session) = kept.member.record {
            let Owner { user, client_id } = owner.clone();
            self.exchange.store().submit([Change::Session { session, user, client_id, expiry }]);
        }

        (kept, is_present)
    }

    /// Whether it is a session, and not the place of a will alone, and has nothing that its user may
    /// not have, or not any more. What waits in it would be given to somebody who must not see it.
    fn may_have(&self, principal: &Principal, kept: &Kept) -> bool {
        let hidden = kept.member.sight.as_ref().map_or(&[][..], |rights| rights.exceptions());

        kept.member.record.is_some()
            && hidden == principal.rights.exceptions()
            && kept.filters().all(|(filter, _)| self.admission.subscribe(principal, filter).is_ok())
    }

    fn begin(&self, principal: &Principal, expiry: u32) -> Kept {
        let record = (expiry > 0).then(|| self.last_record.fetch_add(1, Ordering::Relaxed) + 1);
        let inbox = Arc::new(Inbox::new(&self.limits));

        Kept::new(Member { inbox, origin: self.next_origin(), record, sight: principal.sight() })
    }

    /// Ends a session, or keeps it for its client, and publishes the will or keeps that.
    pub(crate) async fn leave(&self, session: Session, will: Option<Will>, claim: Claim) {
        let expiry = session.expiry();
        let kept = session.into_kept();
        if expiry == 0 {
            let will = will.map(|will| (Instant::now(), will));
            let parked = Parked { kept, ends: None, will, since: Since::Disconnect };
            self.end(claim.owner(), parked).await;
            return;
        }

        let delay = will.as_ref().map_or(0, |will| will.delay.min(expiry));
        let mut will = will.map(|will| (after(delay), will));
        if delay == 0
            && let Some((_, will)) = will.take()
        {
            self.publish_will(claim.owner(), &will, kept.member.origin).await;
        }
        if let Some(session) = kept.member.record {
            let since_ms = self.exchange.now().as_millis() as u64;
            self.exchange.store().submit([Change::Away { session, since_ms }]);
        }
        let ends = (expiry < u32::MAX).then(|| after(expiry));
        claim.park(Parked { kept, ends, will, since: Since::Disconnect });
    }

    /// Does what is due to sessions whose client is away, for as long as the broker runs.
    pub(crate) async fn expire(&self) {
        loop {
            for expired in self.registry.expired().await {
                match expired {
                    Expired::Will(owner, will, origin) => {
                        self.publish_will(&owner, &will, origin).await;
                    }
                    Expired::Session(owner, parked) => {
                        self.figures.sessions_expired.add();
                        self.end(&owner, *parked).await;
                    }
                }
            }
        }
    }

    /// A session is over, and a will that was not due yet is due now (3.1.3.2.2).
    async fn end(&self, owner: &Owner, parked: Parked) {
        let Parked { kept, will, .. } = parked;
        self.end_session(&kept);
        if let Some((_, will)) = will {
            self.publish_will(owner, &will, kept.member.origin).await;
        }
    }

    fn end_session(&self, kept: &Kept) {
        self.exchange.end(&kept.member, kept.filters(), || kept.undelivered());
    }

    async fn publish_will(&self, owner: &Owner, will: &Will, origin: Origin) {
        // A will that cannot be retained has nobody left to be told so.
        let _ = self.exchange.publish(&will.publication, origin, None).await;
        self.forget_will(owner);
    }

    /// Has the will of a client that connects outlive the broker, unless it is a command: those are
    /// never stored.
    pub(crate) fn store_will(&self, owner: &Owner, will: &Will) {
        if self.admission.is_command(&will.publication.topic) {
            return self.forget_will(owner);
        }
        let draft = Draft::new(&will.publication, Origin::BROKER, self.exchange.now());
        let message = draft.number(0);
        let Owner { user, client_id } = owner.clone();

        self.exchange.store().submit([Change::Will {
            user,
            client_id,
            delay: will.delay,
            topic: message.shared_topic(),
            envelope: message.envelope(),
        }]);
    }

    /// There is no will any more.
    pub(crate) fn forget_will(&self, owner: &Owner) {
        let Owner { user, client_id } = owner.clone();
        self.exchange.store().submit([Change::WillGone { user, client_id }]);
    }
}

fn after(seconds: u32) -> Instant {
    Instant::now() + Duration::from_secs(seconds.into())
}
