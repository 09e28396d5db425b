//! The pictures of a gate, from a camera that sees what the gate does.

mod server;

use serde_json::{Value, json};

use crate::rig::{Heard, Rig};
use server::{CameraServer, WIDTH_WHEN_CLOSED};

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_is_taken_before_the_boom_goes_up_and_names_the_entry() {
    let (mut rig, _camera) = watched().await;

    rig.gate.drive_through("04A1B2C3").unwrap();

    let before = rig.ears.wait_for("image_captured", |m| m["payload"]["trigger"] == "open").await;
    assert_eq!(before["payload"]["width"], WIDTH_WHEN_CLOSED, "the boom had not moved");
    let mut seen = Passing::default();
    while !seen.is_complete() {
        seen.take(rig.ears.next().await);
    }
    assert_eq!(seen.entry["payload"]["image_id"], before["payload"]["image_id"]);
    assert_eq!(seen.event["payload"]["image_id"], before["payload"]["image_id"]);
    assert_eq!(seen.image["payload"]["event_id"], seen.entry["payload"]["event_id"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_is_taken_on_command_and_can_be_had_again_after_a_restart() {
    let (mut rig, camera) = watched().await;

    let taken = ask(&mut rig, "c1", json!({"action": "capture"})).await;
    assert_eq!(taken["status"], "succeeded", "{taken}");
    rig.restart_agent_without_waiting().await;
    let fetched =
        ask(&mut rig, "c2", json!({"action": "fetch", "image_id": taken["image_id"]})).await;

    assert_eq!(fetched["status"], "succeeded", "{fetched}");
    assert_eq!(fetched["image_id"], taken["image_id"]);
    let picture = rig.ears.last("picture").unwrap();
    assert_eq!(fetched["sha256"], server::sha256(&picture));
    assert_eq!(camera.closed(), picture);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_that_is_not_kept_is_not_to_be_had() {
    let (mut rig, _camera) = watched().await;

    for (id, command, code) in [
        ("c1", json!({"action": "fetch", "image_id": "../gate_in.journal"}), "invalid"),
        ("c2", json!({"action": "fetch"}), "invalid"),
    ] {
        let answer = ask(&mut rig, id, command).await;
        assert_eq!(answer["success"], false);
        assert_eq!(answer["code"], code);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gate_works_without_its_camera_and_says_so() {
    let (mut rig, camera) = watched().await;

    drop(camera);
    rig.ears.wait_for("hardware_status", |m| m["payload"]["camera"]["connected"] == false).await;
    rig.ears.wait_for("system_status", |m| m["payload"]["state"] == "degraded").await;
    let answer = ask(&mut rig, "c1", json!({"action": "capture"})).await;
    assert_eq!(answer["code"], "hardware_offline");

    rig.gate.drive_through("04A1B2C3").unwrap();
    let entry = rig.ears.wait_for("parking_entry", |_| true).await;
    assert_eq!(entry["payload"]["image_id"], Value::Null, "there is no picture of it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_runs_until_its_time_is_over() {
    let (mut rig, _camera) = watched().await;

    let command = json!({"action": "start_stream", "fps": 5, "max_seconds": 1});
    let started = ask(&mut rig, "c1", command).await;
    assert_eq!(started["status"], "succeeded", "{started}");

    rig.ears.wait_for("hardware_status", |m| m["payload"]["camera"]["status"] == "ready").await;
    assert!(rig.ears.last("stream").is_some(), "frames came in between");
}

/// What is said of one passage.
#[derive(Default)]
struct Passing {
    entry: Value,
    event: Value,
    image: Value,
}

impl Passing {
    fn take(&mut self, heard: Heard) {
        let message = heard.json();
        let payload = &message["payload"];

        match heard.kind.as_str() {
            "parking_entry" => self.entry = message,
            "parking_event" if payload["event"] == "entry" => self.event = message,
            "image_captured" if payload["trigger"] == "entry" => self.image = message,
            _ => {}
        }
    }

    fn is_complete(&self) -> bool {
        self.entry.is_object() && self.event.is_object() && self.image.is_object()
    }
}

/// A gate with a camera that has shown its first picture.
async fn watched() -> (Rig, CameraServer) {
    let mut camera = CameraServer::start();
    let mut rig = Rig::start_with_camera(camera.config()).await;
    camera.watch(&rig.gate);
    if rig.ears.last("image_captured").is_none() {
        rig.ears.wait_for("image_captured", |m| m["payload"]["trigger"] == "start").await;
    }

    (rig, camera)
}

async fn ask(rig: &mut Rig, id: &str, payload: Value) -> Value {
    rig.camera_command(id, payload).await;

    rig.ears
        .wait_for("camera_control_response", |m| m["payload"]["command_id"] == id)
        .await["payload"]
        .clone()
}
