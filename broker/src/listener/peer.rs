//! Who is at the other end, before a word of MQTT is spoken.

use std::{fmt, net::SocketAddr, sync::Arc};

/// What is known about a connection.
#[derive(Debug, Clone)]
pub(crate) struct Peer {
    pub(crate) address: SocketAddr,
    /// The name in the certificate that it has shown.
    pub(crate) certificate_name: Option<Arc<str>>,
    pub(crate) transport: Transport,
}

/// What MQTT is spoken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// TCP, in the clear.
    Tcp,
    /// TLS.
    Tls,
    /// WebSocket, in the clear.
    WebSocket,
    /// WebSocket over TLS.
    WebSocketTls,
}

impl Transport {
    pub(super) fn is_encrypted(self) -> bool {
        match self {
            Self::Tcp | Self::WebSocket => false,
            Self::Tls | Self::WebSocketTls => true,
        }
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tcp => "TCP",
            Self::Tls => "TLS",
            Self::WebSocket => "WebSocket",
            Self::WebSocketTls => "WebSocket over TLS",
        })
    }
}
