//! How one speaks with a server: which path, which frames.

use std::net::SocketAddr;

use super::{super::message::Message, Server};
use crate::{
    websocket::{Opcode, Side, frame, request},
    wire::{Qos, Retain, Session, Version},
};

const VERSION: Version = Version::V311;

/// What is in the frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::gateway) enum Dialect {
    /// The payload of a message, as text; what one listens to is in the path.
    Text,
    /// Packets of MQTT.
    Mqtt,
}

impl Dialect {
    pub(super) fn of(server: Server) -> Self {
        match server {
            Server::Mosquitto => Self::Mqtt,
            Server::Ours | Server::Batched | Server::Unbatched | Server::Fastapi | Server::Node => {
                Self::Text
            }
        }
    }

    pub(in crate::gateway) fn path(self, gate: &str) -> String {
        match self {
            Self::Text => format!("/ws/{gate}"),
            Self::Mqtt => "/mqtt".to_owned(),
        }
    }

    pub(in crate::gateway) fn protocol(self) -> Option<&'static str> {
        match self {
            Self::Text => None,
            Self::Mqtt => Some("mqtt"),
        }
    }

    pub(in crate::gateway) fn request(self, address: SocketAddr, gate: &str) -> Vec<u8> {
        request(&address.to_string(), &self.path(gate), self.protocol())
    }

    /// What a client says first, in frames.
    pub(in crate::gateway) fn introduction(self, gate: &str) -> Vec<u8> {
        let mut frames = Vec::new();
        for packet in self.first_packets(gate) {
            frame(&mut frames, Opcode::Binary, Side::Client, &packet);
        }

        frames
    }

    pub(in crate::gateway) fn first_packets(self, gate: &str) -> Vec<Vec<u8>> {
        let gate = if gate == super::super::ALL_GATES { "+" } else { gate };
        let name = format!("client-{:016x}", fastrand::u64(..));

        match self {
            Self::Text => Vec::new(),
            Self::Mqtt => vec![
                VERSION.connect(&name, Session::Clean, None),
                VERSION.subscribe(1, &[format!("parking/{gate}/+")], Qos::AtMostOnce),
            ],
        }
    }

    /// How long the frame is in which a message comes.
    pub(in crate::gateway) fn frame_len(self, message: &Message) -> usize {
        match self {
            Self::Text => message.len(),
            Self::Mqtt => {
                let payload = vec![0; message.len()];
                let (qos, retain) = ((Qos::AtMostOnce, 0), Retain::No);
                VERSION.publish(message.topic(), qos, retain, &payload).len()
            }
        }
    }

    /// A command as a client of this server sends it.
    pub(in crate::gateway) fn command(self, topic: &str, envelope: &str) -> (Opcode, Vec<u8>) {
        match self {
            Self::Text => (Opcode::Text, envelope.as_bytes().to_vec()),
            Self::Mqtt => {
                let quality = (Qos::AtLeastOnce, 1);
                let packet = VERSION.publish(topic, quality, Retain::No, envelope.as_bytes());
                (Opcode::Binary, packet)
            }
        }
    }
}
