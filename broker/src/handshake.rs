//! From the first byte to CONNACK: who is there, and may they come in (3.1, 3.2).

use std::{io, time::Duration};

use bytes::BytesMut;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    sync::OwnedSemaphorePermit,
    time,
};
use tracing::warn;

use crate::{
    admission::{Denied, Principal},
    codec::{Connect, DecodeError, Packet, Reason, Version, encode, frame},
    figures::Figures,
    front::Front,
    listener::Peer,
    registry::Owner,
};

/// The longest CONNECT that is worth reading from somebody unknown.
const LONGEST: usize = 128 * 1024;
/// How much of a name is logged that anybody can send.
const LONGEST_NAME: usize = 64;
/// How long somebody who is turned away may take to hear why.
const FAREWELL: Duration = Duration::from_secs(1);

/// A client that may come in; it has not been told yet.
#[derive(Debug)]
pub(crate) struct Admitted {
    pub(crate) connect: Connect,
    pub(crate) principal: Principal,
    /// Whose session it wants; its own name or, if it has none, one that was invented.
    pub(crate) owner: Owner,
    /// Its place among the connections.
    pub(crate) places: OwnedSemaphorePermit,
}

/// Why somebody does not get in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TurnedAway {
    #[error("no CONNECT in time")]
    Silent,
    #[error("others needed the place of one that had not said who it is")]
    CrowdedOut,
    #[error("the connection broke")]
    Broken(#[from] io::Error),
    #[error("the first packet is not a CONNECT")]
    NotConnect,
    #[error("not a valid CONNECT: {0}")]
    Invalid(DecodeError),
    #[error("{1}")]
    Denied(Version, Denied),
    #[error("there are as many connections as may be")]
    Crowded(Version),
    #[error("the user has as many connections as may be")]
    TooManyOfUser(Version),
    #[error("there are as many sessions as may be")]
    TooManySessions(Version),
}

impl TurnedAway {
    /// What may be said about it, and in which version.
    fn answer(&self) -> Option<(Version, Reason)> {
        match self {
            // 3.1.1, 3.1.2.2: in the version that such a client may understand.
            Self::Invalid(DecodeError::Version(_)) => {
                Some((Version::V311, Reason::UnsupportedVersion))
            }
            Self::Denied(version, denied) => Some((*version, denied.reason())),
            Self::Crowded(version) => Some((*version, Reason::ServerBusy)),
            Self::TooManyOfUser(version) | Self::TooManySessions(version) => {
                Some((*version, Reason::QuotaExceeded))
            }
            // 4.13.1: who does not speak MQTT is not answered in it.
            Self::Silent
            | Self::CrowdedOut
            | Self::Broken(_)
            | Self::NotConnect
            | Self::Invalid(_) => None,
        }
    }
}

impl Figures {
    /// Counts somebody who does not get in.
    pub(crate) fn turned_away(&self, why: &TurnedAway) {
        self.turned_away.add();
        match why {
            TurnedAway::CrowdedOut => self.crowded_out.add(),
            TurnedAway::Denied(_, Denied::BadLogin | Denied::Certificate) => {
                self.failed_logins.add();
            }
            TurnedAway::Silent
            | TurnedAway::Broken(_)
            | TurnedAway::NotConnect
            | TurnedAway::Invalid(_)
            | TurnedAway::Denied(..)
            | TurnedAway::Crowded(_)
            | TurnedAway::TooManyOfUser(_)
            | TurnedAway::TooManySessions(_) => {}
        }
    }
}

/// Reads CONNECT and decides. What came after it stays in `received`.
pub(crate) async fn receive<S>(
    io: &mut S,
    received: &mut BytesMut,
    peer: &Peer,
    front: &Front,
) -> Result<Admitted, TurnedAway>
where
    S: AsyncRead + Unpin,
{
    let connect = time::timeout(front.limits.connect_within, read_connect(io, received))
        .await
        .map_err(|_| TurnedAway::Silent)??;
    let version = connect.version;

    let principal = front
        .admission
        .admit(&connect, peer.address.ip(), peer.certificate_name.as_deref())
        .await
        .inspect_err(|denied| report(*denied, &connect, peer, front))
        .map_err(|denied| TurnedAway::Denied(version, denied))?;
    let places =
        front.connections.clone().try_acquire_owned().map_err(|_| TurnedAway::Crowded(version))?;
    let client_id = match connect.client_id.is_empty() {
        true => front.invent_client_id().into(),
        false => connect.client_id[..].into(),
    };
    let user = principal.user.name().unwrap_or_default().into();
    let owner = Owner { user, client_id };
    if front.registry.connections_of(&owner.user) >= front.limits.connections_per_user {
        return Err(TurnedAway::TooManyOfUser(version));
    }
    if connect.session_expiry > 0 && !front.has_room_for_session(&owner) {
        return Err(TurnedAway::TooManySessions(version));
    }

    Ok(Admitted { connect, principal, owner, places })
}

/// Tells of a login that failed, which people want to know.
fn report(denied: Denied, connect: &Connect, peer: &Peer, front: &Front) {
    if denied != Denied::BadLogin {
        return;
    }
    if let Some(failed) = front.failed_logins.happened(front.exchange.now()) {
        let name = connect.username.as_deref().unwrap_or_default();
        let user: String = name.chars().take(LONGEST_NAME).collect();
        warn!(user, peer = %peer.address.ip(), failed, "A login failed");
    }
}

async fn read_connect<S>(io: &mut S, received: &mut BytesMut) -> Result<Connect, TurnedAway>
where
    S: AsyncRead + Unpin,
{
    loop {
        if received.first().is_some_and(|first| *first != 0x10) {
            return Err(TurnedAway::NotConnect);
        }
        if let Some(frame) = frame::cut(received, LONGEST).map_err(TurnedAway::Invalid)? {
            // No version is agreed on before CONNECT, and CONNECT does not depend on one.
            return match Packet::decode(frame, Version::V311).map_err(TurnedAway::Invalid)? {
                Packet::Connect(connect) => Ok(*connect),
                Packet::Publish(_)
                | Packet::PubAck(_)
                | Packet::PubRec(..)
                | Packet::PubRel(_)
                | Packet::PubComp(_)
                | Packet::Subscribe(_)
                | Packet::Unsubscribe(_)
                | Packet::PingReq
                | Packet::Disconnect(_)
                | Packet::Auth => Err(TurnedAway::NotConnect),
            };
        }
        if io.read_buf(received).await? == 0 {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
    }
}

/// Says why, where there is a way to say it.
pub(crate) async fn turn_away<S>(io: &mut S, why: &TurnedAway)
where
    S: AsyncWrite + Unpin,
{
    let Some((version, reason)) = why.answer() else { return };
    let mut answer = BytesMut::new();
    encode::refuse(&mut answer, version, reason, &why.to_string());

    // Who does not listen does not hear it.
    let _ = time::timeout(FAREWELL, async {
        io.write_all(&answer).await?;
        io.shutdown().await
    })
    .await;
}
