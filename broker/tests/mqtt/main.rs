//! The broker as its clients see it: real sockets, bytes as the standard has them.
//!
//! Sections are those of MQTT 5 unless said otherwise.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod access;
mod authority;
mod client;
mod connect;
mod deliver;
mod limits;
mod metrics;
mod refuse;
mod retained;
mod site;
mod subscribe;
mod tls;
mod websocket;
mod will;
