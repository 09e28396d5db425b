//! The embedded MQTT broker: any client, one port, nothing to set up.
//!
//! ```text
//! listener ── handshake ── connection ── session      one task per client
//!                            │    ╲
//!                         exchange  link               one order for all messages
//!                            ╲      ╱
//!                             router                   rumqttd's: who gets what
//! ```
//!
//! rumqttd's router matches topics; everything that MQTT is besides that is decided here, in front
//! of it: `listener` makes one kind of stream of TCP, TLS and WebSocket, `codec` reads and writes
//! packets of MQTT 3.1, 3.1.1 and 5, `session` is what one client is owed, `retained` what
//! newcomers are told, `admission` who may do what, `metrics` what monitors are told.
//!
//! Offered is all of MQTT 3.1, 3.1.1 and 5 but enhanced authentication. Who may log in, and do what, says
//! the crate `access`.
//!
//! A client that does not keep up is disconnected: nobody ever waits for another.

mod admission;
mod broker;
mod codec;
mod config;
mod connection;
mod exchange;
mod figures;
mod front;
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
mod rereading;
mod retained;
mod router;
mod seldom;
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
