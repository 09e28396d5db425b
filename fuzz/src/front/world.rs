//! The broker, the clients around it, and the time.

mod acts;
mod patience;

use std::{collections::HashMap, future::poll_fn, pin::pin, task::Poll, time::Duration};

use broker::fuzzing::{Bare, Stock};
use tempfile::TempDir;
use tokio::{
    io::{DuplexStream, duplex},
    task::{JoinHandle, JoinSet},
    time,
};

use self::patience::Patience;
use super::{
    client::Client,
    house::{self, CERTIFICATE, Keeping, Person},
    ledger::{Ledger, Owner},
};
use crate::scenario::{House, Scenario};

const SEATS: usize = 5;
/// Time passes in pieces that the router can follow, as it looks at no clock.
const PIECE: Duration = Duration::from_millis(700);
const FIGURES_EVERY: Duration = Duration::from_secs(10);
const STORE: &str = "broker.db";

/// Plays a scenario.
pub(super) async fn play(scenario: &Scenario, keeping: Keeping) {
    let mut world = World::new(&scenario.house, keeping).await;

    for step in &scenario.steps {
        world.act(step).await;
    }
    world.settle().await;
    world.leave(scenario.steps.len() % 2 == 0).await;
    world.close().await;
    world.look_into_the_store();
}

struct World<'a> {
    house: &'a House,
    keeping: Keeping,
    dir: Option<TempDir>,
    /// There is none while it is closed.
    broker: Option<Broker>,
    clients: [Option<Client>; SEATS],
    ledger: Ledger,
    /// Who has had a session.
    known: HashMap<Owner, Person>,
    /// How many connections and wills there were.
    publishers: usize,
    /// Somebody may have come in with bytes that mean who knows what.
    strangers: bool,
    restarted: bool,
    killed: u64,
}

struct Broker {
    bare: Bare,
    serving: JoinSet<()>,
    work: JoinHandle<()>,
}

impl<'a> World<'a> {
    async fn new(house: &'a House, keeping: Keeping) -> Self {
        let dir = (keeping == Keeping::File).then(|| tempfile::tempdir().expect("a disk"));
        let mut world = Self {
            house,
            keeping,
            dir,
            broker: None,
            clients: Default::default(),
            ledger: Ledger::default(),
            known: HashMap::new(),
            publishers: 0,
            strangers: false,
            restarted: false,
            killed: 0,
        };
        world.open().await;

        world
    }

    async fn open(&mut self) {
        let store = self.dir.as_ref().map(|dir| dir.path().join(STORE));
        let house = self.house;
        let patience = Patience::without_time("the start of the broker");
        let bare = self.drive_with(patience, house::open(house, store.as_deref())).await;
        let figures_every = if self.house.tight { Duration::ZERO } else { FIGURES_EVERY };
        let work = tokio::task::spawn_local(bare.work(figures_every));

        self.broker = Some(Broker { bare, serving: JoinSet::new(), work });
        self.killed = 0;
    }

    fn broker(&mut self) -> &mut Broker {
        self.broker.as_mut().expect("it is open")
    }

    /// The other end of a pipe to the broker.
    fn pipe(&mut self, room: usize, person: Person) -> DuplexStream {
        let certificate = (self.house.logins && person == Person::Gateway).then_some(CERTIFICATE);
        let (ours, theirs) = duplex(room);
        let broker = self.broker();
        let serving = broker.bare.serve(theirs, [127, 0, 0, 1].into(), certificate);
        broker.serving.spawn_local(serving);

        ours
    }

    /// Everybody who wants to does something.
    async fn turn(&mut self) {
        for seat in 0..SEATS {
            let Some(client) = &mut self.clients[seat] else { continue };
            let before = client.admitted;
            let ledger = &mut self.ledger;
            poll_fn(|cx| Poll::Ready(client.turn(cx, ledger))).await;
            if before != client.admitted && client.admitted == Some(true) {
                let (owner, person) = (client.owner.clone(), client.person);
                self.taken_over(seat, &owner);
                self.known.insert(owner, person);
            }
        }
        tokio::task::yield_now().await;
    }

    fn taken_over(&mut self, by: usize, owner: &Owner) {
        for (seat, client) in self.clients.iter_mut().enumerate() {
            if let Some(client) = client.as_mut().filter(|client| client.owner == *owner) {
                client.stale = seat != by;
            }
        }
    }

    async fn turns(&mut self) {
        for _ in 0..4 {
            self.turn().await;
        }
    }

    /// Goes on until something is the case.
    async fn until(&mut self, what: &str, is_so: impl Fn(&mut Self) -> bool) {
        let mut patience = Patience::new(what);
        while !is_so(self) {
            self.turn().await;
            patience.lose().await;
        }
    }

    /// Goes on until the future is ready.
    async fn drive<T>(&mut self, future: impl Future<Output = T>) -> T {
        self.drive_with(Patience::new("what the world waits for"), future).await
    }

    async fn drive_with<T>(
        &mut self,
        mut patience: Patience<'_>,
        future: impl Future<Output = T>,
    ) -> T {
        let mut future = pin!(future);
        loop {
            let polled = poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await;
            if let Poll::Ready(ready) = polled {
                return ready;
            }
            self.turn().await;
            patience.lose().await;
        }
    }

    /// Lets time pass.
    async fn pass(&mut self, mut time: Duration) {
        while !time.is_zero() {
            let piece = time.min(PIECE);
            time -= piece;
            time::advance(piece).await;
            self.turns().await;
            if piece == PIECE {
                self.router_is_up_to_date().await;
            }
        }
    }

    async fn router_is_up_to_date(&mut self) {
        let up_to_date = self.broker().bare.router_is_up_to_date();
        self.drive(up_to_date).await;
    }

    /// Returns when all who listen have been heard.
    async fn settle(&mut self) {
        for client in self.clients.iter_mut().flatten().filter(|client| may_ask(client)) {
            client.pings += 1;
            client.say(crate::wire::ping);
        }
        self.until("the answers to PINGREQ", |world| {
            let mut asked = world.clients.iter().flatten().filter(|client| may_ask(client));
            asked.all(|client| client.pongs == client.pings)
        })
        .await;
    }

    /// Everybody leaves, and nothing may remain.
    async fn leave(&mut self, cleanly: bool) {
        self.clients = Default::default();
        // Where few may connect at once, those who were dropped are in the way until they are gone.
        self.nobody_is_served().await;
        if cleanly && !self.strangers {
            let owners: Vec<(Owner, Person)> = self.known.drain().collect();
            for (owner, person) in owners {
                self.end_session(&owner, person).await;
            }
            if self.restarted {
                // A client that was given its name cannot come back for its will.
                self.pass(house::WILL_WAITS + Duration::from_secs(1)).await;
            }
        } else {
            self.pass(Duration::from_secs(house::SESSION_SECONDS + 2)).await;
        }

        let stock = self.broker().bare.stock();
        let nothing =
            Stock { retained: stock.retained, routers: stock.routers, ..Stock::default() };
        assert_eq!(stock, nothing, "something remains");
        assert!(stock.routers <= self.killed, "a router died by itself");
    }

    async fn nobody_is_served(&mut self) {
        self.until("the ends of all connections", |world| {
            while let Some(ended) = world.broker().serving.try_join_next() {
                ended.expect("no connection panics");
            }
            world.broker().serving.is_empty()
        })
        .await;
    }

    async fn close(&mut self) {
        self.broker().bare.stop();
        self.nobody_is_served().await;
        // Nobody may notice that the router dies at the end: there would be another one.
        self.router_is_up_to_date().await;
        self.until("a router", |world| world.broker().bare.has_router()).await;
        self.broker().work.abort();
        self.until("the end of all work", |world| world.broker().work.is_finished()).await;
        self.router_is_up_to_date().await;
        let Some(Broker { bare, .. }) = self.broker.take() else { return };
        self.drive(bare.close()).await;
    }

    fn look_into_the_store(&self) {
        let Some(dir) = &self.dir else { return };
        let store = rusqlite::Connection::open(dir.path().join(STORE)).expect("it is there");
        for table in ["session", "subscription", "delivery", "body", "incoming"] {
            let count = format!("SELECT count(*) FROM {table}");
            let rows: i64 = store.query_row(&count, [], |row| row.get(0)).expect("a table");
            assert_eq!(rows, 0, "rows of {table} remain");
        }
    }
}

fn may_ask(client: &Client) -> bool {
    client.listens() && !client.has_left
}
