//! One client that reads what it is told. It blocks: a runtime would be part of what it measures.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use anyhow::{Context, ensure};

use super::{Opcode, Side, frame, header, is_accepted, request};

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// More than a head ever has.
const LONGEST_HEAD: usize = 16 * 1024;

/// An open connection.
#[derive(Debug)]
pub(crate) struct Talk {
    stream: BufReader<TcpStream>,
}

impl Talk {
    /// Opens `path` at `address`.
    pub(crate) fn open(
        address: SocketAddr,
        path: &str,
        protocol: Option<&str>,
    ) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).context("cannot connect")?;
        stream.set_nodelay(true).context("cannot set TCP_NODELAY")?;
        stream.set_read_timeout(Some(PATIENCE)).context("cannot set a timeout")?;
        let mut talk = Self { stream: BufReader::new(stream) };
        talk.write(&request(&address.to_string(), path, protocol))?;

        let head = talk.head()?;
        ensure!(is_accepted(&head), "it answered {}", String::from_utf8_lossy(&head).trim_end());
        Ok(talk)
    }

    /// Sends one frame.
    pub(crate) fn say(&mut self, opcode: Opcode, payload: &[u8]) -> anyhow::Result<()> {
        let mut bytes = Vec::with_capacity(payload.len() + 14);
        frame(&mut bytes, opcode, Side::Client, payload);

        self.write(&bytes)
    }

    /// The next frame that carries something. Pings are answered.
    pub(crate) fn next(&mut self) -> anyhow::Result<Vec<u8>> {
        loop {
            let (opcode, payload) = self.any()?;
            match opcode {
                Opcode::Text | Opcode::Binary => return Ok(payload),
                Opcode::Ping => self.say(Opcode::Pong, &payload)?,
                Opcode::Close => anyhow::bail!("it was closed"),
                Opcode::Continuation | Opcode::Pong | Opcode::Other => {}
            }
        }
    }

    /// Nothing is waited for longer than this.
    pub(crate) fn patience(&self, time: Duration) -> anyhow::Result<()> {
        self.stream.get_ref().set_read_timeout(Some(time)).context("cannot set a timeout")
    }

    fn any(&mut self) -> anyhow::Result<(Opcode, Vec<u8>)> {
        let mut head = vec![0; 2];
        self.read(&mut head)?;
        let (_, len) = loop {
            if let Some(found) = header(&head) {
                break found;
            }
            let mut byte = [0];
            self.read(&mut byte)?;
            head.extend(byte);
        };
        let mut payload = vec![0; usize::try_from(len).context("a frame is too long")?];
        self.read(&mut payload)?;

        Ok((Opcode::of(head[0]), payload))
    }

    fn head(&mut self) -> anyhow::Result<Vec<u8>> {
        let mut head = Vec::new();
        while super::head_len(&head).is_none() {
            let read = self.stream.read_until(b'\n', &mut head).context("no answer")?;
            ensure!(read > 0 && head.len() < LONGEST_HEAD, "no answer, but the end");
        }

        Ok(head)
    }

    fn read(&mut self, bytes: &mut [u8]) -> anyhow::Result<()> {
        self.stream.read_exact(bytes).context("cannot read")
    }

    fn write(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        self.stream.get_mut().write_all(bytes).context("cannot write")
    }
}
