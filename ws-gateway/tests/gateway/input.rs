//! What clients send that is not a command.

use futures_util::SinkExt;
use tokio_tungstenite::tungstenite::Message;

use crate::rig::Site;

#[tokio::test]
async fn bad_input_is_answered_with_what_is_wrong_and_the_client_stays() {
    let site = Site::start().await;
    let _agent = site.online("gate_in").await;
    let mut client = site.greeted("/ws/gate_in").await;

    for (input, says) in [
        ("open", "not a JSON object"),
        ("{", "envelope"),
        ("[]", "not a JSON object"),
        ("null", "not a JSON object"),
        ("{}", "payload"),
        (r#"{"type":"fly","payload":{}}"#, "`fly` is not a command"),
        (r#"{"type":"gate_status","payload":{}}"#, "not a command"),
        (r#"{"type":"gate_control"}"#, "payload"),
        (r#"{"type":"gate_control","payload":[]}"#, "not a JSON object"),
        (r#"{"type":"gate_control","payload":{}}"#, "action"),
        (r#"{"type":"gate_control","payload":{"action":"fly"}}"#, "fly"),
        (r#"{"type":"gate_control","payload":{"action":"open","duration":-1}}"#, "1 to 3600"),
        (r#"{"type":"gate_control","payload":{"action":"open","duration":1e9}}"#, "1 to 3600"),
        (r#"{"type":"gate_control","payload":{"action":"open","gate_id":"gate_out"}}"#, "gate_out"),
        (r#"{"type":"gate_control","gate_id":"gate_out","payload":{"action":"open"}}"#, "gate_out"),
        (r#"{"type":"gate_control","payload":{"action":"open","command_id":"a b"}}"#, "id"),
        (r#"{"type":"request_events","payload":{}}"#, "from_seq"),
    ] {
        client.send(input).await;
        let error = client.json().await;

        assert_eq!(error["type"], "error", "{input}");
        assert_eq!(error["gate_id"], "gate_in");
        assert_eq!(error["payload"]["code"], "invalid", "{input}");
        let message = error["payload"]["message"].as_str().unwrap();
        assert!(message.contains(says), "{input}: {message}");
    }
    client.send(r#"{"type":"gate_control","payload":{"action":"fly","command_id":"c7"}}"#).await;
    assert_eq!(client.json().await["payload"]["command_id"], "c7");
}

#[tokio::test]
async fn whoever_asks_is_heard_on_every_channel_and_as_often_as_it_likes() {
    let site = Site::start().await;

    for channel in ["gate_in", "gate_all", "admin"] {
        let mut client = site.greeted(&format!("/ws/{channel}")).await;
        for ping in [r#"{"type":"ping"}"#, r#"{"type":"ping","payload":{"timestamp":"now"}}"#] {
            for _ in 0..20 {
                client.send(ping).await;
            }
        }

        for _ in 0..40 {
            let pong = client.json().await;
            assert_eq!(pong["type"], "pong", "{pong}");
            assert_eq!(
                (&pong["gate_id"], &pong["payload"]),
                (&channel.into(), &serde_json::json!({}))
            );
        }
    }
}

#[tokio::test]
async fn where_there_are_several_gates_a_command_names_one() {
    let site = Site::start().await;
    for channel in ["gate_all", "admin"] {
        let mut client = site.greeted(&format!("/ws/{channel}")).await;
        client.send(r#"{"type":"gate_control","payload":{"action":"open"}}"#).await;
        let error = client.next("error").await;
        assert!(error["payload"]["message"].as_str().unwrap().contains("payload.gate_id"));

        for gate in ["gate_all", "bridge", "Gate", ""] {
            client
                .send(&format!(
                    r#"{{"type":"gate_control","payload":{{"action":"open","gate_id":"{gate}"}}}}"#
                ))
                .await;
            assert_eq!(client.next("error").await["payload"]["code"], "invalid", "{gate}");
        }
    }
}

#[tokio::test]
async fn a_binary_frame_is_answered_and_the_client_stays() {
    let site = Site::start().await;
    let mut client = site.greeted("/ws/gate_in").await;

    for _ in 0..2 {
        client.socket.send(Message::binary(vec![0; 100])).await.unwrap();
        let error = client.json().await;
        assert_eq!(error["payload"]["code"], "invalid");
        assert!(error["payload"]["message"].as_str().unwrap().contains("text frames"));
    }
}

#[tokio::test]
async fn a_message_over_64_kib_closes_with_1009() {
    let site = Site::start().await;
    for size in [65_537, 1 << 20] {
        let mut client = site.greeted("/ws/gate_in").await;

        // The gateway may hang up before it has read everything.
        let _ = client.socket.send(Message::text("x".repeat(size))).await;

        assert_eq!(client.close_code().await, Some(1009));
    }
}

#[tokio::test]
async fn a_message_of_64_kib_is_read() {
    let site = Site::start().await;
    let mut client = site.greeted("/ws/gate_in").await;

    client.send(&"x".repeat(65_536)).await;

    assert_eq!(client.json().await["type"], "error");
}

#[tokio::test]
async fn a_flood_of_bad_frames_closes_with_1008() {
    let site = Site::start().await;
    let mut client = site.greeted("/ws/gate_in").await;

    for _ in 0..21 {
        client.send("nonsense").await;
    }

    let (told, code) = client.rest().await;
    assert_eq!(code, Some(1008));
    assert!(told.len() <= 21);
}
