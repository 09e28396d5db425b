//! Those who may log in: how they are made, and what becomes of them.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use e2e::{Listener, Program, Site, Wanted, WebSocket, manless, ours};
use tempfile::TempDir;

const USAGE: i32 = 64;
const CONFIG: i32 = 78;

#[test]
fn a_user_is_added_listed_checked_and_removed() {
    let site = Place::new();

    let added = site.user(&["add", "anna", "--role", "operator", "--generate"]);
    assert_eq!(added.code, 0, "{}", added.stderr);
    assert_eq!(added.stdout.trim().len(), 24, "{}", added.stdout);
    assert!(added.stderr.contains("It is the first"), "{}", added.stderr);
    let added = site.user(&["add", "gate_in", "--role", "agent", "--certificate-only"]);
    assert_eq!((added.code, &added.stdout[..]), (0, ""), "{}", added.stderr);

    let listed = site.user(&["list"]).stdout;
    assert_eq!(listed, "anna     operator\ngate_in  agent of gate_in, by certificate only\n");

    let checked = site.user(&["check", "anna"]).stdout;
    for words in ["anna: operator", "publishes to", "parking/+/gate_control", "$SYS/#"] {
        assert!(checked.contains(words), "`{words}` is not in: {checked}");
    }
    let checked = site.user(&["check", "gate_in"]).stdout;
    assert!(checked.contains("parking/gate_in/gate_status"), "{checked}");
    assert!(!checked.contains("gate_out"), "{checked}");

    for (name, said) in [("anna", "Removed anna"), ("gate_in", "It was the last")] {
        let removed = site.user(&["remove", name]);
        assert!(removed.code == 0 && removed.stderr.contains(said), "{}", removed.stderr);
    }
    assert!(site.user(&["list"]).stderr.contains("no users"));
}

#[test]
fn a_password_comes_from_a_file_or_from_standard_input() {
    let site = Place::new();
    let file = site.dir.path().join("password");
    fs::write(&file, "open sesame\n").expect("a file");
    let file = file.to_str().expect("its path is text");

    let added = site.user(&["add", "anna", "--role", "operator", "--password-file", file]);
    assert_eq!((added.code, &added.stdout[..]), (0, ""), "{}", added.stderr);
    let added = site.user_told(&["add", "bert", "--role", "operator"], "open sesame\nand more");
    assert_eq!(added.code, 0, "{}", added.stderr);
    let before = site.users();
    let changed = site.user_told(&["password", "bert"], "another one");
    assert_eq!(changed.code, 0, "{}", changed.stderr);

    assert!(before != site.users() && !site.users().contains("sesame"), "{}", site.users());
}

#[test]
fn what_cannot_be_is_refused_and_changes_nothing() {
    let site = Place::new();
    site.user(&["add", "anna", "--role", "operator", "--generate"]);
    let before = site.users();

    for (args, code, words) in [
        (
            &["add", "bert", "--role", "boss", "--generate"][..],
            1,
            "agent, gateway, operator, integ",
        ),
        (&["add", "bert", "--role", "agent", "--generate"], 0, ""),
        (&["add", "@bert", "--role", "agent", "--generate"], USAGE, "cannot be the name"),
        (&["add", "carl", "--generate"], USAGE, "--role"),
        (&["add", "carl", "--role", "agent", "--gate", "all", "--generate"], USAGE, "reserved"),
        (&["add", "Carl", "--role", "agent", "--generate"], 1, "needs `gates`"),
        (&["add", "carl", "--role", "gateway", "--gate", "g", "--generate"], 1, "not limited"),
        (&["add", "anna", "--role", "operator", "--generate"], 1, "manless user password anna"),
        (&["add", "carl", "--role", "operator", "--password-file", "/no/p"], 1, "/no/p"),
        (&["remove", "carl"], 1, "no user `carl`"),
        (&["password", "carl", "--generate"], 1, "no user `carl`"),
        (&["check", "carl"], 1, "no user `carl`"),
        (&["fly"], USAGE, "fly"),
    ] {
        let said = site.user(args);
        assert_eq!(said.code, code, "{args:?}: {}", said.stderr);
        assert!(said.stderr.contains(words), "{args:?}: {}", said.stderr);
        assert!(code == 0 || said.stdout.is_empty(), "{args:?}: {}", said.stdout);
    }
    let short = site.user_told(&["add", "carl", "--role", "operator"], "seven77\n");
    assert!(short.code == 1 && short.stderr.contains("8 characters"), "{}", short.stderr);

    site.user(&["remove", "bert"]);
    assert_eq!(site.users(), before);
}

#[test]
fn a_file_of_users_that_cannot_be_is_refused_with_line_and_reason() {
    let site = Place::new();
    fs::create_dir_all(site.file().parent().expect("a directory")).expect("it can be made");
    fs::write(site.file(), "[users.anna]\nrole = 'operator'\npassword = 'sesame'\n")
        .expect("a file");

    let mut said = vec![site.user(&["list"]), site.user(&["check", "anna"])];
    let mut command = manless(site.dir.path());
    command.arg("up");
    said.push(Said::by(command, ""));

    for said in said {
        assert_eq!(said.code, CONFIG, "{}", said.stderr);
        assert!(said.stderr.contains("users.toml are not valid: line 1"), "{}", said.stderr);
        assert!(!said.stderr.contains("sesame"), "{}", said.stderr);
    }
}

#[test]
fn a_site_with_users_lets_in_who_logs_in_and_its_own_gates() {
    let dir = TempDir::new().expect("a temporary directory");
    let users = dir.path().join("users.toml");
    let toml = format!("[access]\nusers = \"{}\"\n", users.display());
    let file = dir.path().join("site.toml");
    fs::write(&file, &toml).expect("a file");
    let secret = dir.path().join("secret");
    fs::write(&secret, "open sesame\n").expect("a file");
    for (name, role) in [("anna", "operator"), ("reader", "integrator")] {
        let mut command = ours("manless");
        command.args(["user", "add", name, "--role", role, "--config"]).arg(&file);
        command.arg("--password-file").arg(&secret);
        assert_eq!(Said::by(command, "").code, 0);
    }

    let token = |args: &[&str]| {
        let mut command = ours("manless");
        command.arg("token").args(args).arg("--config").arg(&file);
        Said::by(command, "")
    };
    let added = token(&["add", "wall", "--user", "reader"]);
    assert_eq!(added.code, 0, "{}", added.stderr);

    let site = Site::guarded(&toml, &["gate_in", "gate_out"], Some(added.stdout.trim()));

    let mut stranger = WebSocket::connect(site.gateway, "/ws/gate_in");
    assert_eq!(stranger.close_code(), Some(4401));
    let anonymous = mosquitto_pub(&site, &[]);
    assert!(anonymous.code != 0 && anonymous.stderr.contains("authori"), "{}", anonymous.stderr);
    let wrong = mosquitto_pub(&site, &["-u", "anna", "-P", "wrong"]);
    assert!(wrong.code != 0, "{}", wrong.stderr);
    let mut dashboard = site.watcher("gate_in");
    let reader = mosquitto_pub(&site, &["-u", "reader", "-P", "open sesame"]);
    assert!(reader.stderr.contains("Not authorized"), "{}", reader.stderr);
    let operator = mosquitto_pub(&site, &["-u", "anna", "-P", "open sesame"]);
    assert_eq!((operator.code, &operator.stderr[..]), (0, ""));
    dashboard.hears(&Wanted::a("gate_control_response"));

    assert_eq!(token(&["remove", "wall"]).code, 0);
    assert_eq!(dashboard.close_code(), Some(4401));
}

#[test]
fn a_token_is_made_shown_once_listed_and_removed() {
    let site = Place::new();
    for args in [
        &["add", "anna", "--role", "operator", "--certificate-only"][..],
        &["add", "otto", "--role", "operator", "--gate", "gate_in", "--certificate-only"],
        &["add", "bridge", "--role", "gateway", "--certificate-only"],
    ] {
        assert_eq!(site.user(args).code, 0);
    }

    let added = site.token(&["add", "grafana", "--user", "anna", "--expires", "90d"]);
    assert_eq!(added.code, 0, "{}", added.stderr);
    let token = added.stdout.trim();
    assert!(token.starts_with("manless_") && token.len() == 72, "{token}");
    assert!(added.stderr.contains("It is not shown again"), "{}", added.stderr);
    let added = site.token(&["add", "plc", "--user", "otto", "--gate", "gate_in"]);
    assert_eq!(added.code, 0, "{}", added.stderr);

    let listed = site.token(&["list"]).stdout;
    assert!(listed.contains("grafana  anna, until 2"), "{listed}");
    assert!(listed.contains("plc      otto, gate_in only, until it is removed"), "{listed}");
    let kept = fs::read_to_string(site.dir.path().join("data/tokens.toml")).expect("a file");
    assert!(!kept.contains(token) && !listed.contains(token), "{kept}");

    for (args, said) in [
        (&["add", "grafana", "--user", "anna"][..], "there is a token `grafana` already"),
        (&["add", "x", "--user", "zoe"], "there is no user `zoe`"),
        (&["add", "x", "--user", "otto", "--gate", "gate_out"], "does not have the gate"),
        (&["add", "x", "--user", "bridge", "--gate", "gate_in"], "not limited to gates"),
        (&["remove", "x"], "there is no token `x`"),
    ] {
        let refused = site.token(args);
        assert_eq!(refused.code, 1, "{}", refused.stderr);
        assert!(refused.stderr.contains(said), "{}", refused.stderr);
    }
    let never = site.token(&["add", "x", "--user", "anna", "--expires", "soon"]);
    assert_eq!(never.code, USAGE, "{}", never.stderr);

    assert_eq!(site.token(&["remove", "grafana"]).code, 0);
    let removed = site.user(&["remove", "otto"]);
    assert!(removed.stderr.contains("Removed 1 of otto's tokens"), "{}", removed.stderr);
    assert!(site.token(&["list"]).stderr.contains("There are no tokens"));
}

#[test]
fn an_agent_logs_in_with_the_password_in_its_file() {
    let dir = TempDir::new().expect("a temporary directory");
    let file = dir.path().join("site.toml");
    let secret = dir.path().join("secret");
    fs::write(&secret, "open sesame\n").expect("a file");
    let login = format!("username = \"gate_in\"\npassword_file = \"{}\"\n", secret.display());
    fs::write(&file, format!("[mqtt]\n{login}")).expect("a file");
    let mut command = ours("manless");
    command.args(["user", "add", "gate_in", "--role", "agent", "--password-file"]).arg(&secret);
    command.env("MANLESS_DATA_DIR", dir.path());
    assert_eq!(Said::by(command, "").code, 0);

    let mut broker = ours("broker");
    broker.env("MANLESS_DATA_DIR", dir.path()).env("MANLESS_BROKER__LISTEN", "0.0.0.0:0");
    let broker = Program::start(broker);
    broker.says("Passwords and cards travel in the clear");
    let port = broker.port().to_string();
    let mut agent = ours("gate-agent");
    agent.args(["gate_in", "--config"]).arg(&file);
    agent.env("MANLESS_DATA_DIR", dir.path().join("gate")).env("MANLESS_MQTT__PORT", &port);
    let agent = Program::start(agent);

    agent.says("Connected");
    broker.says("user=gate_in");
}

#[test]
fn an_agent_whose_password_is_not_there_says_where_it_looked() {
    let dir = TempDir::new().expect("a temporary directory");

    for program in ["gate-agent", "ws-gateway"] {
        let mut command = ours(program);
        command.args(if program == "gate-agent" { &["gate_in"][..] } else { &[] });
        command
            .env("MANLESS_DATA_DIR", dir.path())
            .env("MANLESS_GATEWAY__LISTEN", "127.0.0.1:0")
            .env("MANLESS_MQTT__USERNAME", "gate_in")
            .env("MANLESS_MQTT__PASSWORD_FILE", "/nowhere/secret");

        let said = Said::by(command, "");
        assert_eq!(said.code, CONFIG, "{program}: {}", said.stderr);
        for words in ["mqtt.password_file", "/nowhere/secret"] {
            assert!(said.stderr.contains(words), "{program}: {}", said.stderr);
        }
    }
}

/// A command to a gate, with `mosquitto_pub`.
fn mosquitto_pub(site: &Site, login: &[&str]) -> Said {
    let mut command = Command::new("mosquitto_pub");
    command.args(["-h", "127.0.0.1", "-p", &site.broker.port().to_string(), "-V", "5", "-q", "1"]);
    command.args(["-t", "parking/gate_in/gate_control", "-m", "open"]).args(login);

    Said::by(command, "")
}

/// Where the users of a site would be.
struct Place {
    dir: TempDir,
}

impl Place {
    fn new() -> Self {
        Self { dir: TempDir::new().expect("a temporary directory") }
    }

    fn file(&self) -> PathBuf {
        self.dir.path().join("data/users.toml")
    }

    fn users(&self) -> String {
        fs::read_to_string(self.file()).expect("there are users")
    }

    fn user(&self, args: &[&str]) -> Said {
        self.user_told(args, "")
    }

    fn token(&self, args: &[&str]) -> Said {
        let mut command = manless(Path::new(self.dir.path()));
        command.arg("token").args(args);

        Said::by(command, "")
    }

    fn user_told(&self, args: &[&str], input: &str) -> Said {
        let mut command = manless(Path::new(self.dir.path()));
        command.arg("user").args(args);

        Said::by(command, input)
    }
}

/// How a program ended.
struct Said {
    code: i32,
    stdout: String,
    stderr: String,
}

impl Said {
    #[track_caller]
    fn by(mut command: Command, input: &str) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("it is there: `make test` builds it");
        // Not everybody reads it.
        let _ = child.stdin.take().expect("it is piped").write_all(input.as_bytes());
        let output = child.wait_with_output().expect("it ends");
        let text = |bytes| String::from_utf8(bytes).expect("it writes text");

        Self {
            code: output.status.code().expect("nobody has killed it"),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }
}
