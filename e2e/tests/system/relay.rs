//! A relay never changes a message.

use std::{collections::HashSet, time::Instant};

use e2e::{CARD, Frame, PATIENCE, Site, Wanted, WebSocket, mosquitto};

#[test]
fn bytes_that_a_gate_publishes_reach_dashboards_unchanged() {
    let site = Site::up();
    let mut dashboard = site.watcher("gate_in");
    let mut subscriber = site.subscriber("parking/gate_in/#");

    site.sim(&format!("gate_in drive {CARD}"));

    let mut published = HashSet::new();
    let deadline = Instant::now() + PATIENCE;
    let entry = Wanted::a("parking_event").with("event", "entry");
    while let Some(message) = subscriber.next_published(deadline) {
        let last = entry.is(&message.json());
        // Pictures go another way.
        if !message.retained && message.json().is_object() {
            published.insert(message.bytes);
        }
        if last {
            break;
        }
    }
    // Card, statuses of the boom, passage: the way of a vehicle.
    assert!(published.len() >= 5, "only {} messages", published.len());
    let frames = frames_until(&mut dashboard, |text| text.contains(r#""event":"entry""#));
    for bytes in published {
        assert!(frames.contains(&bytes), "not relayed: {}", String::from_utf8_lossy(&bytes));
    }
}

#[test]
fn what_another_gate_spells_in_its_own_way_is_relayed_as_it_is() {
    let site = Site::up();
    let odd = "{ \"timestamp\":\"2024-01-20T10:30:00Z\",\r\n\t\"seq\" : 7, \"type\":\"parking_event\", \
        \"gate_id\": \"gate_y\", \"extra\": [1e3, 0.10, \"\\u00e9 é\"], \
        \"payload\":{\"event\":\"from_the_future\",\"n\":12345678901234567890} }";
    let mut dashboard = site.watcher("gate_all");

    mosquitto::publish(site.broker, "parking/gate_y/parking_event", odd);

    let frames = frames_until(&mut dashboard, |text| text.contains("from_the_future"));
    assert!(frames.contains(odd.as_bytes()));
}

#[test]
fn the_example_of_the_contract_is_relayed_and_kept_as_it_is() {
    let site = Site::up();
    let example = include_str!("../../../schemas/tests/golden/contract-example.json").trim_end();
    let example = example.replace("gate_in", "gate_y");
    let mut live = site.watcher("gate_y");

    let kept = ["-r", "-m", &example];
    let topic = "parking/gate_y/hardware_status";
    mosquitto::publish_with(site.broker, mosquitto::Version::V311, topic, &kept);

    let is_it = |text: &str| text.contains("COM17");
    assert!(frames_until(&mut live, is_it).contains(example.as_bytes()));
    let mut late = site.dashboard("gate_y");
    assert!(frames_until(&mut late, is_it).contains(example.as_bytes()));
    let mut subscriber = site.subscriber(topic);
    let stored = subscriber.next_published(Instant::now() + PATIENCE).expect("it is kept");
    assert_eq!((stored.retained, stored.text()), (true, example));
}

fn frames_until(dashboard: &mut WebSocket, last: impl Fn(&str) -> bool) -> HashSet<Vec<u8>> {
    let deadline = Instant::now() + PATIENCE;
    let mut frames = HashSet::new();

    while let Some(Frame::Text(text)) = dashboard.next_frame(deadline) {
        let end = last(&text);
        frames.insert(text.into_bytes());
        if end {
            return frames;
        }
    }
    panic!("the last frame did not come");
}
