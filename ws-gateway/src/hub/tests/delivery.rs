//! Whatever happens, the view of every client is explained by the contract.
//!
//! Gates say things, clients come, go, read slowly or not at all and come back; the broker is away
//! now and then. What was said is numbered, so that what each client has heard can be compared with
//! what it should have heard.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::FutureExt;
use proptest::prelude::*;
use schemas::Fault;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream},
    task::{self, JoinSet},
    time::Instant,
};
use tokio_tungstenite::tungstenite::protocol::frame::{
    FrameSocket,
    coding::{Control, Data, OpCode},
};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::session::{self, Party};

const GATES: [&str; 3] = ["gate_a", "gate_b", "gate_c"];
/// Small, so that whoever does not read is soon behind.
const QUEUED_BYTES: usize = 100_000;
const PIPE: usize = 4_096;
/// An empty one, masked with zeros. The gateway reads it long before the pipe is full of them.
const PING: [u8; 6] = [0x89, 0x80, 0, 0, 0, 0];
/// How often the others get their turn until nothing moves any more.
const TURNS: usize = 60;
const PING_EVERY: Duration = Duration::from_secs(20);

#[derive(Debug, Clone)]
enum Step {
    Event {
        gate: usize,
        size: usize,
    },
    State {
        gate: usize,
        size: usize,
    },
    Join {
        channel: usize,
        sight: usize,
    },
    Read {
        client: usize,
        bytes: usize,
    },
    /// What it is answered must not come inside of a frame.
    Ping {
        client: usize,
    },
    Leave {
        client: usize,
    },
    ComeBack {
        client: usize,
    },
    BrokerWasAway,
    Settle,
}

/// What was said, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Said {
    gate: usize,
    is_event: bool,
    text: String,
}

/// One connection of a client, from its first frame to its last.
struct Visit {
    channel: usize,
    sight: usize,
    after: Option<String>,
    /// How much had been said, and which of it the window still had.
    joined_at: usize,
    window_from: usize,
    socket: Option<DuplexStream>,
    heard: Vec<u8>,
    is_over: bool,
}

struct Nobody;

impl Party for Nobody {
    fn name(&self) -> String {
        "nobody".to_owned()
    }

    fn hear(&mut self, _text: &str, _now: Instant) -> Result<(), Fault> {
        Ok(())
    }

    fn poll_timeout(&self) -> Option<Instant> {
        None
    }

    fn handle_timeout(&mut self, _now: Instant) {}
}

struct World {
    hub: Arc<Hub>,
    tasks: JoinSet<()>,
    said: Vec<Said>,
    /// Where in what was said the broker was away.
    gaps: Vec<usize>,
    visits: Vec<Visit>,
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn what_every_client_hears_is_explained_by_the_contract(
        steps in prop::collection::vec(step(), 1..120),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();

        runtime.block_on(async {
            let mut world = World::new();
            for step in steps {
                world.take(step).await;
            }
            world.read_everything().await;
            world.judge();
        });
    }
}

fn step() -> impl Strategy<Value = Step> {
    let size = prop_oneof![0..200_usize, 1_000..30_000_usize];

    prop_oneof![
        6 => (0..3_usize, size.clone()).prop_map(|(gate, size)| Step::Event { gate, size }),
        6 => (0..3_usize, size).prop_map(|(gate, size)| Step::State { gate, size }),
        3 => (0..5_usize, 0..3_usize).prop_map(|(channel, sight)| Step::Join { channel, sight }),
        5 => (0..8_usize, 1..60_000_usize)
            .prop_map(|(client, bytes)| Step::Read { client, bytes }),
        3 => (0..8_usize).prop_map(|client| Step::Ping { client }),
        1 => (0..8_usize).prop_map(|client| Step::Leave { client }),
        2 => (0..8_usize).prop_map(|client| Step::ComeBack { client }),
        1 => Just(Step::BrokerWasAway),
        4 => Just(Step::Settle),
    ]
}

impl World {
    fn new() -> Self {
        let limits = Limits { queued_bytes: QUEUED_BYTES, ..Limits::default() };
        let hub = Arc::new(Hub::new(limits, Coverage::Everything, Arc::default()));
        let mut tasks = JoinSet::new();
        for shard in hub.shards() {
            tasks.spawn(shard.run(CancellationToken::new()));
        }

        Self { hub, tasks, said: Vec::new(), gaps: Vec::new(), visits: Vec::new() }
    }

    async fn take(&mut self, step: Step) {
        match step {
            Step::Event { gate, size } => self.say(gate, true, size),
            Step::State { gate, size } => self.say(gate, false, size),
            Step::Join { channel, sight } => self.join(channel, sight, None),
            Step::Read { client, bytes } => {
                if let Some(visit) = self.some_visit(client) {
                    visit.read(bytes).await;
                }
            }
            Step::Ping { client } => {
                if let Some(socket) =
                    self.some_visit(client).and_then(|visit| visit.socket.as_mut())
                {
                    // A pipe that is full will not do; a part of a ping would be worse.
                    let _ = socket.write(&PING).now_or_never();
                }
            }
            Step::Leave { client } => {
                if let Some(visit) = self.some_visit(client) {
                    visit.socket = None;
                }
            }
            Step::ComeBack { client } => {
                let Some(visit) = self.some_visit(client) else { return };
                visit.socket = None;
                let last = visit
                    .texts()
                    .iter()
                    .rfind(|text| text.contains("parking_event"))
                    .map(|t| id_of(t));
                let (channel, sight) = (visit.channel, visit.sight);
                self.join(channel, sight, last);
            }
            Step::BrokerWasAway => {
                self.hub.resume_after_gap(Timestamp::UNIX_EPOCH);
                self.gaps.push(self.said.len());
            }
            Step::Settle => settle().await,
        }
    }

    fn some_visit(&mut self, client: usize) -> Option<&mut Visit> {
        let mut open: Vec<&mut Visit> =
            self.visits.iter_mut().filter(|visit| visit.socket.is_some()).collect();
        if open.is_empty() {
            return None;
        }

        let place = client % open.len();
        Some(open.swap_remove(place))
    }

    fn say(&mut self, gate: usize, is_event: bool, size: usize) {
        let (name, number) = (GATES[gate], self.said.len());
        let (kind, payload) = if is_event {
            ("parking_event", r#""event":"entry""#)
        } else {
            ("gate_status", r#""status":"open","mode":"auto""#)
        };
        let (report, frame) = read(
            &format!("parking/{name}/{kind}"),
            &format!(
                r#"{{"type":"{kind}","payload":{{{payload}}},"gate_id":"{name}","timestamp":"2024-01-20T10:30:00Z","id":"n{number}","x":"{}"}}"#,
                "x".repeat(size)
            ),
        );
        if is_event {
            self.hub.event(&report, &frame);
        } else {
            self.hub.state(&report, &frame, Live);
        }
        self.said.push(Said { gate, is_event, text: frame.to_string() });
    }

    fn join(&mut self, channel: usize, sight: usize, after: Option<String>) {
        let (near, far) = tokio::io::duplex(PIPE);
        let session = self.visits.len() as u64;
        let guest = Guest {
            session,
            channel: name_of(channel).parse().unwrap(),
            sight: sight_of(sight),
            role: "viewer".to_owned(),
        };
        let seat = self.hub.join(guest, after.as_deref(), Timestamp::UNIX_EPOCH);
        let hub = Arc::clone(&self.hub);
        self.tasks.spawn(async move {
            let cancel = CancellationToken::new();
            session::run(near, &seat.outbox, &mut Nobody, PING_EVERY, &cancel).await;
            hub.leave(&seat);
        });

        self.visits.push(Visit {
            channel,
            sight,
            after,
            joined_at: self.said.len(),
            window_from: self.gaps.last().copied().unwrap_or(0),
            socket: Some(far),
            heard: Vec::new(),
            is_over: false,
        });
    }

    async fn read_everything(&mut self) {
        let mut quiet = 0;
        while quiet < 3 {
            settle().await;
            quiet += 1;
            for visit in self.visits.iter_mut().filter(|visit| visit.socket.is_some()) {
                if visit.read(usize::MAX).await > 0 {
                    quiet = 0;
                }
            }
        }
    }

    fn judge(&self) {
        for visit in &self.visits {
            self.judge_one(visit);
        }
    }

    fn judge_one(&self, visit: &Visit) {
        let (texts, close) = (visit.texts(), visit.close_code());
        let stayed = visit.socket.is_some() && !visit.is_over;
        assert!(stayed || visit.socket.is_none() || close == Some(4008), "closed with {close:?}");

        let gaps = self.gaps.iter().filter(|gap| **gap >= visit.joined_at).count();
        let greetings: Vec<Vec<String>> = split_greetings(&texts);
        assert!(greetings.len() <= 1 + gaps, "more greetings than reasons");
        self.judge_greeting(visit, &greetings, stayed);
        self.judge_numbers(visit, &texts, stayed);
    }

    /// `hello` says whether it recovers, and it does.
    fn judge_greeting(&self, visit: &Visit, greetings: &[Vec<String>], stayed: bool) {
        let Some(first) = greetings.first() else {
            assert!(!stayed, "it was never greeted");
            return;
        };
        let known = visit.after.as_ref().and_then(|id| {
            let seen = self.said.iter().position(|said| id_of(&said.text) == *id)?;
            (seen >= visit.window_from).then_some(seen)
        });
        match (&visit.after, known) {
            (None, _) => assert!(!first[0].contains("recovered")),
            (Some(_), None) => assert!(first[0].contains(r#""recovered":false"#)),
            (Some(_), Some(seen)) => {
                assert!(first[0].contains(r#""recovered":true"#));
                let missed = self.events(visit, seen + 1, visit.joined_at);
                let told: Vec<&String> =
                    first[1..].iter().take_while(|text| !text.contains("snapshot_begin")).collect();
                let whole = first.iter().any(|text| text.contains("snapshot_begin"));
                assert!(missed.starts_with(&told) && (!whole || told == missed), "what it missed");
            }
        }
        if first.iter().any(|text| text.contains("snapshot_end")) {
            let begin = first.iter().position(|text| text.contains("snapshot_begin")).unwrap();
            let end = first.iter().position(|text| text.contains("snapshot_end")).unwrap();
            let told: BTreeSet<&String> = first[begin + 1..end].iter().collect();
            let states = self.latest_states(visit, visit.joined_at);
            assert_eq!(told, states.into_values().collect(), "snapshot");
        }
    }

    /// Outside of greetings: nothing twice, nothing out of order, no event left out, and in the end
    /// the latest of every state.
    fn judge_numbers(&self, visit: &Visit, texts: &[String], stayed: bool) {
        let live = live_of(texts);
        let numbers: Vec<usize> = live.iter().map(|text| self.number_of(text)).collect();
        assert!(numbers.is_sorted_by(|a, b| a < b), "order: {numbers:?}");
        assert!(numbers.iter().all(|number| *number >= visit.joined_at), "before it came");

        let events: Vec<&String> =
            live.iter().copied().filter(|text| text.contains("parking_event")).collect();
        let expected = self.events(visit, visit.joined_at, self.said.len());
        assert!(expected.starts_with(&events), "a gap: {events:?}\n{expected:?}");
        if stayed {
            assert_eq!(events.len(), expected.len(), "events are missing");
            let mut told = BTreeMap::new();
            for text in texts.iter().filter(|text| text.contains("gate_status")) {
                told.insert(self.said[self.number_of(text)].gate, text);
            }
            assert_eq!(told, self.latest_states(visit, self.said.len()), "states");
        }
    }

    fn number_of(&self, text: &str) -> usize {
        id_of(text)[1..].parse().unwrap()
    }

    fn events(&self, visit: &Visit, from: usize, to: usize) -> Vec<&String> {
        let said = self.said[from.min(to)..to].iter();

        said.filter(|said| said.is_event && visit.sees(said.gate)).map(|said| &said.text).collect()
    }

    fn latest_states(&self, visit: &Visit, to: usize) -> BTreeMap<usize, &String> {
        let said = self.said[..to].iter().filter(|said| !said.is_event && visit.sees(said.gate));

        said.map(|said| (said.gate, &said.text)).collect()
    }
}

impl Visit {
    /// Reads at most so much of what is there; how much it was.
    async fn read(&mut self, bytes: usize) -> usize {
        let mut read = 0;
        let mut buffer = vec![0; PIPE];

        while read < bytes {
            let Some(socket) = &mut self.socket else { return read };
            let want = PIPE.min(bytes - read);
            match socket.read(&mut buffer[..want]).now_or_never() {
                Some(Ok(0) | Err(_)) => {
                    self.is_over = true;
                    return read;
                }
                Some(Ok(length)) => {
                    self.heard.extend(&buffer[..length]);
                    read += length;
                }
                None => return read,
            }
            task::yield_now().await;
        }
        read
    }

    fn sees(&self, gate: usize) -> bool {
        let gate: GateId = GATES[gate].parse().unwrap();
        let channel: Channel = name_of(self.channel).parse().unwrap();

        channel.gate().is_none_or(|only| *only == gate)
            && sight_of(self.sight).sees(&About::Gate(gate))
    }

    /// All texts that were heard to their end.
    fn texts(&self) -> Vec<String> {
        let texts = self.frames().into_iter().filter_map(|(opcode, payload)| {
            (opcode == OpCode::Data(Data::Text)).then(|| String::from_utf8(payload).unwrap())
        });

        texts.collect()
    }

    fn close_code(&self) -> Option<u16> {
        let close =
            self.frames().into_iter().find(|(op, _)| *op == OpCode::Control(Control::Close));

        close.map(|(_, payload)| u16::from_be_bytes([payload[0], payload[1]]))
    }

    fn frames(&self) -> Vec<(OpCode, Vec<u8>)> {
        let mut socket = FrameSocket::new(std::io::Cursor::new(self.heard.clone()));
        let frames = std::iter::from_fn(|| socket.read(None).unwrap());

        frames.map(|frame| (frame.header().opcode, frame.into_payload().to_vec())).collect()
    }
}

/// Lets everybody else do what there is to do.
async fn settle() {
    for _ in 0..TURNS {
        task::yield_now().await;
    }
}

fn name_of(channel: usize) -> &'static str {
    [GATES[0], GATES[1], GATES[2], "gate_all", "admin"][channel]
}

fn sight_of(sight: usize) -> Sight {
    match sight {
        0 => Sight::All,
        some => Sight::Gates(GATES[..some].iter().map(|gate| gate.parse().unwrap()).collect()),
    }
}

fn id_of(text: &str) -> String {
    let (_, rest) = text.split_once(r#""id":""#).unwrap();

    rest.split_once('"').unwrap().0.to_owned()
}

/// From each `hello` to what comes before the next one.
fn split_greetings(texts: &[String]) -> Vec<Vec<String>> {
    let mut greetings: Vec<Vec<String>> = Vec::new();
    for text in texts {
        if text.contains(r#""type":"hello""#) {
            greetings.push(Vec::new());
        }
        greetings.last_mut().expect("hello comes first").push(text.clone());
    }

    greetings
}

/// What was told outside of greetings.
///
/// A second greeting may begin inside of the first one, which is then void.
fn live_of(texts: &[String]) -> Vec<&String> {
    let mut live = Vec::new();
    let mut is_greeting = false;
    for text in texts {
        if text.contains(r#""type":"hello""#) {
            is_greeting = true;
        } else if text.contains(r#""type":"snapshot_end""#) {
            is_greeting = false;
        } else if !is_greeting {
            live.push(text);
        }
    }

    live
}
