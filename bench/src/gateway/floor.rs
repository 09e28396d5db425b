//! No gateway: a server that subscribes as one and writes what comes to everybody, unread.
//!
//! Frames are made once. Batched, all that has come leaves in one write for each client; unbatched,
//! there is one write for each client and message. Nobody is looked after: no state, no limits but one
//! on what waits, and the only key that is known is that of the load.

use std::{
    collections::HashMap,
    io::{self, ErrorKind, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    os::fd::OwnedFd,
};

use anyhow::Context;
use rustix::{buffer::spare_capacity, event::epoll};

use super::ALL_GATES;
use crate::{
    scenario::{connect, exchange},
    websocket::{Opcode, Side, acceptance, frame, head_len},
    wire::{Inbox, Kind, Qos, Retain, Session, Version, puback},
};

const VERSION: Version = Version::V311;
const LISTENER: u64 = u64::MAX;
const BROKER: u64 = u64::MAX - 1;
const TURN: usize = 1_024;
const AT_ONCE: usize = 256 * 1024;
/// A client that lets more wait is cut off, as ours would.
const PATIENCE: usize = 1 << 20;

/// How what has come is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Writes {
    /// All of it at once.
    Batched,
    /// A message at a time.
    Unbatched,
}

impl Writes {
    pub(crate) fn of(unbatched: bool) -> Self {
        if unbatched { Self::Unbatched } else { Self::Batched }
    }
}

struct Floor {
    writes: Writes,
    poll: OwnedFd,
    broker: TcpStream,
    inbox: Inbox,
    clients: Vec<Option<Client>>,
    /// By gate, who listens to it.
    rooms: HashMap<String, Vec<usize>>,
}

struct Client {
    stream: TcpStream,
    /// Which gate, once the handshake is done.
    gate: Option<String>,
    heard: Vec<u8>,
    /// What the socket did not take.
    waiting: Vec<u8>,
}

/// What has come for one gate, as frames.
#[derive(Default)]
struct News {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

/// Serves until it is killed.
pub(crate) fn serve(address: SocketAddr, broker: SocketAddr, writes: Writes) -> anyhow::Result<()> {
    let listener = TcpListener::bind(address).context("cannot listen")?;
    let poll = epoll::create(epoll::CreateFlags::CLOEXEC).context("cannot poll")?;
    let mut floor = Floor {
        writes,
        broker: subscribe(broker)?,
        poll,
        inbox: Inbox::with_room(AT_ONCE),
        clients: Vec::new(),
        rooms: HashMap::new(),
    };
    floor.watch(&listener, LISTENER)?;
    floor.watch(&floor.broker, BROKER)?;

    let mut ready = Vec::with_capacity(TURN);
    loop {
        ready.clear();
        epoll::wait(&floor.poll, spare_capacity(&mut ready), None).context("cannot poll")?;
        for event in &ready {
            let (number, flags) = (event.data.u64(), event.flags);
            match number {
                LISTENER => floor.accept(&listener)?,
                BROKER => floor.pass_on()?,
                client if flags.contains(epoll::EventFlags::OUT) => {
                    floor.write(client as usize, &[])?;
                }
                client => floor.hear(client as usize)?,
            }
        }
    }
}

/// To all events of all gates, and to the answers to commands.
fn subscribe(broker: SocketAddr) -> anyhow::Result<TcpStream> {
    let mut stream = connect(broker, &VERSION.connect("floor", Session::Clean, None))?;
    let filters = ["parking/+/parking_event", "parking/+/gate_control_response"];
    exchange(&mut stream, &VERSION.subscribe(1, &filters, Qos::AtLeastOnce), Kind::SubAck)?;

    Ok(stream)
}

impl Floor {
    fn watch(&self, socket: &impl std::os::fd::AsFd, number: u64) -> anyhow::Result<()> {
        let data = epoll::EventData::new_u64(number);

        epoll::add(&self.poll, socket, data, epoll::EventFlags::IN).context("cannot poll")
    }

    fn accept(&mut self, listener: &TcpListener) -> anyhow::Result<()> {
        let (stream, _) = listener.accept().context("cannot accept")?;
        stream.set_nodelay(true).context("cannot set TCP_NODELAY")?;
        stream.set_nonblocking(true).context("cannot prepare a client")?;
        self.watch(&stream, self.clients.len() as u64)?;
        let (heard, waiting) = (Vec::new(), Vec::new());
        self.clients.push(Some(Client { stream, gate: None, heard, waiting }));

        Ok(())
    }

    /// The broker has something.
    fn pass_on(&mut self) -> anyhow::Result<()> {
        let read = self.broker.read(self.inbox.room()).context("the broker is gone")?;
        self.inbox.filled(read)?;
        let (mut news, mut acknowledgements) = (HashMap::<String, News>::new(), Vec::new());
        while let Some(packet) = self.inbox.next() {
            if packet.kind() != Kind::Publish {
                continue;
            }
            acknowledgements.extend(packet.to_acknowledge().into_iter().flat_map(puback));
            let payload = packet.payload(VERSION).context("a message is too short")?;
            let gate = packet.topic().and_then(|topic| topic.split('/').nth(1));
            for room in gate.into_iter().chain([ALL_GATES]) {
                if self.rooms.contains_key(room) {
                    news.entry(room.to_owned()).or_default().add(payload);
                }
            }
        }

        self.broker.write_all(&acknowledgements).context("the broker is gone")?;
        for (room, news) in news {
            self.tell(&room, &news)?;
        }
        Ok(())
    }

    fn tell(&mut self, room: &str, news: &News) -> anyhow::Result<()> {
        let Some(listeners) = self.rooms.get(room).cloned() else { return Ok(()) };

        match self.writes {
            Writes::Batched => {
                for client in listeners {
                    self.write(client, &news.bytes)?;
                }
            }
            Writes::Unbatched => {
                let mut start = 0;
                for end in &news.ends {
                    for client in &listeners {
                        self.write(*client, &news.bytes[start..*end])?;
                    }
                    start = *end;
                }
            }
        }
        Ok(())
    }

    /// Writes what waits for a client and then this, as far as it goes.
    fn write(&mut self, number: usize, bytes: &[u8]) -> anyhow::Result<()> {
        let Some(client) = &mut self.clients[number] else { return Ok(()) };
        let had_to_wait = !client.waiting.is_empty();

        match client.write(bytes) {
            Ok(()) if client.waiting.len() <= PATIENCE => {
                let has_to_wait = !client.waiting.is_empty();
                if had_to_wait != has_to_wait {
                    let flags = match has_to_wait {
                        true => epoll::EventFlags::IN | epoll::EventFlags::OUT,
                        false => epoll::EventFlags::IN,
                    };
                    let data = epoll::EventData::new_u64(number as u64);
                    epoll::modify(&self.poll, &client.stream, data, flags)
                        .context("cannot poll")?;
                }
            }
            Ok(()) | Err(_) => self.lose(number),
        }
        Ok(())
    }

    /// A client says something: its request, or later a command.
    fn hear(&mut self, number: usize) -> anyhow::Result<()> {
        let Some(client) = &mut self.clients[number] else { return Ok(()) };
        let mut part = [0; 2_048];
        match client.stream.read(&mut part) {
            Ok(0) => self.lose(number),
            Ok(read) => {
                client.heard.extend_from_slice(&part[..read]);
                if client.gate.is_none() {
                    self.greet(number)?;
                } else {
                    client.commands().iter().try_for_each(|(topic, command)| {
                        let quality = (Qos::AtLeastOnce, 1);
                        let packet = VERSION.publish(topic, quality, Retain::No, command);
                        self.broker.write_all(&packet).context("the broker is gone")
                    })?;
                }
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(_) => self.lose(number),
        }
        Ok(())
    }

    /// Answers the request of a client, once it is there.
    fn greet(&mut self, number: usize) -> anyhow::Result<()> {
        let Some(client) = &mut self.clients[number] else { return Ok(()) };
        let Some(head) = head_len(&client.heard) else { return Ok(()) };
        let request = String::from_utf8_lossy(&client.heard[..head]);
        let path = request.split(' ').nth(1).unwrap_or_default();
        let gate = path.trim_start_matches("/ws/").to_owned();
        client.heard = Vec::new();
        client.gate = Some(gate.clone());
        self.rooms.entry(gate).or_default().push(number);

        self.write(number, acceptance().as_bytes())
    }

    fn lose(&mut self, number: usize) {
        let Some(client) = self.clients[number].take() else { return };
        let room = client.gate.and_then(|gate| self.rooms.get_mut(&gate));

        if let Some(room) = room {
            room.retain(|other| *other != number);
        }
    }
}

impl Client {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if !self.waiting.is_empty() {
            self.waiting.extend_from_slice(bytes);
            let waiting = std::mem::take(&mut self.waiting);
            let written = write(&mut self.stream, &waiting)?;
            self.waiting = waiting;
            self.waiting.drain(..written);
            return Ok(());
        }
        let written = write(&mut self.stream, bytes)?;
        self.waiting.extend_from_slice(&bytes[written..]);

        Ok(())
    }

    /// What has been said since, with where it goes. The mask of the load is all zeros.
    fn commands(&mut self) -> Vec<(String, Vec<u8>)> {
        let gate = self.gate.as_deref().unwrap_or_default();
        let topic = format!("parking/{gate}/gate_control");
        let mut commands = Vec::new();

        while let Some((start, len)) = crate::websocket::header(&self.heard) {
            let end = start + len as usize;
            if self.heard.len() < end {
                break;
            }
            if self.heard[0] & 0x0f == 1 {
                commands.push((topic.clone(), self.heard[start..end].to_vec()));
            }
            self.heard.drain(..end);
        }
        commands
    }
}

impl News {
    fn add(&mut self, payload: &[u8]) {
        frame(&mut self.bytes, Opcode::Text, Side::Server, payload);
        self.ends.push(self.bytes.len());
    }
}

/// As much as the socket takes.
fn write(stream: &mut TcpStream, bytes: &[u8]) -> io::Result<usize> {
    match stream.write(bytes) {
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(0),
        written => written,
    }
}
