//! What the broker relies on, case by case.

use bytes::Bytes;
use rusqlite::Connection;
use serde::de::value::{self, StrDeserializer};
use tempfile::TempDir;

use super::*;

mod damage;
mod killed;
mod model;
mod trouble;

/// Longer than any test waits.
const FOR_EVER: Duration = Duration::from_secs(3600);

/// A directory for a store.
struct Bench {
    directory: TempDir,
    durability: Durability,
}

impl Bench {
    fn new() -> Self {
        Self { directory: TempDir::new().unwrap(), durability: Durability::PowerLoss }
    }

    /// For a test that opens stores without number.
    fn quick() -> Self {
        Self { durability: Durability::Crash, ..Self::new() }
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("state/broker.db")
    }

    fn location(&self) -> Location {
        Location { path: Some(self.path()), durability: self.durability }
    }

    fn open(&self) -> (Store, Contents) {
        Store::open(&self.location()).unwrap()
    }

    /// A store whose thread has not started.
    fn prepare(&self) -> (Store, Writer) {
        let (store, writer, _) = Store::prepare(self.path(), self.durability).unwrap();

        (store, writer)
    }

    /// Writes these changes, and reads what they have led to.
    async fn fill(&self, changes: impl IntoIterator<Item = Change>) -> Contents {
        let (store, _) = self.open();
        store.submit(changes);
        store.close().await.unwrap();

        self.read().await
    }

    async fn read(&self) -> Contents {
        let (store, contents) = self.open();
        store.close().await.unwrap();

        contents
    }

    /// Looks into the file of a closed store.
    fn count(&self, table: &str) -> u64 {
        let sql = format!("SELECT count(*) FROM {table}");
        let database = Connection::open(self.path()).unwrap();

        database.query_row(&sql, [], |row| row.get::<_, u32>(0)).unwrap().into()
    }
}

fn retain(topic: &str, envelope: impl Into<Bytes>) -> Change {
    Change::Retain { topic: text(topic), envelope: envelope.into() }
}

fn session(session: u64) -> Change {
    Change::Session {
        session,
        user: "ann".into(),
        client_id: format!("c{session}").into(),
        expiry: 60,
    }
}

fn queue(session: u64, sequence: u64) -> Change {
    Change::Queue {
        session,
        sequence,
        key: 7,
        qos: 2,
        retain: false,
        identifiers: vec![9],
        topic: text("t"),
        envelope: text(&format!("message {sequence}")),
    }
}

fn sending(session: u64, sequence: u64, packet_id: u16) -> Change {
    Change::Sending { session, sequence, key: 7, packet_id }
}

fn received(session: u64, sequence: u64) -> Change {
    Change::Received { session, sequence, key: 7 }
}

fn done(session: u64, sequence: u64) -> Change {
    Change::Done { session, sequence, key: 7 }
}

fn text(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

/// Everything that is not a session of its own is left at zero.
fn stored(id: u64) -> StoredSession {
    StoredSession {
        id,
        user: "ann".into(),
        client_id: format!("c{id}").into(),
        expiry: 60,
        away_since_ms: None,
        subscriptions: Vec::new(),
        queue: Vec::new(),
        incoming: Vec::new(),
    }
}

fn delivery(sequence: u64) -> StoredDelivery {
    StoredDelivery {
        sequence,
        key: 7,
        qos: 2,
        retain: false,
        identifiers: vec![9],
        packet_id: None,
        received: false,
        body: Some((text("t"), text(&format!("message {sequence}")))),
    }
}

#[tokio::test]
async fn a_new_store_is_empty() {
    let contents = Bench::new().read().await;

    assert_eq!((contents.retained, contents.sessions), (Vec::new(), Vec::new()));
    assert_eq!((contents.last_sequence, contents.last_session), (0, 0));
    assert_eq!(contents.set_aside, None);
}

#[tokio::test]
async fn what_was_submitted_is_there_after_a_restart() {
    let filter: Arc<str> = "a/#".into();
    let contents = Bench::new()
        .fill([
            retain("a", "1"),
            retain("b", "2"),
            session(5),
            Change::Subscribe {
                session: 5,
                key: 7,
                filter: Arc::clone(&filter),
                options: 0b10,
                identifier: Some(9),
            },
            queue(5, 11),
            queue(5, 12),
            queue(5, 13),
            sending(5, 11, 1),
            sending(5, 12, 2),
            received(5, 11),
            Change::Incoming { session: 5, packet_id: 3 },
            Change::Away { session: 5, since_ms: 1_000 },
        ])
        .await;

    let mut retained = contents.retained;
    retained.sort();
    assert_eq!(retained, [(text("a"), text("1")), (text("b"), text("2"))]);
    assert_eq!(
        contents.sessions,
        [StoredSession {
            away_since_ms: Some(1_000),
            subscriptions: vec![StoredSubscription {
                key: 7,
                filter,
                options: 0b10,
                identifier: Some(9)
            }],
            queue: vec![
                StoredDelivery { packet_id: Some(1), received: true, body: None, ..delivery(11) },
                StoredDelivery { packet_id: Some(2), ..delivery(12) },
                delivery(13),
            ],
            incoming: vec![3],
            ..stored(5)
        }]
    );
    assert_eq!((contents.last_sequence, contents.last_session), (13, 5));
}

#[tokio::test]
async fn what_is_over_is_gone_after_a_restart() {
    let bench = Bench::new();
    let subscribe = |key| Change::Subscribe {
        session: 1,
        key,
        filter: "a".into(),
        options: 0,
        identifier: None,
    };
    let incoming = Change::Incoming { session: 1, packet_id: 3 };
    bench.fill([session(1), session(2), subscribe(1), queue(1, 1), queue(2, 2), incoming]).await;
    bench.fill([retain("a", "1"), Change::Away { session: 1, since_ms: 1 }]).await;

    let contents = bench
        .fill([
            Change::Forget { topic: text("a") },
            session(1),
            Change::Unsubscribe { session: 1, key: 1 },
            done(1, 1),
            Change::Released { session: 1, packet_id: 3 },
            Change::End { session: 2 },
        ])
        .await;

    assert_eq!(contents.retained, []);
    assert_eq!(contents.sessions, [stored(1)]);
    assert_eq!(bench.count("body"), 0);
    assert_eq!((contents.last_sequence, contents.last_session), (2, 2));
}

#[tokio::test]
async fn a_message_is_stored_once_until_the_last_session_lets_go_of_it() {
    let bench = Bench::new();
    let sessions = (1..=3).flat_map(|id| [session(id), queue(id, 9)]);

    bench.fill(sessions).await;
    assert_eq!((bench.count("body"), bench.count("delivery")), (1, 3));
    bench.fill([done(1, 9), sending(2, 9, 1)]).await;
    assert_eq!(bench.count("body"), 1);
    bench.fill([received(2, 9), Change::End { session: 3 }]).await;
    assert_eq!((bench.count("body"), bench.count("delivery")), (0, 1));
}

#[tokio::test]
async fn sessions_that_share_a_message_share_its_memory() {
    let contents = Bench::new().fill((1..=2).flat_map(|id| [session(id), queue(id, 9)])).await;

    let envelope = |at: usize| contents.sessions[at].queue[0].body.as_ref().unwrap().1.as_ptr();
    assert_eq!(envelope(0), envelope(1));
}

#[tokio::test]
async fn what_comes_for_a_session_that_is_over_is_left_out() {
    let bench = Bench::new();
    let late = [
        queue(1, 3),
        Change::Away { session: 1, since_ms: 1 },
        Change::Incoming { session: 1, packet_id: 1 },
        queue(2, 3),
    ];

    let changes = [session(1), Change::End { session: 1 }].into_iter().chain(late.clone());
    assert_eq!(bench.fill(changes).await.sessions, []);
    assert_eq!(bench.fill(late).await.sessions, []);
    assert_eq!((bench.count("body"), bench.count("delivery")), (0, 0));
}

#[tokio::test]
async fn what_was_submitted_before_the_thread_wakes_is_one_commit() {
    let bench = Bench::new();
    let (store, writer) = bench.prepare();
    let tickets: Vec<_> = (0..1_000).map(|_| store.submit([retain("a", "1")])).collect();
    assert!(tickets.iter().all(|ticket| !store.is_committed(*ticket)));

    writer.start().unwrap();
    store.committed(tickets[0]).await;

    assert!(tickets.iter().all(|ticket| store.is_committed(*ticket)));
    let figures = store.figures();
    assert_eq!((figures.commits, figures.changes, figures.waiting_changes), (1, 1_000, 0));
    assert_eq!(figures.waiting_bytes, 0);
    assert!(figures.bytes > 1_000);
}

#[tokio::test]
async fn a_message_that_is_acknowledged_at_once_never_touches_the_disk() {
    let bench = Bench::new();
    let (store, writer) = bench.prepare();
    store.submit([session(1)]);
    let queued = store.submit([queue(1, 1), sending(1, 1, 1)]);
    store.submit([done(1, 1)]);

    writer.start().unwrap();
    store.committed(queued).await;
    store.close().await.unwrap();

    assert_eq!(bench.read().await.last_sequence, 0);
}

#[tokio::test]
async fn nobody_hurries_for_what_nobody_waits_for() {
    let bench = Bench::new();
    let (store, mut writer) = bench.prepare();
    writer.pace.patience = FOR_EVER;
    writer.start().unwrap();

    let patient = store.submit([done(1, 1), Change::Away { session: 1, since_ms: 1 }]);
    let urgent = store.submit([retain("a", "1")]);
    store.committed(urgent).await;

    assert!(store.is_committed(patient));
    assert_eq!(store.figures().commits, 1);
}

#[tokio::test]
async fn what_somebody_waits_for_is_urgent() {
    let bench = Bench::new();
    let (store, mut writer) = bench.prepare();
    writer.pace.patience = FOR_EVER;
    writer.start().unwrap();

    let patient = store.submit([done(1, 1)]);

    store.committed(patient).await;
}

#[tokio::test]
async fn patience_ends() {
    let bench = Bench::new();
    let (store, mut writer) = bench.prepare();
    writer.pace.patience = Duration::from_millis(1);
    writer.start().unwrap();

    let patient = store.submit([done(1, 1)]);

    let committed = async {
        while !store.is_committed(patient) {
            tokio::task::yield_now().await;
        }
    };
    time::timeout(Duration::from_secs(5), committed).await.unwrap();
}

#[tokio::test]
async fn tickets_are_in_order_and_nothing_needs_none() {
    let bench = Bench::new();
    let (store, writer) = bench.prepare();
    let first = store.submit([retain("a", "1")]);
    assert_eq!(store.submit([]), Ticket::NOTHING);
    assert!(store.is_committed(Ticket::NOTHING));

    writer.start().unwrap();
    store.committed(first).await;

    assert!(store.submit([retain("a", "1")]) > first);
}

#[tokio::test]
async fn there_is_no_room_while_too_much_waits() {
    let bench = Bench::new();
    let (store, writer) = bench.prepare();
    let large = Bytes::from(vec![0; 1 << 20]);
    for at in 0..31 {
        store.submit([retain(&format!("{at}"), large.clone())]);
    }
    assert!(store.has_room());
    let last = store.submit([retain("last", large)]);
    assert!(!store.has_room());

    writer.start().unwrap();
    store.committed(last).await;
    assert!(store.has_room());
}

#[tokio::test]
async fn a_store_without_a_file_keeps_nothing_and_promises_nothing() {
    let location = Location { path: None, durability: Durability::PowerLoss };
    let (store, contents) = Store::open(&location).unwrap();

    let ticket = store.submit([retain("a", "1")]);
    store.committed(ticket).await;
    assert!(store.is_committed(ticket) && store.has_room());
    assert_eq!(contents.retained, []);
    assert_eq!(store.figures(), StoreFigures::default());
    assert_eq!(time::timeout(Duration::ZERO, store.failed()).await.ok().map(drop), None);
    store.close().await.unwrap();
    assert_eq!(Store::open(&location).unwrap().1.retained, []);
}

#[tokio::test]
async fn a_store_that_nobody_holds_is_written_and_closed() {
    let bench = Bench::new();
    let (store, _) = bench.open();
    let Store(Some(closing)) = &store else { panic!() };
    let intake = Arc::clone(&closing.0);
    store.submit([retain("a", "1")]);
    drop(store);

    intake.ended().await.unwrap();
    assert_eq!(bench.read().await.retained.len(), 1);
}

#[test]
fn the_durability_is_said_in_words() {
    let read = |word| Durability::deserialize(StrDeserializer::<value::Error>::new(word));

    assert_eq!(read("power_loss"), Ok(Durability::PowerLoss));
    assert_eq!(read("crash"), Ok(Durability::Crash));
    assert!(read("hope").is_err());
    assert_eq!(Durability::default(), Durability::PowerLoss);
}
