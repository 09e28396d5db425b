//! The broker as its clients see it: real sockets, bytes as the standard has them.
//!
//! Sections are those of MQTT 5 unless said otherwise.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod access;
mod aliases;
mod authority;
mod client;
mod connect;
mod deliver;
mod exactly_once;
mod expiry;
mod facts;
mod flow;
mod limits;
mod metrics;
mod persistence;
mod reasons;
mod refuse;
mod retained;
mod sessions;
mod shared;
mod site;
mod subscribe;
mod tls;
mod websocket;
mod will;
