//! The rules in force, and the door.

use std::{
    collections::BTreeSet,
    fmt,
    net::IpAddr,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
    time::Duration,
};

use jiff::Timestamp;
use schemas::{GateId, Root};
use service::{
    Secret,
    config::{ConfigError, Settings},
};
use tokio::{sync::watch, time::Instant};
use tracing::{info, warn};

use crate::{
    config::Config,
    disk, password,
    role::{Role, Roles},
    throttle::Throttle,
    token::{BadToken, Digest, Token},
    tokens::{Tokens, TokensError},
    user::User,
    users::{Account, Proof, Users, UsersError},
    verifier::Verifier,
};

/// How many addresses that failed to log in are remembered.
const ADDRESSES: usize = 10_000;

/// Users, roles and rules: one set of them for everything that lets people in.
///
/// Cheap to clone; all clones are the same.
#[derive(Clone)]
pub struct Access(Arc<Inner>);

struct Inner {
    root: Root,
    roles: Roles,
    file: PathBuf,
    tokens_file: PathBuf,
    has_logins: bool,
    /// Of those who do not log in.
    anonymous: Option<Role>,
    users: RwLock<Arc<Users>>,
    tokens: RwLock<Arc<Tokens>>,
    /// The parts of this process.
    house: RwLock<Users>,
    changed: watch::Sender<()>,
    verifier: Verifier,
    throttle: Mutex<Throttle>,
    /// Of tokens, apart: a program with an old one keeps nobody from logging in.
    tokens_throttle: Mutex<Throttle>,
}

/// Somebody is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// There is no such user, or the password is another. Which of them is not said.
    #[error("the user name or the password is wrong")]
    BadLogin,
    /// The password was not looked at: too many were wrong before.
    #[error("too many logins from this address have failed: the next may be tried in {0:?}")]
    TooOften(Duration),
    /// The certificate is good, and its name is no user.
    #[error("the name in the certificate is not a user")]
    NoSuchUser,
}

impl Access {
    /// Reads the sections that it needs, and opens what they name.
    ///
    /// # Errors
    ///
    /// They are not valid, or the file of users is not.
    pub fn load(settings: &Settings) -> Result<Self, ConfigError> {
        let (config, root): (Config, Root) = (settings.read("access")?, settings.read("root")?);

        Self::open(&config, &settings.data_dir()?, &root)
    }

    /// Reads the users, if there are any. Whether there are logins is settled here.
    ///
    /// # Errors
    ///
    /// A role is not valid or not there, the file of users is not, or it is named and not there.
    pub fn open(config: &Config, data_dir: &Path, root: &Root) -> Result<Self, ConfigError> {
        let roles = Roles::new(&config.roles)?;
        let anonymous =
            config.anonymous.as_deref().map(|name| visitors(&roles, name)).transpose()?;
        let file = config.users_file(data_dir);
        let is_optional = config.users.is_none();
        let users = match Users::load(&file, &roles) {
            Err(UsersError::Read { source, .. })
                if is_optional && source.kind() == std::io::ErrorKind::NotFound =>
            {
                Users::default()
            }
            read => read?,
        };
        disk::warn_of_readers(&file);
        let tokens_file = config.tokens_file(data_dir);
        let tokens = Tokens::load(&tokens_file)?;
        if !users.is_empty() {
            info!(users = users.len(), file = %file.display(), "Logins are required");
        }

        let access = Self::new(root.clone(), roles, (file, tokens_file), users, anonymous);
        access.take_tokens(tokens);
        access.tell_of_visitors();
        Ok(access)
    }

    /// Where everybody may do everything, whatever files there are.
    pub fn without_logins(root: &Root) -> Self {
        Self::new(root.clone(), Roles::default(), Default::default(), Users::default(), None)
    }

    fn new(
        root: Root,
        roles: Roles,
        (file, tokens_file): (PathBuf, PathBuf),
        users: Users,
        anonymous: Option<Role>,
    ) -> Self {
        Self(Arc::new(Inner {
            root,
            roles,
            file,
            tokens_file,
            has_logins: !users.is_empty(),
            anonymous,
            users: RwLock::new(users.into()),
            tokens: RwLock::default(),
            house: RwLock::default(),
            changed: watch::Sender::new(()),
            verifier: Verifier::new(),
            throttle: Mutex::new(Throttle::new(ADDRESSES)),
            tokens_throttle: Mutex::new(Throttle::new(ADDRESSES)),
        }))
    }

    /// Whether clients can log in. Without, nobody is known by name.
    pub fn has_logins(&self) -> bool {
        self.0.has_logins
    }

    /// Who comes without a login; `None` where that is not allowed.
    pub fn anonymous(&self) -> Option<User> {
        match &self.0.anonymous {
            Some(role) => Some(User::visitor(role.clone(), self.clone())),
            None => (!self.0.has_logins).then(User::anonymous),
        }
    }

    /// The roles that there are.
    pub fn roles(&self) -> &Roles {
        &self.0.roles
    }

    /// The file of tokens, which need not be there.
    pub fn tokens_file(&self) -> &Path {
        &self.0.tokens_file
    }

    /// The file of users, which need not be there.
    pub fn file(&self) -> &Path {
        &self.0.file
    }

    /// Who comes from `from` with this name and password.
    ///
    /// It is always about as slow for a user that there is not as for a password that is wrong.
    ///
    /// # Errors
    ///
    /// They do not belong together, or the address has to wait.
    pub async fn authenticate(
        &self,
        name: &str,
        password: &[u8],
        from: IpAddr,
    ) -> Result<User, Refused> {
        let verifier = &self.0.verifier;
        // Nobody guesses these, so nobody who guesses may keep them waiting.
        if let Some(user) = self.of_the_house(name, password) {
            return Ok(user);
        }

        let account = self.account(name);
        self.check_patience(from)?;
        let hash = match account.as_deref().map(|account| &account.proof) {
            Some(Proof::Password(hash)) => Some(hash),
            Some(Proof::Certificate | Proof::House(_)) | None => None,
        };
        if hash.is_some_and(|hash| verifier.remembers(name, hash, password)) {
            self.throttle().succeeded(from);
            return Ok(self.user(name, account));
        }

        let turn = verifier.turn().await;
        // Others of the same address may have failed meanwhile.
        self.check_patience(from)?;
        let (is_right, _turn) = verifier.verify(turn, hash, password).await;
        if !is_right {
            self.throttle().failed(from, Instant::now().into_std());
            return Err(Refused::BadLogin);
        }
        self.throttle().succeeded(from);
        if let Some(hash) = hash {
            verifier.remember(name, hash, password);
        }

        Ok(self.user(name, account))
    }

    /// The part of this process that has this name and password: it logs in even where there are no
    /// users.
    pub fn of_the_house(&self, name: &str, password: &[u8]) -> Option<User> {
        let account = self.account(name)?;
        let Proof::House(tag) = &account.proof else { return None };

        self.0.verifier.is_tag_of(tag, password).then(|| self.user(name, Some(account.clone())))
    }

    /// Who has proved with a certificate to be `name`.
    ///
    /// # Errors
    ///
    /// There is no such user.
    pub fn certificate(&self, name: &str) -> Result<User, Refused> {
        self.find(name).ok_or(Refused::NoSuchUser)
    }

    /// Who comes from `from` with this token.
    ///
    /// Nobody guesses one that is good, so nobody waits who has one.
    ///
    /// # Errors
    ///
    /// It is not there, or not good any more. An address that comes with such ones too often is told
    /// to wait.
    pub fn token(&self, token: &[u8], from: IpAddr, now: Timestamp) -> Result<User, BadToken> {
        self.find_token(token, now).map_err(|bad| {
            let now = Instant::now().into_std();
            let throttle = &self.0.tokens_throttle;
            let mut throttle = throttle.lock().unwrap_or_else(PoisonError::into_inner);
            match throttle.wait(from, now) {
                Duration::ZERO => {
                    throttle.failed(from, now);
                    bad
                }
                wait => BadToken::TooOften(wait),
            }
        })
    }

    /// The user of this name in the file.
    pub fn find(&self, name: &str) -> Option<User> {
        let account = self.users().get(name).cloned()?;

        Some(User::known(name, account, self.clone()))
    }

    /// The user of this name, in the file or of the house: for what is kept while they are away.
    pub fn recall(&self, name: &str) -> Option<User> {
        let account = self.account(name)?;

        Some(User::known(name, account, self.clone()))
    }

    /// Makes a user for a part of this process, and its password. It is in no file.
    ///
    /// Its name gets an `@` in front, which no name in the file has.
    pub fn house_user(
        &self,
        name: &str,
        role: Role,
        gates: impl IntoIterator<Item = GateId>,
    ) -> (String, Secret) {
        let (name, password) = (format!("@{name}"), password::generate());
        let proof = Proof::House(self.0.verifier.tag(&password));
        let gates: BTreeSet<GateId> = gates.into_iter().collect();
        let mut house = self.0.house.write().unwrap_or_else(PoisonError::into_inner);
        house.insert(name.clone(), Account { proof, role, gates });

        (name, password)
    }

    /// Reads the file of users again. One that is not valid changes nothing.
    ///
    /// # Errors
    ///
    /// The file cannot be read or is not valid.
    pub fn reload(&self) -> Result<(), UsersError> {
        let users = Users::load(&self.0.file, &self.0.roles)?;
        disk::warn_of_readers(&self.0.file);
        if !self.0.has_logins {
            if !users.is_empty() {
                warn!("There are users: logins are required from the next start");
            }
            return Ok(());
        }
        if *self.users() == users {
            return Ok(());
        }

        info!(users = users.len(), "The users have changed");
        self.0.verifier.retain(|name| users.get(name).is_some());
        *self.0.users.write().unwrap_or_else(PoisonError::into_inner) = users.into();
        self.0.changed.send_replace(());
        Ok(())
    }

    /// Reads the file of tokens again. One that is not valid changes nothing.
    ///
    /// # Errors
    ///
    /// The file cannot be read or is not valid.
    pub fn reload_tokens(&self) -> Result<(), TokensError> {
        let tokens = Tokens::load(&self.0.tokens_file)?;
        if *self.tokens() != tokens {
            info!("The tokens have changed");
            self.take_tokens(tokens);
        }

        Ok(())
    }

    /// Tells of every change of the users and tokens. [`User::revoked`] is what a connection waits for.
    pub fn changes(&self) -> watch::Receiver<()> {
        self.0.changed.subscribe()
    }

    pub(crate) fn root(&self) -> &Root {
        &self.0.root
    }

    pub(crate) fn account(&self, name: &str) -> Option<Arc<Account>> {
        if let Some(account) = self.users().get(name) {
            return Some(Arc::clone(account));
        }
        let house = self.0.house.read().unwrap_or_else(PoisonError::into_inner);

        house.get(name).cloned()
    }

    /// Whether this token is still there, as it was.
    pub(crate) fn has_token(&self, token: &Token) -> bool {
        self.tokens().get(token.digest).is_some_and(|current| **current == *token)
    }

    fn take_tokens(&self, tokens: Tokens) {
        *self.0.tokens.write().unwrap_or_else(PoisonError::into_inner) = tokens.into();
        self.0.changed.send_replace(());
    }

    fn find_token(&self, token: &[u8], now: Timestamp) -> Result<User, BadToken> {
        let token = self.tokens().get(Digest::of(token)).cloned().ok_or(BadToken::Unknown)?;
        if token.has_expired(now) {
            return Err(BadToken::Expired { user: token.user.clone() });
        }
        let account = self.users().get(&token.user).cloned().ok_or(BadToken::Unknown)?;
        let name = token.user.clone();

        Ok(User::with_token(&name, account, token, self.clone()))
    }

    fn tokens(&self) -> Arc<Tokens> {
        Arc::clone(&self.0.tokens.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn users(&self) -> Arc<Users> {
        Arc::clone(&self.0.users.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn user(&self, name: &str, account: Option<Arc<Account>>) -> User {
        let account = account.expect("only the password of an account is right");

        User::known(name, account, self.clone())
    }

    fn tell_of_visitors(&self) {
        let (Some(role), Some(user)) = (&self.0.anonymous, self.anonymous()) else { return };
        let rights = user.rights("{client_id}");

        info!(
            %role,
            publish = ?rights.publishes(),
            subscribe = ?rights.subscribes(),
            except = ?rights.exceptions(),
            "Clients need not log in"
        );
    }

    fn check_patience(&self, from: IpAddr) -> Result<(), Refused> {
        match self.throttle().wait(from, Instant::now().into_std()) {
            Duration::ZERO => Ok(()),
            wait => Err(Refused::TooOften(wait)),
        }
    }

    fn throttle(&self) -> MutexGuard<'_, Throttle> {
        self.0.throttle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The role of those who do not log in.
fn visitors(roles: &Roles, name: &str) -> Result<Role, ConfigError> {
    let refused = |reason| ConfigError::Refused { key: "access.anonymous".to_owned(), reason };
    let role = roles.find(name).map_err(|error| refused(error.to_string()))?;
    if role == Role::Agent {
        let reason = "an agent has gates of its own, and who does not log in has none: make a role \
                      with `[access.roles.NAME]`";
        return Err(refused(reason.to_owned()));
    }

    Ok(role)
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access")
            .field("file", &self.0.file)
            .field("has_logins", &self.0.has_logins)
            .finish_non_exhaustive()
    }
}
