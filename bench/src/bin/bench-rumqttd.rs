//! The peer `rumqttd`: the broker as it ships, on two ports, with the settings of its own example.

use std::{collections::HashMap, net::SocketAddr};

use clap::Parser;
use rumqttd::{Broker, Config, ConnectionSettings, RouterConfig, ServerSettings};

/// rumqttd 0.20 as it ships, to compare with.
#[derive(Debug, Parser)]
struct Args {
    /// Where clients of MQTT 3.1.1 connect.
    v4: SocketAddr,
    /// Where clients of MQTT 5 connect.
    v5: SocketAddr,
}

fn main() -> anyhow::Result<()> {
    let args = Args::parse();

    Broker::new(Config {
        id: 0,
        router: RouterConfig {
            max_connections: 20_010,
            max_outgoing_packet_count: 200,
            max_segment_size: 100 << 20,
            max_segment_count: 10,
            ..RouterConfig::default()
        },
        v4: Some(server("v4", args.v4)),
        v5: Some(server("v5", args.v5)),
        ..Config::default()
    })
    .start()?;

    Ok(())
}

fn server(name: &str, listen: SocketAddr) -> HashMap<String, ServerSettings> {
    let connections = ConnectionSettings {
        connection_timeout_ms: 60_000,
        max_payload_size: 20_480,
        max_inflight_count: 100,
        auth: None,
        external_auth: None,
        dynamic_filters: true,
    };
    let settings = ServerSettings {
        name: name.to_owned(),
        listen,
        tls: None,
        // Its example says 1, which is a pause of at least 1 ms after each connection.
        next_connection_delay_ms: 0,
        connections,
    };

    HashMap::from([(name.to_owned(), settings)])
}
