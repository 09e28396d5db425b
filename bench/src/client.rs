//! One client of the load: from the socket to its subscription.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context, bail, ensure};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time,
};

use crate::wire::{Frame, Inbox, Kind, Qos, Session, Version};

/// How long a broker may take to answer one packet.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);
/// Enough for an answer, and little enough for ten thousand clients.
const SMALL: usize = 512;

/// A connected client.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) stream: TcpStream,
    pub(crate) inbox: Inbox,
    version: Version,
}

impl Client {
    /// Connects with a clean session.
    pub(crate) async fn connect(
        address: SocketAddr,
        version: Version,
        client_id: &str,
    ) -> anyhow::Result<Self> {
        let packet = version.connect(client_id, Session::Clean, None);

        Ok(Self::open(address, version, &packet).await?.0)
    }

    /// Connects with a CONNECT of the caller's; also says whether there was a session.
    pub(crate) async fn open(
        address: SocketAddr,
        version: Version,
        connect: &[u8],
    ) -> anyhow::Result<(Self, SessionPresent)> {
        let stream = TcpStream::connect(address).await.context("cannot connect")?;

        Self::over(stream, version, connect).await
    }

    /// The same over a connection that there is.
    pub(crate) async fn over(
        stream: TcpStream,
        version: Version,
        connect: &[u8],
    ) -> anyhow::Result<(Self, SessionPresent)> {
        stream.set_nodelay(true).context("cannot set TCP_NODELAY")?;
        let mut client = Self { stream, inbox: Inbox::with_room(SMALL), version };
        client.stream.write_all(connect).await.context("cannot send CONNECT")?;

        let answer = client.answer(Kind::ConnAck).await?;
        let [flags, code, ..] = answer[..] else { bail!("the CONNACK is too short") };
        ensure!(code == 0, "the broker refused the connection with code {code}");
        Ok((client, SessionPresent(flags & 1 == 1)))
    }

    /// Subscribes, and waits until the broker has said yes.
    pub(crate) async fn subscribe<S: AsRef<str>>(
        &mut self,
        filters: &[S],
        qos: Qos,
    ) -> anyhow::Result<()> {
        let packet = self.version.subscribe(1, filters, qos);
        self.stream.write_all(&packet).await.context("cannot send SUBSCRIBE")?;
        let answer = self.answer(Kind::SubAck).await?;

        ensure!(answer.last().is_some_and(|code| *code < 0x80), "the broker refused to subscribe");
        Ok(())
    }

    /// The next packet.
    pub(crate) async fn next(&mut self) -> anyhow::Result<Frame<'_>> {
        while !self.inbox.is_ready() {
            let read = self.stream.read(self.inbox.room()).await.context("cannot read")?;
            self.inbox.filled(read)?;
        }

        Ok(self.inbox.next().expect("it is ready"))
    }

    async fn answer(&mut self, kind: Kind) -> anyhow::Result<Vec<u8>> {
        let answer = time::timeout(ANSWER_WITHIN, self.next())
            .await
            .with_context(|| format!("no {kind:?} within {ANSWER_WITHIN:?}"))??;

        ensure!(answer.kind() == kind, "{:?} came where {kind:?} was due", answer.kind());
        Ok(answer.body().to_vec())
    }
}

/// Whether the broker knew the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SessionPresent(pub(crate) bool);
