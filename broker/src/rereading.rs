//! Files that are read again while the broker runs: users and certificates on a hang-up, certificates
//! also when they have changed.

use std::convert::Infallible;

use access::Access;
use service::signal::Hangup;
use tokio::time;
use tracing::info;

use crate::listener::tls::{Files, LOOK_EVERY};

/// Keeps up with the files.
///
/// A changed file of users is noticed by [`Access::watch_file`].
pub(crate) async fn run(
    mut hangup: Hangup,
    access: &Access,
    mut certificates: Option<Files>,
) -> Infallible {
    let mut look = time::interval(LOOK_EVERY);

    loop {
        tokio::select! {
            () = hangup.next() => {
                info!("A hang-up: users and certificates are read again");
                access.reread().await;
                certificates.iter_mut().for_each(Files::reload);
            }
            _ = look.tick(), if certificates.is_some() => {
                certificates.iter_mut().for_each(Files::look);
            }
        }
    }
}
