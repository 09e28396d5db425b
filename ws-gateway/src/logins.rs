//! Who has logged in with a browser, and for how long.
//!
//! A browser holds a number that nobody guesses; here is its hash, in memory alone (decision 24). A
//! login ends when it is ended, when it was not used for a while, at the latest after its lifetime,
//! and when its user is changed.

use std::{
    collections::HashMap,
    future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use access::User;
use serde::Deserialize;
use service::Secret;
use sha2::{Digest, Sha256};
use tokio::time::{self, Instant};
use tokio_util::sync::CancellationToken;

const RANDOM: usize = 32;

/// The section `[gateway.logins]`: how long somebody who logs in with a browser stays.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LoginConfig {
    /// How long a login lives that nobody uses. A page that is open uses it.
    #[serde(with = "humantime_serde")]
    pub idle: Duration,
    /// How long it lives at most.
    #[serde(with = "humantime_serde")]
    pub lifetime: Duration,
    /// Logins of one user. Beyond them, the one that was not used for longest ends.
    pub per_user: usize,
}

impl Default for LoginConfig {
    fn default() -> Self {
        let hours = |hours: u64| Duration::from_secs(hours * 3600);

        Self { idle: hours(12), lifetime: hours(7 * 24), per_user: 50 }
    }
}

/// All logins.
#[derive(Debug)]
pub(crate) struct Logins {
    config: LoginConfig,
    open: Mutex<HashMap<Key, Arc<Login>>>,
}

/// One login.
#[derive(Debug)]
pub(crate) struct Login {
    user: User,
    ends: Instant,
    usage: Mutex<Usage>,
    over: CancellationToken,
}

/// Keeps a login from growing old: it is in use.
#[derive(Debug, Clone)]
pub(crate) struct Stay(Arc<Staying>);

#[derive(Debug)]
struct Staying(Arc<Login>);

#[derive(Debug)]
struct Usage {
    last: Instant,
    stays: usize,
}

/// The SHA-256 of what a browser holds.
type Key = [u8; 32];

impl Logins {
    pub(crate) fn new(config: LoginConfig) -> Self {
        Self { config, open: Mutex::default() }
    }

    /// How long a login lives at most.
    pub(crate) fn lifetime(&self) -> Duration {
        self.config.lifetime
    }

    /// Somebody has logged in: what his browser is to hold, always another.
    pub(crate) fn open(&self, user: User, now: Instant) -> Secret {
        let id = random();
        let login = Login {
            ends: now + self.config.lifetime,
            usage: Mutex::new(Usage { last: now, stays: 0 }),
            over: CancellationToken::new(),
            user,
        };
        let mut open = self.lock();
        open.retain(|_, login| self.keeps(login, now));
        self.make_room(&mut open, &login.user);
        open.insert(key(id.expose().as_bytes()), Arc::new(login));

        id
    }

    /// Whose browser holds this.
    pub(crate) fn find(&self, id: &[u8], now: Instant) -> Option<Stay> {
        let key = key(id);
        let mut open = self.lock();
        let login = Arc::clone(open.get(&key)?);
        if !self.keeps(&login, now) {
            open.remove(&key);
            return None;
        }

        login.usage().stays += 1;
        Some(Stay(Arc::new(Staying(login))))
    }

    /// Ends a login: whoever comes with it again is not known, and who is there with it has to go.
    pub(crate) fn end(&self, id: &[u8]) {
        if let Some(login) = self.lock().remove(&key(id)) {
            login.over.cancel();
        }
    }

    fn keeps(&self, login: &Login, now: Instant) -> bool {
        let usage = login.usage();
        let is_idle = usage.stays == 0 && now >= usage.last + self.config.idle;
        let keeps = !is_idle && now < login.ends && login.user.is_current();
        if !keeps {
            login.over.cancel();
        }

        keeps
    }

    fn make_room(&self, open: &mut HashMap<Key, Arc<Login>>, user: &User) {
        let theirs = open.iter().filter(|(_, login)| login.user.name() == user.name());
        if theirs.clone().count() < self.config.per_user.max(1) {
            return;
        }
        let oldest = theirs.min_by_key(|(_, login)| login.usage().last).map(|(key, _)| *key);
        if let Some(login) = oldest.and_then(|key| open.remove(&key)) {
            login.over.cancel();
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Arc<Login>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Login {
    fn usage(&self) -> MutexGuard<'_, Usage> {
        self.usage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stay {
    pub(crate) fn user(&self) -> &User {
        &self.0.0.user
    }

    /// How much longer the login lives at most.
    pub(crate) fn left(&self, now: Instant) -> Duration {
        self.0.0.ends.saturating_duration_since(now)
    }

    /// Returns when the login ends.
    pub(crate) async fn over(&self) {
        let login = &self.0.0;

        tokio::select! {
            () = login.over.cancelled() => {}
            () = time::sleep_until(login.ends) => {}
        }
    }
}

impl Drop for Staying {
    fn drop(&mut self) {
        let mut usage = self.0.usage();
        usage.stays -= 1;
        usage.last = Instant::now();
    }
}

/// Returns when a login ends, if there is one.
pub(crate) async fn over(stay: Option<&Stay>) {
    match stay {
        Some(stay) => stay.over().await,
        None => future::pending().await,
    }
}

fn key(id: &[u8]) -> Key {
    Sha256::digest(id).into()
}

fn random() -> Secret {
    let mut bytes = [0; RANDOM];
    getrandom::fill(&mut bytes).expect("the system has random numbers");

    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into()
}

#[cfg(test)]
mod tests;
