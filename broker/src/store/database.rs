//! The open database, and how a batch gets into it.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use rusqlite::{Connection, Transaction, params};

use super::{
    batch::{
        Batch, Delivery, Head, Incoming, Past, Progress, SessionChanges, Step, Subscription, Will,
    },
    schema::{checksum, joined},
};

/// A store that this process alone holds.
#[derive(Debug)]
pub(super) struct Database {
    pub(super) connection: Connection,
}

/// One session of a batch.
type Changed<'a> = (&'a u64, &'a SessionChanges);

impl Database {
    /// Writes all of a batch or nothing.
    ///
    /// What goes makes room for what comes.
    pub(super) fn write(&mut self, batch: &Batch) -> rusqlite::Result<()> {
        let transaction = self.connection.transaction()?;

        for (topic, _) in batch.retained.iter().filter(|(_, envelope)| envelope.is_none()) {
            execute(&transaction, "DELETE FROM retained WHERE topic = ?1", [&topic[..]])?;
        }
        let mut released = Vec::new();
        for changed in &batch.changed {
            remove(&transaction, changed, &mut released)?;
        }
        remove_bodies(&transaction, released)?;

        for (topic, envelope) in &batch.retained {
            if let Some(envelope) = envelope {
                retain(&transaction, topic, envelope)?;
            }
        }
        for (owner, will) in &batch.wills {
            replace_will(&transaction, owner, will.as_ref())?;
        }
        insert_bodies(&transaction, batch)?;
        for changed in &batch.changed {
            insert(&transaction, changed)?;
        }

        transaction.commit()
    }
}

fn replace_will(
    transaction: &Transaction<'_>,
    (user, client_id): &(Arc<str>, Arc<str>),
    will: Option<&Will>,
) -> rusqlite::Result<()> {
    let Some(Will { delay, topic, envelope }) = will else {
        let sql = "DELETE FROM will WHERE user = ?1 AND client_id = ?2";
        execute(transaction, sql, [user, client_id])?;
        return Ok(());
    };

    execute(
        transaction,
        "INSERT OR REPLACE INTO will (user, client_id, delay, topic, envelope, checksum)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![user, client_id, delay, &topic[..], &envelope[..], checksum(topic, envelope)],
    )?;
    Ok(())
}

/// Removes what is over. `released` takes the sequences whose body lost a delivery.
fn remove(
    transaction: &Transaction<'_>,
    (session, changes): Changed<'_>,
    released: &mut Vec<i64>,
) -> rusqlite::Result<()> {
    let session = session.cast_signed();
    if changes.past == Past::Goes {
        remove_session(transaction, session, released)?;
    }

    for (key, _) in changes.subscriptions.iter().filter(|(_, subscription)| subscription.is_none())
    {
        let sql = "DELETE FROM subscription WHERE session = ?1 AND key = ?2";
        execute(transaction, sql, params![session, key])?;
    }
    for (&(sequence, key), step) in &changes.deliveries {
        let id = (session, sequence.cast_signed(), key);
        let lets_go = match step {
            Step::Queued(..) => false,
            Step::Moved(progress) => advance(transaction, id, *progress)? > 0 && progress.received,
            Step::Done => {
                let sql = "DELETE FROM delivery WHERE session = ?1 AND sequence = ?2 AND key = ?3";
                execute(transaction, sql, id)? > 0
            }
        };
        if lets_go {
            released.push(sequence.cast_signed());
        }
    }
    for (packet_id, _) in changes.incoming.iter().filter(|(_, held)| **held == Incoming::Released) {
        let sql = "DELETE FROM incoming WHERE session = ?1 AND packet_id = ?2";
        execute(transaction, sql, params![session, packet_id])?;
    }

    Ok(())
}

fn remove_session(
    transaction: &Transaction<'_>,
    session: i64,
    released: &mut Vec<i64>,
) -> rusqlite::Result<()> {
    let sql = "DELETE FROM delivery WHERE session = ?1 RETURNING sequence";
    let mut deliveries = transaction.prepare_cached(sql)?;
    for sequence in deliveries.query_map([session], |row| row.get(0))? {
        released.push(sequence?);
    }

    for sql in [
        "DELETE FROM incoming WHERE session = ?1",
        "DELETE FROM subscription WHERE session = ?1",
        "DELETE FROM session WHERE id = ?1",
    ] {
        execute(transaction, sql, [session])?;
    }

    Ok(())
}

fn advance(
    transaction: &Transaction<'_>,
    (session, sequence, key): (i64, i64, u32),
    Progress { packet_id, received }: Progress,
) -> rusqlite::Result<usize> {
    execute(
        transaction,
        "UPDATE delivery SET packet_id = coalesce(?4, packet_id), received = max(?5, received)
         WHERE session = ?1 AND sequence = ?2 AND key = ?3",
        params![session, sequence, key, packet_id, received],
    )
}

/// Removes the bodies that no delivery needs.
fn remove_bodies(transaction: &Transaction<'_>, mut released: Vec<i64>) -> rusqlite::Result<()> {
    released.sort_unstable();
    released.dedup();

    for sequence in released {
        execute(
            transaction,
            "DELETE FROM body WHERE sequence = ?1 AND NOT EXISTS
             (SELECT 1 FROM delivery WHERE sequence = ?1 AND received = 0)",
            [sequence],
        )?;
    }

    Ok(())
}

fn retain(transaction: &Transaction<'_>, topic: &[u8], envelope: &[u8]) -> rusqlite::Result<()> {
    execute(
        transaction,
        "INSERT INTO retained (topic, envelope, checksum) VALUES (?1, ?2, ?3)
         ON CONFLICT (topic) DO UPDATE SET envelope = excluded.envelope, checksum = excluded.checksum",
        params![topic, envelope, checksum(topic, envelope)],
    )?;

    Ok(())
}

/// A body that is there already, for a session that was quicker, stays.
fn insert_bodies(transaction: &Transaction<'_>, batch: &Batch) -> rusqlite::Result<()> {
    let deliveries = batch.changed.values().flat_map(|changes| &changes.deliveries);
    let bodies: BTreeMap<u64, (&Bytes, &Bytes)> = deliveries
        .filter_map(|((sequence, _), step)| match step {
            Step::Queued(delivery, Progress { received: false, .. }) => {
                Some((*sequence, (&delivery.topic, &delivery.envelope)))
            }
            Step::Queued(..) | Step::Moved(_) | Step::Done => None,
        })
        .collect();

    for (sequence, (topic, envelope)) in bodies {
        execute(
            transaction,
            "INSERT OR IGNORE INTO body (sequence, topic, envelope, checksum)
             VALUES (?1, ?2, ?3, ?4)",
            params![sequence.cast_signed(), &topic[..], &envelope[..], checksum(topic, envelope)],
        )?;
    }

    Ok(())
}

fn insert(transaction: &Transaction<'_>, (session, changes): Changed<'_>) -> rusqlite::Result<()> {
    let session = session.cast_signed();
    write_head(transaction, session, &changes.head)?;

    for (key, subscription) in &changes.subscriptions {
        let Some(Subscription { filter, options, identifier }) = subscription else { continue };
        execute(
            transaction,
            "INSERT OR REPLACE INTO subscription (session, key, filter, options, identifier)
             VALUES (?1, ?2, ?3, ?4, ?5)",
            params![session, key, &filter[..], options, identifier],
        )?;
    }
    for (&(sequence, key), step) in &changes.deliveries {
        if let Step::Queued(delivery, progress) = step {
            queue(transaction, (session, sequence.cast_signed(), key), delivery, *progress)?;
        }
    }
    for (packet_id, _) in changes.incoming.iter().filter(|(_, held)| **held == Incoming::Held) {
        let sql = "INSERT OR IGNORE INTO incoming (session, packet_id) VALUES (?1, ?2)";
        execute(transaction, sql, params![session, packet_id])?;
    }

    Ok(())
}

fn write_head(transaction: &Transaction<'_>, session: i64, head: &Head) -> rusqlite::Result<()> {
    match head {
        Head::Unchanged => {}
        Head::Away(since) => {
            let sql = "UPDATE session SET away_since_ms = ?2 WHERE id = ?1";
            execute(transaction, sql, [session, since.cast_signed()])?;
        }
        Head::Written { user, client_id, expiry, away_since_ms } => {
            execute(
                transaction,
                "INSERT INTO session (id, user, client_id, expiry, away_since_ms)
                 VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (id) DO UPDATE SET user = excluded.user,
                 client_id = excluded.client_id, expiry = excluded.expiry,
                 away_since_ms = excluded.away_since_ms",
                params![
                    session,
                    &user[..],
                    &client_id[..],
                    expiry,
                    away_since_ms.map(u64::cast_signed)
                ],
            )?;
        }
    }

    Ok(())
}

fn queue(
    transaction: &Transaction<'_>,
    (session, sequence, key): (i64, i64, u32),
    Delivery { qos, retain, identifiers, .. }: &Delivery,
    Progress { packet_id, received }: Progress,
) -> rusqlite::Result<()> {
    execute(
        transaction,
        "INSERT OR REPLACE INTO delivery
         (session, sequence, key, qos, retain, identifiers, packet_id, received)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![session, sequence, key, qos, retain, joined(identifiers), packet_id, received],
    )?;

    Ok(())
}

fn execute(
    transaction: &Transaction<'_>,
    sql: &str,
    values: impl rusqlite::Params,
) -> rusqlite::Result<usize> {
    transaction.prepare_cached(sql)?.execute(values)
}
