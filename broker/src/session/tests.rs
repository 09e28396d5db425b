//! A session is told what came, and its answers are read off its outbox.

use std::num::NonZeroU16;

use bytes::{Buf, Bytes, BytesMut};

use super::*;
use crate::{
    codec::{Request, RetainHandling, Subscribe, Verdict, frame},
    exchange::{Snapshot, Way},
    inbox::Inbox,
    message::{Draft, Message, Origin},
};

const NOW: Duration = Duration::from_secs(100);
const KEY: u32 = 1;

/// A session with the bounds of a very small site.
struct Bench(Session);

impl Bench {
    fn new() -> Self {
        Self::of(Principal::anonymous())
    }

    fn of(principal: Principal) -> Self {
        let limits = Limits {
            in_flight: NonZeroU16::new(2).unwrap(),
            queued_messages: 3,
            retained_messages: 5,
            ..Limits::default()
        };
        let surroundings = Surroundings {
            admission: Arc::new(Admission::open_to_all("parking")),
            figures: Arc::default(),
            limits: Arc::new(limits),
        };
        let hello = [0x10, 14, 0, 4, b'M', b'Q', b'T', b'T', 5, 2, 0, 0, 0, 0, 1, b'a'];
        let frame = frame::cut(&mut BytesMut::from(&hello[..]), 100).unwrap().unwrap();
        let Ok(Packet::Connect(connect)) = Packet::decode(frame, Version::V5) else { panic!() };

        let inbox = Arc::new(Inbox::new(&surroundings.limits));
        let sight = principal.sight();
        let kept = Kept::new(Member { inbox, origin: Origin(1), record: None, sight });

        Self(Session::new(*connect, kept, 0, principal, &surroundings))
    }

    /// One that has subscribed to `#` at QoS 1.
    fn subscribed() -> Self {
        Self::new().and_subscribed()
    }

    fn and_subscribed(mut self) -> Self {
        assert_eq!(self.subscribe("#"), Some(1));
        self.0.subscribed(1);
        self.settle();
        self.take();
        self
    }

    /// Subscribes by way of the router; says under which ticket.
    fn subscribe(&mut self, filter: &str) -> Option<u16> {
        let asked = self.ask([request(filter, RetainHandling::Always)]);
        let placed = asked.into_iter().map(|asked| (asked, Way::Routed)).collect();

        self.0.placed(placed, None).map(|(routes, ticket)| {
            assert_eq!(&*routes[0].filter, filter);
            ticket
        })
    }

    /// What a SUBSCRIBE puts into effect.
    fn ask(&mut self, requests: impl Into<Vec<Request>>) -> Vec<Asked> {
        let packet_id = PacketId::MIN;
        let subscribe = Subscribe { packet_id, identifier: None, requests: requests.into() };
        let step = self.0.packet(Packet::Subscribe(subscribe), NOW).unwrap();
        let Step::Subscribe(asked) = step else { panic!("no subscription") };

        asked
    }

    /// How many things are due to the subscriptions that are in effect.
    fn settle(&mut self) -> usize {
        self.0.settle(|_| true).len()
    }

    fn snapshot(&mut self, snapshot: Snapshot) -> Result<(), Close> {
        self.0.snapshot(KEY, snapshot);
        self.0.pump(NOW)
    }

    fn message(&mut self, message: Message) -> Result<(), Close> {
        self.0.message(KEY, message)?;
        self.0.pump(NOW)
    }

    fn acknowledge(&mut self, id: u16) {
        self.0.packet(Packet::PubAck(PacketId::new(id).unwrap()), NOW).unwrap();
    }

    /// The first bytes of all packets that were written since.
    fn take(&mut self) -> Vec<u8> {
        let waiting = self.0.outbox().len();
        let mut bytes = BytesMut::from(&self.0.outbox().copy_to_bytes(waiting)[..]);
        let cut = || frame::cut(&mut bytes, 1 << 20).unwrap();
        std::iter::from_fn(cut).map(|frame| frame.first).collect()
    }
}

fn request(filter: &str, retain_handling: RetainHandling) -> Request {
    Request {
        filter: filter.into(),
        qos: Qos::ExactlyOnce,
        no_local: false,
        retain_as_published: false,
        retain_handling,
    }
}

fn message(sequence: u64, qos: Qos) -> Message {
    draft(qos, false, None).number(sequence)
}

fn draft(qos: Qos, retain: bool, expiry: Option<u32>) -> Draft {
    let publication = Publication {
        topic: "a".into(),
        payload: Bytes::from_static(b"x"),
        qos,
        retain,
        expiry,
        properties: Bytes::new(),
    };
    Draft::new(&publication, Origin(2), Duration::from_secs(90))
}

#[test]
fn a_subscribe_is_answered_when_it_is_in_effect() {
    let mut bench = Bench::new();
    assert_eq!(bench.subscribe("a"), Some(1));
    assert_eq!(bench.subscribe("b"), Some(2));
    assert_eq!(bench.subscribe("a"), None);
    assert_eq!((bench.settle(), bench.take()), (0, vec![]));

    bench.0.subscribed(1);
    assert_eq!((bench.settle(), bench.take()), (1, vec![0x90]));
    bench.0.subscribed(2);
    assert_eq!((bench.settle(), bench.take()), (2, vec![0x90, 0x90]));
}

#[test]
fn what_one_packet_asks_for_twice_is_put_into_effect_once() {
    let mut bench = Bench::new();
    let first = request("a", RetainHandling::Always);
    let last = Request { qos: Qos::AtMostOnce, ..request("a", RetainHandling::Never) };

    let asked = bench.ask([first, request("b", RetainHandling::Never), last]);
    let filters: Vec<&str> = asked.iter().map(|asked| &asked.request.filter[..]).collect();
    assert_eq!(filters, ["a", "b"]);
    assert_eq!((asked[0].request.qos, asked[0].wants_retained), (Qos::AtMostOnce, true));
    bench.0.placed(asked.into_iter().map(|asked| (asked, Way::Direct)).collect(), None);
    bench.settle();

    let mut answer = [0; 8];
    bench.0.outbox().copy_to_slice(&mut answer);
    assert_eq!(answer, [0x90, 6, 0, 1, 0, 2, 2, 0]);
}

#[test]
fn what_the_snapshot_has_overtaken_is_not_sent() {
    let mut bench = Bench::subscribed();
    let retained = |sequence| draft(Qos::AtMostOnce, true, None).number(sequence);
    let snapshot = Snapshot { sequence: 10, messages: vec![retained(9)] };
    bench.snapshot(snapshot).unwrap();
    assert_eq!(bench.take(), [0x31]);

    bench.message(retained(9)).unwrap();
    assert_eq!(bench.take(), *b"");
    bench.message(message(10, Qos::AtMostOnce)).unwrap();
    bench.message(retained(11)).unwrap();
    assert_eq!(bench.take(), [0x30, 0x30]);
}

#[test]
fn what_its_client_does_not_see_is_withheld_from_a_routed_subscription() {
    let mut bench = Bench::of(Principal::blind_to(&["a"])).and_subscribed();
    let hidden = |sequence| draft(Qos::AtMostOnce, true, None).number(sequence);
    bench.snapshot(Snapshot { sequence: 10, messages: vec![hidden(9)] }).unwrap();
    bench.message(hidden(11)).unwrap();
    assert_eq!(bench.take(), *b"");

    let mut bench = Bench::of(Principal::blind_to(&["b"])).and_subscribed();
    bench.snapshot(Snapshot { sequence: 10, messages: vec![hidden(9)] }).unwrap();
    bench.message(hidden(11)).unwrap();
    assert_eq!(bench.take(), [0x31, 0x30]);
}

#[test]
fn a_full_window_holds_back_what_follows_until_it_is_acknowledged() {
    let mut bench = Bench::subscribed();
    for sequence in 1..=3 {
        bench.message(message(sequence, Qos::AtLeastOnce)).unwrap();
    }
    bench.message(message(4, Qos::AtMostOnce)).unwrap();
    assert_eq!(bench.take(), [0x32, 0x32]);

    bench.acknowledge(2);
    assert_eq!(bench.take(), [0x32, 0x30]);
    bench.acknowledge(2);
    assert_eq!(bench.take(), *b"");
}

#[test]
fn who_lets_too_much_wait_is_too_slow() {
    let mut bench = Bench::subscribed();
    // Two are in flight, one is next, and three wait.
    for sequence in 1..=6 {
        bench.message(message(sequence, Qos::AtLeastOnce)).unwrap();
    }

    assert_eq!(bench.message(message(7, Qos::AtLeastOnce)), Err(TOO_SLOW));
}

#[test]
fn a_snapshot_does_not_make_a_client_slow_unless_it_asks_for_more_than_it_reads() {
    let mut bench = Bench::subscribed();
    let snapshot = || Snapshot {
        sequence: 5,
        messages: (1..=5).map(|sequence| message(sequence, Qos::AtLeastOnce)).collect(),
    };
    bench.snapshot(snapshot()).unwrap();
    bench.message(message(6, Qos::AtLeastOnce)).unwrap();
    bench.snapshot(snapshot()).unwrap();

    assert_eq!(bench.snapshot(snapshot()), Err(TOO_SLOW));
}

#[test]
fn what_has_expired_is_dropped_and_counted() {
    let mut bench = Bench::subscribed();
    bench.message(draft(Qos::AtMostOnce, false, Some(10)).number(1)).unwrap();
    bench.message(draft(Qos::AtMostOnce, false, Some(11)).number(2)).unwrap();

    assert_eq!(bench.take(), [0x30]);
    assert_eq!(bench.0.figures.dropped.value(), 1);
}

#[test]
fn a_new_router_is_told_everything_and_what_it_may_have_lost_is_sent_again() {
    let mut bench = Bench::subscribed();
    assert_eq!(bench.subscribe("b"), Some(2));
    bench.message(message(7, Qos::AtLeastOnce)).unwrap();
    bench.take();

    let Some((routes, 3)) = bench.0.reroute() else { panic!() };
    assert_eq!(routes.len(), 2);
    bench.0.subscribed(2);
    assert_eq!((bench.settle(), bench.take()), (0, vec![]));
    bench.0.subscribed(3);
    assert_eq!((bench.settle(), bench.take()), (3, vec![0x90]));
    let missed = [7, 8].map(|sequence| message(sequence, Qos::AtLeastOnce));
    bench.0.missed(KEY, missed.to_vec()).unwrap();
    bench.0.pump(NOW).unwrap();
    assert_eq!(bench.take(), [0x32]);
}

#[test]
fn a_client_that_is_refused_again_and_again_is_seldom_told_of() {
    let mut bench = Bench::of(Principal::blind_to(&["secret"]));
    let publication = Publication {
        topic: "secret".into(),
        payload: Bytes::new(),
        qos: Qos::AtMostOnce,
        retain: false,
        expiry: None,
        properties: Bytes::new(),
    };
    let mut unsaid_after = |now| {
        let publish = Publish { publication: publication.clone(), packet_id: None, alias: None };
        assert_eq!(bench.0.packet(Packet::Publish(publish), now), Ok(Step::Refused));
        assert_eq!(
            bench.0.admit(&request("secret", RetainHandling::Always), now),
            Reason::NotAuthorized
        );
        bench.0.refusals.take_unsaid()
    };

    assert_eq!(unsaid_after(NOW), 1);
    assert_eq!(unsaid_after(NOW + TELL_EVERY / 2), 2);
    assert_eq!(unsaid_after(NOW + TELL_EVERY), 1);
    assert_eq!(bench.0.figures.refused.value(), 3);
    assert_eq!(bench.0.figures.refused_subscriptions.value(), 3);
}

#[test]
fn a_session_that_ends_with_its_connection_cannot_be_prolonged() {
    let mut bench = Bench::new();
    let disconnect = Disconnect { with_will: false, session_expiry: Some(60) };
    let end = bench.0.packet(Packet::Disconnect(disconnect), NOW);

    assert_eq!(end.unwrap_err().reason, Reason::ProtocolError);
}

#[test]
fn a_message_of_qos_2_is_released_before_the_next_one_of_a_full_window() {
    let mut bench = Bench::subscribed();
    for sequence in 1..=3 {
        bench.message(message(sequence, Qos::ExactlyOnce)).unwrap();
    }
    assert_eq!(bench.take(), [0x34, 0x34]);

    let id = PacketId::MIN;
    bench.0.packet(Packet::PubRec(id, Verdict::Taken), NOW).unwrap();
    assert_eq!(bench.take(), [0x62]);
    bench.0.packet(Packet::PubComp(id), NOW).unwrap();
    assert_eq!(bench.take(), [0x34]);
}

#[test]
fn a_message_that_the_client_refuses_is_over_with() {
    let mut bench = Bench::subscribed();
    for sequence in 1..=3 {
        bench.message(message(sequence, Qos::ExactlyOnce)).unwrap();
    }
    bench.take();

    bench.0.packet(Packet::PubRec(PacketId::MIN, Verdict::Refused), NOW).unwrap();
    assert_eq!(bench.take(), [0x34]);
}

#[test]
fn an_answer_waits_for_the_disk_and_for_the_answers_before_it() {
    let mut bench = Bench::new();
    let [first, second] = [1, 2].map(|id| PacketId::new(id).unwrap());
    bench.0.published(Qos::AtLeastOnce, Some(first), Ok(Some(Ticket::NOTHING)));
    bench.0.published(Qos::AtLeastOnce, Some(second), Ok(None));
    bench.0.release(|_| false, NOW);
    assert_eq!(bench.take(), [0; 0]);
    assert_eq!(bench.0.waits_for(), Some(Ticket::NOTHING));

    bench.0.release(|_| true, NOW);
    assert_eq!(bench.take(), [0x40, 0x40]);
}
