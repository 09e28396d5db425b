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
        Self::start_with(port, &[])
    }

    /// Starts one that hears of a gate while somebody listens to it, and no longer.
    #[track_caller]
    pub fn start_by_demand(port: &Port) -> Self {
        let demand = [("MANLESS_GATEWAY__SUBSCRIBE", "demand"), ("MANLESS_GATEWAY__LINGER", "0s")];

        Self::start_with(port, &demand)
    }

    #[track_caller]
    fn start_with(port: &Port, settings: &[(&str, &str)]) -> Self {
        let broker = port.address();
        let mut command = ours("ws-gateway");
        command
            .envs(settings.iter().copied())
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

    /// One of its figures, without the beginning that all of them have.
    #[track_caller]
    pub fn figure(&self, name: &str) -> u64 {
        let text = try_get(self.address, "/metrics").expect("it answers");
        let text = String::from_utf8(text).expect("figures are text");
        let figure = text.lines().find_map(|line| {
            line.strip_prefix("manless_gateway_")?.strip_prefix(name)?.strip_prefix(' ')
        });

        figure.and_then(|figure| figure.parse().ok()).unwrap_or_else(|| panic!("no {name}: {text}"))
    }

    /// A client on the channel of a gate, `gate_all` or `admin`.
    #[track_caller]
    pub fn dashboard(&self, channel: &str) -> WebSocket {
        WebSocket::connect(self.address, &format!("/ws/{channel}"))
    }
}
