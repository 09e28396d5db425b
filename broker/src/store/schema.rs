//! The tables, and what tells them from others.

/// "MnlB": tells a store from any other SQLite database.
pub(super) const APPLICATION_ID: i64 = 0x4d6e_6c42;

/// The version of [`TABLES`].
pub(super) const VERSION: i64 = 1;

/// `AUTOINCREMENT` has SQLite remember the highest numbers after their rows are gone. The index
/// holds the deliveries that need their body, and tells when there is none left.
pub(super) const TABLES: &str = "
    CREATE TABLE retained (
        topic BLOB NOT NULL UNIQUE,
        envelope BLOB NOT NULL,
        checksum INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE session (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        user TEXT NOT NULL,
        client_id TEXT NOT NULL,
        expiry INTEGER NOT NULL,
        away_since_ms INTEGER
    ) STRICT;
    CREATE TABLE subscription (
        session INTEGER NOT NULL,
        key INTEGER NOT NULL,
        filter TEXT NOT NULL,
        options INTEGER NOT NULL,
        identifier INTEGER,
        PRIMARY KEY (session, key)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE body (
        sequence INTEGER PRIMARY KEY AUTOINCREMENT,
        topic BLOB NOT NULL,
        envelope BLOB NOT NULL,
        checksum INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE delivery (
        session INTEGER NOT NULL,
        sequence INTEGER NOT NULL,
        key INTEGER NOT NULL,
        qos INTEGER NOT NULL,
        retain INTEGER NOT NULL,
        identifiers BLOB NOT NULL,
        packet_id INTEGER,
        received INTEGER NOT NULL,
        PRIMARY KEY (session, sequence, key)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX delivery_by_body ON delivery (sequence) WHERE received = 0;
    CREATE TABLE incoming (
        session INTEGER NOT NULL,
        packet_id INTEGER NOT NULL,
        PRIMARY KEY (session, packet_id)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE will (
        user TEXT NOT NULL,
        client_id TEXT NOT NULL,
        delay INTEGER NOT NULL,
        topic BLOB NOT NULL,
        envelope BLOB NOT NULL,
        checksum INTEGER NOT NULL,
        PRIMARY KEY (user, client_id)
    ) STRICT;
";

/// Finds what a flipped bit does to bytes that SQLite does not look into.
pub(super) fn checksum(topic: &[u8], envelope: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(topic);
    hasher.update(envelope);

    hasher.finalize()
}

/// Subscription identifiers as one value, four bytes each.
pub(super) fn joined(identifiers: &[u32]) -> Vec<u8> {
    identifiers.iter().flat_map(|identifier| identifier.to_be_bytes()).collect()
}

/// The identifiers that were [`joined`].
pub(super) fn split(bytes: &[u8]) -> Vec<u32> {
    bytes.as_chunks().0.iter().map(|four| u32::from_be_bytes(*four)).collect()
}
