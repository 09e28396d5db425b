//! The configuration of Mosquitto.

use std::net::SocketAddr;

use super::{
    Bounds,
    guard::{CERTIFICATE, Guard, KEY, PBKDF2, Post, USER},
};

/// The file of passwords, next to the configuration.
pub(super) const PASSWORDS: &str = "passwords";

pub(super) fn passwords() -> String {
    format!("{USER}:{PBKDF2}\n")
}

/// `set_tcp_nodelay` as ours has it, and as many messages in flight.
pub(super) fn config(address: SocketAddr, bounds: Bounds, post: Post<'_>) -> String {
    let queue = match bounds {
        // By default it drops what waits beyond 1,000 messages, in silence.
        Bounds::Lifted => "max_queued_messages 0\n",
        Bounds::Default => "",
    };

    let file = |name| post.dir.join(name).display().to_string();
    let guarded = match post.guard {
        Guard::Nobody => "allow_anonymous true\n".to_owned(),
        Guard::Users => format!("allow_anonymous false\npassword_file {}\n", file(PASSWORDS)),
        Guard::Tls => format!(
            "allow_anonymous true\nlistener {} {}\ncertfile {}\nkeyfile {}\n",
            post.tls.port(),
            post.tls.ip(),
            file(CERTIFICATE),
            file(KEY)
        ),
    };

    format!(
        "listener {} {}\n{guarded}persistence false\nset_tcp_nodelay true\n\
         max_inflight_messages 100\n{queue}log_dest none\n",
        address.port(),
        address.ip(),
    )
}
