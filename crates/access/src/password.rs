//! Passwords and their hashes.

use std::fmt;

use argon2::{
    Algorithm, Argon2, Block, Params, PasswordHasher, Version,
    password_hash::phc::{Ident, Output, PasswordHash},
};
use service::Secret;

/// How many characters a password has at least.
pub const MIN_PASSWORD: usize = 8;
/// Argon2id, version 19, 19 MiB, two passes, one lane: what OWASP recommends.
const ALGORITHM: &str = "argon2id";
/// As expensive as that of a user.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5IGlzIGhlcmU$\
                      Zm9yIHRoaXMgdGhlcmUgaXMgbm8gcGFzc3dvcmQhISE";
/// Easy to read out and to type: no `0`, `O`, `1`, `l`, `i`, `o`, `u` or `v`.
const LETTERS: &[u8; 32] = b"23456789abcdefghjkmnpqrstwxyzABC";
/// 120 bits.
const GENERATED: usize = 24;

/// A password as it is kept: `$argon2id$v=19$m=19456,t=2,p=1$…`.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Hash(String);

/// Where a password is hashed: 19 MiB, taken up once and used again.
///
/// An allocator that is asked for as much by one thread after the other keeps it for each of them,
/// which is 500 MB after a hundred guesses.
#[derive(Default)]
pub(crate) struct Memory(Vec<Block>);

/// The text is not a hash that a password can be checked against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an argon2id hash")]
pub(crate) struct NotAHash;

/// The password is not good enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// It is soon guessed.
    #[error("the password has fewer than {MIN_PASSWORD} characters")]
    Short,
    /// It could not be typed into every client.
    #[error("the password has a control character, such as a tab, in it")]
    Control,
}

impl Hash {
    /// Hashes a password. Takes 20 ms and 19 MiB.
    ///
    /// # Errors
    ///
    /// The password is not good enough.
    pub(crate) fn of(password: &Secret) -> Result<Self, PasswordError> {
        let text = password.expose();
        if text.chars().count() < MIN_PASSWORD {
            return Err(PasswordError::Short);
        }
        if text.chars().any(char::is_control) {
            return Err(PasswordError::Control);
        }

        Ok(Self::made(text.as_bytes()))
    }

    /// A hash to compare with where there is no user. Nobody knows a password that has it.
    pub(crate) fn of_nobody() -> Self {
        Self(NOBODY.to_owned())
    }

    fn made(password: &[u8]) -> Self {
        let hash: PasswordHash = Argon2::default()
            .hash_password(password)
            .expect("the default parameters are valid and the system has random numbers");

        Self(hash.to_string())
    }

    pub(crate) fn parse(text: String) -> Result<Self, NotAHash> {
        match PasswordHash::new(&text) {
            Ok(hash) if Ident::new(ALGORITHM) == Ok(hash.algorithm) && hash.hash.is_some() => {
                Ok(Self(text))
            }
            Ok(_) | Err(_) => Err(NotAHash),
        }
    }

    /// Whether it is the hash of this password. Takes as long as making it.
    pub(crate) fn is_of(&self, password: &[u8], memory: &mut Memory) -> bool {
        self.compare(password, memory).unwrap_or(false)
    }

    fn compare(&self, password: &[u8], memory: &mut Memory) -> Option<bool> {
        let hash = PasswordHash::new(&self.0).ok()?;
        let (salt, expected) = (hash.salt.as_ref()?, hash.hash.as_ref()?);
        let algorithm = Algorithm::try_from(hash.algorithm.as_str()).ok()?;
        let version = hash.version.map_or(Ok(Version::default()), Version::try_from).ok()?;
        let params = Params::try_from(&hash).ok()?;
        memory.0.resize(params.block_count(), Block::default());

        let mut computed = [0; Output::MAX_LENGTH];
        let computed = computed.get_mut(..expected.len())?;
        Argon2::new(algorithm, version, params)
            .hash_password_into_with_memory(password, salt, computed, &mut memory.0)
            .ok()?;

        // In constant time.
        Some(Output::new(computed).ok()? == *expected)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hash")
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Memory")
    }
}

/// A password that nobody guesses: 24 letters and digits.
///
/// # Panics
///
/// The system has no random numbers.
pub fn generate() -> Secret {
    let mut bytes = [0; GENERATED];
    getrandom::fill(&mut bytes).expect("the system has random numbers");
    let text: String =
        bytes.iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect();

    text.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_known_by_its_hash() {
        let hash = Hash::of(&"open sesame".to_owned().into()).unwrap();

        assert!(hash.as_str().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", hash.as_str());
        let read = Hash::parse(hash.as_str().to_owned()).unwrap();
        let mut memory = Memory::default();
        assert!(read.is_of(b"open sesame", &mut memory));
        assert!(!read.is_of(b"open sesam", &mut memory));
        assert!(!Hash::of_nobody().is_of(b"open sesame", &mut memory));
        assert!(read.is_of(b"open sesame", &mut memory), "what was there before does no harm");
        let parameters = |hash: &Hash| hash.as_str().rsplitn(3, '$').last().map(str::to_owned);
        assert_eq!(parameters(&Hash::of_nobody()), parameters(&hash));
        assert_eq!(Hash::parse(Hash::of_nobody().as_str().to_owned()), Ok(Hash::of_nobody()));
    }

    #[test]
    fn what_is_no_hash_of_argon2id_is_refused() {
        for text in
            ["", "open sesame", "$argon2id$", "$argon2id$v=19$m=19456,t=2,p=1", "$2b$12$abcdefgh"]
        {
            assert_eq!(Hash::parse(text.to_owned()), Err(NotAHash), "{text}");
        }
        let other = Hash::of_nobody().as_str().replace("argon2id", "argon2d");
        assert_eq!(Hash::parse(other), Err(NotAHash));
    }

    #[test]
    fn a_password_that_is_soon_guessed_is_refused() {
        for (password, error) in [
            ("seven77", PasswordError::Short),
            ("ééééééé", PasswordError::Short),
            ("tab\tinside", PasswordError::Control),
        ] {
            assert_eq!(Hash::of(&password.to_owned().into()), Err(error));
        }
    }

    #[test]
    fn a_generated_password_is_long_and_another_each_time() {
        let (one, other) = (generate(), generate());

        assert_eq!(one.expose().len(), 24);
        assert_ne!(one, other);
    }
}
