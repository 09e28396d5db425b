//! A gateway that hears of a gate while somebody listens to it.

use std::time::Duration;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::task::JoinSet;
use ws_gateway::{Config, Subscribe};

use crate::rig::{
    BOOT, Client, HARDWARE, Site, answer, config, event, eventually, gate_status, system,
};

const PICTURE: &[u8] = b"\xFF\xD8 a picture \xFF\xD9";

#[tokio::test]
async fn a_gate_that_nobody_listens_to_is_not_received() {
    let site = site(Duration::ZERO).await;
    let agent = site.online("gate_in").await;
    let before = site.metric("messages_received_total").await;

    for n in 0..20 {
        agent.publish("gate_in/parking_event", event("gate_in", &format!("e{n}"))).await;
        agent.publish_retained("gate_in/gate_status", gate_status("gate_in", "open")).await;
        agent.publish_retained("gate_in/image", PICTURE).await;
    }
    agent.publish_retained("gate_in/system_status", system("gate_in", "stopped", BOOT)).await;
    site.until_gate_is("gate_in", "stopped").await;

    assert_eq!(site.metric("messages_received_total").await, before + 1);
    assert_eq!(kinds(&site, "gate_in").await, ["system_status"]);
}

#[tokio::test]
async fn whoever_joins_has_the_whole_snapshot_and_then_what_happens() {
    let site = site(Duration::ZERO).await;
    let agent = site.online("gate_in").await;
    agent.publish_retained("gate_in/hardware_status", HARDWARE).await;
    agent.publish_retained("gate_in/gate_status", gate_status("gate_in", "closed")).await;

    for channel in ["gate_in", "gate_all", "admin"] {
        let mut client = site.client(&format!("/ws/{channel}")).await;
        let greeting = client.greeting().await;
        for state in
            [&*system("gate_in", "online", BOOT), HARDWARE, &*gate_status("gate_in", "closed")]
        {
            assert!(greeting.iter().any(|text| text == state), "{channel}: {greeting:#?}");
        }

        agent.publish("gate_in/parking_event", event("gate_in", channel)).await;
        assert_eq!(next_event(&mut client).await, channel);
    }
}

#[tokio::test]
async fn a_gate_is_heard_until_the_last_one_has_gone_and_then_forgotten() {
    let site = site(Duration::ZERO).await;
    let agent = site.online("gate_in").await;
    agent.publish_retained("gate_in/gate_status", gate_status("gate_in", "closed")).await;
    let first = site.greeted("/ws/gate_in").await;
    let mut second = site.greeted("/ws/gate_in").await;

    drop(first);
    until_clients_are(&site, "gate_in", 1).await;
    agent.publish("gate_in/parking_event", event("gate_in", "e1")).await;
    assert_eq!(next_event(&mut second).await, "e1");

    drop(second);
    until_unheard(&site, "gate_in").await;
    agent.publish("gate_in/parking_event", event("gate_in", "e2")).await;
    agent.publish_retained("gate_in/gate_status", gate_status("gate_in", "open")).await;
    let greeting = site.client("/ws/gate_in?after=e1").await.greeting().await;
    let hello: Value = serde_json::from_str(&greeting[0]).unwrap();
    assert_eq!(hello["payload"]["recovered"], false);
    assert!(hello["payload"].get("last_event").is_none(), "{hello}");
    assert!(greeting.contains(&gate_status("gate_in", "open")), "{greeting:#?}");
    assert!(!greeting.contains(&gate_status("gate_in", "closed")), "{greeting:#?}");
}

#[tokio::test]
async fn whoever_comes_back_soon_has_missed_nothing() {
    let site = site(Duration::from_secs(600)).await;
    let agent = site.online("gate_in").await;
    let mut client = site.greeted("/ws/gate_in").await;
    agent.publish("gate_in/parking_event", event("gate_in", "e1")).await;
    assert_eq!(next_event(&mut client).await, "e1");

    drop(client);
    until_clients_are(&site, "gate_in", 0).await;
    agent.publish("gate_in/parking_event", event("gate_in", "e2")).await;
    let greeting = site.client("/ws/gate_in?after=e1").await.greeting().await;

    let hello: Value = serde_json::from_str(&greeting[0]).unwrap();
    assert_eq!(hello["payload"]["recovered"], true);
    assert_eq!(greeting[1], event("gate_in", "e2"));
}

#[tokio::test]
async fn going_over_to_everything_and_back_loses_nothing_and_tells_nothing_twice() {
    let site = site(Duration::ZERO).await;
    let agent = site.online("gate_in").await;
    let mut client = site.greeted("/ws/gate_in").await;
    let mut gate = JoinSet::new();
    gate.spawn(async move {
        for n in 0..400 {
            agent.publish("gate_in/parking_event", event("gate_in", &n.to_string())).await;
        }
    });

    for _ in 0..5 {
        let wide = site.greeted("/ws/gate_all").await;
        drop(wide);
        until_clients_are(&site, "gate_all", 0).await;
    }

    gate.join_next().await.unwrap().unwrap();
    for n in 0..400 {
        assert_eq!(next_event(&mut client).await, n.to_string());
    }
}

#[tokio::test]
async fn who_listens_to_all_hears_each_gate_once_and_then_they_are_forgotten() {
    let site = site(Duration::ZERO).await;
    let agent = site.online("gate_in").await;
    let other = site.online("gate_out").await;
    other.publish_retained("gate_out/gate_status", gate_status("gate_out", "open")).await;
    let _client = site.greeted("/ws/gate_in").await;
    let mut wide = site.greeted("/ws/gate_all").await;

    for (id, gate) in [("e1", "gate_in"), ("e2", "gate_out"), ("e3", "gate_17")] {
        agent.publish(&format!("{gate}/parking_event"), event(gate, id)).await;
        assert_eq!(next_event(&mut wide).await, id);
    }
    drop(wide);

    until_unheard(&site, "gate_out").await;
    let greeting = site.client("/ws/gate_all?after=e1").await.greeting().await;
    assert!(greeting[0].contains(r#""recovered":false"#), "{greeting:#?}");
    assert!(greeting.contains(&gate_status("gate_out", "open")), "{greeting:#?}");
}

#[tokio::test]
async fn after_the_broker_was_away_all_is_subscribed_to_that_is_wanted() {
    let mut site = site(Duration::ZERO).await;
    let mut client = site.greeted("/ws/gate_in").await;

    site.restart_broker().await;
    let agent = site.online("gate_in").await;
    assert_eq!(client.next("hello").await["payload"]["recovered"], false);
    client.greeting().await;
    agent.publish("gate_in/parking_event", event("gate_in", "e1")).await;
    agent.publish("gate_out/parking_event", event("gate_out", "e2")).await;
    agent.publish("gate_in/parking_event", event("gate_in", "e3")).await;

    assert_eq!(next_event(&mut client).await, "e1");
    assert_eq!(next_event(&mut client).await, "e3");
}

#[tokio::test]
async fn a_command_is_answered_and_a_gate_that_is_away_is_known_to_be() {
    let site = site(Duration::ZERO).await;
    let mut agent = site.online("gate_in").await;
    agent.subscribe("gate_in/gate_control").await;
    let mut client = site.greeted("/ws/gate_in").await;

    client.send(r#"{"type":"gate_control","payload":{"action":"open","command_id":"c1"}}"#).await;
    agent.message().await;
    agent.publish("gate_in/gate_control_response", answer("gate_in", "c1", "succeeded")).await;
    assert_eq!(client.next("gate_control_response").await["payload"]["status"], "succeeded");

    agent.publish_retained("gate_in/system_status", system("gate_in", "offline", BOOT)).await;
    site.until_gate_is("gate_in", "offline").await;
    client.send(r#"{"type":"gate_control","payload":{"action":"open","command_id":"c2"}}"#).await;
    let refused = loop {
        let answer = client.next("gate_control_response").await;
        if answer["payload"]["command_id"] == "c2" {
            break answer;
        }
    };
    assert_eq!(refused["payload"]["code"], "gate_offline");
}

#[tokio::test]
async fn the_latest_picture_of_a_gate_that_nobody_listens_to_is_the_latest() {
    let site = site(Duration::ZERO).await;
    let agent = site.mqtt().await;
    for picture in [PICTURE, b"\xFF\xD8 a newer one \xFF\xD9"] {
        agent.publish_retained("gate_in/image", picture).await;

        assert_eq!(site.get("/gates/gate_in/image.jpg").await.body, picture);
    }
}

#[tokio::test]
async fn a_picture_is_fetched_from_a_gate_that_nobody_listens_to() {
    let site = site(Duration::ZERO).await;
    let mut agent = site.online("gate_in").await;
    agent.subscribe("gate_in/camera_control").await;
    let mut gate = JoinSet::new();
    gate.spawn(async move {
        let command = agent.next(|json| json["payload"]["action"] == "fetch").await;
        agent.publish("gate_in/picture", PICTURE).await;
        agent.publish("gate_in/camera_control_response", found(&command)).await;
        agent
    });

    assert_eq!(site.get("/gates/gate_in/images/p1.jpg").await.body, PICTURE);
}

#[tokio::test]
async fn a_controller_on_websocket_gets_the_commands_of_its_gate() {
    let site = site(Duration::ZERO).await;
    let mut controller = site.client("/ws/controller/gate_in").await;
    site.until_gate_is("gate_in", "online").await;

    let now = jiff::Timestamp::now();
    let open = json!({
        "type": "gate_control",
        "payload": { "action": "open", "command_id": "c1" },
        "gate_id": "gate_in",
        "timestamp": now.to_string(),
    });
    site.mqtt().await.publish("gate_in/gate_control", open.to_string()).await;

    assert_eq!(controller.next("gate_control").await["payload"]["command_id"], "c1");
}

/// A quiet site: what the gateway says to itself at its start has come back.
async fn site(linger: Duration) -> Site {
    let config = Config { subscribe: Subscribe::Demand, linger, ..config() };
    let site = Site::start_with(config).await;
    eventually(async || (site.metric("messages_received_total").await >= 2).then_some(())).await;

    site
}

/// Waits until nothing is shown of a gate but whether it is there.
async fn until_unheard(site: &Site, gate: &str) {
    eventually(async || (kinds(site, gate).await == ["system_status"]).then_some(())).await;
}

async fn kinds(site: &Site, gate: &str) -> Vec<String> {
    let status = site.status().await;
    let messages = status["gates"][gate]["messages"].as_object().cloned().unwrap_or_default();

    messages.keys().cloned().collect()
}

async fn until_clients_are(site: &Site, channel: &str, count: u64) {
    site.until_status(|status| status["channels"][channel].as_u64().unwrap_or(0) == count).await;
}

/// The id of the next event.
async fn next_event(client: &mut Client) -> String {
    client.next("parking_event").await["id"].as_str().unwrap().to_owned()
}

fn found(command: &Value) -> String {
    let sha256: String = Sha256::digest(PICTURE).iter().map(|b| format!("{b:02x}")).collect();

    json!({
        "type": "camera_control_response",
        "payload": {
            "command_id": command["payload"]["command_id"],
            "action": "fetch",
            "status": "succeeded",
            "success": true,
            "image_id": "p1",
            "sha256": sha256,
        },
        "gate_id": "gate_in",
        "timestamp": "2024-01-20T10:30:00Z",
    })
    .to_string()
}
