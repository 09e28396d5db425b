//! Events: written once, drained in order, acknowledged, read again, dropped by age and size.

use std::time::SystemTime;

use rusqlite::{Row, Transaction, params};

use crate::{
    Journal,
    schema::{integer, millis},
};

/// One event in the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its number: 1, 2, 3, ….
    pub seq: u64,
    /// Where it is published.
    pub topic: String,
    /// What is published, byte for byte.
    pub bytes: Vec<u8>,
}

/// The events are not in the journal, and their numbers are free.
#[derive(Debug, thiserror::Error)]
#[error("cannot write to the journal")]
pub struct AppendError(#[from] rusqlite::Error);

/// The journal does not answer.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the journal")]
pub struct ReadError(#[from] rusqlite::Error);

/// The events still count as not acknowledged.
#[derive(Debug, thiserror::Error)]
#[error("cannot note an acknowledgement in the journal")]
pub struct AcknowledgeError(#[from] rusqlite::Error);

/// Nothing was dropped.
#[derive(Debug, thiserror::Error)]
#[error("cannot drop old events from the journal")]
pub struct PruneError(#[from] rusqlite::Error);

impl Journal {
    /// Writes one event; it is on the disk when this returns. `encode` makes its bytes.
    pub fn append(
        &mut self,
        now: SystemTime,
        topic: impl Into<String>,
        encode: impl FnOnce(u64) -> Vec<u8>,
    ) -> Result<Entry, AppendError> {
        let mut entries = self.append_all(now, [(topic, encode)])?;

        Ok(entries.pop().expect("one event makes one entry"))
    }

    /// Writes several events, all of them or none, for the price of one.
    pub fn append_all<T, F>(
        &mut self,
        now: SystemTime,
        events: impl IntoIterator<Item = (T, F)>,
    ) -> Result<Vec<Entry>, AppendError>
    where
        T: Into<String>,
        F: FnOnce(u64) -> Vec<u8>,
    {
        let entries: Vec<Entry> = (self.last_seq + 1..)
            .zip(events)
            .map(|(seq, (topic, encode))| Entry { seq, topic: topic.into(), bytes: encode(seq) })
            .collect();

        let transaction = self.connection.transaction()?;
        for entry in &entries {
            insert(&transaction, entry, millis(now))?;
        }
        transaction.commit()?;

        self.last_seq += entries.len() as u64;
        self.unsent += entries.len() as u64;

        Ok(entries)
    }

    /// The next `limit` events after `after` that are not acknowledged, in order.
    pub fn unacknowledged(&self, after: u64, limit: usize) -> Result<Vec<Entry>, ReadError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT seq, topic, bytes FROM pending JOIN entry USING (seq)
             WHERE seq > ?1 ORDER BY seq LIMIT ?2",
        )?;
        let rows = statement.query_map([integer(after), integer(limit as u64)], entry)?;

        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Notes that the broker has these events. Any order, repetitions and numbers that were
    /// never given are fine.
    ///
    /// Survives a crash of the process, but need not survive a power cut: an event that
    /// is published once more does no harm, and the disk is spared a wait.
    pub fn acknowledge(
        &mut self,
        seqs: impl IntoIterator<Item = u64>,
    ) -> Result<(), AcknowledgeError> {
        self.connection.execute_batch("PRAGMA synchronous = NORMAL")?;
        let settled = self.settle(seqs);
        self.connection.execute_batch("PRAGMA synchronous = FULL")?;

        self.unsent -= settled?;

        Ok(())
    }

    /// The first `limit` events from `from` to `to`, both included, that are still kept.
    pub fn range(&self, from: u64, to: Option<u64>, limit: usize) -> Result<Vec<Entry>, ReadError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT seq, topic, bytes FROM entry
             WHERE seq BETWEEN ?1 AND ?2 ORDER BY seq LIMIT ?3",
        )?;
        let to = to.unwrap_or(u64::MAX);
        let bounds = [integer(from), integer(to), integer(limit as u64)];
        let rows = statement.query_map(bounds, entry)?;

        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Drops up to `limit` acknowledged events made before `before`, the oldest first.
    ///
    /// Returns how many it dropped: as many as `limit` means that there may be more.
    pub fn prune(&mut self, before: SystemTime, limit: usize) -> Result<usize, PruneError> {
        let dropped = self
            .connection
            .prepare_cached(
                "DELETE FROM entry WHERE seq IN (
                 SELECT seq FROM entry
                 WHERE made_ms < ?1 AND seq NOT IN (SELECT seq FROM pending)
                 ORDER BY made_ms LIMIT ?2)",
            )?
            .execute([millis(before), integer(limit as u64)])?;

        Ok(dropped)
    }

    /// Drops up to `limit` acknowledged events, the oldest first, while the journal takes up more
    /// than `bytes`. It stops at the oldest event that is not acknowledged.
    ///
    /// Returns how many it dropped: as many as `limit` means that there may be more.
    pub fn prune_to(&mut self, bytes: u64, limit: usize) -> Result<usize, PruneError> {
        if self.used()? <= bytes {
            return Ok(0);
        }

        let dropped = self
            .connection
            .prepare_cached(
                "DELETE FROM entry WHERE seq IN (
                 SELECT seq FROM entry
                 WHERE seq < coalesce((SELECT min(seq) FROM pending), ?1)
                 ORDER BY seq LIMIT ?2)",
            )?
            .execute([i64::MAX, integer(limit as u64)])?;

        Ok(dropped)
    }

    /// How many bytes of the file are in use. The file itself does not shrink: what is free in it
    /// is used again.
    pub fn size(&self) -> Result<u64, ReadError> {
        Ok(self.used()?)
    }

    fn used(&self) -> rusqlite::Result<u64> {
        let number =
            |sql| self.connection.prepare_cached(sql)?.query_row([], |row| row.get::<_, i64>(0));
        let pages = number("PRAGMA page_count")? - number("PRAGMA freelist_count")?;

        Ok((pages * number("PRAGMA page_size")?).unsigned_abs())
    }

    fn settle(&mut self, seqs: impl IntoIterator<Item = u64>) -> rusqlite::Result<u64> {
        let transaction = self.connection.transaction()?;
        let mut settled = 0;

        for seq in seqs {
            settled += transaction
                .prepare_cached("DELETE FROM pending WHERE seq = ?1")?
                .execute([integer(seq)])?;
        }
        transaction.commit()?;

        Ok(settled as u64)
    }
}

fn insert(transaction: &Transaction<'_>, entry: &Entry, made_ms: i64) -> rusqlite::Result<()> {
    let seq = integer(entry.seq);

    transaction
        .prepare_cached("INSERT INTO entry (seq, topic, bytes, made_ms) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![seq, entry.topic, entry.bytes, made_ms])?;
    transaction.prepare_cached("INSERT INTO pending (seq) VALUES (?1)")?.execute([seq])?;

    Ok(())
}

fn entry(row: &Row<'_>) -> rusqlite::Result<Entry> {
    Ok(Entry {
        seq: row.get::<_, i64>("seq")?.unsigned_abs(),
        topic: row.get("topic")?,
        bytes: row.get("bytes")?,
    })
}
