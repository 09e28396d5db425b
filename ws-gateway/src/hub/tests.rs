mod delivery;

use schemas::{Message, Root, SystemState};

use super::*;
use Arrival::{Live, Retained};

#[test]
fn a_gateways_own_status_goes_to_all_gates_and_admin() {
    let hub = hub(Limits::default());
    let seats = ["gate_in", "gate_all", "admin"].map(|channel| listener(&hub, channel));

    let (report, frame) = status("bridge", "online", "b1");
    hub.state(&report, &frame, Live);

    assert_eq!(told(&seats[0]), Vec::<String>::new());
    assert_eq!(told(&seats[1]), [frame.to_string()]);
    assert_eq!(told(&seats[2]), [frame.to_string()]);
    assert_eq!(greeting(&hub, "gate_all", None)[2], frame.to_string());
}

#[test]
fn a_will_of_an_earlier_start_is_stale() {
    let hub = hub(Limits::default());

    assert!(is_news(&hub, "online", "b1", Live));
    assert!(is_news(&hub, "online", "b2", Live));
    assert!(!is_news(&hub, "offline", "b1", Live));
    assert!(!is_news(&hub, "offline", "b1", Retained));
    assert!(is_news(&hub, "offline", "b2", Live));
}

#[test]
fn a_retained_will_of_a_start_that_was_missed_is_true() {
    let hub = hub(Limits::default());

    assert!(is_news(&hub, "online", "b1", Live));
    assert!(is_news(&hub, "offline", "b2", Retained));
    assert_eq!(state_of(&hub), Some(SystemState::Offline));
}

#[test]
fn the_first_that_is_heard_of_a_gate_may_be_its_will() {
    assert!(is_news(&hub(Limits::default()), "offline", "b1", Retained));
}

#[test]
fn more_gates_than_may_be_kept_account_of_are_refused_and_known_ones_go_on() {
    let hub = hub(Limits { gates: 2, ..Limits::default() });
    let state = |gate: &str, state: &str| {
        let (report, frame) = status(gate, state, "b1");
        hub.state(&report, &frame, Live)
    };

    assert!(matches!(state("gate_1", "online"), Outcome::News(_)));
    assert!(matches!(state("gate_2", "online"), Outcome::News(_)));
    assert_eq!(state("gate_3", "online"), Outcome::TooMany);
    assert!(matches!(state("gate_1", "offline"), Outcome::News(_)));
}

#[test]
fn a_channel_without_clients_and_events_leaves_nothing_behind() {
    let hub = hub(Limits::default());
    let seat = listener(&hub, "gate_17");

    hub.leave(&seat);

    assert!(hub.inner().rooms.is_empty());
}

#[test]
fn the_answer_to_a_command_is_awaited_once() {
    let hub = hub(Limits::default());
    let id: Id = "c1".parse().unwrap();

    hub.expect_answer(id.clone());
    assert!(hub.give_up(&id));
    hub.expect_answer(id.clone());
    hub.answered(&id);
    assert!(!hub.give_up(&id));
}

#[test]
fn after_a_gap_nobody_recovers_and_everybody_is_told() {
    let hub = hub(Limits::default());
    let listening = listener(&hub, "gate_in");
    let (report, frame) = event("e1");
    hub.event(&report, &frame);

    hub.resume_after_gap(Timestamp::UNIX_EPOCH);

    assert!(told(&listening)[1].contains(r#""recovered":false"#));
    assert!(greeting(&hub, "gate_in", Some("e1"))[0].contains(r#""recovered":false"#));
}

#[test]
fn a_client_with_some_gates_is_told_of_these_alone() {
    let hub = hub(Limits::default());
    let sight = Sight::Gates([gate("gate_in")].into());
    for gate in ["bridge", "gate_in", "gate_out"] {
        let (report, frame) = status(gate, "online", "b1");
        hub.state(&report, &frame, Live);
    }
    let listening = join_with(&hub, "admin", None, sight.clone());
    let snapshot = told(&listening);

    for (gate, id) in [("gate_in", "e1"), ("gate_out", "e2"), ("gate_in", "e3")] {
        let (report, frame) = event_of(gate, id);
        hub.event(&report, &frame);
    }
    hub.tell_admin(About::Gate(gate("gate_out")), None, &"a command".into());
    hub.tell_admin(About::House, None, &"a session".into());
    hub.tell_admin(About::Gate(gate("gate_in")), None, &"another command".into());

    assert_eq!(snapshot.len(), 5, "{snapshot:?}");
    assert!(snapshot.iter().all(|frame| !frame.contains("gate_out")));
    let (e1, e3) =
        (event_of("gate_in", "e1").1.to_string(), event_of("gate_in", "e3").1.to_string());
    assert_eq!(told(&listening), [e1, e3.clone(), "another command".to_owned()]);
    let missed = told(&join_with(&hub, "gate_all", Some("e1"), sight));
    assert_eq!(missed[1], e3);
    assert!(missed[0].contains(r#""recovered":true"#) && missed[2].contains("snapshot_begin"));
}

#[test]
fn hello_tells_the_role_that_a_client_has() {
    let hub = hub(Limits::default());
    let guest =
        Guest { session: 1, channel: Channel::All, sight: Sight::All, role: "viewer".to_owned() };

    let seat = hub.join(guest, None, Timestamp::UNIX_EPOCH);
    assert!(told(&seat)[0].contains(r#""role":"viewer""#));
    hub.resume_after_gap(Timestamp::UNIX_EPOCH);
    assert!(told(&seat)[0].contains(r#""role":"viewer""#));
}

#[tokio::test(start_paused = true)]
async fn clients_are_sent_away_one_after_the_other_and_all_in_time() {
    for (clients, within, takes) in [(1, 5_000, 0), (101, 5_000, 100), (2_001, 400, 400)] {
        let hub = hub(Limits::default());
        for session in 0..clients {
            let role = "viewer".to_owned();
            let guest = Guest { session, channel: Channel::All, sight: Sight::All, role };
            hub.join(guest, None, Timestamp::UNIX_EPOCH);
        }
        let start = Instant::now();

        hub.drain(Duration::from_millis(within)).await;

        let took = start.elapsed().as_millis() as u64;
        assert!((takes..takes + 3).contains(&took), "{clients} clients in {took} ms");
        assert!(hub.is_draining());
    }
}

fn hub(limits: Limits) -> Hub {
    Hub::new(limits, Coverage::Everything, Arc::default())
}

/// A client that has read its greeting.
fn listener(hub: &Hub, channel: &str) -> Seat {
    let seat = join(hub, channel, None);
    told(&seat);

    seat
}

fn greeting(hub: &Hub, channel: &str, after: Option<&str>) -> Vec<String> {
    told(&join(hub, channel, after))
}

fn join(hub: &Hub, channel: &str, after: Option<&str>) -> Seat {
    join_with(hub, channel, after, Sight::All)
}

fn join_with(hub: &Hub, channel: &str, after: Option<&str>, sight: Sight) -> Seat {
    let channel = channel.parse().unwrap();
    let guest = Guest { session: 1, channel, sight, role: "operator".to_owned() };

    hub.join(guest, after, Timestamp::UNIX_EPOCH)
}

fn told(seat: &Seat) -> Vec<String> {
    seat.outbox.take_all()
}

fn is_news(hub: &Hub, state: &str, boot: &str, arrival: Arrival) -> bool {
    let (report, frame) = status("gate_in", state, boot);

    matches!(hub.state(&report, &frame, arrival), Outcome::News(_))
}

fn state_of(hub: &Hub) -> Option<SystemState> {
    hub.system_status(&"gate_in".parse().unwrap()).map(|status| status.state)
}

fn status(name: &str, state: &str, boot: &str) -> (Report, Frame) {
    read(
        &format!("parking/{name}/system_status"),
        &format!(
            r#"{{"type":"system_status","payload":{{"state":"{state}","boot":"{boot}"}},"gate_id":"{name}","timestamp":"2024-01-20T10:30:00Z"}}"#
        ),
    )
}

fn gate(name: &str) -> GateId {
    name.parse().unwrap()
}

fn event(id: &str) -> (Report, Frame) {
    event_of("gate_in", id)
}

fn event_of(gate: &str, id: &str) -> (Report, Frame) {
    read(
        &format!("parking/{gate}/parking_event"),
        &format!(
            r#"{{"type":"parking_event","payload":{{"event":"entry"}},"gate_id":"{gate}","timestamp":"2024-01-20T10:30:00Z","id":"{id}"}}"#
        ),
    )
}

fn read(topic: &str, text: &str) -> (Report, Frame) {
    let topic = Topic::parse(&Root::default(), topic).unwrap();
    let Ok(Message::Report(report)) = Message::decode(&topic, text.as_bytes()) else {
        panic!("not a report: {text}");
    };

    (report, text.into())
}
