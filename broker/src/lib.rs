//! The embedded MQTT broker: MQTT 3.1, 3.1.1 and 5 over TCP, TLS and WebSocket.
//!
//! ```text
//! listener ─▶ handshake ─▶ connection ◀─▶ session        one task for each client
//!    │            │            │             │
//! doorstep    admission     registry        kept         what is left when a client leaves
//!
//!                             ┌─▶ inbox ─▶ connection    directly: most subscribers
//! connection ─▶ exchange ─────┼─▶ router ─▶ connection   rumqttd's thread: crowds
//!                  │          └─▶ store                  a thread: what outlives the process
//!           index, retained
//! ```
//!
//! | module | what it is for |
//! |---|---|
//! | `broker` | takes the ports, serves, stops in order |
//! | `config`, `limits` | what an operator can set |
//! | `listener` | one kind of stream of TCP, TLS and WebSocket; `doorstep`: who has not said its name |
//! | `handshake` | from the first byte to CONNACK |
//! | `admission` | who may do what; asks the crate `access` |
//! | `registry` | whose session is whose; sessions whose client is away, and when they end |
//! | `connection` | moves bytes and messages between a socket, a session, an inbox and a link |
//! | `session` | what a client and the broker owe each other, free of I/O; `kept` outlives it |
//! | `exchange` | numbers a message, retains it, has it stored, hands it to whoever wants it |
//! | `index` | who wants it: subscriptions by the levels of their filters |
//! | `inbox` | what waits for one client, within bounds |
//! | `router`, `deadman` | the only file that names rumqttd; the end where rumqttd hangs |
//! | `retained` | what newcomers are told |
//! | `store` | retained messages, and sessions with what waits for them, on disk |
//! | `front` | what all connections share; begins, parks, restores and ends sessions |
//! | `codec`, `message`, `outbox` | packets; a message in one piece of memory; bytes that wait for a socket |
//! | `keep_alive`, `pace` | when a client was silent for too long, or publishes too fast |
//! | `figures`, `metrics` | what is counted; `$SYS` and the page for monitors |
//! | `fuzzing` | what the fuzz targets see; there with the feature of that name alone |
//!
//! Offered is all of MQTT 3.1, 3.1.1 and 5 but enhanced authentication.
//!
//! A client that does not keep up is disconnected: nobody waits for another for longer than some
//! milliseconds at a time. The rules of locks and waits are in section 4 of `docs/architecture.md`.

mod admission;
mod broker;
mod codec;
mod config;
mod connection;
mod deadman;
mod exchange;
mod figures;
mod front;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod handshake;
mod inbox;
mod index;
mod keep_alive;
mod limits;
mod listener;
mod message;
mod metrics;
mod outbox;
mod pace;
mod registry;
mod retained;
mod router;
mod session;
mod store;

pub use broker::{BindError, Broker, BrokerError};
pub use config::{Addresses, ClientCertificates, Config, Storage, Tls};
pub use limits::Limits;
pub use listener::Transport;
pub(crate) use mqtt_topic as topic;
pub use store::Durability;

/// What every log filter should begin with where a broker runs.
///
/// The router logs each connection and, below that, each message; none of it is news to an
/// operator, and all of it costs time. The broker says itself what there is to say.
pub const LOG_FILTER: &str = "rumqttd=off";
