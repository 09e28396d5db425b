//! What the fuzz targets do, and the tests that replay what they have found.

#![expect(missing_docs, reason = "a handful of fields whose names say it")]

pub mod codec;
pub mod envelope;
pub mod front;
pub mod gateway;
pub mod scenario;
pub mod serial;
pub mod topic;
mod wire;
