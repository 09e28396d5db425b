//! Who gets in, and what happens to them when the file of users changes.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{fs, net::IpAddr, path::PathBuf, sync::LazyLock, time::Duration};

use access::{Access, Config, Refused, Role, RoleConfig, Roles, User, UsersFile};
use proptest::prelude::*;
use schemas::Root;
use tempfile::TempDir;
use tokio::{task::JoinSet, time};
use tokio_util::sync::CancellationToken;

const PATIENCE: Duration = Duration::from_secs(20);

#[tokio::test]
async fn who_knows_the_password_is_let_in_with_the_rights_of_the_role() {
    let site = Site::with(&["anna operator", "gate_in agent"]);
    let access = site.access();

    assert!(access.has_logins());
    let anna = login(&access, "anna", "password of anna").await.unwrap();
    assert_eq!((anna.name(), anna.role()), (Some("anna"), Some(&Role::Operator)));
    assert!(anna.rights("x").may_publish("parking/gate_in/gate_control"));
    let gate = login(&access, "gate_in", "password of gate_in").await.unwrap();
    assert!(gate.rights("x").may_publish("parking/gate_in/gate_status"));
    assert!(!gate.rights("x").may_publish("parking/gate_out/gate_status"));
}

#[tokio::test]
async fn who_does_not_is_not_told_what_was_wrong() {
    let site = Site::with(&["anna operator"]);
    let access = site.access();

    for (name, password) in [("anna", "password of bert"), ("bert", "password of anna"), ("", "")] {
        assert_eq!(login(&access, name, password).await.unwrap_err(), Refused::BadLogin);
    }
}

#[tokio::test(start_paused = true)]
async fn who_guesses_has_to_wait_and_others_do_not() {
    let site = Site::with(&["anna operator"]);
    let access = site.access();
    login(&access, "anna", "password of anna").await.unwrap();

    for _ in 0..3 {
        assert_eq!(login(&access, "anna", "guess").await.unwrap_err(), Refused::BadLogin);
    }
    let refused = login(&access, "anna", "password of anna").await.unwrap_err();
    assert!(matches!(refused, Refused::TooOften(wait) if wait <= Duration::from_secs(1)));
    let elsewhere = ip("192.0.2.7");
    access.authenticate("anna", b"password of anna", elsewhere).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn who_guesses_many_times_at_once_gets_no_more_answers_than_one_by_one() {
    let site = Site::with(&["anna operator"]);
    let access = site.access();
    let mut guesses = JoinSet::new();
    for n in 0..40 {
        let access = access.clone();
        guesses.spawn(async move { login(&access, "anna", &format!("guess {n}")).await });
    }

    let answers = guesses.join_all().await;
    let looked_at = answers.iter().filter(|answer| matches!(answer, Err(Refused::BadLogin)));
    // Two are looked at at once, so that the second of them may be past the last free one.
    assert!(looked_at.count() <= 4);
}

#[tokio::test]
async fn a_certificate_proves_a_name_and_the_file_says_what_it_is() {
    let site = Site::with(&["anna operator"]);
    let access = site.access();
    access.house_user("gateway", Role::Gateway, []);

    assert_eq!(access.certificate("anna").unwrap().role(), Some(&Role::Operator));
    for name in ["bert", "@gateway", ""] {
        assert_eq!(access.certificate(name).unwrap_err(), Refused::NoSuchUser);
    }
}

#[tokio::test]
async fn a_part_of_the_process_logs_in_whoever_guesses_beside_it() {
    let site = Site::with(&["anna operator"]);
    let access = site.access();
    let (name, password) = access.house_user("gate_in", Role::Agent, ["gate_in".parse().unwrap()]);
    for _ in 0..3 {
        assert_eq!(login(&access, &name, "guess").await.unwrap_err(), Refused::BadLogin);
    }

    let user = login(&access, &name, password.expose()).await.unwrap();
    assert_eq!(user.name(), Some("@gate_in"));
    assert!(user.rights("x").may_publish("parking/gate_in/gate_status"));
    access.reload().unwrap();
    assert!(user.is_current());
}

#[tokio::test]
async fn where_there_are_no_users_there_are_no_logins() {
    let site = Site::with(&[]);
    let access = site.access();

    assert!(!access.has_logins());
    assert!(User::anonymous().rights("x").may_publish("parking/gate_in/gate_control"));
    assert!(User::anonymous().is_current());
    site.add("anna operator");
    access.reload().unwrap();
    assert!(!access.has_logins());
}

#[tokio::test]
async fn who_does_not_log_in_has_the_role_that_is_for_them() {
    let visitor = RoleConfig {
        publish: vec!["open/#".to_owned(), "x/{username}".to_owned()],
        subscribe: vec!["#".to_owned(), "c/{client_id}".to_owned()],
        except: vec!["secret".to_owned()],
    };
    let config = Config {
        anonymous: Some("visitor".to_owned()),
        roles: [("visitor".to_owned(), visitor)].into(),
        ..Config::default()
    };

    for users in [&[][..], &["anna operator"]] {
        let site = Site::with(users);
        let access = Access::open(&config, site.0.path(), &Root::default()).unwrap();
        let user = access.anonymous().unwrap();
        let rights = user.rights("c1");
        assert_eq!((user.name(), user.role().map(Role::name)), (None, Some("visitor")));
        assert!(user.is_current());
        assert_eq!(rights.publishes(), ["open/#"]);
        assert_eq!(rights.subscribes(), ["#", "c/c1"]);
        assert!(!rights.may_receive("secret"));
    }
}

#[tokio::test]
async fn nobody_is_let_in_without_a_login_unless_that_is_said() {
    assert!(Site::with(&["anna operator"]).access().anonymous().is_none());
    let anybody = Site::with(&[]).access().anonymous().unwrap();
    assert!(anybody.rights("x").may_publish("parking/gate_in/gate_control"));
}

#[test]
fn a_role_for_those_who_do_not_log_in_has_to_be_there_and_make_sense() {
    for (role, reason) in [("boss", "no role `boss`"), ("agent", "gates of its own")] {
        let config = Config { anonymous: Some(role.to_owned()), ..Config::default() };
        let error = Access::open(&config, "/tmp".as_ref(), &Root::default()).unwrap_err();
        let error = error.to_string();

        assert!(error.contains("`access.anonymous`") && error.contains(reason), "{error}");
    }
}

#[tokio::test]
async fn a_part_of_the_process_is_known_even_where_there_are_no_users() {
    let access = Site::with(&[]).access();
    let (name, password) = access.house_user("gateway", Role::Gateway, []);

    assert!(access.of_the_house(&name, b"guess").is_none());
    assert!(access.of_the_house("anna", password.expose().as_bytes()).is_none());
    let user = access.of_the_house(&name, password.expose().as_bytes()).unwrap();
    assert_eq!((user.name(), user.role()), (Some("@gateway"), Some(&Role::Gateway)));
    assert_eq!(access.recall("@gateway").unwrap().role(), Some(&Role::Gateway));
    assert!(access.recall("anna").is_none());
}

#[test]
fn a_file_that_is_named_has_to_be_there() {
    let config = Config { users: Some("/nowhere/users.toml".into()), ..Config::default() };
    let error = Access::open(&config, "/tmp".as_ref(), &Root::default()).unwrap_err().to_string();

    assert!(error.contains("`access.users`") && error.contains("/nowhere/users.toml"), "{error}");
    assert!(error.contains("manless user add"), "{error}");
}

#[tokio::test]
async fn a_running_process_notices_who_is_added_changed_and_removed() {
    let site = Site::with(&["anna operator", "bert operator", "carl integrator"]);
    let access = site.access();
    let (cancel, mut tasks) = (CancellationToken::new(), JoinSet::new());
    tasks.spawn(access.clone().watch_file(cancel.clone()));
    let mut users = Vec::new();
    for name in ["anna", "bert", "carl"] {
        users.push(login(&access, name, &format!("password of {name}")).await.unwrap());
    }

    site.change(|users| {
        users.remove(&"anna".parse().unwrap()).unwrap();
        users
            .set_password(&"bert".parse().unwrap(), &"another password".to_owned().into())
            .unwrap();
    });
    site.add("dora operator");
    soon(users[0].revoked()).await;
    soon(users[1].revoked()).await;
    soon(async {
        let mut changes = access.changes();
        while access.find("dora").is_none() {
            changes.changed().await.unwrap();
        }
    })
    .await;

    assert!(users[2].is_current());
    assert_eq!(login(&access, "anna", "password of anna").await.unwrap_err(), Refused::BadLogin);
    assert_eq!(login(&access, "bert", "password of bert").await.unwrap_err(), Refused::BadLogin);
    login(&access, "bert", "another password").await.unwrap();
    login(&access, "dora", "password of dora").await.unwrap();

    cancel.cancel();
    soon(tasks.join_next()).await.unwrap().unwrap().unwrap();
}

#[tokio::test]
async fn a_file_that_is_not_valid_changes_nobody() {
    let site = Site::with(&["anna operator"]);
    let access = site.access();
    let anna = login(&access, "anna", "password of anna").await.unwrap();

    fs::write(site.path(), "[users.anna]\nrole = 'boss'\n").unwrap();
    assert!(access.reload().unwrap_err().to_string().contains("line 1: user `anna`"));
    fs::remove_file(site.path()).unwrap();
    assert!(access.reload().is_err());

    assert!(anna.is_current());
    login(&access, "anna", "password of anna").await.unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_client_identifier_opens_what_is_anothers(
        client_id in "[ab+#/$]{0,4}",
        topic in "(x|y)(/[ab+#$]{0,3}){0,3}",
    ) {
        let rights = VISITOR.rights(&client_id);
        let levels: Vec<&str> = topic.split('/').collect();
        let is_own = levels.len() == 3 && levels[0] == "x" && levels[1] == client_id;

        prop_assert!(!rights.may_publish(&topic) || is_own, "{} {}", client_id, topic);
        if mqtt_topic::is_filter(&topic) {
            prop_assert!(!rights.may_subscribe(&topic) || is_own, "{} {}", client_id, topic);
        }
    }
}

/// Somebody with a role of the site's own.
static VISITOR: LazyLock<User> = LazyLock::new(|| {
    let filters = vec!["x/{client_id}/+".to_owned()];
    let role = RoleConfig { publish: filters.clone(), subscribe: filters, except: vec![] };
    let config = Config { roles: [("visitor".to_owned(), role)].into(), ..Config::default() };
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("users.toml"), "[users.anna]\nrole = 'visitor'\n").unwrap();

    Access::open(&config, dir.path(), &Root::default()).unwrap().find("anna").unwrap()
});

/// A file of users whose passwords are known.
struct Site(TempDir);

impl Site {
    fn with(users: &[&str]) -> Self {
        let site = Self(TempDir::new().unwrap());
        users.iter().for_each(|user| site.add(user));

        site
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("users.toml")
    }

    fn access(&self) -> Access {
        Access::open(&Config::default(), self.0.path(), &Root::default()).unwrap()
    }

    fn add(&self, user: &str) {
        let (name, role) = user.split_once(' ').unwrap();
        let role = Roles::default().find(role).unwrap();
        let password = format!("password of {name}").into();

        self.change(|users| {
            users.add(&name.parse().unwrap(), &role, [].into(), Some(&password)).unwrap();
        });
    }

    fn change(&self, change: impl FnOnce(&mut UsersFile)) {
        let mut users = UsersFile::open(&self.path(), &Roles::default()).unwrap();
        change(&mut users);
        users.save().unwrap();
    }
}

async fn login(access: &Access, name: &str, password: &str) -> Result<User, Refused> {
    access.authenticate(name, password.as_bytes(), ip("192.0.2.1")).await
}

async fn soon<T>(what: impl Future<Output = T>) -> T {
    time::timeout(PATIENCE, what).await.expect("waited in vain")
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}
