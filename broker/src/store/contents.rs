//! What an opened store holds.

use std::{collections::HashMap, path::PathBuf, sync::Arc};

use bytes::Bytes;
use rusqlite::{Connection, Row};

use super::schema::{checksum, split};

/// Everything that was stored when the store was opened.
#[derive(Debug, Default)]
pub(crate) struct Contents {
    /// Topics and envelopes.
    pub(crate) retained: Vec<(Bytes, Bytes)>,
    /// By id.
    pub(crate) sessions: Vec<StoredSession>,
    /// By user and client identifier.
    pub(crate) wills: Vec<StoredWill>,
    /// The highest sequence of a message that was ever written for a session. Envelopes may hold
    /// higher ones.
    pub(crate) last_sequence: u64,
    /// The highest session there ever was.
    pub(crate) last_session: u64,
    /// Where a store that could not be read has gone.
    pub(crate) set_aside: Option<PathBuf>,
}

/// A session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredSession {
    pub(crate) id: u64,
    pub(crate) user: Arc<str>,
    pub(crate) client_id: Arc<str>,
    /// Seconds; `u32::MAX` is for ever.
    pub(crate) expiry: u32,
    /// Milliseconds after 1970; `None` when the broker ended with the client connected.
    pub(crate) away_since_ms: Option<u64>,
    /// By key.
    pub(crate) subscriptions: Vec<StoredSubscription>,
    /// By sequence and key.
    pub(crate) queue: Vec<StoredDelivery>,
    /// The packet identifiers of messages of QoS 2 that the client has not released.
    pub(crate) incoming: Vec<u16>,
}

/// A subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredSubscription {
    pub(crate) key: u32,
    pub(crate) filter: Arc<str>,
    pub(crate) options: u8,
    pub(crate) identifier: Option<u32>,
}

/// A message that waits for a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredDelivery {
    pub(crate) sequence: u64,
    pub(crate) key: u32,
    pub(crate) qos: u8,
    pub(crate) retain: bool,
    pub(crate) identifiers: Vec<u32>,
    pub(crate) packet_id: Option<u16>,
    pub(crate) received: bool,
    /// Topic and envelope, shared by all sessions; `None` when it was received.
    pub(crate) body: Option<(Bytes, Bytes)>,
}

/// What is to be published if a client does not come back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredWill {
    pub(crate) user: Arc<str>,
    pub(crate) client_id: Arc<str>,
    /// Seconds.
    pub(crate) delay: u32,
    pub(crate) topic: Bytes,
    pub(crate) envelope: Bytes,
}

/// The rows do not make sense.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReadError {
    #[error("a row cannot be read")]
    Row(#[from] rusqlite::Error),
    #[error("the retained message of a topic does not match its checksum")]
    Retained,
    #[error("a will does not match its checksum")]
    Will,
    #[error("message {0} does not match its checksum")]
    Body(u64),
    #[error("something belongs to session {0}, which is not there")]
    NoSession(u64),
    #[error("message {0} is queued and not there")]
    NoBody(u64),
    #[error("message {0} has a QoS that does not exist")]
    Qos(u64),
}

type Sessions = HashMap<u64, StoredSession>;
type Bodies = HashMap<u64, (Bytes, Bytes)>;

impl Contents {
    pub(super) fn read(connection: &Connection) -> Result<Self, ReadError> {
        let retained = read_retained(connection)?;
        let wills = read_wills(connection)?;
        let mut sessions = read_sessions(connection)?;
        read_subscriptions(connection, &mut sessions)?;
        read_queues(connection, &mut sessions)?;
        read_incoming(connection, &mut sessions)?;

        let queued = sessions.values().filter_map(|session| session.queue.last());
        let last_queued = queued.map(|delivery| delivery.sequence).max().unwrap_or(0);
        let last_sequence = last_queued.max(highest(connection, "body")?);
        let last_session = highest(connection, "session")?;
        let mut sessions: Vec<_> = sessions.into_values().collect();
        sessions.sort_unstable_by_key(|session| session.id);

        Ok(Self { retained, sessions, wills, last_sequence, last_session, set_aside: None })
    }
}

fn read_retained(connection: &Connection) -> Result<Vec<(Bytes, Bytes)>, ReadError> {
    let mut retained = Vec::new();

    let mut statement = connection.prepare("SELECT topic, envelope, checksum FROM retained")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        retained.push(body(row)?.ok_or(ReadError::Retained)?);
    }

    Ok(retained)
}

fn read_wills(connection: &Connection) -> Result<Vec<StoredWill>, ReadError> {
    let mut wills = Vec::new();

    let mut statement = connection.prepare(
        "SELECT user, client_id, delay, topic, envelope, checksum FROM will ORDER BY user, client_id",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (topic, envelope) = body(row)?.ok_or(ReadError::Will)?;
        wills.push(StoredWill {
            user: row.get("user")?,
            client_id: row.get("client_id")?,
            delay: row.get("delay")?,
            topic,
            envelope,
        });
    }

    Ok(wills)
}

fn read_sessions(connection: &Connection) -> Result<Sessions, ReadError> {
    let mut statement =
        connection.prepare("SELECT id, user, client_id, expiry, away_since_ms FROM session")?;
    let sessions = statement.query_map([], |row| {
        let id = number(row, "id")?;
        let session = StoredSession {
            id,
            user: row.get("user")?,
            client_id: row.get("client_id")?,
            expiry: row.get("expiry")?,
            away_since_ms: row.get::<_, Option<i64>>("away_since_ms")?.map(i64::cast_unsigned),
            subscriptions: Vec::new(),
            queue: Vec::new(),
            incoming: Vec::new(),
        };
        Ok((id, session))
    })?;

    Ok(sessions.collect::<Result<_, _>>()?)
}

fn read_subscriptions(connection: &Connection, sessions: &mut Sessions) -> Result<(), ReadError> {
    let mut statement = connection.prepare(
        "SELECT session, key, filter, options, identifier FROM subscription ORDER BY session, key",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        owner(sessions, row)?.subscriptions.push(StoredSubscription {
            key: row.get("key")?,
            filter: row.get("filter")?,
            options: row.get("options")?,
            identifier: row.get("identifier")?,
        });
    }

    Ok(())
}

fn read_queues(connection: &Connection, sessions: &mut Sessions) -> Result<(), ReadError> {
    let bodies = read_bodies(connection)?;

    let mut statement = connection.prepare(
        "SELECT session, sequence, key, qos, retain, identifiers, packet_id, received
         FROM delivery ORDER BY session, sequence, key",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let delivery = delivery(row, &bodies)?;
        owner(sessions, row)?.queue.push(delivery);
    }

    Ok(())
}

fn read_bodies(connection: &Connection) -> Result<Bodies, ReadError> {
    let mut bodies = Bodies::new();

    let mut statement =
        connection.prepare("SELECT sequence, topic, envelope, checksum FROM body")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let sequence = number(row, "sequence")?;
        bodies.insert(sequence, body(row)?.ok_or(ReadError::Body(sequence))?);
    }

    Ok(bodies)
}

fn read_incoming(connection: &Connection, sessions: &mut Sessions) -> Result<(), ReadError> {
    let mut statement = connection
        .prepare("SELECT session, packet_id FROM incoming ORDER BY session, packet_id")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        owner(sessions, row)?.incoming.push(row.get("packet_id")?);
    }

    Ok(())
}

/// The highest number that SQLite has ever given to a row of `table`.
fn highest(connection: &Connection, table: &str) -> Result<u64, ReadError> {
    let sql = "SELECT coalesce(max(seq), 0) AS seq FROM sqlite_sequence WHERE name = ?1";

    Ok(connection.query_row(sql, [table], |row| number(row, "seq"))?)
}

fn delivery(row: &Row<'_>, bodies: &Bodies) -> Result<StoredDelivery, ReadError> {
    let sequence = number(row, "sequence")?;
    let qos = row.get("qos")?;
    if qos > 2 {
        return Err(ReadError::Qos(sequence));
    }
    let received = row.get("received")?;
    let body = if received {
        None
    } else {
        Some(bodies.get(&sequence).cloned().ok_or(ReadError::NoBody(sequence))?)
    };

    Ok(StoredDelivery {
        sequence,
        key: row.get("key")?,
        qos,
        retain: row.get("retain")?,
        identifiers: split(&row.get::<_, Vec<u8>>("identifiers")?),
        packet_id: row.get("packet_id")?,
        received,
        body,
    })
}

fn owner<'a>(
    sessions: &'a mut Sessions,
    row: &Row<'_>,
) -> Result<&'a mut StoredSession, ReadError> {
    let session = number(row, "session")?;

    sessions.get_mut(&session).ok_or(ReadError::NoSession(session))
}

/// `None`: they are not what was written.
fn body(row: &Row<'_>) -> rusqlite::Result<Option<(Bytes, Bytes)>> {
    let topic: Vec<u8> = row.get("topic")?;
    let envelope: Vec<u8> = row.get("envelope")?;
    let sound = row.get::<_, u32>("checksum")? == checksum(&topic, &envelope);

    Ok(sound.then(|| (topic.into(), envelope.into())))
}

fn number(row: &Row<'_>, column: &str) -> rusqlite::Result<u64> {
    Ok(row.get::<_, i64>(column)?.cast_unsigned())
}
