//! The files of the certificate: looked at every second, read again when they have changed.
//!
//! New connections see the new certificate, old ones live on. What cannot be used is reported, and
//! the old certificate stays.

use std::{
    fs,
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime},
};

use jiff::{SignedDuration, Timestamp};
use rustls::ServerConfig;
use service::{
    config::ConfigError,
    tls::{TlsError, chain},
};
use tokio::{sync::watch, time::Instant};
use tracing::{error, info, warn};

use super::{Current, load};
use crate::config::Tls;

/// How often [`Files::look`] is to be called.
pub(crate) const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How often one is reminded of a certificate that expires.
const REMIND_EVERY: Duration = Duration::from_secs(24 * 60 * 60);
/// How long before a certificate expires it is worth a word.
const EXPIRES_SOON: SignedDuration = SignedDuration::from_hours(14 * 24);

/// The files, and what was read from them last.
pub(crate) struct Files {
    config: Tls,
    current: watch::Sender<Arc<ServerConfig>>,
    seen: Stamp,
    /// Whether they have changed since they were read.
    stale: bool,
    expires: Timestamp,
    reminded: Instant,
}

/// What tells that a file is another one: when it was written, and how long it is.
type Stamp = Vec<Option<(SystemTime, u64)>>;

/// What the files say.
pub(super) struct Loaded {
    pub(super) server: ServerConfig,
    /// When the certificate expires.
    pub(super) expires: Timestamp,
}

impl Files {
    /// Reads the files for the first time.
    ///
    /// # Errors
    ///
    /// They cannot be used.
    pub(crate) fn open(config: &Tls) -> Result<Self, ConfigError> {
        let seen = stamp(config);
        let loaded = load(config).map_err(|error| error.refused("broker.tls", "client_ca"))?;
        remind(config, loaded.expires);

        Ok(Self {
            config: config.clone(),
            current: watch::Sender::new(Arc::new(loaded.server)),
            seen,
            stale: false,
            expires: loaded.expires,
            reminded: Instant::now(),
        })
    }

    /// What counts now, and whatever comes after it.
    pub(crate) fn current(&self) -> Current {
        self.current.subscribe()
    }

    /// Files are read once they have been the same for two looks: certificate and key are not
    /// replaced in the same instant.
    pub(crate) fn look(&mut self) {
        let now = stamp(&self.config);
        let settled = now == self.seen;
        self.seen = now;

        match (settled, self.stale) {
            (true, true) => self.reload(),
            (true, false) => {}
            (false, _) => self.stale = true,
        }
        if self.reminded.elapsed() > REMIND_EVERY {
            self.reminded = Instant::now();
            remind(&self.config, self.expires);
        }
    }

    /// Reads them at once.
    pub(crate) fn reload(&mut self) {
        self.stale = false;

        match load(&self.config) {
            Ok(loaded) => self.replace(loaded),
            Err(error) => report(&error),
        }
    }

    fn replace(&mut self, loaded: Loaded) {
        info!(expires = %loaded.expires, "The certificate was read again");
        remind(&self.config, loaded.expires);
        self.expires = loaded.expires;
        self.current.send_replace(Arc::new(loaded.server));
    }
}

fn report(error: &TlsError) {
    error!(reason = chain(error), "The new certificate cannot be used, the old one stays");
}

fn remind(config: &Tls, expires: Timestamp) {
    let (file, left) = (config.certificate.display(), Timestamp::now().duration_until(expires));

    if left.is_negative() {
        error!(%file, %expires, "The certificate has expired: clients refuse it");
    } else if left < EXPIRES_SOON {
        warn!(%file, %expires, "The certificate expires soon: replace the file");
    }
}

fn stamp(config: &Tls) -> Stamp {
    let files: [Option<&PathBuf>; 3] =
        [Some(&config.certificate), Some(&config.key), config.client_ca.as_ref()];

    files
        .into_iter()
        .map(|file| {
            let file = fs::metadata(file?).ok()?;
            Some((file.modified().ok()?, file.len()))
        })
        .collect()
}
