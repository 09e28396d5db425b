//! The gateway between a real broker and real WebSocket clients.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]
#![expect(clippy::wildcard_enum_match_arm, reason = "a test waits for one thing")]

mod audit;
mod commands;
mod conformance;
mod controllers;
mod dashboard;
mod demand;
mod fetch;
mod hostile;
mod http;
mod input;
mod life;
mod logins;
mod passwords;
mod relay;
mod rig;
mod several;
mod streams;
mod tls;
