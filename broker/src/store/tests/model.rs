//! The store against plain maps: the same random changes to both, equal contents.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use proptest::{collection::vec, prelude::*};
use tokio::runtime;

use super::*;

/// What the store ought to hold.
#[derive(Debug, Default)]
pub(super) struct Model {
    pub(super) retained: BTreeMap<Bytes, Bytes>,
    pub(super) sessions: BTreeMap<u64, StoredSession>,
    wills: BTreeMap<(Arc<str>, Arc<str>), StoredWill>,
    highest_session: u64,
    highest_sequence: u64,
}

impl Model {
    #[expect(clippy::too_many_lines, reason = "a line or two for each kind of change")]
    pub(super) fn apply(&mut self, change: Change) {
        match change {
            Change::Retain { topic, envelope } => drop(self.retained.insert(topic, envelope)),
            Change::Forget { topic } => drop(self.retained.remove(&topic)),
            Change::Will { user, client_id, delay, topic, envelope } => {
                let owner = (Arc::clone(&user), Arc::clone(&client_id));
                let will = StoredWill { user, client_id, delay, topic, envelope };
                self.wills.insert(owner, will);
            }
            Change::WillGone { user, client_id } => drop(self.wills.remove(&(user, client_id))),
            Change::Session { session: id, user, client_id, expiry } => {
                self.highest_session = self.highest_session.max(id);
                let session = self.sessions.entry(id).or_insert_with(|| stored(id));
                *session = StoredSession {
                    user,
                    client_id,
                    expiry,
                    away_since_ms: None,
                    ..session.clone()
                };
            }
            Change::End { session } => drop(self.sessions.remove(&session)),
            Change::Away { session, since_ms } => {
                self.with(session, |session| session.away_since_ms = Some(since_ms));
            }
            Change::Subscribe { session, key, filter, options, identifier } => {
                self.with(session, |session| {
                    session.subscriptions.retain(|other| other.key != key);
                    let subscription = StoredSubscription { key, filter, options, identifier };
                    session.subscriptions.push(subscription);
                    session.subscriptions.sort_by_key(|subscription| subscription.key);
                });
            }
            Change::Unsubscribe { session, key } => {
                self.with(session, |session| {
                    session.subscriptions.retain(|other| other.key != key)
                });
            }
            Change::Queue { session, sequence, key, qos, retain, identifiers, topic, envelope } => {
                self.highest_sequence = self.highest_sequence.max(sequence);
                let (packet_id, received) = (None, false);
                let body = Some((topic, envelope));
                let delivery = StoredDelivery {
                    sequence,
                    key,
                    qos,
                    retain,
                    identifiers,
                    packet_id,
                    received,
                    body,
                };
                self.with(session, |session| {
                    session.queue.push(delivery);
                    session.queue.sort_by_key(|delivery| (delivery.sequence, delivery.key));
                });
            }
            Change::Sending { session, sequence, key, packet_id } => {
                self.delivery(session, sequence, key, |at| at.packet_id = Some(packet_id));
            }
            Change::Received { session, sequence, key } => {
                self.delivery(session, sequence, key, |at| (at.received, at.body) = (true, None));
            }
            Change::Done { session, sequence, key } => self.with(session, |session| {
                session.queue.retain(|at| (at.sequence, at.key) != (sequence, key));
            }),
            Change::Incoming { session, packet_id } => self.with(session, |session| {
                session.incoming.retain(|id| *id != packet_id);
                session.incoming.push(packet_id);
                session.incoming.sort_unstable();
            }),
            Change::Released { session, packet_id } => {
                self.with(session, |session| session.incoming.retain(|id| *id != packet_id));
            }
        }
    }

    fn with(&mut self, session: u64, change: impl FnOnce(&mut StoredSession)) {
        self.sessions.get_mut(&session).map(change);
    }

    fn delivery(
        &mut self,
        session: u64,
        sequence: u64,
        key: u32,
        change: impl FnOnce(&mut StoredDelivery),
    ) {
        self.with(session, |session| {
            let is_it = |at: &&mut StoredDelivery| (at.sequence, at.key) == (sequence, key);
            session.queue.iter_mut().find(is_it).map(change);
        });
    }

    pub(super) fn compare(&self, contents: &Contents) {
        let retained: BTreeMap<_, _> = contents.retained.iter().cloned().collect();
        assert_eq!(retained.len(), contents.retained.len());
        assert_eq!(retained, self.retained);
        let sessions: Vec<_> = self.sessions.values().cloned().collect();
        assert_eq!(contents.sessions, sessions);
        let wills: Vec<_> = self.wills.values().cloned().collect();
        assert_eq!(contents.wills, wills);
        assert_eq!(contents.set_aside, None);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn a_store_agrees_with_plain_maps(steps in vec(steps(), 1..80)) {
        let runtime = runtime::Builder::new_current_thread().enable_time().build().unwrap();

        runtime.block_on(async {
            let mut site = Site::new();
            for step in steps {
                site.step(step).await;
            }
            site.step(Step::Restart).await;
        });
    }
}

#[derive(Debug, Clone)]
enum Step {
    /// These together.
    Submit(Vec<Move>),
    /// Has everything so far committed.
    Wait,
    Restart,
    Crash,
}

/// A change in the making: what was queued before it says what its numbers stand for.
#[derive(Debug, Clone)]
enum Move {
    Change(Change),
    Queue { session: u64, key: u32, again: bool, size: usize },
    Follow { session: u64, key: u32, back: u64, what: Follow },
}

#[derive(Debug, Clone, Copy)]
enum Follow {
    Sending(u16),
    Received,
    Done,
}

fn steps() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => vec(moves(), 0..8).prop_map(Step::Submit),
        3 => Just(Step::Wait),
        1 => Just(Step::Restart),
        1 => Just(Step::Crash),
    ]
}

fn moves() -> impl Strategy<Value = Move> {
    let session = 1..4_u64;
    let key = 0..3_u32;
    let size = prop_oneof![3 => 0..50_usize, 1 => 0..9_000_usize];
    let follow = prop_oneof![
        (1..5_u16).prop_map(Follow::Sending),
        Just(Follow::Received),
        Just(Follow::Done),
        Just(Follow::Done),
    ];

    prop_oneof![
        6 => changes().prop_map(Move::Change),
        6 => (session.clone(), key.clone(), any::<bool>(), size)
            .prop_map(|(session, key, again, size)| Move::Queue { session, key, again, size }),
        8 => (session, key, 0..6_u64, follow)
            .prop_map(|(session, key, back, what)| Move::Follow { session, key, back, what }),
    ]
}

fn changes() -> impl Strategy<Value = Change> {
    let session = 1..4_u64;
    let topic = || (0..5_u8).prop_map(|topic| Bytes::from(vec![topic; 3]));
    let packet = (session.clone(), 1..4_u16);

    prop_oneof![
        3 => (topic(), 0..9_000_usize).prop_map(|(topic, size)| Change::Retain {
            topic,
            envelope: vec![9; size].into(),
        }),
        2 => topic().prop_map(|topic| Change::Forget { topic }),
        6 => (session.clone(), 0..3_u32).prop_map(|(session, expiry)| Change::Session {
            session,
            user: format!("u{expiry}").into(),
            client_id: "é".into(),
            expiry: u32::MAX - expiry,
        }),
        1 => session.clone().prop_map(|session| Change::End { session }),
        2 => (session.clone(), any::<u32>())
            .prop_map(|(session, at)| Change::Away { session, since_ms: at.into() }),
        3 => (session.clone(), 0..3_u32, any::<u8>(), any::<Option<u32>>()).prop_map(
            |(session, key, options, identifier)| Change::Subscribe {
                session,
                key,
                filter: format!("a/{options}/#").into(),
                options,
                identifier,
            }
        ),
        1 => (session, 0..3_u32)
            .prop_map(|(session, key)| Change::Unsubscribe { session, key }),
        2 => packet.clone()
            .prop_map(|(session, packet_id)| Change::Incoming { session, packet_id }),
        2 => packet.prop_map(|(session, packet_id)| Change::Released { session, packet_id }),
        2 => (0..3_u32, topic(), 0..9_000_usize).prop_map(|(client, topic, size)| Change::Will {
            user: "u".into(),
            client_id: format!("c{client}").into(),
            delay: client,
            topic,
            envelope: vec![8; size].into(),
        }),
        1 => (0..3_u32).prop_map(|client| Change::WillGone {
            user: "u".into(),
            client_id: format!("c{client}").into(),
        }),
    ]
}

struct Site {
    bench: Bench,
    store: Store,
    model: Model,
    sequence: u64,
    size: usize,
    queued: BTreeSet<(u64, u32)>,
    last: Ticket,
}

impl Site {
    fn new() -> Self {
        let bench = Bench::quick();
        let (store, _) = bench.open();

        Self {
            bench,
            store,
            model: Model::default(),
            sequence: 1,
            size: 0,
            queued: BTreeSet::new(),
            last: Ticket::NOTHING,
        }
    }

    async fn step(&mut self, step: Step) {
        match step {
            Step::Submit(moves) => {
                let changes: Vec<_> = moves.into_iter().map(|step| self.change(step)).collect();
                for change in &changes {
                    self.model.apply(change.clone());
                }
                self.last = self.last.max(self.store.submit(changes));
            }
            Step::Wait => self.store.committed(self.last).await,
            Step::Restart => {
                self.store.clone().close().await.unwrap();
                self.compare();
            }
            Step::Crash => {
                self.store.committed(self.last).await;
                self.crash();
                self.compare();
            }
        }
    }

    /// What lies on the disk at this moment is what a killed process leaves behind.
    fn crash(&mut self) {
        let left = Bench::quick();
        fs::create_dir(left.path().parent().unwrap()).unwrap();
        for file in fs::read_dir(self.bench.path().parent().unwrap()).unwrap() {
            let file = file.unwrap();
            fs::copy(file.path(), left.path().with_file_name(file.file_name())).unwrap();
        }
        self.bench = left;
    }

    fn compare(&mut self) {
        let (store, contents) = self.bench.open();
        (self.store, self.last) = (store, Ticket::NOTHING);

        self.model.compare(&contents);
        assert!(contents.last_session <= self.model.highest_session);
        assert!(contents.last_sequence <= self.model.highest_sequence);
        let sessions = self.model.sessions.values();
        let queued = sessions.flat_map(|session| &session.queue).map(|at| at.sequence).max();
        assert!(contents.last_sequence >= queued.unwrap_or(0));
    }

    fn change(&mut self, step: Move) -> Change {
        match step {
            Move::Change(change) => change,
            Move::Queue { session, key, again, size } => self.queue(session, key, again, size),
            Move::Follow { session, key, back, what } => {
                let sequence = self.sequence.saturating_sub(back);
                match what {
                    Follow::Sending(packet_id) => {
                        Change::Sending { session, sequence, key, packet_id }
                    }
                    Follow::Received => Change::Received { session, sequence, key },
                    Follow::Done => Change::Done { session, sequence, key },
                }
            }
        }
    }

    /// The same message again, unless the session has had it.
    fn queue(&mut self, session: u64, key: u32, again: bool, size: usize) -> Change {
        if !again || !self.queued.insert((session, key)) {
            self.sequence += 1;
            self.size = size;
            self.queued = BTreeSet::from([(session, key)]);
        }
        let sequence = self.sequence;

        Change::Queue {
            session,
            sequence,
            key,
            qos: (sequence % 3) as u8,
            retain: sequence.is_multiple_of(2),
            identifiers: if sequence.is_multiple_of(5) { vec![7, 8] } else { vec![] },
            topic: text("t/é"),
            envelope: vec![sequence as u8; self.size].into(),
        }
    }
}
