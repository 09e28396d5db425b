//! Several gateways on one broker.

use serde_json::Value;
use ws_gateway::Config;

use crate::rig::{Client, Site, answer, config, event, eventually, request, start_gateway};

const LOCAL: &[(&str, &str)] = &[("Host", "localhost")];

/// A second gateway on the broker of `site`.
async fn second(site: &Site) -> Site2 {
    let named = Config { name: "bridge-2".parse().unwrap(), ..config() };
    let (address, stop, task) = start_gateway(named, site.broker).await;
    let other = Site2 { address, _stop: stop, _task: task };
    eventually(async || {
        (request(address, "GET", "/readyz", LOCAL).await.status == 200).then_some(())
    })
    .await;

    other
}

struct Site2 {
    address: std::net::SocketAddr,
    _stop: tokio_util::sync::CancellationToken,
    _task: tokio::task::JoinSet<()>,
}

impl Site2 {
    async fn greeted(&self, path: &str) -> (Client, Vec<String>) {
        let mut client = Client::connect(self.address, path).await;
        let greeting = client.greeting().await;

        (client, greeting)
    }
}

#[tokio::test]
async fn a_command_is_sent_once_and_answered_once_whichever_gateway_it_came_to() {
    let site = Site::start().await;
    let other = second(&site).await;
    let mut agent = site.online("gate_in").await;
    agent.subscribe("gate_in/gate_control").await;
    let mut here = site.greeted("/ws/gate_in").await;
    eventually(async || knows_gate(&other).await.then_some(())).await;
    let (mut there, _) = other.greeted("/ws/gate_in").await;

    for (n, sends_here) in [(1, true), (2, false)] {
        let command = format!(
            r#"{{"type":"gate_control","payload":{{"action":"open","command_id":"c{n}"}}}}"#
        );
        if sends_here {
            here.send(&command).await
        } else {
            there.send(&command).await
        }
        assert_eq!(agent.next(|_| true).await["payload"]["command_id"], format!("c{n}"));
        let answered = answer("gate_in", &format!("c{n}"), "succeeded");
        agent.publish("gate_in/gate_control_response", &*answered).await;
        assert_eq!(here.text().await, answered);
        assert_eq!(there.text().await, answered);
    }

    // What would have come twice would come before this.
    agent.publish("gate_in/gate_control", "stop").await;
    assert_eq!(agent.message().await.payload, "stop");
    agent.publish("gate_in/parking_event", &*event("gate_in", "e1")).await;
    assert_eq!(here.json().await["id"], "e1");
    assert_eq!(there.json().await["id"], "e1");
}

#[tokio::test]
async fn a_client_that_moves_to_another_gateway_goes_on_where_it_was_or_is_told() {
    let site = Site::start().await;
    let other = second(&site).await;
    let agent = site.online("gate_in").await;
    let mut client = site.greeted("/ws/gate_in").await;
    let (mut witness, _) = other.greeted("/ws/gate_in").await;
    for id in ["e1", "e2"] {
        agent.publish("gate_in/parking_event", &*event("gate_in", id)).await;
        assert_eq!(client.json().await["id"], id);
        // The other one has heard it, too.
        while witness.json().await["id"] != id {}
    }
    drop(client);

    let (_, seen) = other.greeted("/ws/gate_in?after=e1").await;
    let (_, unknown) = other.greeted("/ws/gate_in?after=e0").await;

    let hello = |greeting: &[String]| serde_json::from_str::<Value>(&greeting[0]).unwrap();
    assert_eq!(hello(&seen)["payload"]["recovered"], true);
    assert!(seen[1].contains(r#""id":"e2""#), "{seen:?}");
    assert_eq!(hello(&unknown)["payload"]["recovered"], false);
}

#[tokio::test]
async fn each_gateway_is_seen_by_its_own_name() {
    let site = Site::start().await;
    let _other = second(&site).await;

    let mut names = eventually(async || {
        let mut client = site.client("/ws/gate_all").await;
        let greeting = client.greeting().await;
        let names: Vec<String> = greeting
            .iter()
            .map(|text| serde_json::from_str::<Value>(text).unwrap())
            .filter(|message| message["type"] == "system_status")
            .map(|message| message["gate_id"].as_str().unwrap().to_owned())
            .collect();
        (names.len() == 2).then_some(names)
    })
    .await;

    names.sort();
    assert_eq!(names, ["bridge", "bridge-2"]);
}

async fn knows_gate(other: &Site2) -> bool {
    request(other.address, "GET", "/status", LOCAL).await.json()["gates"]["gate_in"]["state"]
        == "online"
}
