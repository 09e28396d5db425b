//! Broker and gateway, each in a process of its own.

use std::net::SocketAddr;

use crate::{
    Port, WebSocket,
    http::try_get,
    mosquitto::{Subscriber, Version},
    program::{Program, ours},
};

/// A running `broker`.
#[derive(Debug)]
pub struct Broker {
    /// The process.
    pub program: Program,
    /// Where it listens.
    pub address: SocketAddr,
}

/// A running `ws-gateway`.
#[derive(Debug)]
pub struct Gateway {
    /// The process.
    pub program: Program,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Broker {
    /// Starts one on `port`, and waits until it listens.
    #[track_caller]
    pub fn start(port: &Port) -> Self {
        let mut command = ours("broker");
        command
            .env("MANLESS_BROKER__LISTEN", port.address().to_string())
            .env("MANLESS_DATA_DIR", port.data());
        let program = Program::start(command);
        let address = program.address();

        Self { program, address }
    }

    /// A `mosquitto_sub`.
    #[track_caller]
    pub fn subscriber(&self, filter: &str) -> Subscriber {
        Subscriber::start(self.address, Version::V5, filter)
    }
}

impl Gateway {
    /// Starts one, and waits until it listens; the broker may be away.
    #[track_caller]
    pub fn start(port: &Port) -> Self {
        let broker = port.address();
        let mut command = ours("ws-gateway");
        command
            .env("MANLESS_DATA_DIR", port.data().join("gateway"))
            .env("WEBSOCKET_HOST", "127.0.0.1")
            .env("WEBSOCKET_PORT", "0")
            .env("BACKEND_HOST", broker.ip().to_string())
            .env("BACKEND_PORT", broker.port().to_string());
        let program = Program::start(command);
        let address = program.address();

        Self { program, address }
    }

    /// Whether it is connected to its broker.
    pub fn is_ready(&self) -> bool {
        try_get(self.address, "/readyz").is_some()
    }

    /// A client on the channel of a gate, `gate_all` or `admin`.
    #[track_caller]
    pub fn dashboard(&self, channel: &str) -> WebSocket {
        WebSocket::connect(self.address, &format!("/ws/{channel}"))
    }
}
