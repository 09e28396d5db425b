//! The configuration of our broker.

use std::{fmt::Write, net::SocketAddr, path::Path};

use super::Bounds;

/// How durable what it stores is.
#[derive(Debug, Clone, Default)]
pub(crate) struct Store {
    /// The value of `durability`; the broker's default where there is none.
    pub(crate) durability: Option<String>,
}

const LIFTED: &str = "handshakes = 20000\nqueued_messages = 10000000\nqueued_bytes = 1073741824\n";

/// What else is to be set comes from the environment, as for any broker of ours.
pub(super) fn config(dir: &Path, address: SocketAddr, bounds: Bounds, store: Store) -> String {
    let mut config = format!(
        "data_dir = \"{}\"\n\n[log]\nfilter = \"warn\"\n\n[broker]\nlisten = \"{address}\"\n\n\
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
