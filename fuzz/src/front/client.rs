//! One client at its end of the pipe.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    pin::Pin,
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};

use super::{
    house::Person,
    ledger::{Filter, Ledger, Order, Owner, Session},
};
use crate::wire::{self, Incoming, Protocol, Said};

/// How much is read at once.
const AT_ONCE: usize = 4096;

pub(super) struct Client {
    /// `None` once the broker has hung up.
    io: Option<DuplexStream>,
    pub(super) number: usize,
    pub(super) protocol: Protocol,
    pub(super) person: Person,
    pub(super) owner: Owner,
    pub(super) clean: bool,
    pub(super) outlives: bool,
    pub(super) limits: Limits,
    /// How much may be read.
    pub(super) reads: usize,
    /// It did not always read, so that it may miss why it was disconnected.
    pub(super) has_stalled: bool,
    pub(super) answers: bool,
    /// It said who knows what.
    pub(super) raw: bool,
    /// It gave answers that were not due.
    pub(super) loose: bool,
    /// Somebody else has its session.
    pub(super) stale: bool,
    pub(super) has_left: bool,
    pub(super) admitted: Option<bool>,
    pub(super) pings: usize,
    pub(super) pongs: usize,
    pub(super) subscribes: VecDeque<(u16, Vec<&'static str>)>,
    pub(super) unsubscribes: VecDeque<(u16, &'static str)>,
    /// What it has published in QoS 1 and 2, and released.
    pub(super) published: [HashSet<u16>; 2],
    pub(super) released: HashSet<u16>,
    /// What its own topic aliases stand for.
    pub(super) own_aliases: [Option<&'static str>; 2],
    to_send: Vec<u8>,
    received: Vec<u8>,
    disconnected: Option<u8>,
    aliases: HashMap<u16, String>,
    open: HashSet<u16>,
    due: VecDeque<(u8, u16)>,
    order: Order,
}

/// What the client said it can take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) receive_maximum: usize,
    pub(super) packet_size: usize,
    pub(super) aliases: u16,
}

impl Client {
    pub(super) fn new(
        io: DuplexStream,
        number: usize,
        protocol: Protocol,
        person: Person,
        owner: Owner,
        limits: Limits,
    ) -> Self {
        Self {
            io: Some(io),
            number,
            protocol,
            person,
            owner,
            clean: true,
            outlives: false,
            limits,
            reads: usize::MAX,
            has_stalled: false,
            answers: true,
            raw: false,
            loose: false,
            stale: false,
            has_left: false,
            admitted: None,
            pings: 0,
            pongs: 0,
            subscribes: VecDeque::new(),
            unsubscribes: VecDeque::new(),
            published: Default::default(),
            released: HashSet::new(),
            own_aliases: [None; 2],
            to_send: Vec::new(),
            received: Vec::new(),
            disconnected: None,
            aliases: HashMap::new(),
            open: HashSet::new(),
            due: VecDeque::new(),
            order: Order::new(),
        }
    }

    pub(super) fn is_connected(&self) -> bool {
        self.io.is_some()
    }

    /// Whether it would hear everything that it is told, sooner or later.
    pub(super) fn listens(&self) -> bool {
        self.is_connected() && self.reads == usize::MAX && self.admitted == Some(true) && !self.raw
    }

    /// What it says next; `write` appends to it.
    pub(super) fn say(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        write(&mut self.to_send);
    }

    /// Writes and reads what the pipe takes and has. Says whether anything moved.
    pub(super) fn turn(&mut self, cx: &mut Context<'_>, ledger: &mut Ledger) -> bool {
        let wrote = self.write(cx);
        let read = self.read(cx);
        if read {
            self.hear(ledger);
        }
        if self.answers && self.admitted == Some(true) {
            self.answer();
        }

        wrote || read
    }

    fn write(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(io) = &mut self.io else { return false };
        if self.to_send.is_empty() {
            return false;
        }
        match Pin::new(io).poll_write(cx, &self.to_send) {
            Poll::Ready(Ok(written)) => {
                self.to_send.drain(..written);
                written > 0
            }
            // The broker has hung up; what it said before can still be read.
            Poll::Ready(Err(_)) => {
                self.to_send.clear();
                false
            }
            Poll::Pending => false,
        }
    }

    fn read(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(io) = &mut self.io else { return false };
        if self.reads == 0 {
            return false;
        }
        let mut room = [0; AT_ONCE];
        let most = self.reads.min(AT_ONCE);
        let mut buffer = ReadBuf::new(&mut room[..most]);
        match Pin::new(io).poll_read(cx, &mut buffer) {
            Poll::Ready(Ok(())) if buffer.filled().is_empty() => {
                self.hung_up();
                true
            }
            Poll::Ready(Ok(())) => {
                let filled = buffer.filled();
                self.received.extend_from_slice(filled);
                if self.reads < usize::MAX {
                    self.reads -= filled.len();
                }
                true
            }
            Poll::Ready(Err(_)) => {
                self.io = None;
                true
            }
            Poll::Pending => false,
        }
    }

    fn hung_up(&mut self) {
        self.io = None;
        let was_told = self.disconnected.is_some() || self.protocol != Protocol::V5;
        let is_due = self.admitted == Some(true) && !self.has_left && !self.has_stalled;
        assert!(was_told || !is_due || self.raw, "{:?} was not told why", self.owner);
        if self.admitted.is_none() && !self.has_left && !self.raw {
            panic!("{:?} was told nothing", self.owner);
        }
    }

    fn hear(&mut self, ledger: &mut Ledger) {
        // It may have said that it is somebody else, in a version that is not known.
        if self.raw && self.admitted.is_none() {
            self.received.clear();
            return;
        }
        loop {
            let cut = wire::cut(&mut self.received);
            let Some((first, body, length)) =
                cut.unwrap_or_else(|why| panic!("{:?} was sent {why}", self.owner))
            else {
                return;
            };
            let said = wire::understand(self.protocol, first, &body).unwrap_or_else(|why| {
                panic!("{:?} was sent {why}: {first:#x} {body:?}", self.owner)
            });
            assert!(
                length <= self.limits.packet_size || matches!(said, Said::Connack { .. }),
                "{:?} takes {} bytes: {said:?}",
                self.owner,
                self.limits.packet_size,
            );
            assert_eq!(self.disconnected, None, "{:?} was told more: {said:?}", self.owner);
            self.take(said, ledger);
        }
    }

    fn take(&mut self, said: Said, ledger: &mut Ledger) {
        let is_first = self.admitted.is_none();
        match said {
            Said::Connack { session_present, code, assigned } => {
                assert!(is_first, "a second CONNACK");
                self.admitted = Some(code == 0);
                if let Some(assigned) = assigned {
                    assert!(self.owner.1.is_empty(), "a name for {:?}", self.owner);
                    self.owner.1 = assigned;
                }
                if code == 0 {
                    self.enter(session_present, ledger);
                }
            }
            _ if is_first => panic!("before CONNACK came {said:?}"),
            Said::Publish(message) => self.publish(message, ledger),
            Said::Answer { first, id, code } => self.answered(first, id, code, ledger),
            Said::Suback { id, codes } => self.subscribed(id, &codes, ledger),
            Said::Unsuback { id, .. } => self.unsubscribed(id, ledger),
            Said::Pong => {
                self.pongs += 1;
                assert!(self.pongs <= self.pings || self.raw, "nobody asked {:?}", self.owner);
            }
            Said::Disconnect { code } => {
                assert!(code != 0x81 || self.raw, "{:?} said nothing malformed", self.owner);
                assert!(!self.has_left || self.raw || code != 0, "{:?}", self.owner);
                self.disconnected = Some(code);
            }
        }
    }

    fn enter(&mut self, session_present: bool, ledger: &mut Ledger) {
        let before = ledger.sessions.remove(&self.owner);
        let wild = before.as_ref().is_some_and(|before| before.wild);
        let may_be_old = session_present || (self.protocol == Protocol::V31 && !self.clean);
        if session_present {
            assert!(!self.clean, "{:?} wanted no old session", self.owner);
            let there = before.as_ref().is_some_and(|before| before.outlives);
            assert!(there || wild || ledger.strangers(), "{:?} has no old session", self.owner);
        }
        let mut session = match before {
            Some(before) if may_be_old => before,
            Some(_) | None => Session { wild, ..Session::default() },
        };
        session.outlives = self.outlives;
        ledger.sessions.insert(self.owner.clone(), session);
    }

    fn publish(&mut self, mut message: Incoming, ledger: &mut Ledger) {
        if let Some(alias) = message.alias {
            assert!(alias <= self.limits.aliases, "{:?} knows no alias {alias}", self.owner);
            if message.topic.is_empty() {
                let known = self.aliases.get(&alias).cloned();
                message.topic = known.expect("an alias that stands for something");
            } else {
                self.aliases.insert(alias, message.topic.clone());
            }
        }
        if message.qos > 0 {
            let first = if message.qos == 1 { 0x40 } else { 0x50 };
            let is_new = self.open.insert(message.id);
            assert!(is_new || self.loose || self.raw, "{} is in use", message.id);
            let open = self.open.len();
            let within = open <= self.limits.receive_maximum;
            assert!(within || self.loose || self.raw, "{open} messages at once");
            self.due.push_back((first, message.id));
        }
        if !self.stale {
            ledger.delivered(&self.owner, &mut self.order, &message);
        }
    }

    fn answered(&mut self, first: u8, id: u16, code: u8, ledger: &mut Ledger) {
        let was_asked = match first {
            0x40 => self.published[0].contains(&id),
            0x50 => self.published[1].contains(&id),
            0x70 => self.released.contains(&id),
            _ => true,
        };
        assert!(was_asked || self.raw, "{:?} did not ask for {first:#x} {id}", self.owner);
        match first {
            0x50 if code < 0x80 => self.due.push_back((0x62, id)),
            0x62 => {
                if !self.stale {
                    ledger.released(&self.owner, id);
                }
                self.due.push_back((0x70, id));
            }
            _ => {}
        }
    }

    fn subscribed(&mut self, id: u16, codes: &[u8], ledger: &mut Ledger) {
        if self.raw {
            return;
        }
        let (asked, filters) = self.subscribes.pop_front().expect("a SUBSCRIBE");
        assert_eq!((id, codes.len()), (asked, filters.len()), "{:?} {filters:?}", self.owner);
        let Some(session) = ledger.sessions.get_mut(&self.owner).filter(|_| !self.stale) else {
            return;
        };
        for (filter, _) in filters.iter().zip(codes).filter(|(_, code)| **code >= 0x80) {
            let asked = |it: &Filter| it.filter == *filter && it.until.is_none();
            let at = session.filters.iter().rposition(asked);
            if let Some(at) = at {
                session.filters.remove(at);
            }
        }
    }

    fn unsubscribed(&mut self, id: u16, ledger: &mut Ledger) {
        if self.raw {
            return;
        }
        let (asked, filter) = self.unsubscribes.pop_front().expect("an UNSUBSCRIBE");
        assert_eq!(id, asked);
        let until = ledger.next();
        // One that was asked for again meanwhile stays.
        if self.subscribes.iter().any(|(_, filters)| filters.contains(&filter)) {
            return;
        }
        let Some(session) = ledger.sessions.get_mut(&self.owner).filter(|_| !self.stale) else {
            return;
        };
        let current = |it: &&mut Filter| it.filter == filter && it.until.is_none();
        session.filters.iter_mut().filter(current).for_each(|it| it.until = Some(until));
    }

    /// Gives the answers that are due.
    pub(super) fn answer(&mut self) {
        while let Some((first, id)) = self.due.pop_front() {
            self.acknowledge(first, id, 0);
        }
    }

    pub(super) fn acknowledge(&mut self, first: u8, id: u16, code: u8) {
        match first {
            0x40 | 0x70 => {
                self.open.remove(&id);
            }
            0x50 if code >= 0x80 => {
                self.open.remove(&id);
            }
            0x62 => {
                self.released.insert(id);
            }
            _ => {}
        }
        let protocol = self.protocol;
        self.say(|out| wire::acknowledge(protocol, first, id, code, out));
    }
}
