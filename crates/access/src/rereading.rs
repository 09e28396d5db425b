//! Files that are read again while a program runs: users, tokens and certificates on a hang-up,
//! certificates also when they have changed.

use std::convert::Infallible;

use service::{
    signal::Hangup,
    tls::{Files, LOOK_EVERY},
};
use tokio::time;
use tracing::info;

use crate::access::Access;

impl Access {
    /// Keeps up with the files.
    ///
    /// Changed files of users and tokens are noticed by [`Access::watch_file`].
    pub async fn keep_up(&self, mut hangup: Hangup, mut certificates: Option<Files>) -> Infallible {
        let mut look = time::interval(LOOK_EVERY);

        loop {
            tokio::select! {
                () = hangup.next() => {
                    info!("A hang-up: users and certificates are read again");
                    self.reread().await;
                    certificates.iter_mut().for_each(Files::reload);
                }
                _ = look.tick(), if certificates.is_some() => {
                    certificates.iter_mut().for_each(Files::look);
                }
            }
        }
    }
}
