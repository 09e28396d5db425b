//! Checks passwords: two at once at most, and one that was right before is known at once.
//!
//! A check takes 20 ms of a processor and 19 MiB, on purpose; the memory is kept for the next one.
//! So that a thousand agents that connect again after a broken network do not wait for each other,
//! what was right is remembered for the life of the process, one password for each user: not the
//! password, but a keyed hash of it and of the hash in the file, so that a changed password is not
//! taken for the old one. Whoever can read the memory of the process could guess at that faster than
//! at the file; the same memory has the passwords themselves in it whenever somebody logs in.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use hmac::{Hmac, KeyInit, Mac};
use service::Secret;
use sha2::Sha256;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task,
};

use crate::password::{Hash, Memory};

const AT_ONCE: usize = 2;

/// Checks passwords.
#[derive(Debug)]
pub(crate) struct Verifier {
    key: Key,
    turns: Arc<Semaphore>,
    /// As many as there are turns, at most.
    idle: Arc<Mutex<Vec<Memory>>>,
    /// Where there is no user, this is compared with: it takes as long.
    nobody: Hash,
    remembered: Mutex<HashMap<String, Tag>>,
}

/// A keyed hash of a password.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Tag([u8; 32]);

struct Key([u8; 32]);

impl Verifier {
    pub(crate) fn new() -> Self {
        let mut key = [0; 32];
        getrandom::fill(&mut key).expect("the system has random numbers");

        Self {
            key: Key(key),
            turns: Arc::new(Semaphore::new(AT_ONCE)),
            idle: Arc::default(),
            nobody: Hash::of_nobody(),
            remembered: Mutex::default(),
        }
    }

    /// What the password of a part of this process is known by.
    pub(crate) fn tag(&self, password: &Secret) -> Tag {
        Tag(self.mac("", password.expose().as_bytes()).finalize().into_bytes().into())
    }

    pub(crate) fn is_tag_of(&self, tag: &Tag, password: &[u8]) -> bool {
        self.mac("", password).verify_slice(&tag.0).is_ok()
    }

    /// Whether this password was the right one before, and the hash is still the same.
    pub(crate) fn remembers(&self, name: &str, hash: &Hash, password: &[u8]) -> bool {
        let Some(tag) = lock(&self.remembered).get(name).cloned() else { return false };

        self.mac(hash.as_str(), password).verify_slice(&tag.0).is_ok()
    }

    pub(crate) fn remember(&self, name: &str, hash: &Hash, password: &[u8]) {
        let tag = Tag(self.mac(hash.as_str(), password).finalize().into_bytes().into());

        lock(&self.remembered).insert(name.to_owned(), tag);
    }

    /// Forgets the passwords of all but these users.
    pub(crate) fn retain(&self, is_known: impl Fn(&str) -> bool) {
        lock(&self.remembered).retain(|name, _| is_known(name));
    }

    /// Waits until there is time for a password.
    pub(crate) async fn turn(&self) -> OwnedSemaphorePermit {
        Arc::clone(&self.turns).acquire_owned().await.expect("the semaphore is never closed")
    }

    /// Whether it is the password of `hash`. Without a hash it is not, and that takes as long.
    ///
    /// The turn is given back with the answer, to be kept until the answer has had its effect. If
    /// nobody waits for the answer any more, it lasts until the work is done.
    pub(crate) async fn verify(
        &self,
        turn: OwnedSemaphorePermit,
        hash: Option<&Hash>,
        password: &[u8],
    ) -> (bool, Option<OwnedSemaphorePermit>) {
        let against = hash.unwrap_or(&self.nobody).clone();
        let password = password.to_owned();
        let idle = Arc::clone(&self.idle);
        let check = task::spawn_blocking(move || {
            let mut memory = lock(&idle).pop().unwrap_or_default();
            let right = against.is_of(&password, &mut memory);
            lock(&idle).push(memory);
            (right, turn)
        });

        match check.await {
            Ok((right, turn)) => (right && hash.is_some(), Some(turn)),
            // Only where the process ends.
            Err(_) => (false, None),
        }
    }

    fn mac(&self, hash: &str, password: &[u8]) -> Hmac<Sha256> {
        let mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&self.key.0);

        mac.expect("a key may have any length")
            .chain_update(hash)
            .chain_update([0])
            .chain_update(password)
    }
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key")
    }
}

impl std::fmt::Debug for Tag {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tag")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_right_for_its_hash_and_for_no_other() {
        let verifier = Verifier::new();
        let hash = Hash::of(&"open sesame".to_owned().into()).unwrap();

        assert!(verifier.verify(verifier.turn().await, Some(&hash), b"open sesame").await.0);
        assert!(!verifier.verify(verifier.turn().await, Some(&hash), b"sesame").await.0);
        assert!(!verifier.verify(verifier.turn().await, None, b"open sesame").await.0);
    }

    #[test]
    fn what_was_right_is_remembered_until_the_hash_changes() {
        let verifier = Verifier::new();
        let [hash, other] = [(); 2].map(|()| Hash::of(&"open sesame".to_owned().into()).unwrap());

        assert!(!verifier.remembers("anna", &hash, b"open sesame"));
        verifier.remember("anna", &hash, b"open sesame");
        assert!(verifier.remembers("anna", &hash, b"open sesame"));
        assert!(!verifier.remembers("anna", &hash, b"sesame"));
        assert!(!verifier.remembers("bert", &hash, b"open sesame"));
        assert!(!verifier.remembers("anna", &other, b"open sesame"));

        verifier.retain(|name| name != "anna");
        assert!(!verifier.remembers("anna", &hash, b"open sesame"));
    }
}
