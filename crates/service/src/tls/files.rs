//! The files of the certificate: looked at every second, read again when they have changed.
//!
//! New connections see the new certificate, old ones live on. What cannot be used is reported, and
//! the old certificate stays.

use std::{
    fmt, fs,
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime},
};

use jiff::{SignedDuration, Timestamp};
use rustls::{ServerConfig, sign::SingleCertAndKey};
use tokio::{sync::watch, time::Instant};
use tracing::{error, info, warn};

use super::{TlsError, chain};

/// How often [`Files::look`] is to be called.
pub const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How often one is reminded of a certificate that expires.
const REMIND_EVERY: Duration = Duration::from_secs(24 * 60 * 60);
/// How long before a certificate expires it is worth a word.
const EXPIRES_SOON: SignedDuration = SignedDuration::from_hours(14 * 24);

/// The configuration for each further connection.
pub type Current = watch::Receiver<Arc<ServerConfig>>;

/// The files, and what was read from them last.
pub struct Files {
    /// All that are looked at; the certificate is the first.
    paths: Vec<PathBuf>,
    load: Box<Load>,
    current: watch::Sender<Arc<ServerConfig>>,
    seen: Stamp,
    /// Whether they have changed since they were read.
    stale: bool,
    expires: Timestamp,
    reminded: Instant,
}

/// How the files are read.
type Load = dyn Fn() -> Result<Loaded, TlsError> + Send + Sync;

/// What tells that a file is another one: when it was written, and how long it is.
type Stamp = Vec<Option<(SystemTime, u64)>>;

/// What the files say.
#[derive(Debug)]
pub struct Loaded {
    /// What a server does with them.
    pub server: ServerConfig,
    /// When the certificate expires.
    pub expires: Timestamp,
}

impl Files {
    /// Reads the files for the first time. `paths` are those that `load` reads, the certificate first.
    ///
    /// # Errors
    ///
    /// They cannot be used.
    pub fn open(
        paths: Vec<PathBuf>,
        load: impl Fn() -> Result<Loaded, TlsError> + Send + Sync + 'static,
    ) -> Result<Self, TlsError> {
        let seen = stamp(&paths);
        let loaded = load()?;
        let files = Self {
            paths,
            load: Box::new(load),
            current: watch::Sender::new(Arc::new(loaded.server)),
            seen,
            stale: false,
            expires: loaded.expires,
            reminded: Instant::now(),
        };
        files.remind();

        Ok(files)
    }

    /// A certificate and its key, for whoever connects.
    ///
    /// # Errors
    ///
    /// They cannot be used.
    pub fn identity(
        certificate: PathBuf,
        key: PathBuf,
        protocols: &'static [&'static [u8]],
    ) -> Result<Self, TlsError> {
        Self::open(vec![certificate.clone(), key.clone()], move || {
            let identity = super::identity(&certificate, &key)?;
            let expires = super::expiry(&identity, &certificate)?;
            let mut server = super::server()
                .with_no_client_auth()
                .with_cert_resolver(Arc::new(SingleCertAndKey::from(identity)));
            server.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();

            Ok(Loaded { server, expires })
        })
    }

    /// What counts now, and whatever comes after it.
    pub fn current(&self) -> Current {
        self.current.subscribe()
    }

    /// Files are read once they have been the same for two looks: certificate and key are not
    /// replaced in the same instant.
    pub fn look(&mut self) {
        let now = stamp(&self.paths);
        let settled = now == self.seen;
        self.seen = now;

        match (settled, self.stale) {
            (true, true) => self.reload(),
            (true, false) => {}
            (false, _) => self.stale = true,
        }
        if self.reminded.elapsed() > REMIND_EVERY {
            self.reminded = Instant::now();
            self.remind();
        }
    }

    /// Reads them at once.
    pub fn reload(&mut self) {
        self.stale = false;

        match (self.load)() {
            Ok(loaded) => self.replace(loaded),
            Err(error) => report(&error),
        }
    }

    fn replace(&mut self, loaded: Loaded) {
        info!(expires = %loaded.expires, "The certificate was read again");
        self.expires = loaded.expires;
        self.remind();
        self.current.send_replace(Arc::new(loaded.server));
    }

    fn remind(&self) {
        let file = self.paths.first().map(|path| path.display().to_string()).unwrap_or_default();
        let (expires, left) = (self.expires, Timestamp::now().duration_until(self.expires));

        if left.is_negative() {
            error!(file, %expires, "The certificate has expired: clients refuse it");
        } else if left < EXPIRES_SOON {
            warn!(file, %expires, "The certificate expires soon: replace the file");
        }
    }
}

impl fmt::Debug for Files {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Files").field("paths", &self.paths).finish_non_exhaustive()
    }
}

fn report(error: &TlsError) {
    error!(reason = chain(error), "The new certificate cannot be used, the old one stays");
}

fn stamp(paths: &[PathBuf]) -> Stamp {
    paths
        .iter()
        .map(|file| {
            let file = fs::metadata(file).ok()?;
            Some((file.modified().ok()?, file.len()))
        })
        .collect()
}
