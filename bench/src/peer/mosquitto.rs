//! The configuration of Mosquitto.

use std::net::SocketAddr;

use super::Bounds;

/// `set_tcp_nodelay` as ours has it, and as many messages in flight.
pub(super) fn config(address: SocketAddr, bounds: Bounds) -> String {
    let queue = match bounds {
        // By default it drops what waits beyond 1,000 messages, in silence.
        Bounds::Lifted => "max_queued_messages 0\n",
        Bounds::Default => "",
    };

    format!(
        "listener {} {}\nallow_anonymous true\npersistence false\nset_tcp_nodelay true\n\
         max_inflight_messages 100\n{queue}log_dest none\n",
        address.port(),
        address.ip(),
    )
}
