//! The gateway of Manless: what gates say over MQTT, to browsers; what people click, to gates.
//!
//! ```text
//!            ┌─ uplink ◀──── one MQTT connection, one subscription, or those that are wanted (demand)
//!            ▼
//!   relay: each message is read once, then handed on as the bytes that it came in
//!     ├─▶ hub: a log per channel ─▶ shards ─▶ outboxes    one per client, one write for all pending
//!     ├─▶ controllers ─▶ outboxes             controllers that speak WebSocket instead of MQTT
//!     └─▶ pictures ──▶ HTTP
//!   session: what a client says, pings, why it ends; it writes where a socket was full
//!   http: the listener, who may enter, the dashboard, /status, pictures, upgrades to WebSocket
//! ```
//!
//! | queue | bound | when it is full |
//! |---|---|---|
//! | what a channel has said and some client is still to be told | 1 MiB of events; 64 KiB of states, and the latest of each | a client that is further behind is closed with 4008 and resumes |
//! | what is for one client alone: its greeting, answers, errors | the greeting, and 1 MiB | the client is closed with 4008 |
//! | pings, pongs and the close for one client | 1 KiB | the latest ping is answered, others are not |
//! | what goes to the broker | 1,024 messages | the sender is answered `broker_unavailable` |
//! | commands of one client without an answer | 100; 200 with those that are urgent | answered `rate_limited` |
//! | audit records that wait for the disk | 10,000 | the newest are lost, counted, and said in the next one |
//! | commands of one client, and of one gate | [`Limits`] | answered `rate_limited` |
//! | recent events of a channel | 10,000, and 8 MiB | the oldest is forgotten |
//! | recent pictures of a gate | 20, and 8 MiB | the oldest is forgotten |
//! | older pictures of a gate, which were asked for | 20, and 8 MiB | the oldest is forgotten |
//! | pictures asked for at once | 4 | who asks for more waits, 5 s in all |
//! | viewers of streams | 100, 20 of one address | who comes later is refused |
//! | frames of a stream | the latest of each gate, shared by its viewers | the one before is skipped; a viewer that takes nothing for 30 s is closed |
//!
//! `fuzzing`, a feature, is what the fuzz targets see.
//!
//! The gateway keeps nothing that it could not lose: latest states, recent events and pictures,
//! sessions. It never moves a boom by itself and never sends a command twice.

mod allowance;
mod audit;
mod command;
mod config;
mod controller;
mod coverage;
mod demand;
mod fetch;
mod figures;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod gateway;
mod http;
mod hub;
mod logins;
mod outbox;
mod pictures;
mod questions;
mod rate;
mod relay;
mod session;
mod streams;
mod uplink;
mod visitor;

pub use config::{AuditFile, Config, Limits, Subscribe, Tls};
pub use gateway::{BindError, Gateway, GatewayError};
pub use http::{Network, NetworkError};
pub use logins::LoginConfig;
pub use rate::Rate;
