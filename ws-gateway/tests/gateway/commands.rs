//! From dashboards to gates, and the answers.

use ws_gateway::{Config, Rate};

use crate::rig::{Site, answer, config, system};

const OPEN: &str =
    r#"{"type":"gate_control","payload":{"action":"open","gate_id":"gate_in","duration":10}}"#;

#[tokio::test]
async fn a_command_reaches_the_gate_with_who_when_and_until() {
    let site = Site::start().await;
    let mut agent = site.online("gate_in").await;
    agent.subscribe("gate_in/gate_control").await;
    let mut client = site.greeted("/ws/gate_in").await;

    client
        .send(r#"{"type":"gate_control","payload":{"action":"open","command_id":"c1","requested_by":"boss","ticket":7},"trace":"t1"}"#)
        .await;
    let publish = agent.message().await;
    let command: serde_json::Value = serde_json::from_slice(&publish.payload).unwrap();

    assert_eq!(publish.topic, "parking/gate_in/gate_control");
    assert!(!publish.retain);
    assert_eq!(publish.qos, rumqttc::QoS::AtLeastOnce);
    assert_eq!(command["gate_id"], "gate_in");
    assert_eq!(command["payload"]["action"], "open");
    assert_eq!(command["payload"]["command_id"], "c1");
    assert_eq!(command["payload"]["ticket"], 7);
    assert_eq!(command["trace"], "t1");
    assert_eq!(command["payload"]["requested_by"], "anonymous@127.0.0.1");
    let time =
        |value: &serde_json::Value| value.as_str().unwrap().parse::<schemas::Timestamp>().unwrap();
    let life = time(&command["payload"]["expires_at"]).duration_since(time(&command["timestamp"]));
    assert_eq!(life.as_secs(), 10);
    assert!(command["id"].is_string());
}

#[tokio::test]
async fn every_type_of_command_reaches_the_gate() {
    let site = Site::start().await;
    let mut agent = site.online("gate_in").await;
    agent.subscribe("gate_in/+").await;
    let mut client = site.greeted("/ws/gate_all").await;

    for (kind, payload) in [
        ("gate_control", r#"{"action":"stop","gate_id":"gate_in"}"#),
        ("camera_control", r#"{"action":"capture","gate_id":"gate_in"}"#),
        ("request_status", r#"{"gate_id":"gate_in"}"#),
        ("request_events", r#"{"gate_id":"gate_in","from_seq":1}"#),
    ] {
        client.send(&format!(r#"{{"type":"{kind}","payload":{payload}}}"#)).await;
        let command = agent.next(|json| json["type"] == kind).await;
        assert!(command["payload"]["command_id"].is_string(), "{kind}");
    }
}

#[tokio::test]
async fn the_answer_of_a_gate_reaches_the_client_and_ends_the_waiting() {
    let site = Site::start().await;
    let mut agent = site.online("gate_in").await;
    agent.subscribe("gate_in/gate_control").await;
    let mut client = site.greeted("/ws/gate_in").await;

    client.send(OPEN).await;
    let command = agent.next(|_| true).await;
    let id = command["payload"]["command_id"].as_str().unwrap();
    agent.publish("gate_in/gate_control_response", answer("gate_in", id, "accepted")).await;
    assert_eq!(client.text().await, answer("gate_in", id, "accepted"));

    // The next command is not answered: its `timeout` comes, and would come after the first one's.
    client.send(OPEN).await;
    let timeout = client.json().await;
    assert_eq!(timeout["payload"]["code"], "timeout");
    assert_ne!(timeout["payload"]["command_id"], id);
}

#[tokio::test]
async fn a_command_that_no_gate_answers_times_out_and_is_sent_once() {
    let site = Site::start().await;
    let mut agent = site.online("gate_in").await;
    agent.subscribe("gate_in/gate_control").await;
    let mut client = site.greeted("/ws/gate_in").await;
    let mut other = site.greeted("/ws/gate_in").await;
    let mut admin = site.greeted("/ws/admin").await;

    client.send(OPEN).await;
    let response = client.json().await;

    assert_eq!(response["type"], "gate_control_response");
    assert_eq!(response["gate_id"], "gate_in");
    assert_eq!(response["payload"]["status"], "failed");
    assert_eq!(response["payload"]["success"], false);
    assert_eq!(response["payload"]["code"], "timeout");
    assert_eq!(response["payload"]["action"], "open");
    assert_eq!(admin.next("gate_control_response").await, response);
    agent.publish("gate_in/gate_control", "stop").await;
    assert_eq!(
        agent.next(|_| true).await["payload"]["command_id"],
        response["payload"]["command_id"]
    );
    assert_eq!(agent.message().await.payload, "stop");
    agent.publish("gate_in/parking_event", &*crate::rig::event("gate_in", "e1")).await;
    assert_eq!(other.json().await["type"], "parking_event", "the answer is the sender's");
}

#[tokio::test]
async fn where_no_gate_could_act_the_answer_is_gate_offline_at_once() {
    let mut slow = config();
    slow.answer_within = std::time::Duration::from_secs(3_600);
    let site = Site::start_with(slow).await;
    let agent = site.mqtt().await;
    for (gate, state) in
        [("gate_off", "offline"), ("gate_stopped", "stopped"), ("gate_new", "dancing")]
    {
        agent.publish_retained(&format!("{gate}/system_status"), system(gate, state, "b")).await;
    }
    site.until_gate_is("gate_new", "unknown").await;

    for gate in ["gate_off", "gate_stopped", "gate_new", "gate_nobody"] {
        let mut client = site.greeted(&format!("/ws/{gate}")).await;
        client
            .send(r#"{"type":"gate_control","payload":{"action":"open","command_id":"c1"}}"#)
            .await;
        let response = client.json().await;
        assert_eq!(response["type"], "gate_control_response", "{gate}");
        assert_eq!(response["payload"]["code"], "gate_offline", "{gate}");
        assert_eq!(response["payload"]["command_id"], "c1");
        assert_eq!(response["payload"]["status"], "failed");

        client.send(r#"{"type":"camera_control","payload":{"action":"capture"}}"#).await;
        assert_eq!(client.json().await["type"], "camera_control_response");
        client.send(r#"{"type":"request_status","payload":{}}"#).await;
        let error = client.json().await;
        assert_eq!(
            (&error["type"], &error["payload"]["code"]),
            (&"error".into(), &"gate_offline".into())
        );
    }
}

#[tokio::test]
async fn without_a_broker_the_answer_is_broker_unavailable_at_once() {
    let mut site = Site::start().await;
    let _agent = site.online("gate_in").await;
    let mut client = site.greeted("/ws/gate_in").await;

    site.kill_broker().await;
    site.until_readyz_is(503).await;
    client.send(OPEN).await;
    let response = client.next("gate_control_response").await;

    assert_eq!(response["payload"]["code"], "broker_unavailable");
    assert_eq!(response["payload"]["status"], "failed");
    site.restart_broker().await;
    site.ready().await;
    let mut later = site.mqtt().await;
    later.subscribe("gate_in/gate_control").await;
    later.publish("gate_in/gate_control", "stop").await;
    assert_eq!(later.message().await.payload, "stop", "what was refused is not sent later");
}

#[tokio::test]
async fn a_command_that_is_sent_again_has_its_whole_time_again() {
    let site = Site::start().await;
    let agent = site.online("gate_in").await;
    let mut client = site.greeted("/ws/gate_in").await;
    let open = |id: &str| {
        format!(r#"{{"type":"gate_control","payload":{{"action":"open","command_id":"{id}"}}}}"#)
    };

    client.send(&open("c1")).await;
    agent.publish("gate_in/gate_control_response", answer("gate_in", "c1", "accepted")).await;
    assert_eq!(client.text().await, answer("gate_in", "c1", "accepted"));
    client.send(&open("c2")).await;
    client.send(&open("c1")).await;

    for id in ["c2", "c1"] {
        let timeout = client.json().await;
        assert_eq!(timeout["payload"]["code"], "timeout");
        assert_eq!(timeout["payload"]["command_id"], id);
    }
}

#[tokio::test]
async fn a_client_with_too_many_open_commands_is_told_to_wait_and_can_still_stop() {
    let mut slow = config();
    slow.answer_within = std::time::Duration::from_secs(3_600);
    slow.limits.session_commands = Rate { per_second: 1.0, burst: 1_000 };
    slow.limits.gate_commands = Rate { per_second: 1.0, burst: 1_000 };
    let site = Site::start_with(slow).await;
    let mut agent = site.online("gate_in").await;
    agent.subscribe("gate_in/gate_control").await;
    let mut client = site.greeted("/ws/gate_in").await;

    for _ in 0..101 {
        client.send(OPEN).await;
    }

    let refused = client.json().await;
    assert_eq!(refused["payload"]["code"], "rate_limited");
    assert_eq!(refused["payload"]["status"], "rejected");
    client.send(&command("stop", "c-stop")).await;
    agent.next(|json| json["payload"]["command_id"] == "c-stop").await;
}

#[tokio::test]
async fn a_client_that_sends_too_fast_is_told_so_and_its_stop_still_goes_through() {
    let site = Site::start_with(limited(3, 1_000)).await;
    let mut agent = site.online("gate_in").await;
    agent.subscribe("gate_in/gate_control").await;
    let mut client = site.greeted("/ws/gate_in").await;
    let mut other = site.greeted("/ws/gate_in").await;

    for n in 0..4 {
        client.send(&command("open", &format!("c{n}"))).await;
    }

    let refused = client.json().await;
    assert_eq!(refused["payload"]["code"], "rate_limited");
    assert_eq!(refused["payload"]["command_id"], "c3");
    client.send(&command("stop", "c-stop")).await;
    agent.next(|json| json["payload"]["command_id"] == "c-stop").await;
    // It is the client that is too fast, not the gate.
    other.send(&command("open", "c-other")).await;
    agent.next(|json| json["payload"]["command_id"] == "c-other").await;
}

#[tokio::test]
async fn a_gate_that_gets_too_many_commands_still_gets_a_stop_and_an_emergency() {
    let site = Site::start_with(limited(1_000, 3)).await;
    let mut agent = site.online("gate_in").await;
    agent.subscribe("gate_in/gate_control").await;
    let mut clients = Vec::new();
    for _ in 0..4 {
        clients.push(site.greeted("/ws/gate_in").await);
    }

    for (n, client) in clients.iter_mut().enumerate() {
        client.send(&command("open", &format!("c{n}"))).await;
        let passed = n < 3;
        if passed {
            agent.next(|json| json["payload"]["command_id"] == format!("c{n}")).await;
        }
    }
    assert_eq!(clients[3].json().await["payload"]["code"], "rate_limited");

    for action in ["stop", "emergency_open"] {
        clients[0].send(&command(action, action)).await;
        agent.next(|json| json["payload"]["command_id"] == action).await;
    }
    // Nor does it keep anybody from looking.
    agent.subscribe("gate_in/request_status").await;
    clients[0].send(r#"{"type":"request_status","payload":{}}"#).await;
    agent.next(|json| json["type"] == "request_status").await;
}

#[tokio::test]
async fn on_admin_the_answer_of_the_gateway_comes_once_and_to_all() {
    let site = Site::start().await;
    let mut sender = site.greeted("/ws/admin").await;
    let mut other = site.greeted("/ws/admin").await;

    for id in ["c1", "c2"] {
        sender
            .send(&format!(
                r#"{{"type":"gate_control","payload":{{"action":"open","gate_id":"gate_in","command_id":"{id}"}}}}"#
            ))
            .await;
        for client in [&mut sender, &mut other] {
            let response = client.next("gate_control_response").await;
            assert_eq!(response["payload"]["command_id"], id);
        }
    }
}

#[tokio::test]
async fn what_became_of_commands_is_counted_by_action_and_outcome() {
    let site = Site::start().await;
    let agent = site.online("gate_in").await;
    let mut client = site.greeted("/ws/gate_all").await;
    let mut watcher = site.greeted("/ws/gate_in").await;

    agent.publish("gate_in/gate_control_response", answer("gate_in", "m1", "succeeded")).await;
    watcher.next("gate_control_response").await;
    client.send(r#"{"type":"gate_control","payload":{"action":"close","gate_id":"gate_x"}}"#).await;
    client.next("gate_control_response").await;
    client.next("gate_control_response").await;
    let outcome = |action: &str, status: &str, code: &str, by: &str| {
        format!(
            r#"command_outcomes_total{{action="{action}",status="{status}",code="{code}",by="{by}"}}"#
        )
    };

    assert_eq!(site.metric(&outcome("open", "succeeded", "", "gate")).await, 1);
    assert_eq!(site.metric(&outcome("close", "failed", "gate_offline", "gateway")).await, 1);
    assert_eq!(site.metric(r#"channel_clients{channel="gate_in"}"#).await, 1);
    assert!(site.metric("delivery_seconds_count").await > 0);
    assert_eq!(site.metric(r#"message_age_seconds_bucket{le="+Inf"}"#).await, 0);
}

#[tokio::test]
async fn admin_sees_who_wanted_what_was_refused_and_a_flood_once() {
    let site = Site::start_with(limited(2, 1_000)).await;
    let _agent = site.online("gate_in").await;
    let mut client = site.greeted("/ws/gate_all").await;
    let mut admin = site.greeted("/ws/admin").await;
    let to = |gate: &str, id: &str| {
        format!(
            r#"{{"type":"gate_control","payload":{{"action":"open","gate_id":"{gate}","command_id":"{id}"}}}}"#
        )
    };

    client.send(&to("gate_nobody", "c1")).await;
    let refused = admin.next("gate_control").await;
    assert_eq!(refused["payload"]["command_id"], "c1");
    assert_eq!(refused["payload"]["requested_by"], "anonymous@127.0.0.1");
    let answer = admin.next("gate_control_response").await;
    assert_eq!(answer["payload"]["code"], "gate_offline");
    assert_eq!(client.next("gate_control_response").await, answer);

    client.send(&to("gate_in", "c2")).await;
    assert_eq!(admin.next("gate_control").await["payload"]["command_id"], "c2");
    for n in 3..9 {
        client.send(&to("gate_in", &format!("c{n}"))).await;
        let answer = client.next("gate_control_response").await;
        assert_eq!(answer["payload"]["code"], "rate_limited");
        assert_eq!(answer["payload"]["command_id"], format!("c{n}"));
    }
    client.send(&to("gate_in", "c9").replace("open", "stop")).await;
    assert_eq!(admin.next("gate_control").await["payload"]["command_id"], "c3");
    assert_eq!(admin.next("gate_control").await["payload"]["command_id"], "c9");
}

/// Nothing comes back within an hour, and nobody waits for an answer for less.
fn limited(of_a_client: u32, of_a_gate: u32) -> Config {
    let mut config = config();
    config.answer_within = std::time::Duration::from_secs(3_600);
    config.limits.session_commands = Rate { per_second: 1e-4, burst: of_a_client };
    config.limits.gate_commands = Rate { per_second: 1e-4, burst: of_a_gate };

    config
}

fn command(action: &str, id: &str) -> String {
    format!(r#"{{"type":"gate_control","payload":{{"action":"{action}","command_id":"{id}"}}}}"#)
}
