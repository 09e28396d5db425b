//! What clients do, and what is done to them.

use std::time::Duration;

use super::{SEATS, World};
use crate::{
    front::{
        client::{Client, Limits},
        house::{self, Person},
        ledger::{Filter, Owner, Publication},
    },
    scenario::{Action, FILTERS, Introduction, Letter, Step, TOPICS, pick, pick_early},
    wire::{self, Connect, Protocol, Publish, Request, Will},
};

const ROOMS: [usize; 5] = [4096, 65_536, 256, 64, 16];
/// Through less, what waits for a client takes longer than the second that a farewell may take.
const ROOM_TO_READ: usize = 256;
const IDS: u16 = 8;
const SIZES: [usize; 8] = [0, 1, 10, 100, 1_000, 3_000, 6_000, 9_000];
const TIMES: [u64; 8] = [1, 60, 400, 1_000, 2_500, 6_000, 12_000, 25_000];
const NAMES: [&str; 4] = ["one", "two", "drei/é", ""];
const LONGEST_BURST: u8 = 40;

impl World<'_> {
    pub(super) async fn act(&mut self, step: &Step) {
        let seat = usize::from(step.seat) % SEATS;
        if wants_a_client(&step.action) && self.speaker(seat).is_none() {
            self.connect(seat, &anybody(step.seat)).await;
        }
        match &step.action {
            Action::Connect(introduction) => self.connect(seat, introduction).await,
            Action::Raw(bytes) => self.say_raw(seat, bytes),
            Action::Settle => self.settle().await,
            Action::Advance(time) => self.pass(Duration::from_millis(pick(&TIMES, *time))).await,
            Action::KillRouter => {
                // Whoever asks for a link meanwhile leaves a thread behind: not too often.
                if step.seat & 0x70 > 0 {
                    self.router_is_up_to_date().await;
                }
                self.killed += u64::from(self.broker().bare.kill_router());
            }
            Action::Restart => self.restart().await,
            Action::Drop => self.clients[seat] = None,
            Action::Publish(letter) => self.publish(seat, letter),
            Action::PublishMany(letter, many) => {
                for n in 0..*many % LONGEST_BURST {
                    self.publish(seat, &Letter { id: letter.id.wrapping_add(n), ..*letter });
                }
            }
            Action::Subscribe { id, filters, identifier } => {
                self.subscribe(seat, *id, filters, *identifier);
            }
            Action::Unsubscribe { id, filter } => self.unsubscribe(seat, *id, *filter),
            one => {
                if let Some(client) = &mut self.clients[seat] {
                    act_alone(client, one);
                }
            }
        }
        self.turns().await;
    }

    /// A client in that seat that is at liberty to say something.
    fn speaker(&mut self, seat: usize) -> Option<&mut Client> {
        self.clients[seat].as_mut().filter(|it| may_speak(it))
    }

    async fn connect(&mut self, seat: usize, introduction: &Introduction) {
        let person = Person::of(introduction.user);

        self.connect_as(seat, introduction, person, pick(&NAMES, introduction.client_id)).await;
    }

    async fn connect_as(
        &mut self,
        seat: usize,
        introduction: &Introduction,
        person: Person,
        name: &str,
    ) {
        let Introduction { version, room, .. } = introduction;
        let protocol = match version % 4 {
            0 => Protocol::V311,
            1 => Protocol::V31,
            _ => Protocol::V5,
        };
        self.clients[seat] = None;
        let room = pick(&ROOMS, *room);
        let io = self.pipe(room, person);
        self.publishers += 2;
        let number = self.publishers;
        let owner = (self.user(person), name.to_owned());
        let limits = Limits::of(protocol, introduction);
        let mut client = Client::new(io, number, protocol, person, owner, limits);
        client.has_stalled = room < ROOM_TO_READ;
        let (mut client, payload) = self.introduce(introduction, client);
        let users = house::users();
        let login = match person {
            Person::Operator => Some(0),
            Person::Integrator => Some(1),
            Person::Agent => Some(2),
            Person::Nobody | Person::Gateway => None,
        };
        let is_v5 = protocol == Protocol::V5;
        let connect = Connect {
            protocol,
            clean: client.clean,
            keep_alive: pick(&[0, 1, 5, 60], introduction.keep_alive),
            client_id: name,
            will: payload.as_ref().map(|(topic, payload, qos, retain, delay)| Will {
                topic,
                payload,
                qos: *qos,
                retain: *retain,
                delay: *delay,
            }),
            login: login.map(|at| (&users.logins[at].0[..], &users.logins[at].1[..])),
            expiry: is_v5.then(|| expiry(introduction.expiry)).flatten(),
            receive_maximum: (client.limits.receive_maximum < 65_535)
                .then_some(client.limits.receive_maximum as u16),
            maximum_packet_size: (client.limits.packet_size < usize::MAX)
                .then_some(client.limits.packet_size as u32),
            alias_maximum: (client.limits.aliases > 0).then_some(client.limits.aliases),
        };
        client.say(|out| connect.write(out));
        self.clients[seat] = Some(client);

        self.until("CONNACK", |world| {
            world.clients[seat]
                .as_ref()
                .is_none_or(|it| it.admitted.is_some() || !it.is_connected())
        })
        .await;
    }

    fn user(&self, person: Person) -> String {
        match self.house.logins {
            true => format!("{person:?}"),
            false => String::new(),
        }
    }

    /// What the client wants of its session, and what it leaves behind.
    #[expect(clippy::type_complexity, reason = "it is taken apart at once")]
    fn introduce(
        &mut self,
        introduction: &Introduction,
        mut client: Client,
    ) -> (Client, Option<(&'static str, Vec<u8>, u8, bool, u32)>) {
        let is_v5 = client.protocol == Protocol::V5;
        client.clean = introduction.clean;
        client.outlives = match is_v5 {
            true => expiry(introduction.expiry).is_some_and(|seconds| seconds > 0),
            false => !introduction.clean,
        };
        let logins = self.house.logins;
        let will = introduction.will.map(|(index, qos, delay)| {
            let (topic, qos, retain) = (topic(logins, index), qos % 3, qos & 4 != 0);
            let publication = Publication {
                publisher: client.number + 1,
                topic,
                qos,
                allowed: client.person.may_publish(self.house.logins, topic, retain),
            };
            let payload = self.ledger.publish(publication, 0);
            (topic, payload, qos, retain, pick(&[0, 1, 5, 15], delay))
        });

        (client, will)
    }

    fn publish(&mut self, seat: usize, letter: &Letter) {
        let logins = self.house.logins;
        let Some(client) = self.speaker(seat) else { return };
        let is_v5 = client.protocol == Protocol::V5;
        let (qos, id) = (letter.qos % 3, u16::from(letter.id) % IDS + 1);
        let alias = Some(letter.alias % 8).filter(|alias| is_v5 && *alias >= 4);
        let slot = usize::from(letter.alias % 2);
        let mut topic = topic(logins, letter.topic);
        let mut name = topic;
        match alias {
            Some(4 | 5) => client.own_aliases[slot] = Some(topic),
            Some(_) => {
                name = "";
                topic = client.own_aliases[slot].unwrap_or(topic);
            }
            None => {}
        }
        let publication = Publication {
            publisher: client.number,
            topic,
            qos,
            allowed: client.person.may_publish(logins, topic, letter.retain),
        };
        let size = pick(&SIZES, letter.size);
        let payload = match size {
            0 => Vec::new(),
            size => self.ledger.publish(publication, size),
        };
        let publish = Publish {
            topic: name,
            payload: &payload,
            qos,
            retain: letter.retain,
            dup: letter.dup,
            id,
            alias: alias.map(|_| slot as u16 + 1),
            expiry: is_v5
                .then(|| pick(&[None, Some(0), Some(1), Some(10)], letter.expiry))
                .flatten(),
            adorned: letter.adorned,
        };
        let Some(client) = self.speaker(seat) else { return };
        if qos > 0 {
            client.published[usize::from(qos) - 1].insert(id);
        }
        let protocol = client.protocol;
        client.say(|out| publish.write(protocol, out));
    }

    fn subscribe(&mut self, seat: usize, id: u8, filters: &[(u8, u8)], identifier: u8) {
        let logins = self.house.logins;
        let Some(client) = self.clients[seat].as_mut().filter(|it| may_speak(it)) else { return };
        let is_v5 = client.protocol == Protocol::V5;
        let wanted = if filters.is_empty() { &[(0, 2)] } else { &filters[..filters.len().min(4)] };
        let requests: Vec<Request<'static>> = wanted
            .iter()
            .map(|(filter, options)| Request {
                filter: filter_of(logins, *filter),
                options: options % 3
                    | if is_v5 { options & 0b1100 | (options >> 4) % 3 << 4 } else { 0 },
            })
            .collect();
        let id = u16::from(id) % IDS + 1;
        let asked = requests.iter().map(|request| request.filter).collect();
        client.subscribes.push_back((id, asked));
        if let Some(session) = self.ledger.sessions.get_mut(&client.owner).filter(|_| !client.stale)
        {
            let filters = requests.iter().map(|it| Filter { filter: it.filter, until: None });
            session.filters.extend(filters);
        }
        let (protocol, identifier) = (client.protocol, Some(identifier % 4).filter(|it| *it > 0));
        client.say(|out| wire::subscribe(protocol, id, identifier, &requests, out));
    }

    fn unsubscribe(&mut self, seat: usize, id: u8, filter: u8) {
        let logins = self.house.logins;
        let Some(client) = self.speaker(seat) else { return };
        let (id, filter) = (u16::from(id) % IDS + 1, filter_of(logins, filter));
        client.unsubscribes.push_back((id, filter));
        let protocol = client.protocol;
        client.say(|out| wire::unsubscribe(protocol, id, &[filter], out));
    }

    fn say_raw(&mut self, seat: usize, bytes: &[u8]) {
        if self.clients[seat].as_ref().is_none_or(|it| !it.is_connected()) {
            let io = self.pipe(4096, Person::Nobody);
            let limits = Limits { receive_maximum: 65_535, packet_size: usize::MAX, aliases: 0 };
            let nobody = (String::from("?"), String::from("?"));
            let client = Client::new(io, 0, Protocol::V311, Person::Nobody, nobody, limits);
            self.clients[seat] = Some(client);
            self.strangers |= bytes.first() == Some(&0x10);
            if self.strangers {
                self.ledger.let_strangers_in();
            }
        }
        let Some(client) = &mut self.clients[seat] else { return };
        client.raw = true;
        if let Some(session) = self.ledger.sessions.get_mut(&client.owner) {
            session.wild = true;
        }
        client.say(|out| out.extend(bytes));
    }

    async fn restart(&mut self) {
        self.restarted = true;
        self.close().await;
        self.clients = Default::default();
        if self.keeping == house::Keeping::Nothing {
            self.ledger.sessions.clear();
            self.known.clear();
        }
        self.open().await;
    }

    /// A client comes for nothing but to forget everything.
    pub(super) async fn end_session(&mut self, owner: &Owner, person: Person) {
        self.connect_as(0, &anybody(2), person, &owner.1).await;
        let admitted = self.clients[0].as_ref().and_then(|client| client.admitted);
        assert_eq!(admitted, Some(true), "{owner:?} cannot end its session");
        if let Some(client) = &mut self.clients[0] {
            client.has_left = true;
            client.say(|out| wire::disconnect(Protocol::V5, 0, None, out));
        }
        self.nobody_is_served().await;
        self.clients[0] = None;
    }
}

/// Where there are logins, more often one that somebody has a right to.
fn topic(logins: bool, index: u8) -> &'static str {
    if logins && index & 0xc0 > 0 {
        pick(&TOPICS[7..11], index)
    } else {
        pick_early(&TOPICS, index)
    }
}

fn filter_of(logins: bool, index: u8) -> &'static str {
    match logins && index & 0xc0 > 0 {
        true => pick(&FILTERS[16..20], index),
        false => pick_early(&FILTERS, index),
    }
}

/// Whether it takes somebody who is connected.
fn wants_a_client(action: &Action) -> bool {
    matches!(
        action,
        Action::Publish(_) | Action::PublishMany(..) | Action::Subscribe { .. } | Action::Ping
    )
}

/// Somebody who wants nothing special.
fn anybody(seat: u8) -> Introduction {
    Introduction {
        version: seat,
        clean: seat & 0x40 == 0,
        client_id: seat,
        user: seat >> 2,
        will: None,
        expiry: seat >> 6,
        keep_alive: 0,
        receive_maximum: 0,
        maximum_packet_size: 0,
        alias_maximum: seat >> 5,
        room: 0,
    }
}

fn may_speak(client: &Client) -> bool {
    client.admitted == Some(true) && client.is_connected() && !client.has_left
}

/// What a client does that concerns nobody else.
fn act_alone(client: &mut Client, action: &Action) {
    match action {
        Action::StopReading => {
            client.reads = 0;
            client.has_stalled = true;
        }
        Action::ReadSome(bytes) => {
            client.reads = usize::from(*bytes);
            client.has_stalled = true;
        }
        Action::ReadOn => client.reads = usize::MAX,
        Action::AnswerAlways(answers) => client.answers = *answers,
        _ if !may_speak(client) => {}
        Action::Answer => client.answer(),
        Action::Ping => {
            client.pings += 1;
            client.say(wire::ping);
        }
        Action::Disconnect { code, expiry } => {
            client.has_left = true;
            let code = pick(&[0, 4, 0x80, 0x97], *code);
            let expiry = pick(&[None, Some(0), Some(5), Some(100)], *expiry);
            let protocol = client.protocol;
            client.say(|out| wire::disconnect(protocol, code, expiry, out));
        }
        Action::Acknowledge { kind, id, code } => {
            client.loose = true;
            let first = pick(&[0x40, 0x50, 0x62, 0x70], *kind);
            let code = match first {
                0x40 | 0x50 => pick(&[0, 0x10, 0x80, 0x97], *code),
                _ => pick(&[0, 0x92], *code),
            };
            client.acknowledge(first, u16::from(*id) % IDS + 1, code);
        }
        _ => {}
    }
}

fn expiry(index: u8) -> Option<u32> {
    pick(&[None, Some(5), Some(u32::MAX), Some(0), Some(1)], index)
}

impl Limits {
    fn of(protocol: Protocol, introduction: &Introduction) -> Self {
        let all = Self { receive_maximum: 65_535, packet_size: usize::MAX, aliases: 0 };
        let Introduction { receive_maximum, maximum_packet_size, alias_maximum, .. } = introduction;
        if protocol != Protocol::V5 {
            return all;
        }

        Self {
            receive_maximum: pick(&[65_535, 1, 2, 5], *receive_maximum),
            packet_size: pick(&[usize::MAX, 40, 100, 2_000], *maximum_packet_size),
            aliases: pick(&[0, 1, 2, 100], *alias_maximum),
        }
    }
}
