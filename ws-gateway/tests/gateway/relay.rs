//! From MQTT to dashboards.

use rumqttc::{LastWill, QoS};
use serde_json::Value;
use tokio_tungstenite::tungstenite::Message;

use crate::rig::{HARDWARE, Mqtt, Site, event, gate_status, system};

#[tokio::test]
async fn the_bytes_of_a_gate_reach_every_channel_unchanged() {
    let site = Site::start().await;
    let mut clients = Vec::new();
    for path in ["/ws/gate_in", "/ws/gate_all", "/ws/admin"] {
        clients.push(site.greeted(path).await);
    }

    site.mqtt().await.publish_retained("gate_in/hardware_status", HARDWARE).await;

    for client in &mut clients {
        let text = loop {
            let text = client.text().await;
            if text.contains("hardware_status") {
                break text;
            }
        };
        assert_eq!(text, HARDWARE);
    }
}

#[tokio::test]
async fn what_this_version_does_not_know_passes_through() {
    let site = Site::start().await;
    let mut client = site.greeted("/ws/gate_in").await;
    let text = r#"{"type":"parking_event","payload":{"event":"balloon","extra":{"a":[1,2.50,null]}},"gate_id":"gate_in","timestamp":"2024-01-20T10:30:00Z","site":"é ü"}"#;

    site.mqtt().await.publish("gate_in/parking_event", text).await;

    assert_eq!(client.text().await, text);
}

#[tokio::test]
async fn a_client_is_told_hello_then_the_snapshot_then_what_happens() {
    let site = Site::start().await;
    let agent = site.online("gate_in").await;
    agent.publish_retained("gate_in/hardware_status", HARDWARE).await;
    agent.publish_retained("gate_in/gate_status", &*gate_status("gate_in", "closed")).await;
    agent.publish_retained("gate_out/gate_status", &*gate_status("gate_out", "open")).await;
    site.until_status(|status| status["gates"]["gate_out"]["messages"]["gate_status"].is_object())
        .await;

    let mut client = site.client("/ws/gate_in").await;
    let greeting = client.greeting().await;
    let hello: Value = serde_json::from_str(&greeting[0]).unwrap();
    agent.publish("gate_in/parking_event", &*event("gate_in", "e1")).await;

    assert_eq!(hello["type"], "hello");
    assert_eq!(hello["gate_id"], "gate_in");
    assert_eq!(hello["payload"]["contract"], "1.0");
    assert_eq!(hello["payload"]["channel"], "gate_in");
    assert_eq!(hello["payload"]["role"], "operator");
    assert!(hello["payload"]["server_time"].is_string());
    assert!(hello["payload"].get("recovered").is_none());
    assert_eq!(greeting.len(), 6);
    assert!(greeting[1].contains("snapshot_begin"));
    assert_eq!(greeting[2], system("gate_in", "online", crate::rig::BOOT));
    assert_eq!(greeting[3], HARDWARE);
    assert_eq!(greeting[4], gate_status("gate_in", "closed"));
    assert_eq!(client.text().await, event("gate_in", "e1"));
}

#[tokio::test]
async fn a_gate_that_nobody_has_heard_of_has_a_channel_too() {
    let site = Site::start().await;
    let mut client = site.greeted("/ws/gate_17").await;

    site.mqtt().await.publish("gate_17/parking_event", &*event("gate_17", "e1")).await;

    assert_eq!(client.text().await, event("gate_17", "e1"));
}

#[tokio::test]
async fn a_client_that_comes_back_is_told_what_it_missed_before_the_snapshot() {
    let site = Site::start().await;
    let agent = site.online("gate_in").await;
    let mut first = site.greeted("/ws/gate_in").await;
    for id in ["e1", "e2", "e3"] {
        agent.publish("gate_in/parking_event", &*event("gate_in", id)).await;
        assert_eq!(first.text().await, event("gate_in", id));
    }

    let greeting = site.client("/ws/gate_in?after=e1").await.greeting().await;
    let hello: Value = serde_json::from_str(&greeting[0]).unwrap();

    assert_eq!(hello["payload"]["recovered"], true);
    assert_eq!(greeting[1..3], [event("gate_in", "e2"), event("gate_in", "e3")]);
    assert!(greeting[3].contains("snapshot_begin"));
}

#[tokio::test]
async fn a_client_that_was_away_too_long_is_told_so() {
    let site = Site::start().await;
    for channel in ["gate_in", "gate_all", "admin"] {
        let greeting = site.client(&format!("/ws/{channel}?after=e0")).await.greeting().await;
        let hello: Value = serde_json::from_str(&greeting[0]).unwrap();

        assert_eq!(hello["payload"]["recovered"], false, "{channel}");
    }
}

#[tokio::test]
async fn after_the_broker_was_away_every_client_is_told_that_events_may_be_missing() {
    let mut site = Site::start().await;
    let agent = site.online("gate_in").await;
    let mut client = site.greeted("/ws/gate_in").await;
    agent.publish("gate_in/parking_event", &*event("gate_in", "e1")).await;
    assert_eq!(client.text().await, event("gate_in", "e1"));

    site.restart_broker().await;

    assert_eq!(client.next("hello").await["payload"]["recovered"], false);
    let hello = site.client("/ws/gate_in?after=e1").await.json().await;
    assert_eq!(hello["payload"]["recovered"], false);
}

#[tokio::test]
async fn the_brokers_copy_of_a_known_state_is_no_news() {
    let site = Site::start().await;
    let agent = site.online("gate_in").await;
    agent.publish_retained("gate_in/gate_status", &*gate_status("gate_in", "closed")).await;
    let mut client = site.greeted("/ws/gate_in").await;
    agent.publish_retained("gate_in/gate_status", &*gate_status("gate_in", "open")).await;
    while client.text().await != gate_status("gate_in", "open") {}

    // Another client with the gateway's own id: the broker drops the gateway, which comes back.
    let bridge = site.greeted_bridge_boot().await;
    drop(Mqtt::connect_as(site.broker, &format!("bridge-{bridge}"), None).await);
    let greeting = client.greeting().await;
    agent.publish("gate_in/parking_event", &*event("gate_in", "e1")).await;

    assert!(greeting[0].contains(r#""recovered":false"#) && greeting[1].contains("snapshot_begin"));
    assert_eq!(greeting[2], system("gate_in", "online", crate::rig::BOOT));
    assert_eq!(greeting[3], gate_status("gate_in", "open"));
    assert_eq!(greeting.len(), 5);
    assert_eq!(client.text().await, event("gate_in", "e1"));
}

#[tokio::test]
async fn a_cleared_state_is_forgotten_and_not_relayed() {
    let site = Site::start().await;
    let agent = site.online("gate_in").await;
    let mut client = site.greeted("/ws/gate_in").await;

    agent.publish_retained("gate_in/system_status", "").await;
    agent.publish("gate_in/parking_event", &*event("gate_in", "e1")).await;

    assert_eq!(client.text().await, event("gate_in", "e1"));
    let status = site.status().await;
    assert!(status["gates"]["gate_in"]["messages"].get("system_status").is_none());
}

#[tokio::test]
async fn the_will_of_an_agent_that_has_come_back_is_ignored() {
    let site = Site::start().await;
    let will = LastWill::new(
        "parking/gate_in/system_status",
        system("gate_in", "offline", "old"),
        QoS::AtLeastOnce,
        false,
    );
    let old = Mqtt::connect_as(site.broker, "old-agent", Some(will)).await;
    let agent = site.online("gate_in").await;
    let mut client = site.greeted("/ws/gate_in").await;

    drop(old);
    while site.metric("messages_stale_total").await == 0 {}
    agent.publish("gate_in/parking_event", &*event("gate_in", "e1")).await;

    assert_eq!(client.text().await, event("gate_in", "e1"));
    site.until_gate_is("gate_in", "online").await;
}

#[tokio::test]
async fn what_is_not_a_message_of_the_contract_is_shown_on_admin_alone() {
    let site = Site::start().await;
    let mut admin = site.greeted("/ws/admin").await;
    let mut all = site.greeted("/ws/gate_all").await;
    let publisher = site.mqtt().await;

    for (topic, payload) in [
        ("gate_in/gate_status", "open"),
        ("gate_in/gate_status", r#"{"type":"gate_status"}"#),
        ("gate_in/gate_status", &*gate_status("gate_out", "open")),
        ("gate_in/door_status", "{}"),
        ("GATE/gate_status", "{}"),
        ("gate_all/gate_status", "{}"),
        ("gate_in/image", "not a picture"),
        ("gate_in/gate_control", "fly"),
        ("gate_in", "{}"),
    ] {
        publisher.publish(topic, payload).await;
        let shown = admin.next("invalid_message").await;
        assert_eq!(shown["payload"]["origin"], format!("parking/{topic}"));
        assert_eq!(shown["payload"]["size"], payload.len());
        assert!(shown["payload"]["reason"].as_str().is_some_and(|reason| reason.len() > 10));
    }
    publisher.publish("gate_in/parking_event", &*event("gate_in", "e1")).await;

    assert_eq!(all.text().await, event("gate_in", "e1"));
    assert_eq!(site.metric("messages_invalid_total").await, 9);
}

#[tokio::test]
async fn commands_are_shown_on_admin_alone() {
    let site = Site::start().await;
    let mut admin = site.greeted("/ws/admin").await;
    let mut all = site.greeted("/ws/gate_all").await;
    let publisher = site.mqtt().await;
    let whole = r#"{ "type":"gate_control","payload":{"action":"open","x":1},"gate_id":"gate_in","timestamp":"2024-01-20T10:30:00Z" }"#;

    publisher.publish("gate_in/gate_control", "open").await;
    publisher.publish("gate_in/gate_control", whole).await;
    publisher.publish("gate_in/parking_event", &*event("gate_in", "e1")).await;

    let word = admin.next("gate_control").await;
    assert_eq!(word["payload"]["action"], "open");
    assert_eq!(word["gate_id"], "gate_in");
    assert!(word["timestamp"].is_string());
    assert_eq!(admin.text().await, whole);
    assert_eq!(all.text().await, event("gate_in", "e1"));
}

#[tokio::test]
async fn admin_sees_clients_come_and_go() {
    let site = Site::start().await;
    let mut admin = site.greeted("/ws/admin").await;

    let client = site.greeted("/ws/gate_in").await;
    let opened = admin.next("session_opened").await;
    drop(client);
    let closed = admin.next("session_closed").await;

    assert_eq!(opened["payload"]["channel"], "gate_in");
    assert!(opened["payload"]["address"].as_str().unwrap().starts_with("127.0.0.1:"));
    assert_eq!(opened["payload"].get("user"), None, "there are no logins");
    assert_eq!(opened["payload"]["session"], closed["payload"]["session"]);
}

#[tokio::test]
async fn a_slow_client_is_closed_with_4008_and_delays_nobody() {
    let site = Site::start().await;
    let agent = site.online("gate_in").await;
    let mut slow = site.greeted("/ws/gate_in").await;
    let mut quick = site.greeted("/ws/gate_in").await;
    let long = "x".repeat(60_000);
    let events = |n: usize| {
        event("gate_in", &format!("e{n}"))
            .replace("entry\"", &format!("entry\",\"detail\":\"{long}\""))
    };

    // Enough to fill what the system buffers between the two, and then the queue.
    let mut sent = 0;
    while site.metric("clients_slow_total").await == 0 {
        for n in sent..sent + 5 {
            agent.publish("gate_in/parking_event", events(n)).await;
            assert_eq!(quick.text().await, events(n));
        }
        sent += 5;
    }

    let (told, code) = slow.rest().await;
    assert_eq!(code, Some(4008));
    assert!(told.len() < sent);
    for (n, text) in told.iter().enumerate() {
        assert_eq!(*text, events(n), "no gap before the close");
    }
    agent.publish("gate_in/parking_event", &*event("gate_in", "last")).await;
    assert_eq!(quick.text().await, event("gate_in", "last"));
}

#[tokio::test]
async fn a_client_that_is_behind_gets_the_latest_states_and_stays() {
    let site = Site::start().await;
    let agent = site.online("gate_in").await;
    let mut slow = site.greeted("/ws/gate_in").await;
    let mut quick = site.greeted("/ws/gate_in").await;
    let detail = "x".repeat(60_000);
    let state = |n: usize| {
        HARDWARE.replace("\"COM17\"", &format!("\"COM17\", \"detail\": \"{n} {detail}\""))
    };

    let mut last = 0;
    while site.metric("frames_conflated_total").await < 10 {
        for _ in 0..5 {
            last += 1;
            agent.publish_retained("gate_in/hardware_status", state(last)).await;
        }
        while quick.text().await != state(last) {}
    }

    let mut told = 0;
    while slow.text().await != state(last) {
        told += 1;
    }
    assert!(told < last, "some were left out");
    agent.publish("gate_in/parking_event", &*event("gate_in", "e1")).await;
    assert_eq!(slow.text().await, event("gate_in", "e1"));
}

#[tokio::test]
async fn a_ping_of_a_client_is_answered() {
    use futures_util::{SinkExt, StreamExt};
    let site = Site::start().await;
    let mut client = site.greeted("/ws/gate_in").await;

    client.socket.send(Message::Ping("hi".into())).await.unwrap();

    let frame = client.socket.next().await.unwrap().unwrap();
    assert_eq!(frame, Message::Pong("hi".into()));
}

impl Site {
    async fn greeted_bridge_boot(&self) -> String {
        let mut mqtt = self.mqtt().await;
        mqtt.subscribe("bridge/system_status").await;
        let status = mqtt.next(|json| json["payload"]["state"] == "online").await;

        status["payload"]["boot"].as_str().unwrap().to_owned()
    }
}
