//! The time and the ids that are put on messages: the one place that asks the wall clock.

use schemas::{Id, Timestamp};
use uuid::Uuid;

/// The wall clock in whole milliseconds, which is as exact as a message needs to be.
pub fn now() -> Timestamp {
    Timestamp::from_millisecond(Timestamp::now().as_millisecond())
        .expect("a timestamp in whole milliseconds is a timestamp")
}

/// What a clock on the wall of this place shows.
pub fn local() -> jiff::civil::DateTime {
    jiff::Zoned::now().datetime()
}

/// A fresh UUIDv7.
pub fn new_id() -> Id {
    Uuid::now_v7().to_string().parse().expect("a UUID is an id")
}
