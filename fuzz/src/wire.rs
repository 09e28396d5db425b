//! MQTT as a client has it, apart from the broker's codec: writes what a client says, and takes
//! apart what a server says, stricter than any client would.

mod say;
mod server;

pub use broker::fuzzing::Protocol;
pub use say::{
    Connect, Publish, Request, Will, acknowledge, disconnect, ping, subscribe, unsubscribe,
};
pub use server::{Incoming, Said, cut, understand};
