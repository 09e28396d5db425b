//! An operator, who has nothing but mosquitto's clients.

use std::time::Instant;

use e2e::{
    Listener, PATIENCE, Program, Site, Wanted,
    mosquitto::{Subscriber, Version, client, publish_with, taken},
};
use serde_json::Value;

const QUICK: &str = r#"
[gates.gate_in]
barrier = { port = "simulated" }
card_reader = { port = "simulated" }
open_for = "1s"
"#;

const COMMAND: &str = "parking/gate_in/gate_control";
const ANSWER: &str = "parking/gate_in/gate_control_response";

#[test]
fn the_word_open_opens_a_gate_and_its_whole_story_is_told_to_mqtt_3_1_1() {
    tells_its_story(Version::V311);
}

#[test]
fn the_word_open_opens_a_gate_and_its_whole_story_is_told_to_mqtt_5() {
    tells_its_story(Version::V5);
}

fn tells_its_story(version: Version) {
    let site = Site::configured(QUICK, &["gate_in"]);
    let mut everything = client("mosquitto_sub", site.broker, version);
    everything.args(["-q", "1", "-t", "parking/#", "-v"]);
    let everything = Program::start(everything);
    let mut answers = Subscriber::start(site.broker, version, ANSWER);

    let first = taken(&mut answers, || order(&site, version, "open"));
    let story = told_until(&everything, &Wanted::boom("closed").with("moved_by", "timer"));

    let id = first["payload"]["command_id"].as_str().expect("an answer names its command");
    assert_eq!(statuses(&story, &Wanted::answer_to(id)), ["accepted", "executing", "succeeded"]);
    let boom = statuses(&story, &Wanted::a("gate_status").with("last_command_id", id));
    // That it is still closed as the command comes may be told, or be old before it is.
    let moves = boom.strip_prefix(&["closed".to_owned()]).unwrap_or(&boom);
    assert_eq!(moves, ["opening", "open", "closing", "closed"]);
}

/// What is said in a story, without what is said again.
fn statuses(story: &[Value], wanted: &Wanted) -> Vec<String> {
    let mine = story.iter().filter(|message| wanted.is(message));
    let mut statuses: Vec<_> = mine
        .filter_map(|message| Some(message["payload"]["status"].as_str()?.to_owned()))
        .collect();
    statuses.dedup();

    statuses
}

#[test]
fn a_command_may_be_the_word_the_payload_or_the_envelope() {
    let site = Site::up();
    let mut answers = site.subscriber(ANSWER);
    let envelope =
        r#"{"type":"gate_control","payload":{"action":"open","gate_id":"gate_in","duration":10}}"#;

    for message in ["open", r#"{"action":"open","duration":10}"#, envelope] {
        let answer = taken(&mut answers, || order(&site, Version::V5, message));

        assert!(
            Wanted::answer("accepted").with("success", true).is(&answer),
            "{message}: {answer}"
        );
        answers.hears(&Wanted::answer("succeeded").with("gate_status", "open"));
    }
}

#[test]
fn mosquitto_rr_sends_a_command_and_prints_the_first_answer_in_mqtt_3_1_1() {
    asks_and_prints(Version::V311);
}

#[test]
fn mosquitto_rr_sends_a_command_and_prints_the_first_answer_in_mqtt_5() {
    asks_and_prints(Version::V5);
}

fn asks_and_prints(version: Version) {
    let site = Site::up();
    let answer = e2e::eventually("the gate takes the command", || {
        let mut command = client("mosquitto_rr", site.broker, version);
        command.args(["-q", "1", "-t", COMMAND, "-e", ANSWER, "-m", "open"]);
        let mut program = Program::start(command);

        assert_eq!(program.exit_code(), Some(0));
        let answer: Value = serde_json::from_str(&program.stdout().all().concat()).ok()?;
        (answer["payload"]["code"] != "expired").then_some(answer)
    });

    assert!(Wanted::answer("accepted").with("action", "open").is(&answer), "{answer}");
    site.dashboard("gate_in").hears(&Wanted::boom("open"));
}

#[test]
fn whoever_subscribes_knows_the_states_at_once_and_hears_no_old_event() {
    let site = Site::up();
    let mut dashboard = site.watcher("gate_in");
    site.sim("gate_in card 04A1B2C3");
    dashboard.hears(&Wanted::a("card_detected"));
    dashboard.hears(&Wanted::boom("open"));

    let mut newcomer = site.subscriber("parking/gate_in/#");
    let (before, _) = newcomer.hears_all_until(&Wanted::boom("open"));

    let mut known = before;
    while known.iter().filter(|message| message["type"].is_string()).count() < 2 {
        known.extend(newcomer.next_message(Instant::now() + PATIENCE));
    }
    for message in known {
        let kind = message["type"].as_str().unwrap_or("image");
        assert!(["system_status", "hardware_status", "image"].contains(&kind), "{message}");
    }
}

fn order(site: &Site, version: Version, message: &str) {
    let complaint = publish_with(site.broker, version, COMMAND, &["-m", message]);

    assert_eq!(complaint, "");
}

/// What `mosquitto_sub -v` prints, up to the wanted message. Pictures are no text and no JSON.
fn told_until(subscriber: &Program, wanted: &Wanted) -> Vec<Value> {
    let mut story = Vec::new();
    let end = subscriber.stdout().find(Instant::now() + PATIENCE, |line| {
        let (topic, text) = line.split_once(' ')?;
        let message: Value = serde_json::from_str(text).ok()?;
        let kind = message["type"].as_str().unwrap_or_default();
        assert!(topic.ends_with(kind), "a {kind} on {topic}");

        story.push(message.clone());
        wanted.is(&message).then_some(())
    });

    assert!(end.is_some(), "waited in vain for {wanted}");
    story
}
