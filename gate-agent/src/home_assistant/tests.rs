use std::collections::BTreeSet;

use schemas::{Command, MessageType};

use super::*;

#[test]
fn nobody_is_told_unless_somebody_has_asked_for_it() {
    assert_eq!(discovery(None, &Config::simulated()), None);
}

#[test]
fn what_was_published_is_taken_back_with_an_empty_message() {
    let taken_back = discovery(Some(false), &Config::simulated()).unwrap();

    assert_eq!(taken_back.topic, "homeassistant/device/manless_parking_gate_in/config");
    assert!(taken_back.bytes.is_empty());
    assert!(!taken_back.is_wanted("homeassistant/status", b"online"));
}

#[test]
fn home_assistant_is_told_again_when_it_has_come() {
    let published = discovery(Some(true), &Config::simulated()).unwrap();

    assert!(published.is_wanted("homeassistant/status", b"online"));
    assert!(!published.is_wanted("homeassistant/status", b"offline"));
    assert!(!published.is_wanted("parking/gate_in/gate_control", b"online"));
}

#[test]
fn every_button_sends_a_command_that_the_gate_understands() {
    let gate = "gate_in".parse().unwrap();
    let mut sent = 0;

    for component in components(&Config::simulated()).values() {
        for key in ["payload_open", "payload_close", "payload_stop", "payload_press"] {
            let Some(payload) = component[key].as_str() else { continue };
            let kind: MessageType = component["command_topic"]
                .as_str()
                .unwrap()
                .rsplit('/')
                .next()
                .unwrap()
                .parse()
                .unwrap();
            let command = Command::decode(&gate, kind, payload.as_bytes()).unwrap();
            assert_eq!(command.body.requested_by(), Some("Home Assistant"));
            sent += 1;
        }
    }
    assert_eq!(sent, 9, "three of the cover, six buttons");
}

#[test]
fn a_gate_without_camera_and_reader_has_no_entities_for_them() {
    let bare = Config { card_reader: None, camera: Camera::None, ..Config::simulated() };
    let names: BTreeSet<String> = components(&bare).keys().cloned().collect();

    for name in ["picture", "capture", "camera_connected", "card", "card_reader_connected"] {
        assert!(!names.contains(name), "{name}");
    }
    assert!(names.contains("barrier"));
}

#[test]
fn every_component_has_a_name_of_its_own_in_all_of_home_assistant() {
    let ids: BTreeSet<String> = components(&Config::simulated())
        .values()
        .map(|component| component["unique_id"].as_str().unwrap().to_owned())
        .collect();

    assert_eq!(ids.len(), components(&Config::simulated()).len());
    assert!(ids.iter().all(|id| id.starts_with("manless_parking_gate_in_")));
}

fn components(config: &Config) -> serde_json::Map<String, Value> {
    let bytes = discovery(Some(true), config).unwrap().bytes;
    let device: Value = serde_json::from_slice(&bytes).unwrap();

    device["components"].as_object().unwrap().clone()
}

fn discovery(wanted: Option<bool>, config: &Config) -> Option<Discovery> {
    let home_assistant = HomeAssistant { discovery: wanted, ..HomeAssistant::default() };

    Discovery::of(&home_assistant, &Root::default(), &"gate_in".parse().unwrap(), config)
}
