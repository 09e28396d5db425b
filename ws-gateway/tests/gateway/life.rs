//! How a gateway starts, goes on and stops.

use std::{process::Command, time::Duration};

use access::Access;
use schemas::Root;
use ws_gateway::{BindError, Config, Gateway};

use crate::rig::{Site, config, event};

#[tokio::test]
async fn an_address_that_others_can_reach_is_refused() {
    let config = Config { listen: ([0, 0, 0, 0], 0).into(), ..config() };

    let error =
        Gateway::bind(config, Default::default(), Root::default(), open()).await.unwrap_err();

    assert!(matches!(error, BindError::Config(_)));
}

#[test]
fn the_program_exits_with_78_where_the_configuration_is_refused() {
    let output = Command::new(env!("CARGO_BIN_EXE_ws-gateway"))
        .env_clear()
        .env("WEBSOCKET_HOST", "0.0.0.0")
        .output()
        .unwrap();

    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(78), "{said}");
    assert!(said.contains("gateway.listen") && said.contains("127.0.0.1"), "{said}");
}

#[tokio::test]
async fn a_port_that_is_taken_is_named() {
    let site = Site::start().await;
    let config = Config { listen: site.gateway, ..config() };

    let error =
        Gateway::bind(config, Default::default(), Root::default(), open()).await.unwrap_err();

    let text = error.to_string();
    assert!(text.contains(&site.gateway.port().to_string()), "{text}");
    assert!(text.contains("gateway.listen"), "{text}");
}

#[tokio::test]
async fn stopping_tells_every_client_and_then_the_broker() {
    let mut site = Site::start().await;
    let agent = site.online("gate_in").await;
    let mut observer = site.mqtt().await;
    observer.subscribe("+/system_status").await;
    let mut client = site.greeted("/ws/gate_in").await;
    let mut controller = site.client("/ws/controller/gate_out").await;
    site.until_gate_is("gate_out", "online").await;
    agent.publish("gate_in/parking_event", &*event("gate_in", "e1")).await;
    assert_eq!(client.text().await, event("gate_in", "e1"));

    site.stop_gateway.cancel();

    assert_eq!(client.close_code().await, Some(1001));
    assert_eq!(controller.close_code().await, Some(1001));
    drop((client, controller));
    let away = observer
        .next(|json| json["gate_id"] == "gate_out" && json["payload"]["state"] == "offline")
        .await;
    assert_eq!(away["gate_id"], "gate_out");
    observer
        .next(|json| json["gate_id"] == "bridge" && json["payload"]["state"] == "stopped")
        .await;
    while site.gateway_task.join_next().await.is_some() {}
    drop(tokio::net::TcpListener::bind(site.gateway).await.unwrap());
}

#[tokio::test]
async fn what_the_broker_had_before_the_stop_reaches_every_client_first() {
    let site = Site::start().await;
    let agent = site.online("gate_in").await;
    let mut client = site.greeted("/ws/gate_in").await;

    for n in 0..20 {
        agent.publish("gate_in/parking_event", &*event("gate_in", &format!("e{n}"))).await;
    }
    site.stop_gateway.cancel();

    let (texts, code) = client.rest().await;
    assert_eq!(texts.last().map(String::as_str), Some(&*event("gate_in", "e19")));
    assert_eq!(code, Some(1001));
}

#[tokio::test]
async fn many_clients_are_all_told_everything_and_sent_away() {
    let mut site = Site::start().await;
    let agent = site.online("gate_in").await;
    let mut clients = Vec::new();
    for n in 0..60 {
        let path = ["/ws/gate_in", "/ws/gate_all"][n % 2];
        clients.push(site.greeted(path).await);
    }
    for n in 0..20 {
        agent.publish("gate_in/parking_event", &*event("gate_in", &format!("e{n}"))).await;
    }

    site.stop_gateway.cancel();

    for client in &mut clients {
        let (texts, code) = client.rest().await;
        let events = texts.iter().filter(|text| text.contains("parking_event")).count();
        assert_eq!((events, code), (20, Some(1001)));
    }
    drop(clients);
    while site.gateway_task.join_next().await.is_some() {}
}

#[tokio::test]
async fn whoever_comes_while_the_gateway_stops_is_sent_elsewhere() {
    let site = Site::start().await;
    let agent = site.online("gate_in").await;
    // Somebody who does not read keeps the gateway for a while.
    let _stuck = site.client("/ws/gate_in").await;
    let mut quick = site.greeted("/ws/gate_in").await;
    for n in 0..200 {
        let long = event("gate_in", &format!("e{n}"))
            .replace("entry\"", &format!("entry\",\"detail\":\"{}\"", "x".repeat(50_000)));
        agent.publish("gate_in/parking_event", &*long).await;
        assert_eq!(quick.text().await, long);
    }

    site.stop_gateway.cancel();
    assert_eq!(quick.close_code().await, Some(1001));

    let headers = [
        ("Host", "localhost"),
        ("Connection", "Upgrade, close"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    for path in ["/ws/gate_in", "/ws/controller/gate_out"] {
        let reply = site.get_with(path, &headers).await;
        assert_eq!(reply.status, 503);
        assert_eq!(reply.header("Retry-After"), Some("1"));
        assert_eq!(reply.json()["error"], "stopping");
    }
    // A load balancer that asks sends nobody here any more.
    assert_eq!(site.get("/readyz").await.status, 503);
    assert_eq!(site.get("/healthz").await.status, 200);
}

#[tokio::test]
async fn a_client_that_reads_nothing_does_not_hold_up_the_stop() {
    let mut site = Site::start().await;
    let agent = site.online("gate_in").await;
    let _stuck = site.client("/ws/gate_in").await;
    for n in 0..200 {
        let long = event("gate_in", &format!("e{n}"))
            .replace("entry\"", &format!("entry\",\"detail\":\"{}\"", "x".repeat(50_000)));
        agent.publish("gate_in/parking_event", long).await;
    }

    site.stop_gateway.cancel();

    let stopped = async { while site.gateway_task.join_next().await.is_some() {} };
    tokio::time::timeout(Duration::from_secs(10), stopped).await.unwrap();
}

#[tokio::test]
async fn a_gateway_that_is_killed_is_shown_offline() {
    let site = Site::start().await;
    let mut observer = site.mqtt().await;
    observer.subscribe("bridge/system_status").await;
    let online = observer.next(|json| json["payload"]["state"] == "online").await;

    drop(site.gateway_task);

    let offline = observer.next(|json| json["payload"]["state"] == "offline").await;
    assert_eq!(offline["payload"]["boot"], online["payload"]["boot"]);
}

/// Where there are no logins.
fn open() -> Access {
    Access::without_logins(&Root::default())
}
