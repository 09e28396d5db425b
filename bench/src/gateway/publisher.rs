//! The one who publishes, by MQTT, as an agent does.

use std::{
    io::{ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
};

use anyhow::{Context, bail};

use super::message::Message;
use crate::{
    scenario::connect,
    wire::{Inbox, Kind, Qos, Retain, Session, Version},
};

const ROOM: usize = 16 * 1024;
const VERSION: Version = Version::V311;

/// A connection that only publishes. It never waits.
#[derive(Debug)]
pub(super) struct Publisher {
    stream: TcpStream,
    answers: Inbox,
    /// What has still to be sent.
    waiting: Vec<u8>,
    qos: Qos,
    id: u16,
    /// Messages so far: each has its number in its id.
    count: u64,
}

impl Publisher {
    pub(super) fn connect(address: SocketAddr, qos: Qos) -> anyhow::Result<Self> {
        let stream = connect(address, &VERSION.connect("publisher", Session::Clean, None))?;
        stream.set_nonblocking(true).context("cannot prepare the publisher")?;

        Ok(Self {
            stream,
            answers: Inbox::with_room(ROOM),
            waiting: Vec::new(),
            qos,
            id: 0,
            count: 0,
        })
    }

    /// Puts one more message behind those that wait.
    pub(super) fn add(&mut self, message: &mut Message) {
        self.id = self.id % u16::MAX + 1;
        self.count += 1;
        let topic = message.topic().to_owned();
        let payload = message.numbered(self.count);

        self.waiting.extend(VERSION.publish(&topic, (self.qos, self.id), Retain::No, payload));
    }

    /// Sends what the broker takes, and hears what it has to say.
    pub(super) fn flush(&mut self) -> anyhow::Result<()> {
        self.hear()?;
        while !self.waiting.is_empty() {
            match self.stream.write(&self.waiting) {
                Ok(written) => drop(self.waiting.drain(..written)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error).context("the broker cut the publisher off"),
            }
        }

        Ok(())
    }

    /// Sends one message now.
    pub(super) fn publish(&mut self, message: &mut Message) -> anyhow::Result<()> {
        self.add(message);
        self.flush()
    }

    fn hear(&mut self) -> anyhow::Result<()> {
        match self.stream.read(self.answers.room()) {
            Ok(read) => self.answers.filled(read)?,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error).context("the broker cut the publisher off"),
        }
        while let Some(frame) = self.answers.next() {
            if frame.kind() != Kind::PubAck {
                bail!("the broker said {:?} to the publisher", frame.kind());
            }
        }

        Ok(())
    }
}
