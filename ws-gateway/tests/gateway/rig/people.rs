//! Those who may log in.

use std::{fs, path::PathBuf};

use access::{Access, Config, NewToken, Roles, TokensFile, UsersFile};
use jiff::{SignedDuration, Timestamp};
use schemas::Root;
use tempfile::TempDir;

/// Files of users and tokens. Everybody has a token of his own name; `password` says who has a
/// password.
pub(crate) struct People {
    dir: TempDir,
    config: Config,
}

impl People {
    /// An admin, a viewer, an operator of one gate, and the agent of that gate.
    pub(crate) fn new() -> Self {
        Self::with(Config::default())
    }

    pub(crate) fn with(config: Config) -> Self {
        let people = Self { dir: TempDir::new().unwrap(), config };
        people.add("ada", "admin", &[]);
        people.add("vera", "viewer", &[]);
        people.add("otto", "operator", &["gate_in"]);
        people.add("gate_in", "agent", &[]);

        people
    }

    pub(crate) fn access(&self) -> Access {
        Access::open(&self.config, self.dir.path(), &Root::default()).unwrap()
    }

    /// Adds somebody without a password.
    pub(crate) fn add(&self, name: &str, role: &str, gates: &[&str]) {
        let role = self.roles().find(role).unwrap();
        let gates = gates.iter().map(|gate| gate.parse().unwrap()).collect();

        self.change(|users| users.add(&name.parse().unwrap(), &role, gates, None).unwrap());
    }

    /// Gives somebody a password.
    pub(crate) fn set_password(&self, name: &str, password: &str) {
        let password = password.to_owned().into();

        self.change(|users| users.set_password(&name.parse().unwrap(), &password).unwrap());
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut UsersFile)) {
        let mut users =
            UsersFile::open(&self.dir.path().join("users.toml"), &self.roles()).unwrap();
        change(&mut users);
        users.save().unwrap();
    }

    /// Says what somebody is, in another way than it was said before.
    pub(crate) fn rewrite(&self, from: &str, to: &str) {
        let path = self.dir.path().join("users.toml");
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{text}");

        fs::write(path, text.replace(from, to)).unwrap();
    }

    /// A new token of somebody.
    pub(crate) fn token(&self, user: &str) -> String {
        self.token_until(user, None)
    }

    /// A new token of somebody that is good for so long; it may be over already.
    pub(crate) fn token_for(&self, user: &str, time: SignedDuration) -> String {
        self.token_until(user, Some(Timestamp::now() + time))
    }

    /// Takes all tokens of somebody away.
    pub(crate) fn take_tokens(&self, user: &str) {
        let mut tokens = TokensFile::open(&self.tokens()).unwrap();
        assert!(tokens.remove_of(&user.parse().unwrap()) > 0);
        tokens.save().unwrap();
    }

    fn token_until(&self, user: &str, expires: Option<Timestamp>) -> String {
        let mut tokens = TokensFile::open(&self.tokens()).unwrap();
        let number = tokens.list().len();
        let wanted = NewToken {
            name: format!("{user}-{number}").parse().unwrap(),
            user: user.parse().unwrap(),
            expires,
            gates: [].into(),
        };
        let token = tokens.add(&wanted, Timestamp::now()).unwrap();
        tokens.save().unwrap();

        token.expose().to_owned()
    }

    fn tokens(&self) -> PathBuf {
        self.dir.path().join("tokens.toml")
    }

    fn roles(&self) -> Roles {
        Roles::new(&self.config.roles).unwrap()
    }
}

/// What somebody posts to log in.
pub(crate) fn password(name: &str, password: &str) -> String {
    serde_json::json!({ "username": name, "password": password }).to_string()
}
