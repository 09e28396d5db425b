//! Many clients in one thread: sockets that do not block, and frames that are counted unread.

use std::{
    io::{ErrorKind, Read, Write},
    mem::MaybeUninit,
    net::TcpStream,
    ops::Range,
    os::fd::OwnedFd,
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use rustix::{
    event::{Timespec, epoll},
    io::Errno,
};

use super::{
    message::Message,
    publisher::Publisher,
    server::{Dialect, Serving},
};
use crate::websocket::{Opcode, Side, Skipper, frame, head_len, is_accepted};

/// So many connect at a time: less than any backlog.
const AT_A_TIME: usize = 64;
/// How long a server may take to answer them.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);
/// Bytes that are read at once, from whichever client.
const AT_ONCE: usize = 256 * 1024;
/// Sockets that are looked after in one turn.
const TURN: usize = 1_024;
/// How long it may take until everybody listens.
const SETTLE_WITHIN: Duration = Duration::from_secs(60);
/// How often somebody is asked who does not listen yet.
const ASK_EVERY: Duration = Duration::from_millis(200);
/// The lengths of what is published, by which it is told apart from all that a server says itself.
pub(super) const MESSAGE: usize = 300;
const QUESTION: usize = 333;
const LAST_QUESTION: usize = 366;

/// Clients of one gate.
#[derive(Debug)]
pub(super) struct Crowd {
    gate: String,
    lengths: Lengths,
    poll: OwnedFd,
    members: Vec<Member>,
    bytes: Vec<u8>,
    tally: Tally,
}

/// What all of them together have seen.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tally {
    pub(super) delivered: u64,
    pub(super) cut_off: usize,
    heard_a_question: usize,
    heard_the_last: usize,
}

#[derive(Debug, Clone, Copy)]
struct Lengths {
    message: u64,
    question: u64,
    last_question: u64,
}

#[derive(Debug)]
struct Member {
    stream: TcpStream,
    skipper: Skipper,
    /// Messages so far.
    received: u64,
    questions: u64,
}

impl Crowd {
    /// Connects `count` clients that listen to `gate`.
    pub(super) fn gather(serving: &Serving, gate: &str, count: usize) -> anyhow::Result<Self> {
        let dialect = serving.dialect();
        let len = |len| dialect.frame_len(&Message::of(gate, len)) as u64;
        let mut crowd = Self {
            gate: gate.to_owned(),
            lengths: Lengths {
                message: len(MESSAGE),
                question: len(QUESTION),
                last_question: len(LAST_QUESTION),
            },
            poll: epoll::create(epoll::CreateFlags::CLOEXEC).context("cannot poll")?,
            members: Vec::with_capacity(count),
            bytes: vec![0; AT_ONCE],
            tally: Tally::default(),
        };

        while crowd.members.len() < count {
            let some = (count - crowd.members.len()).min(AT_A_TIME);
            for (stream, said) in open(serving, gate, some)? {
                crowd.admit(stream, &said)?;
            }
            // Whoever is in already may be asked whether it is still there.
            crowd.listen(Duration::ZERO, |_, _| {})?;
        }
        Ok(crowd)
    }

    pub(super) fn len(&self) -> u64 {
        self.members.len() as u64
    }

    pub(super) fn tally(&self) -> Tally {
        self.tally
    }

    /// Asks until everybody has heard it: from here on they hear everything. What was asked does
    /// not count.
    pub(super) fn settle(&mut self, publisher: &mut Publisher) -> anyhow::Result<()> {
        let everybody = self.members.len();
        let began = Instant::now();
        let (mut question, mut last) =
            (Message::of(&self.gate, QUESTION), Message::of(&self.gate, LAST_QUESTION));

        while self.tally.heard_a_question < everybody {
            publisher.publish(&mut question)?;
            let asked = Instant::now();
            while asked.elapsed() < ASK_EVERY && self.tally.heard_a_question < everybody {
                self.listen(ASK_EVERY / 10, |_, _| {})?;
            }
            self.is_patient(began, self.tally.heard_a_question)?;
        }
        publisher.publish(&mut last)?;
        while self.tally.heard_the_last < everybody {
            publisher.flush()?;
            self.listen(ASK_EVERY / 10, |_, _| {})?;
            self.is_patient(began, self.tally.heard_the_last)?;
        }
        Ok(())
    }

    /// Waits at most so long for anything to come, and reads it. `each` is told which messages one
    /// client has received, by number, and when.
    pub(super) fn listen(
        &mut self,
        patience: Duration,
        mut each: impl FnMut(Range<u64>, Instant),
    ) -> anyhow::Result<()> {
        let patience = Timespec::try_from(patience).context("that is too long")?;
        let mut ready = [MaybeUninit::uninit(); TURN];
        let ready = match epoll::wait(&self.poll, &mut ready, Some(&patience)) {
            Ok((ready, _)) => ready,
            Err(Errno::INTR) => return Ok(()),
            Err(error) => return Err(error).context("cannot poll"),
        };

        for event in ready {
            let member = &mut self.members[event.data.u64() as usize];
            let read = match member.stream.read(&mut self.bytes) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => continue,
                read => read.unwrap_or(0),
            };
            if read == 0 {
                self.tally.cut_off += 1;
                epoll::delete(&self.poll, &member.stream).context("cannot poll")?;
                continue;
            }
            let before = member.received;
            member.hear(&self.bytes[..read], self.lengths, &mut self.tally);
            if member.received > before {
                each(before..member.received, Instant::now());
            }
        }
        Ok(())
    }

    fn admit(&mut self, stream: TcpStream, said: &[u8]) -> anyhow::Result<()> {
        stream.set_nonblocking(true).context("cannot prepare a client")?;
        let number = epoll::EventData::new_u64(self.members.len() as u64);
        epoll::add(&self.poll, &stream, number, epoll::EventFlags::IN).context("cannot poll")?;
        let mut member = Member { stream, skipper: Skipper::default(), received: 0, questions: 0 };
        member.hear(said, self.lengths, &mut self.tally);
        self.members.push(member);

        Ok(())
    }

    fn is_patient(&self, began: Instant, heard: usize) -> anyhow::Result<()> {
        let cut_off = self.tally.cut_off;
        ensure!(cut_off == 0, "{cut_off} of {} clients were cut off", self.members.len());
        ensure!(
            began.elapsed() < SETTLE_WITHIN,
            "only {heard} of {} clients hear anything",
            self.members.len()
        );

        Ok(())
    }
}

impl Member {
    fn hear(&mut self, bytes: &[u8], lengths: Lengths, tally: &mut Tally) {
        let mut pings = Vec::new();

        self.skipper.feed(bytes, |seen| match seen.opcode {
            Opcode::Text | Opcode::Binary if seen.len == lengths.message => {
                self.received += 1;
                tally.delivered += 1;
            }
            Opcode::Text | Opcode::Binary if seen.len == lengths.question => {
                tally.heard_a_question += usize::from(self.questions == 0);
                self.questions += 1;
            }
            Opcode::Text | Opcode::Binary if seen.len == lengths.last_question => {
                tally.heard_the_last += 1;
            }
            Opcode::Ping => frame(&mut pings, Opcode::Pong, Side::Client, seen.control),
            Opcode::Text
            | Opcode::Binary
            | Opcode::Continuation
            | Opcode::Close
            | Opcode::Pong
            | Opcode::Other => {}
        });
        if !pings.is_empty() {
            // Who does not take a pong is about to be cut off, and that is counted.
            let _ = self.stream.write(&pings);
        }
    }
}

/// Opens some connections side by side: each with what was said behind the handshake.
pub(super) fn open(
    serving: &Serving,
    gate: &str,
    count: usize,
) -> anyhow::Result<Vec<(TcpStream, Vec<u8>)>> {
    let dialect = serving.dialect();
    let mut streams = Vec::with_capacity(count);
    for _ in 0..count {
        let mut stream = TcpStream::connect(serving.address()).context("cannot connect")?;
        stream.set_nodelay(true).context("cannot set TCP_NODELAY")?;
        stream.set_read_timeout(Some(ANSWER_WITHIN)).context("cannot set a timeout")?;
        stream.write_all(&dialect.request(serving.address(), gate)).context("cannot ask")?;
        streams.push(stream);
    }

    streams.into_iter().map(|stream| accepted(stream, dialect, gate)).collect()
}

fn accepted(
    mut stream: TcpStream,
    dialect: Dialect,
    gate: &str,
) -> anyhow::Result<(TcpStream, Vec<u8>)> {
    let (mut said, mut part) = (Vec::new(), [0; 2_048]);
    let head = loop {
        let read = stream.read(&mut part).context("the handshake is not answered")?;
        ensure!(read > 0, "it hung up: {}", String::from_utf8_lossy(&said));
        said.extend_from_slice(&part[..read]);
        if let Some(head) = head_len(&said) {
            break head;
        }
    };
    ensure!(is_accepted(&said[..head]), "it answered {}", String::from_utf8_lossy(&said[..head]));
    stream.write_all(&dialect.introduction(gate)).context("cannot subscribe")?;

    Ok((stream, said.split_off(head)))
}
