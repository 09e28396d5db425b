//! The invariants of a lane, over random sequences of what may happen and when.

#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]

mod anything;
mod street;
mod traffic;
