//! The configuration of our broker.

use std::{fmt::Write, net::SocketAddr, path::Path};

use super::{
    Bounds,
    guard::{ARGON2, CERTIFICATE, Guard, KEY, Post, USER},
};

/// How durable what it stores is.
#[derive(Debug, Clone, Default)]
pub(crate) struct Store {
    /// The value of `durability`; the broker's default where there is none.
    pub(crate) durability: Option<String>,
}

const LIFTED: &str = "handshakes = 20000\nqueued_messages = 10000000\nqueued_bytes = 1073741824\n";

/// The file of users, next to the configuration.
pub(super) const USERS: &str = "users.toml";

pub(super) fn users() -> String {
    format!("[users.{USER}]\npassword = \"{ARGON2}\"\nrole = \"bench\"\n")
}

/// The sections that follow `[broker]`.
pub(super) fn guarded(config: &mut String, post: Post<'_>) {
    // It cannot fail: it only takes memory.
    let _ = match post.guard {
        Guard::Nobody => Ok(()),
        Guard::Users => write!(
            config,
            "\n[access]\nusers = \"{}\"\n\n[access.roles.bench]\npublish = [\"#\"]\n\
             subscribe = [\"#\"]\n",
            post.dir.join(USERS).display()
        ),
        Guard::Tls => write!(
            config,
            "\n[broker.tls]\ncertificate = \"{}\"\nkey = \"{}\"\n",
            post.dir.join(CERTIFICATE).display(),
            post.dir.join(KEY).display()
        ),
    };
}

/// What else is to be set comes from the environment, as for any broker of ours.
pub(super) fn config(
    dir: &Path,
    address: SocketAddr,
    tls: Option<SocketAddr>,
    bounds: Bounds,
    store: Store,
) -> String {
    let tls = tls.map(|address| format!("listen_tls = \"{address}\"\n")).unwrap_or_default();
    let mut config = format!(
        "data_dir = \"{}\"\n\n[log]\nfilter = \"warn\"\n\n[broker]\nlisten = \"{address}\"\n{tls}\n\
         [broker.limits]\nconnections = 20000\n\
         connections_per_address = 20000\nconnections_per_user = 20000\n",
        dir.join("data").display(),
    );
    config.push_str(match bounds {
        // By default a client that lets more than 10,000 messages wait is disconnected.
        Bounds::Lifted => LIFTED,
        Bounds::Default => "",
    });
    if let Some(durability) = &store.durability {
        let _ = write!(config, "\n[broker.store]\ndurability = \"{durability}\"\n");
    }

    config
}
