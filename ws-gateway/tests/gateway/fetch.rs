//! Pictures that only the agent of a gate still has.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::task::JoinSet;

use crate::rig::{Mqtt, Site};

const PICTURE: &[u8] = b"\xFF\xD8 a picture from last week \xFF\xD9";

#[tokio::test]
async fn an_older_picture_is_asked_of_its_gate_once() {
    let site = Site::start().await;
    let mut agent = site.online("gate_in").await;
    agent.subscribe("gate_in/camera_control").await;
    let mut gate = JoinSet::new();
    gate.spawn(async move {
        let command = asked(&mut agent).await;
        agent.publish("gate_in/picture", PICTURE).await;
        agent.publish("gate_in/camera_control_response", found(&command)).await;
        agent
    });

    let fetched = site.get("/gates/gate_in/images/p1.jpg").await;
    assert_eq!((fetched.status, &*fetched.body), (200, PICTURE));
    assert_eq!(fetched.header("content-type"), Some("image/jpeg"));
    let _agent = gate.join_next().await.unwrap().unwrap();

    // Nobody asks the gate again: it would not answer any more.
    assert_eq!(site.get("/gates/gate_in/images/p1.jpg").await.body, PICTURE);
    assert_eq!(site.get("/gates/gate_in/image.jpg").await.status, 404, "it is not the latest");
}

#[tokio::test]
async fn the_answer_may_come_before_the_picture() {
    let site = Site::start().await;
    let mut agent = site.online("gate_in").await;
    agent.subscribe("gate_in/camera_control").await;
    let mut gate = JoinSet::new();
    gate.spawn(async move {
        let command = asked(&mut agent).await;
        agent.publish("gate_in/camera_control_response", found(&command)).await;
        agent.publish("gate_in/picture", PICTURE).await;
        agent
    });

    assert_eq!(site.get("/gates/gate_in/images/p1.jpg").await.body, PICTURE);
}

#[tokio::test]
async fn what_a_gate_does_not_keep_is_not_found() {
    let site = Site::start().await;
    let mut agent = site.online("gate_in").await;
    agent.subscribe("gate_in/camera_control").await;
    let mut gate = JoinSet::new();
    gate.spawn(async move {
        let command = asked(&mut agent).await;
        let answer = json!({"status": "failed", "success": false, "code": "invalid"});
        agent.publish("gate_in/camera_control_response", answered(&command, answer)).await;
        agent
    });

    assert_eq!(site.get("/gates/gate_in/images/p1.jpg").await.status, 404);
}

#[tokio::test]
async fn a_gate_that_is_silent_or_away_is_not_waited_for_long() {
    let site = Site::start().await;
    let _agent = site.online("gate_in").await;

    assert_eq!(site.get("/gates/gate_in/images/p1.jpg").await.status, 504);
    assert_eq!(site.get("/gates/gate_out/images/p1.jpg").await.status, 404);
}

async fn asked(agent: &mut Mqtt) -> Value {
    let command = agent.next(|json| json["payload"]["action"] == "fetch").await;
    assert_eq!(command["payload"]["image_id"], "p1");
    assert_eq!(command["payload"]["requested_by"], "bridge");

    command
}

fn found(command: &Value) -> String {
    let sha256: String = Sha256::digest(PICTURE).iter().map(|b| format!("{b:02x}")).collect();
    let answer =
        json!({"status": "succeeded", "success": true, "image_id": "p1", "sha256": sha256});

    answered(command, answer)
}

fn answered(command: &Value, answer: Value) -> String {
    let mut payload = answer;
    payload["command_id"] = command["payload"]["command_id"].clone();
    payload["action"] = "fetch".into();

    json!({
        "type": "camera_control_response",
        "payload": payload,
        "gate_id": "gate_in",
        "timestamp": "2024-01-20T10:30:00Z",
    })
    .to_string()
}
