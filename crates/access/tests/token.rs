//! Tokens: who gets in with one, and what happens when it is taken away.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{
    fs,
    net::{IpAddr, Ipv4Addr},
    path::PathBuf,
    time::Duration,
};

use access::{
    Access, BadToken, Config, Gates, NewToken, Role, RoleConfig, Roles, TokenFileError, TokensFile,
    User, UsersFile,
};
use jiff::{SignedDuration, Timestamp};
use schemas::Root;
use service::Secret;
use tempfile::TempDir;
use tokio::{task::JoinSet, time};
use tokio_util::sync::CancellationToken;

const PATIENCE: Duration = Duration::from_secs(20);
const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

#[test]
fn who_has_a_token_is_its_user() {
    let site = Site::new();
    let token = site.token("grafana", "anna", &[], None);
    let access = site.access();

    let user = login(&access, &token).unwrap();
    assert_eq!((user.name(), user.token()), (Some("anna"), Some("grafana")));
    assert_eq!(user.role(), Some(&Role::Operator));
    assert_eq!(user.reach().commands, Gates::All);
    assert_eq!(user.expires(), None);

    for text in ["", "manless_", &token.expose()[..70], &format!("{} ", token.expose())] {
        // Each from an address of its own, that none has to wait.
        let from = [192, 0, 2, text.len() as u8].into();
        let refused = access.token(text.as_bytes(), from, Timestamp::now()).unwrap_err();
        assert_eq!(refused, BadToken::Unknown, "{text}");
    }
}

#[test]
fn a_token_opens_no_more_gates_than_it_says_and_than_its_user_has() {
    let site = Site::new();
    for (name, user, gates, opens) in [
        ("t1", "anna", &["gate_in"][..], &["gate_in"][..]),
        ("t2", "bert", &[], &["gate_1", "gate_2"]),
        ("t3", "bert", &["gate_2", "gate_3"], &["gate_2"]),
        // Of a user who has been given other gates since, nothing is left: not everything.
        ("t4", "bert", &["gate_9"], &[]),
        // A role that is not limited to gates cannot be limited by a token.
        ("t5", "sensor", &["gate_in"], &[]),
    ] {
        let token = site.token(name, user, gates, None);
        let reach = login(&site.access(), &token).unwrap().reach();

        let opens = opens.iter().map(|gate| gate.parse().unwrap()).collect();
        assert_eq!((&reach.sees, &reach.pictures), (&Gates::Only(opens), &reach.sees), "{name}");
    }
}

#[test]
fn a_token_that_has_expired_opens_nothing() {
    let site = Site::new();
    let expires = Timestamp::from_second(2_000_000_000).unwrap();
    let token = site.token("grafana", "anna", &[], Some(expires));
    let access = site.access();

    let just_before = expires - SignedDuration::from_millis(1);
    let user = access.token(token.expose().as_bytes(), HERE, just_before).unwrap();
    assert_eq!(user.expires(), Some(expires));
    let refused = access.token(token.expose().as_bytes(), HERE, expires).unwrap_err();
    assert_eq!(refused, BadToken::Expired { user: "anna".to_owned() });
}

#[tokio::test(start_paused = true)]
async fn wrong_tokens_have_to_wait_and_keep_no_other_waiting() {
    let site = Site::new();
    let token = site.token("grafana", "anna", &[], None);
    let access = site.access();
    let wrong = || access.token(b"manless_", HERE, Timestamp::now()).unwrap_err();

    for _ in 0..3 {
        assert_eq!(wrong(), BadToken::Unknown);
    }
    assert_eq!(wrong(), BadToken::TooOften(Duration::from_secs(1)));
    login(&access, &token).unwrap();
    assert_eq!(wrong(), BadToken::TooOften(Duration::from_secs(1)), "no token makes forget");
    time::advance(Duration::from_secs(1)).await;
    assert_eq!(wrong(), BadToken::Unknown);
    assert_eq!(wrong(), BadToken::TooOften(Duration::from_secs(2)));
    let elsewhere = [192, 0, 2, 9].into();
    let refused = access.token(b"manless_", elsewhere, Timestamp::now()).unwrap_err();
    assert_eq!(refused, BadToken::Unknown);
}

#[tokio::test]
async fn who_is_in_with_a_token_has_to_go_when_it_expires() {
    let site = Site::new();
    let soon_over = Timestamp::now() + SignedDuration::from_secs(2);
    let token = site.token("grafana", "anna", &[], Some(soon_over));
    let user = login(&site.access(), &token).unwrap();

    soon(user.revoked()).await;

    assert!(!user.is_current() && Timestamp::now().as_second() >= soon_over.as_second());
}

#[tokio::test]
async fn a_running_process_notices_what_is_added_and_taken_away() {
    let site = Site::new();
    let (cancel, mut tasks) = (CancellationToken::new(), JoinSet::new());
    let access = site.access();
    tasks.spawn(access.clone().watch_file(cancel.clone()));

    let [grafana, scada, nagios] = ["grafana", "scada", "nagios"].map(|name| {
        let user = if name == "nagios" { "bert" } else { "anna" };
        site.token(name, user, &[], None)
    });
    let mut users = Vec::new();
    for token in [&grafana, &scada, &nagios] {
        users.push(known(&access, token).await);
    }

    site.change(|tokens| tokens.remove(&"grafana".parse().unwrap()).unwrap());
    soon(users[0].revoked()).await;
    assert_eq!(login(&access, &grafana).unwrap_err(), BadToken::Unknown);
    assert!(users[1].is_current() && users[2].is_current());

    site.users(|users| users.remove(&"anna".parse().unwrap()).unwrap());
    soon(users[1].revoked()).await;
    assert_eq!(login(&access, &scada).unwrap_err(), BadToken::Unknown);
    assert!(users[2].is_current());

    cancel.cancel();
    soon(tasks.join_next()).await.unwrap().unwrap().unwrap();
}

#[test]
fn a_file_that_is_not_valid_changes_nobody() {
    let site = Site::new();
    let token = site.token("grafana", "anna", &[], None);
    let access = site.access();

    fs::write(site.path(), "[tokens.grafana]\nuser = 'anna'\n").unwrap();
    let error = access.reload_tokens().unwrap_err().to_string();
    assert!(error.contains("tokens.toml are not valid: line 1: missing field"), "{error}");
    login(&access, &token).unwrap();
    let error = Access::open(&site.config(), site.0.path(), &Root::default()).unwrap_err();
    assert!(error.to_string().contains("`access.tokens` is refused"), "{error}");

    fs::remove_file(site.path()).unwrap();
    access.reload_tokens().unwrap();
    assert_eq!(login(&access, &token).unwrap_err(), BadToken::Unknown);
}

#[test]
fn the_file_has_no_token_in_it_and_is_for_its_owner() {
    let site = Site::new();
    let expires = Timestamp::from_second(2_000_000_000).unwrap();
    let token = site.token("grafana", "anna", &["gate_in"], Some(expires));
    site.token("scada", "anna", &[], None);

    let text = fs::read_to_string(site.path()).unwrap();
    assert!(text.starts_with("# What programs log in with"), "{text}");
    assert!(!text.contains(token.expose()) && !text.contains("manless_"), "{text}");
    let listed = TokensFile::open(&site.path()).unwrap().list();
    assert_eq!((&listed[0].name[..], &listed[0].user[..]), ("grafana", "anna"));
    assert_eq!(
        (listed[0].expires, &listed[0].gates[..]),
        (Some(expires), &["gate_in".to_owned()][..])
    );
    assert!(listed[0].created.is_some_and(|created| created <= Timestamp::now()));
    assert_eq!((listed[1].expires, listed[1].gates.len()), (None, 0));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;

        assert_eq!(fs::metadata(site.path()).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn what_cannot_be_changes_nothing() {
    let site = Site::new();
    site.token("grafana", "anna", &[], None);
    let before = fs::read_to_string(site.path()).unwrap();
    let mut tokens = TokensFile::open(&site.path()).unwrap();

    let again = tokens.add(&wanted("grafana", "bert", &[], None), Timestamp::now()).unwrap_err();
    assert!(matches!(again, TokenFileError::Exists(_)), "{again}");
    let missing = tokens.remove(&"scada".parse().unwrap()).unwrap_err();
    assert!(matches!(missing, TokenFileError::NoSuchToken { .. }), "{missing}");

    tokens.save().unwrap();
    assert_eq!(fs::read_to_string(site.path()).unwrap(), before);
}

#[test]
fn all_tokens_of_a_user_go_together() {
    let site = Site::new();
    for (name, user) in [("a", "anna"), ("b", "bert"), ("c", "anna")] {
        site.token(name, user, &[], None);
    }

    site.change(|tokens| assert_eq!(tokens.remove_of(&"anna".parse().unwrap()), 2));

    let left = TokensFile::open(&site.path()).unwrap().list();
    assert_eq!(left.iter().map(|token| &token.name[..]).collect::<Vec<_>>(), ["b"]);
}

/// A site with users and a file of tokens.
struct Site(TempDir);

impl Site {
    fn new() -> Self {
        let site = Self(TempDir::new().unwrap());
        site.users(|users| {
            let gates = ["gate_1", "gate_2"].map(|gate| gate.parse().unwrap());
            users.add(&"anna".parse().unwrap(), &Role::Operator, [].into(), None).unwrap();
            users.add(&"bert".parse().unwrap(), &Role::Viewer, gates.into(), None).unwrap();
        });
        let text = fs::read_to_string(site.0.path().join("users.toml")).unwrap();
        let sensor = format!("{text}\n[users.sensor]\nrole = 'sensor'\n");
        fs::write(site.0.path().join("users.toml"), sensor).unwrap();

        site
    }

    fn config(&self) -> Config {
        let role = RoleConfig { subscribe: vec!["#".to_owned()], ..RoleConfig::default() };

        Config { roles: [("sensor".to_owned(), role)].into(), ..Config::default() }
    }

    fn access(&self) -> Access {
        Access::open(&self.config(), self.0.path(), &Root::default()).unwrap()
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("tokens.toml")
    }

    fn token(&self, name: &str, user: &str, gates: &[&str], expires: Option<Timestamp>) -> Secret {
        let mut tokens = TokensFile::open(&self.path()).unwrap();
        let token = tokens.add(&wanted(name, user, gates, expires), Timestamp::now()).unwrap();
        tokens.save().unwrap();

        token
    }

    fn change(&self, change: impl FnOnce(&mut TokensFile)) {
        let mut tokens = TokensFile::open(&self.path()).unwrap();
        change(&mut tokens);
        tokens.save().unwrap();
    }

    fn users(&self, change: impl FnOnce(&mut UsersFile)) {
        let roles = Roles::new(&self.config().roles).unwrap();
        let mut users = UsersFile::open(&self.0.path().join("users.toml"), &roles).unwrap();
        change(&mut users);
        users.save().unwrap();
    }
}

fn wanted(name: &str, user: &str, gates: &[&str], expires: Option<Timestamp>) -> NewToken {
    NewToken {
        name: name.parse().unwrap(),
        user: user.parse().unwrap(),
        expires,
        gates: gates.iter().map(|gate| gate.parse().unwrap()).collect(),
    }
}

fn login(access: &Access, token: &Secret) -> Result<User, BadToken> {
    access.token(token.expose().as_bytes(), HERE, Timestamp::now())
}

/// Waits until a running process knows a token.
async fn known(access: &Access, token: &Secret) -> User {
    soon(async {
        let mut changes = access.changes();
        loop {
            match login(access, token) {
                Ok(user) => return user,
                Err(_) => changes.changed().await.unwrap(),
            }
        }
    })
    .await
}

async fn soon<T>(what: impl Future<Output = T>) -> T {
    time::timeout(PATIENCE, what).await.expect("waited in vain")
}
