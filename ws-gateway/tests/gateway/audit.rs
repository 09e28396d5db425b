//! What was commanded, by whom, and what became of it.

use std::{fs, path::PathBuf};

use access::Access;
use audit::{Record, Via, What, files_of, verify};
use base64::{Engine, prelude::BASE64_STANDARD};
use jiff::SignedDuration;
use schemas::Root;
use serde_json::Value;
use tempfile::TempDir;
use ws_gateway::{AuditFile, Config, Gateway};

use crate::rig::{Client, People, Site, answer, config, eventually, password, post, start_gateway};

#[tokio::test]
async fn a_command_and_each_of_its_answers_are_recorded_with_who_it_was() {
    let (site, log) = Log::of_site().await;
    let mut agent = site.online("gate_in").await;
    agent.subscribe("gate_in/gate_control").await;
    let mut client = site.greeted("/ws/gate_in").await;

    client.send(&command("open", "c1", "lost his card")).await;
    agent.next(|json| json["payload"]["command_id"] == "c1").await;
    for status in ["accepted", "succeeded"] {
        agent.publish("gate_in/gate_control_response", answer("gate_in", "c1", status)).await;
    }
    let records = log.until(4).await;

    assert_eq!(whats(&records), [What::Started, What::Command, What::Answer, What::Answer]);
    for record in &records[1..] {
        assert_eq!(record.gateway, "bridge");
        assert_eq!(record.gate.as_deref(), Some("gate_in"));
        assert_eq!(record.action.as_deref(), Some("open"));
        assert_eq!(record.command_id.as_deref(), Some("c1"));
        assert_eq!(record.via, Some(Via::Websocket));
        assert_eq!(record.address, Some([127, 0, 0, 1].into()));
        assert!(record.session.is_some());
    }
    assert_eq!(records[1].reason.as_deref(), Some("lost his card"));
    assert_eq!(records[2].status.as_deref(), Some("accepted"));
    assert_eq!(records[3].status.as_deref(), Some("succeeded"));
    assert!(records[3].elapsed_ms.is_some());
    assert_eq!(site.status().await["audit"]["writes"], true);
}

#[tokio::test]
async fn what_others_command_over_mqtt_is_recorded_and_whose_it_is_by_its_own_words() {
    let (site, log) = Log::of_site().await;
    let agent = site.online("gate_in").await;
    let operator = site.mqtt().await;

    operator.publish("gate_in/gate_control", "stop").await;
    operator
        .publish(
            "gate_in/gate_control",
            r#"{"action":"open","command_id":"m1","requested_by":"anna"}"#,
        )
        .await;
    agent.publish("gate_in/gate_control_response", answer("gate_in", "m1", "succeeded")).await;
    let records = log.until(4).await;

    assert_eq!(whats(&records[1..]), [What::Command, What::Command, What::Answer]);
    assert!(records[1..].iter().all(|record| record.via == Some(Via::Mqtt)));
    assert!(records[1..].iter().all(|record| record.user.is_none() && record.address.is_none()));
    assert_eq!(records[1].action.as_deref(), Some("stop"));
    assert_eq!(records[1].requested_by, None);
    assert_eq!(records[2].requested_by.as_deref(), Some("anna"));
    assert_eq!(records[3].requested_by.as_deref(), Some("anna"));
}

#[tokio::test]
async fn a_command_that_the_gateway_refuses_is_recorded_with_why() {
    let (site, log) = Log::of_site().await;
    let agent = site.online("gate_in").await;
    let mut client = site.greeted("/ws/gate_all").await;
    let to = |gate: &str, id: &str| {
        format!(
            r#"{{"type":"gate_control","payload":{{"action":"open","gate_id":"{gate}","command_id":"{id}"}}}}"#
        )
    };

    client.send(&to("gate_nobody", "c1")).await;
    client.next("gate_control_response").await;
    client.send(&to("gate_in", "c2")).await;
    client.next("gate_control_response").await;
    // Too late, and recorded all the same.
    agent.publish("gate_in/gate_control_response", answer("gate_in", "c2", "succeeded")).await;
    let records = log.until(6).await;

    let told: Vec<_> = records[1..]
        .iter()
        .map(|record| (record.what, record.command_id.as_deref(), record.code.as_deref()))
        .collect();
    assert_eq!(
        told,
        [
            (What::Command, Some("c1"), None),
            (What::Refusal, Some("c1"), Some("gate_offline")),
            (What::Command, Some("c2"), None),
            (What::Refusal, Some("c2"), Some("timeout")),
            (What::Answer, Some("c2"), None),
        ]
    );
    assert!(records[4].elapsed_ms.unwrap() >= 2_000);
    assert!(records[5].elapsed_ms.unwrap() >= 2_000);
}

#[tokio::test]
async fn the_log_goes_on_after_a_restart_and_says_what_a_power_cut_has_left() {
    let log = Log::new();
    let mut site = Site::start_with(log.config()).await;
    log.until(1).await;

    site.stop_gateway.cancel();
    while site.gateway_task.join_next().await.is_some() {}
    assert_eq!(whats(&log.until(2).await), [What::Started, What::Stopped]);
    let torn = r#"{"n":3,"time":"20"#;
    let whole = fs::read_to_string(log.path()).unwrap();
    fs::write(log.path(), format!("{whole}{torn}")).unwrap();
    let (_gateway, _stop, _task) = start_gateway(log.config(), site.broker).await;

    let records = log.until(3).await;
    assert_eq!(records[2].what, What::Started);
    assert_eq!(records[2].torn.as_deref(), Some(torn));
}

#[tokio::test]
async fn a_disk_that_takes_nothing_keeps_no_gate_shut_and_is_told_of() {
    let log = Log::new();
    let mut config = log.config();
    config.audit_file_bytes = 1;
    let site = Site::start_with(config).await;
    let mut agent = site.online("gate_in").await;
    agent.subscribe("gate_in/gate_control").await;
    let mut client = site.greeted("/ws/gate_in").await;
    log.until(1).await;

    // In place of its directory there is something else: nothing can be written there.
    fs::remove_dir_all(log.directory()).unwrap();
    fs::write(log.directory(), "").unwrap();
    client.send(&command("open", "c1", "")).await;
    agent.next(|json| json["payload"]["command_id"] == "c1").await;
    let status = site.until_status(|status| status["audit"]["writes"] == false).await;
    assert_eq!(status["audit"]["lost"], 1);

    fs::remove_file(log.directory()).unwrap();
    client.send(&command("open", "c2", "")).await;
    agent.next(|json| json["payload"]["command_id"] == "c2").await;
    let records = log.until(1).await;
    assert_eq!(records[0].command_id.as_deref(), Some("c2"));
    assert_eq!(records[0].lost, Some(1));
    site.until_status(|status| status["audit"]["writes"] == true).await;
}

#[tokio::test]
async fn two_gateways_do_not_write_one_file() {
    let log = Log::new();
    let site = Site::start_with(log.config()).await;

    let mqtt = service::mqtt::Config::at(site.broker);
    let access = Access::without_logins(&Root::default());
    let second = Gateway::bind(log.config(), mqtt, Root::default(), access).await.unwrap_err();

    let told = format!("{:?}", second);
    assert!(told.contains("gateway.audit_file") && told.contains("another program"), "{told}");
}

#[tokio::test]
async fn a_stream_that_is_watched_has_a_record_when_it_begins_and_when_it_ends() {
    let (site, log) = Log::of_site().await;
    let mut agent = site.online("gate_in").await;
    agent.subscribe("gate_in/camera_control").await;

    let viewer = crate::rig::send(
        site.gateway,
        "GET",
        "/gates/gate_in/stream.mjpg",
        &[("Host", "localhost")],
    )
    .await;
    let start = agent.next(|json: &Value| json["payload"]["action"] == "start_stream").await;
    drop(viewer);
    agent.next(|json: &Value| json["payload"]["action"] == "stop_stream").await;
    let records = log.until(3).await;

    let told: Vec<_> =
        records[1..].iter().map(|record| (record.via, record.action.as_deref().unwrap())).collect();
    assert_eq!(told, [(Some(Via::Http), "start_stream"), (Some(Via::Http), "stop_stream")]);
    assert_eq!(records[1].command_id.as_deref(), start["payload"]["command_id"].as_str());
}

#[tokio::test]
async fn logins_that_succeed_and_fail_are_recorded_and_so_is_the_end_of_one() {
    let log = Log::new();
    let people = People::new();
    people.add("anna", "admin", &[]);
    people.set_password("anna", "open sesame");
    let site = Site::start_with_logins(log.config(), &people).await;
    let json = ("Content-Type", "application/json");

    let wrong = post(site.gateway, "/login", &[json], &password("anna", "guess")).await;
    assert_eq!(wrong.status, 401);
    let right = post(site.gateway, "/login", &[json], &password("anna", "open sesame")).await;
    let cookie = right.header("set-cookie").unwrap().split(';').next().unwrap();
    post(site.gateway, "/logout", &[json, ("Cookie", cookie)], "").await;
    let records = log.until(4).await;

    assert_eq!(whats(&records[1..]), [What::LoginFailed, What::Login, What::Logout]);
    for record in &records[1..] {
        assert_eq!(record.user.as_deref(), Some("anna"));
        assert_eq!(record.address, Some([127, 0, 0, 1].into()));
    }
    assert!(!fs::read_to_string(log.path()).unwrap().contains("guess"));
}

#[tokio::test]
async fn tokens_and_passwords_in_headers_that_are_wrong_are_recorded_but_not_without_end() {
    let log = Log::new();
    let people = People::new();
    let expired = people.token_for("otto", SignedDuration::from_secs(-1));
    let site = Site::start_with_logins(log.config(), &people).await;
    let by_header = |credentials: String| {
        let site = &site;
        async move {
            let headers = [("Host", "localhost"), ("Authorization", &credentials[..])];
            site.get_with("/session", &headers).await
        }
    };
    let by_subprotocol = async || {
        let offers = [("Sec-WebSocket-Protocol", "bearer, manless_guess")];
        let mut client = Client::connect_with(site.gateway, "/ws/gate_in", &offers).await;
        client.close_code().await
    };

    assert_eq!(by_header("Bearer manless_guess".to_owned()).await.status, 401);
    assert_eq!(by_subprotocol().await, Some(4401));
    assert_eq!(by_header(format!("Bearer {expired}")).await.status, 401);
    // From here on it has to wait, and is not recorded; a token that is good is let in.
    for _ in 0..5 {
        let reply = by_header("Bearer manless_guess".to_owned()).await;
        assert_eq!((reply.status, reply.header("retry-after")), (429, Some("1")));
        assert_eq!(by_subprotocol().await, Some(4401));
    }
    assert_eq!(site.get("/session").await.json()["user"], "ada");
    // A password waits for none of this.
    let basic = BASE64_STANDARD.encode("anna:guess");
    assert_eq!(by_header(format!("Basic {basic}")).await.status, 401);
    let records = log.until(5).await;

    assert_eq!(whats(&records[1..]), [What::LoginFailed; 4]);
    let users: Vec<_> = records[1..].iter().map(|record| record.user.as_deref()).collect();
    assert_eq!(users, [None, None, Some("otto"), Some("anna")]);
    for record in &records[1..] {
        assert_eq!(record.via, Some(Via::Http));
        assert_eq!(record.address, Some([127, 0, 0, 1].into()));
        assert!(record.reason.is_some());
    }
    assert_eq!(records[3].reason.as_deref(), Some("the token has expired"));
    let written = fs::read_to_string(log.path()).unwrap();
    assert!(!written.contains("guess") && !written.contains(&expired));
}

/// The audit log of a gateway, in a directory of its own.
struct Log(TempDir);

impl Log {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    async fn of_site() -> (Site, Self) {
        let log = Self::new();

        (Site::start_with(log.config()).await, log)
    }

    fn config(&self) -> Config {
        Config { audit_file: AuditFile::At(self.path()), ..config() }
    }

    fn directory(&self) -> PathBuf {
        self.0.path().join("log")
    }

    fn path(&self) -> PathBuf {
        self.directory().join("audit-bridge.jsonl")
    }

    /// All records, as soon as there are so many. The chain always holds.
    async fn until(&self, wanted: usize) -> Vec<Record> {
        eventually(async || {
            let mut records = Vec::new();
            let files = files_of(&self.path()).unwrap();
            verify(&files, |line| records.push(line.record.clone())).unwrap();
            assert!(records.len() <= wanted, "{records:#?}");
            (records.len() == wanted).then_some(records)
        })
        .await
    }
}

fn whats(records: &[Record]) -> Vec<What> {
    records.iter().map(|record| record.what).collect()
}

fn command(action: &str, id: &str, reason: &str) -> String {
    format!(
        r#"{{"type":"gate_control","payload":{{"action":"{action}","command_id":"{id}","reason":"{reason}"}}}}"#
    )
}
