//! Events: durable before they are published, published in order until acknowledged.

use serde_json::{Value, json};

use crate::rig::Rig;

#[tokio::test(flavor = "multi_thread")]
async fn a_vehicle_with_a_card_is_an_entry() {
    let mut rig = Rig::start().await;

    rig.gate.drive_through("04A1B2C3").unwrap();

    let card = rig.ears.wait_for("card_detected", |_| true).await;
    let entry = rig.ears.wait_for("parking_entry", |_| true).await;
    let event = rig.ears.wait_for("parking_event", |_| true).await;
    assert_eq!(entry["payload"]["card_id"], "04A1B2C3");
    assert_eq!(entry["payload"]["passage"], "confirmed");
    assert_eq!(entry["cause"], card["id"]);
    assert_eq!(event["payload"]["event"], "entry");
    assert_eq!(event["payload"]["event_id"], entry["payload"]["event_id"]);
    assert_eq!([&card["seq"], &entry["seq"], &event["seq"]], [1, 2, 3]);
    assert!(card["journal"].is_string() && card["journal"] == event["journal"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn events_that_nobody_could_take_arrive_later_once_and_in_order() {
    let mut rig = Rig::start().await;
    rig.stop_broker().await;

    for card in ["A1", "A2", "A3"] {
        rig.gate.present_card(card).unwrap();
    }
    rig.gate_is(|state| state.barrier.position == barrier_link::Position::Open).await;
    rig.gate_is(|state| state.barrier.position == barrier_link::Position::Closed).await;
    rig.start_broker().await;

    let seqs = seqs_until(&mut rig, |m| m["payload"]["event"] == "no_passage").await;
    let expected: Vec<u64> = (1..=*seqs.last().unwrap()).collect();
    assert_eq!(seqs, expected);

    rig.restart_agent().await;
    rig.gate.present_card("A4").unwrap();
    let next = rig.ears.wait_for("card_detected", |_| true).await;
    assert_eq!(next["seq"], *seqs.last().unwrap() + 1, "nothing was sent twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_sent_again_byte_for_byte_on_request() {
    let mut rig = Rig::start().await;
    rig.gate.present_card("A1").unwrap();
    let (first, bytes) = rig.ears.wait_for_raw("card_detected", |_| true).await;

    rig.publish("request_events", json!({"from_seq": 1, "to_seq": 1}).to_string()).await;
    let mut again = None;
    while again.is_none() {
        // In its first seconds the agent trusts no request without a date.
        let heard = rig.ears.next().await;
        match heard.kind.as_str() {
            "card_detected" => again = Some(heard.bytes),
            "gate_control_response" => {
                rig.publish("request_events", json!({"from_seq": 1, "to_seq": 1}).to_string())
                    .await;
            }
            _ => {}
        }
    }
    assert_eq!(again.unwrap(), bytes);

    let request = json!({"journal": "another", "from_seq": 1});
    rig.publish("request_events", request.to_string()).await;
    let fault = rig.ears.wait_for("error", |_| true).await;
    assert_eq!(fault["payload"]["code"], "unknown_journal");
    assert!(
        fault["payload"]["message"].as_str().unwrap().contains(first["journal"].as_str().unwrap())
    );
}

async fn seqs_until(rig: &mut Rig, last: impl Fn(&Value) -> bool) -> Vec<u64> {
    let mut seqs = Vec::new();

    loop {
        let message = rig.ears.next().await.json();
        seqs.extend(message["seq"].as_u64());
        if last(&message) {
            return seqs;
        }
    }
}
