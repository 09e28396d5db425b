//! Who decides on a card: a list, or somebody who is asked.

use std::{error::Error, fs, path::PathBuf, time::Duration};

use barrier_link::Position;
use gate_agent::{Agent, Ask, Cards, Config, HomeAssistant, Lane, Otherwise, Site};
use schemas::Root;
use serde_json::{Value, json};
use service::mqtt;
use tempfile::TempDir;

use crate::rig::Rig;

#[tokio::test(flavor = "multi_thread")]
async fn the_list_says_who_may_pass_and_is_read_again_when_it_changes() {
    let (mut rig, list) = with_list("[cards.A1]\n").await;

    assert_eq!(decision(&mut rig, "B1").await["decision"], "denied");
    let denied = rig.ears.wait_for("parking_event", |_| true).await;
    assert_eq!(denied["payload"]["detail"], "the card is not in the list");
    let others: String = (2..20_000).map(|n| format!("[cards.B{n}]\n")).collect();
    fs::write(&list, others).unwrap();

    // The same card would be taken to be held to the reader.
    let mut card = 2;
    while decision(&mut rig, &format!("B{card}")).await["decision"] == "denied" {
        card += 1;
    }
    rig.gate_is(|state| state.barrier.position == Position::Open).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_is_not_valid_changes_nothing_and_is_reported() {
    let (mut rig, list) = with_list("[cards.A1]\n").await;

    fs::write(&list, "[cards.B1]\nhours = [\"always\"]\n").unwrap();

    let fault = rig.ears.wait_for("error", |_| true).await;
    assert_eq!(fault["payload"]["code"], "card_list_invalid");
    let message = fault["payload"]["message"].as_str().unwrap();
    assert!(message.contains("cards.toml, line 2"), "{message}");
    assert_eq!(decision(&mut rig, "B1").await["decision"], "denied");
    assert_eq!(decision(&mut rig, "A1").await["decision"], "granted");
}

#[test]
fn a_gate_does_not_start_with_a_list_that_is_not_valid() {
    let dir = tempfile::tempdir().unwrap();
    let lane = Lane { cards: Cards::List, ..Lane::default() };

    let missing = refusal(&lane, &dir);
    assert!(missing.contains("gates.gate_in.lane.card_list"), "{missing}");
    assert!(missing.contains("cards.toml"), "{missing}");
    fs::write(dir.path().join("cards.toml"), "[cards.A1]\nnmae = 1\n").unwrap();
    let wrong = refusal(&lane, &dir);
    assert!(wrong.contains("cards.toml, line 2: unknown field `nmae`"), "{wrong}");
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_is_asked_about_a_card_and_opens() {
    let mut rig = asking(Otherwise::Deny, Duration::from_secs(60)).await;

    rig.gate.drive_through("A1").unwrap();
    let pending = rig.ears.wait_for("card_detected", |_| true).await;
    assert_eq!(pending["payload"]["decision"], "pending");
    rig.command("c1", json!({"action": "open", "card_id": "A1"})).await;

    let granted = rig.ears.wait_for("card_detected", |_| true).await;
    assert_eq!(granted["payload"]["decision"], "granted");
    assert_eq!(granted["cause"], "c1");
    let entry = rig.ears.wait_for("parking_entry", |_| true).await;
    assert_eq!(entry["payload"]["card_id"], "A1");
    assert_eq!(entry["payload"]["trigger"], "card");
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_is_asked_about_a_card_and_denies_it() {
    let mut rig = asking(Otherwise::Open, Duration::from_secs(60)).await;

    rig.gate.present_card("A1").unwrap();
    rig.ears.wait_for("card_detected", |m| m["payload"]["decision"] == "pending").await;
    rig.command("c1", json!({"action": "close", "card_id": "A1", "reason": "not paid"})).await;

    let denied = rig.ears.wait_for("card_detected", |_| true).await;
    assert_eq!(denied["payload"]["decision"], "denied");
    assert_eq!(denied["payload"]["reason"], "not paid");
    assert_eq!(denied["cause"], "c1");
    rig.command("c2", json!({"action": "open", "card_id": "A1"})).await;
    assert_eq!(rig.outcome("c2").await["status"], "expired", "nothing is awaited any more");
    assert_eq!(rig.gate.position(), Position::Closed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_nobody_answers_about_is_decided_on_by_the_rule() {
    let mut rig = asking(Otherwise::Open, Duration::from_secs(1)).await;

    rig.gate.present_card("A1").unwrap();

    let pending = rig.ears.wait_for("card_detected", |_| true).await;
    assert_eq!(pending["payload"]["decision"], "pending");
    let granted = rig.ears.wait_for("card_detected", |_| true).await;
    assert_eq!(granted["payload"]["decision"], "granted");
    assert_eq!(granted["cause"], pending["id"]);
    rig.gate_is(|state| state.barrier.position == Position::Open).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_broker_nobody_is_asked_and_the_rule_holds_at_once() {
    let mut rig = asking(Otherwise::Open, Duration::from_secs(60)).await;
    rig.stop_broker().await;

    // The agent may be asking until it notices.
    let mut card = 1;
    while rig.gate.position() == Position::Closed {
        rig.gate.present_card(&format!("A{card}")).unwrap();
        card += 1;
        tokio::task::yield_now().await;
    }

    rig.start_broker().await;
    let granted =
        rig.ears.wait_for("card_detected", |m| m["payload"]["decision"] == "granted").await;
    assert!(granted["cause"].is_null(), "nobody was asked: {granted}");
}

async fn decision(rig: &mut Rig, card: &str) -> Value {
    rig.gate.present_card(card).unwrap();

    rig.ears.wait_for("card_detected", |_| true).await["payload"].clone()
}

async fn with_list(text: &str) -> (Rig, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("cards.toml");
    fs::write(&path, text).unwrap();
    let lane = Lane { cards: Cards::List, card_list: Some(path.clone()), ..Lane::default() };

    (Rig::with_lane(lane, dir).await, path)
}

async fn asking(otherwise: Otherwise, within: Duration) -> Rig {
    let ask = Some(Ask { within, otherwise });
    let lane = Lane { cards: Cards::Ask, ask, ..Lane::default() };

    Rig::with_lane(lane, tempfile::tempdir().unwrap()).await
}

fn refusal(lane: &Lane, dir: &TempDir) -> String {
    let config = Config { lane: lane.clone(), ..Config::simulated() };
    let site = Site {
        root: Root::default(),
        data_dir: dir.path().to_owned(),
        mqtt: mqtt::Config::at("127.0.0.1:1".parse().unwrap()),
        home_assistant: HomeAssistant::default(),
    };
    let error = Agent::prepare("gate_in".parse().unwrap(), config, site).unwrap_err();

    error.source().unwrap().to_string()
}
