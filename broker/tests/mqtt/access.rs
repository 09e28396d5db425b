//! Logins, and what each of them may do (contract, section 5; 4.13).

use access::{Access, Config, RoleConfig, Roles, UsersFile};
use broker::Limits;
#[cfg(unix)]
use rustix::process::Signal;
use schemas::Root;
use tempfile::TempDir;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::{
    client::{Client, FOR_AN_HOUR, Hello, Packet, Publish, V5, V31, V311, Version, packet, text},
    site::{Site, config},
};

const VERSIONS: [Version; 2] = [V311, V5];
const COMMAND: &str = "parking/gate_in/gate_control";
const STATUS: &str = "parking/gate_in/gate_status";

#[tokio::test]
async fn who_cannot_log_in_is_told_so_in_his_version() {
    let site = Guarded::start().await;

    for (login, v3, v5) in [
        (Some(("anna", "wrong")), 4, 0x86),
        (Some(("nobody", "password of anna")), 4, 0x86),
        (None, 5, 0x87),
    ] {
        let v31 = if login.is_some() { Some((V31, v3)) } else { None };
        for (version, code) in [(V311, v3), (V5, v5)].into_iter().chain(v31) {
            // Another address would have to wait.
            site.forgive().await;
            let (username, password) = login.unzip();
            let mut client = Client::open(site.site.address, version).await;
            let hello = Hello { username, password, client_id: "x", ..Hello::new(version) };
            client.send(&hello.encode()).await;

            let Packet { first, body } = client.packet().await;
            assert_eq!((first, body[1]), (0x20, code), "{login:?} {version:?}");
            assert_eq!(client.last_packet().await, None);
        }
    }
}

#[tokio::test]
async fn who_guesses_has_to_wait_even_with_the_right_password() {
    let site = Guarded::start().await;
    let guess = || login(V5, "anna", "guess");
    let right = |version| login(version, "anna", "password of anna");

    // Where the machine is that slow, the first second of waiting is over before it is looked at.
    for _ in 0..20 {
        for _ in 0..3 {
            site.answer(guess()).await;
        }
        if (site.answer(right(V5)).await, site.answer(right(V311)).await) == (0x9f, 3) {
            return;
        }
    }
    panic!("nobody had to wait");
}

#[tokio::test]
async fn an_agent_speaks_for_its_own_gate_and_for_no_other() {
    let site = Guarded::start().await;
    let mut watcher = site.client(V5, "anna").await;
    watcher.subscribe("parking/#", 0).await;

    for version in VERSIONS {
        let mut agent = site.client(version, "gate_in").await;
        let refused = if version == V5 { 0x87 } else { 0 };
        for topic in ["parking/gate_out/gate_status", COMMAND, "parking/gate_in/door", "elsewhere"]
        {
            let message = Publish { topic, payload: b"forged", ..Publish::default() };
            agent.publish(message.clone()).await;
            assert_eq!(agent.publish_and_wait(message).await, refused, "{topic}");
        }
        let own = Publish { topic: STATUS, payload: b"true", ..Publish::default() };
        assert_eq!(agent.publish_and_wait(own).await, 0);

        assert_eq!(watcher.heard().await, (STATUS.into(), "true".into()));
    }
}

#[tokio::test]
async fn each_filter_of_a_subscribe_is_judged_by_itself() {
    let site = Guarded::start().await;
    let filters = [
        (COMMAND, true),
        ("parking/gate_out/gate_control", false),
        ("parking/+/gate_control", false),
        ("parking/gate_in/request_status", true),
        ("parking/gate_in/+", false),
        ("parking/#", false),
        ("#", false),
        ("+/+/+", false),
        ("$SYS/#", false),
        ("$share/g/parking/#", false),
        ("$share/g/parking/gate_out/gate_control", false),
        ("$share/g/#", false),
    ];

    for (version, refused) in [(V311, 0x80), (V5, 0x87)] {
        let mut agent = site.client(version, "gate_in").await;
        let mut body = vec![0, 7];
        body.extend(if version == V5 { &[0][..] } else { &[] });
        body.extend(filters.iter().flat_map(|(filter, _)| [text(filter), vec![1]].concat()));
        agent.send(&packet(0x82, &body)).await;

        let answer = agent.packet().await.body;
        let codes = &answer[answer.len() - filters.len()..];
        for ((filter, granted), code) in filters.iter().zip(codes) {
            assert_eq!(*code, if *granted { 1 } else { refused }, "{filter} {version:?}");
        }
    }
}

#[tokio::test]
async fn nothing_reaches_who_was_refused_a_subscription() {
    let site = Guarded::start().await;
    let mut operator = site.client(V5, "anna").await;
    let mut agent = site.client(V5, "gate_in").await;
    for filter in ["#", "parking/+/gate_control", "$share/g/parking/#"] {
        agent.subscribe(filter, 0).await;
    }
    agent.subscribe(COMMAND, 0).await;

    for topic in ["parking/gate_out/gate_control", COMMAND] {
        let command = Publish { topic, payload: b"open", ..Publish::default() };
        assert_eq!(operator.publish_and_wait(command).await, 0);
    }

    assert_eq!(agent.heard().await, (COMMAND.into(), "open".into()));
    agent.ping().await;
}

#[tokio::test]
async fn a_will_that_one_may_not_publish_keeps_one_out() {
    let site = Guarded::start().await;

    for (version, code) in [(V311, 5), (V5, 0x87)] {
        for (topic, code) in [
            ("parking/gate_out/system_status", code),
            (COMMAND, code),
            ("$SYS/broker/uptime", if version == V5 { 0x90 } else { code }),
            ("parking/gate_in/system_status", 0),
        ] {
            let will = Some(Publish { topic, payload: b"x", ..Publish::default() });
            let mut client = Client::open(site.site.address, version).await;
            let hello = Hello { will, ..login(version, "gate_in", "password of gate_in") };
            client.send(&hello.encode()).await;
            assert_eq!(client.packet().await.body[1], code, "{topic}");
        }
    }
}

#[tokio::test]
async fn there_is_nobody_who_may_do_what_nobody_may() {
    let site = Guarded::start().await;

    for user in ["anna", "bridge-1"] {
        let mut client = site.client(V5, user).await;
        let figures = Publish { topic: "$SYS/broker/uptime", ..Publish::default() };
        assert_eq!(client.publish_and_wait(figures).await, 0x90, "{user}");
        let command = Publish { topic: COMMAND, retain: 1, ..Publish::default() };
        assert_eq!(client.publish_and_wait(command).await, 0x87, "{user}");
    }
}

#[tokio::test]
async fn an_integrator_reads_and_is_not_heard() {
    let site = Guarded::start().await;
    let mut reader = site.client(V5, "reader").await;

    assert_eq!(reader.subscribe("parking/#", 1).await, 1);
    assert_eq!(reader.subscribe("$SYS/#", 1).await, 0x87);
    for topic in [COMMAND, STATUS] {
        let message = Publish { topic, ..Publish::default() };
        assert_eq!(reader.publish_and_wait(message).await, 0x87);
    }
}

#[tokio::test]
async fn a_role_of_the_site_is_as_wide_as_its_filters_for_this_client() {
    let site = Guarded::start().await;

    for (client_id, code) in [("loop-1", 0), ("+", 0x87), ("#", 0x87), ("a/loop-1", 0x87)] {
        let hello = Hello { client_id, ..login(V5, "sensor", "password of sensor") };
        let mut client = site.site.client_that_says(hello).await;
        let message = Publish { topic: "sensors/loop-1/sensor", ..Publish::default() };
        assert_eq!(client.publish_and_wait(message).await, code, "{client_id}");
        let other = Publish { topic: "sensors/loop-2/sensor", ..Publish::default() };
        assert_eq!(client.publish_and_wait(other).await, 0x87, "{client_id}");
    }
}

#[tokio::test]
async fn nobody_takes_over_the_client_of_another_user() {
    let site = Guarded::start().await;
    let mut agent = site.client(V5, "gate_in").await;

    let intruder = Hello { client_id: "gate_in", ..login(V5, "reader", "password of reader") };
    let mut intruder = site.site.client_that_says(intruder).await;
    agent.ping().await;
    intruder.ping().await;

    let mut again = site.client(V5, "gate_in").await;
    agent.expect_close(0x8e).await;
    again.ping().await;
}

#[tokio::test]
async fn a_user_who_is_removed_or_changed_is_disconnected_and_nobody_else() {
    let site = Guarded::start().await;
    let mut removed = site.client(V5, "gate_in").await;
    let mut changed = site.client(V5, "reader").await;
    let mut stays = site.client(V5, "anna").await;

    site.change(|users| {
        users.remove(&"gate_in".parse().unwrap()).unwrap();
        users.set_password(&"reader".parse().unwrap(), &"another one".to_owned().into()).unwrap();
    });

    removed.expect_close(0x98).await;
    changed.expect_close(0x98).await;
    stays.ping().await;
    let hello = login(V5, "reader", "another one");
    assert_eq!(site.answer(hello).await, 0);
    assert_eq!(site.answer(login(V5, "gate_in", "password of gate_in")).await, 0x86);
}

#[cfg(unix)]
#[tokio::test]
async fn a_hang_up_has_the_users_read_at_once_and_ends_nothing() {
    let hang_up = || rustix::process::kill_process(rustix::process::getpid(), Signal::HUP).unwrap();
    let open = Site::start().await;
    let dir = TempDir::new().unwrap();
    change(&dir, |users| {
        add(users, "guest", "guest");
        add(users, "anna", "operator");
    });
    let site = Site::guarded(config(Limits::default()), guests(&dir, &[])).await;
    let mut stays = site.client_that_says(login(V5, "anna", "password of anna")).await;
    let mut removed = site.client_that_says(login(V5, "guest", "password of guest")).await;

    change(&dir, |users| users.remove(&"guest".parse().unwrap()).unwrap());
    hang_up();
    removed.expect_close(0x98).await;
    stays.ping().await;
    open.client(V5, "c").await.ping().await;

    // A file that is not valid changes nothing.
    std::fs::write(dir.path().join("users.toml"), "[users.anna").unwrap();
    hang_up();
    stays.ping().await;
    site.client_that_says(login(V5, "anna", "password of anna")).await.ping().await;
}

#[tokio::test]
async fn a_user_who_is_added_is_known_without_a_restart() {
    let site = Guarded::start().await;
    let mut stays = site.client(V5, "anna").await;
    let mut changes = site.access.changes();

    site.change(|users| add(users, "gate_out", "agent"));
    changes.changed().await.unwrap();

    site.client(V5, "gate_out").await.ping().await;
    stays.ping().await;
}

#[tokio::test]
async fn a_user_who_is_removed_leaves_word_that_it_is_gone_but_no_command() {
    let site = Guarded::start().await;
    let mut watcher = site.client(V5, "reader").await;
    watcher.subscribe("parking/#", 0).await;
    let mut connected = Vec::new();
    for (user, topic) in [("anna", COMMAND), ("gate_in", "parking/gate_in/system_status")] {
        let will = Some(Publish { topic, payload: b"will", ..Publish::default() });
        let password = format!("password of {user}");
        let hello = Hello { will, ..login(V5, user, &password) };
        connected.push(site.site.client_that_says(hello).await);
    }

    site.change(|users| users.remove(&"anna".parse().unwrap()).unwrap());
    connected[0].expect_close(0x98).await;
    site.change(|users| users.remove(&"gate_in".parse().unwrap()).unwrap());
    connected[1].expect_close(0x98).await;

    assert_eq!(watcher.heard().await, ("parking/gate_in/system_status".into(), "will".into()));
}

#[tokio::test]
async fn what_a_role_does_not_see_reaches_nobody_who_has_it() {
    let site = Guarded::start().await;
    let mut operator = site.client(V5, "anna").await;
    let hidden = "parking/gate_in/vehicle_entry";
    let retained = Publish { topic: hidden, payload: b"retained", retain: 1, ..Publish::default() };

    for version in VERSIONS {
        let mut gateway = site.client(V5, "bridge-1").await;
        assert_eq!(gateway.publish_and_wait(retained.clone()).await, 0);
        let mut guest = site.client(version, "guest").await;
        let refused = if version == V5 { 0x87 } else { 0x80 };
        assert_eq!(guest.subscribe(hidden, 0).await, refused);
        assert_eq!(guest.subscribe("$share/g/+/+/vehicle_entry", 0).await, refused);
        for filter in ["#", "parking/+/+", "parking/#", "$share/g/#"] {
            assert_eq!(guest.subscribe(filter, 1).await, 1, "{filter}");
        }

        gateway.publish_and_wait(Publish { topic: hidden, ..Publish::default() }).await;
        let forged = Publish { topic: hidden, payload: b"forged", ..Publish::default() };
        let told = if version == V5 { 0x87 } else { 0 };
        assert_eq!(guest.publish_and_wait(forged).await, told);
        // The first answer is what comes next: nothing has come before.
        guest.ping().await;
    }
    operator.ping().await;
}

#[tokio::test]
async fn what_waits_for_somebody_is_withheld_where_it_is_not_to_be_seen_any_more() {
    let dir = TempDir::new().unwrap();
    change(&dir, |users| add(users, "guest", "guest"));
    for (except, expected) in [("elsewhere", &["hidden", "open"][..]), ("hidden", &["open"])] {
        let before = guests(&dir, &["elsewhere"]);
        let site = Site::guarded(config(Limits::default()), before).await;
        let lasting = Hello { clean: 0, ..login(V311, "guest", "password of guest") };
        site.client_that_says(lasting.clone()).await.subscribe("#", 1).await;
        let other = Hello { client_id: "other", ..login(V5, "guest", "password of guest") };
        let mut other = site.client_that_says(other).await;
        for topic in ["hidden", "open"] {
            other.publish_and_wait(Publish { topic, ..Publish::default() }).await;
        }

        let after = guests(&dir, &[except]);
        let site = site.restart_guarded(config(Limits::default()), after).await;
        let mut guest = site.client_that_says(lasting).await;
        for topic in expected {
            assert_eq!(guest.heard().await.0, *topic);
        }
        guest.ping().await;
        site.stop().await;
    }
}

#[tokio::test]
async fn nothing_comes_into_the_session_of_somebody_who_is_not_known_any_more() {
    let dir = TempDir::new().unwrap();
    change(&dir, |users| {
        add(users, "guest", "guest");
        add(users, "anna", "guest");
    });
    let site = Site::guarded(config(Limits::default()), guests(&dir, &[])).await;
    let lasting = Hello { clean: 0, ..login(V311, "guest", "password of guest") };
    site.client_that_says(lasting.clone()).await.subscribe("#", 1).await;

    change(&dir, |users| users.remove(&"guest".parse().unwrap()).unwrap());
    let site = site.restart_guarded(config(Limits::default()), guests(&dir, &[])).await;
    let mut anna = site.client_that_says(login(V5, "anna", "password of anna")).await;
    anna.publish_and_wait(Publish { topic: "a", payload: b"missed", ..Publish::default() }).await;
    change(&dir, |users| add(users, "guest", "guest"));
    let site = site.restart_guarded(config(Limits::default()), guests(&dir, &[])).await;
    let mut anna = site.client_that_says(login(V5, "anna", "password of anna")).await;
    anna.publish_and_wait(Publish { topic: "a", payload: b"heard", ..Publish::default() }).await;

    let mut guest = site.client_that_says(lasting).await;
    assert_eq!(guest.heard().await, ("a".into(), "heard".into()));
    guest.ping().await;
}

#[tokio::test]
async fn who_does_not_log_in_may_do_what_their_role_says() {
    for users in [false, true] {
        let dir = TempDir::new().unwrap();
        if users {
            change(&dir, |users| add(users, "guest", "guest"));
        }
        let access = Config { anonymous: Some("guest".to_owned()), ..guest_config(&["hidden"]) };
        let access = Access::open(&access, dir.path(), &Root::default()).unwrap();
        let site = Site::guarded(config(Limits::default()), access).await;

        for version in VERSIONS {
            let mut client = site.client(version, "c").await;
            assert_eq!(client.subscribe("#", 0).await, 0);
            let refused = if version == V5 { 0x87 } else { 0x80 };
            assert_eq!(client.subscribe("hidden", 0).await, refused);
            assert_eq!(client.subscribe("$SYS/#", 0).await, refused);
            for topic in ["hidden", "open"] {
                client.publish(Publish { topic, ..Publish::default() }).await;
            }
            assert_eq!(client.heard().await.0, "open");
        }
        let mut client = Client::open(site.address, V5).await;
        client.send(&login(V5, "nobody", "password of nobody").encode()).await;
        assert_eq!(client.packet().await.body[1], if users { 0x86 } else { 0 });
    }
}

/// 3.1.4: a client identifier belongs to a user, and so does the session of that name.
#[tokio::test]
async fn two_users_never_take_over_each_others_sessions() {
    let site = Guarded::start().await;
    let session = |user, password| Hello {
        client_id: "same",
        clean: 0,
        properties: FOR_AN_HOUR,
        ..login(V5, user, password)
    };
    let anna = || session("anna", "password of anna");
    let reader = || session("reader", "password of reader");
    let (mut first, _) = site.site.session(anna()).await;
    first.subscribe(STATUS, 1).await;
    let (second, present) = site.site.session(reader()).await;
    assert!(!present);
    first.ping().await;
    second.leave().await;
    first.leave().await;
    let status = Publish { retain: 0, ..Publish::new(STATUS, "secret") };
    let mut agent = site.client(V5, "gate_in").await;
    assert_eq!(agent.publish_and_wait(status).await, 0);

    let (second, present) = site.site.session(reader()).await;
    assert!(present);
    second.leave().await;
    site.site.client_that_says(Hello { clean: 1, ..reader() }).await.leave().await;
    let (mut first, present) = site.site.session(anna()).await;
    assert!(present);
    assert_eq!(first.taken().await, "secret");
}

/// 3.2.2.2: connections of one user are counted, whatever they call themselves.
#[tokio::test]
async fn one_connection_too_many_of_a_user_is_told_so() {
    let limits = Limits { connections_per_user: 1, ..Limits::default() };
    let site = Guarded::with(limits).await;
    let mut first = site.client(V5, "anna").await;

    for (version, code) in [(V311, 3), (V5, 0x97)] {
        let hello = Hello { client_id: "other", ..login(version, "anna", "password of anna") };
        assert_eq!(site.answer(hello).await, code);
    }
    site.client(V5, "reader").await.ping().await;
    first.ping().await;
}

#[tokio::test]
async fn failed_logins_are_counted() {
    let site = Guarded::start().await;
    for (user, password) in [("anna", "wrong"), ("anna", "password of anna")] {
        site.answer(login(V5, user, password)).await;
    }

    assert_eq!(site.site.figure("failed_logins_total").await, 1);
}

/// A site that one has to log in to, and whose file of users is watched.
struct Guarded {
    site: Site,
    access: Access,
    dir: TempDir,
    _watch: JoinSet<()>,
}

impl Guarded {
    async fn start() -> Self {
        Self::with(Limits::default()).await
    }

    async fn with(limits: Limits) -> Self {
        let dir = TempDir::new().unwrap();
        let site_own = RoleConfig {
            publish: vec!["sensors/{client_id}/{username}".to_owned()],
            ..RoleConfig::default()
        };
        let guest = guest_config(&["+/+/vehicle_entry"]).roles.remove("guest").unwrap();
        let roles = [("site_own".to_owned(), site_own), ("guest".to_owned(), guest)].into();
        let access_config = Config { roles, ..Config::default() };
        change(&dir, |users| {
            for (name, role) in [
                ("anna", "operator"),
                ("gate_in", "agent"),
                ("bridge-1", "gateway"),
                ("reader", "integrator"),
                ("sensor", "site_own"),
                ("guest", "guest"),
            ] {
                add(users, name, role);
            }
        });

        let access = Access::open(&access_config, dir.path(), &Root::default()).unwrap();
        let site = Site::guarded(config(limits), access.clone()).await;
        let mut watch = JoinSet::new();
        let watched = access.clone().watch_file(CancellationToken::new());
        watch.spawn(async move { watched.await.unwrap() });

        Self { site, access, dir, _watch: watch }
    }

    /// A client of this user, which is welcome.
    async fn client(&self, version: Version, user: &str) -> Client {
        let password = format!("password of {user}");

        self.site.client_that_says(login(version, user, &password)).await
    }

    /// The code of the CONNACK.
    async fn answer(&self, hello: Hello<'_>) -> u8 {
        let mut client = Client::open(self.site.address, hello.version).await;
        client.send(&hello.encode()).await;
        client.packet().await.body[1]
    }

    /// Somebody of this address logs in.
    async fn forgive(&self) {
        let from = self.site.address.ip();
        self.access.authenticate("bridge-1", b"password of bridge-1", from).await.unwrap();
    }

    fn change(&self, changes: impl FnOnce(&mut UsersFile)) {
        change(&self.dir, changes);
    }
}

fn login<'a>(version: Version, user: &'a str, password: &'a str) -> Hello<'a> {
    let (username, password) = (Some(user), Some(password));

    Hello { username, password, client_id: user, ..Hello::new(version) }
}

fn change(dir: &TempDir, change: impl FnOnce(&mut UsersFile)) {
    let mut users = UsersFile::open(&dir.path().join("users.toml"), &roles()).unwrap();
    change(&mut users);
    users.save().unwrap();
}

fn add(users: &mut UsersFile, name: &str, role: &str) {
    let password = format!("password of {name}").into();
    let role = roles().find(role).unwrap();

    users.add(&name.parse().unwrap(), &role, [].into(), Some(&password)).unwrap();
}

fn roles() -> Roles {
    let role = |name: &str| (name.to_owned(), RoleConfig::default());

    Roles::new(&["site_own", "guest"].map(role).into()).unwrap()
}

/// The users in that directory, of whom guests may do everything but see these topics.
fn guests(dir: &TempDir, except: &[&str]) -> Access {
    Access::open(&guest_config(except), dir.path(), &Root::default()).unwrap()
}

fn guest_config(except: &[&str]) -> Config {
    let everything = vec!["#".to_owned()];
    let except = except.iter().map(|filter| (*filter).to_owned()).collect();
    let guest = RoleConfig { publish: everything.clone(), subscribe: everything, except };

    Config { roles: [("guest".to_owned(), guest)].into(), ..Config::default() }
}
