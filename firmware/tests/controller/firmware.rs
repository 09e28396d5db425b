//! What only the firmware has: relays, contacts that bounce, a watchdog, configurations.

use std::time::Duration;

use barrier_link::to_line;
use firmware::{Config, Event, Simulator};

const TRAVEL: Duration = Duration::from_secs(2);

#[test]
fn it_is_of_the_version_of_everything_else() {
    let mut board = Simulator::on_bench(Config::Barrier, TRAVEL);

    run(&mut board, 100);

    let hello = format!("HELLO manless-barrier 1 fw={} reset=power", env!("CARGO_PKG_VERSION"));
    assert_eq!(board.take_said()[0], hello);
}

#[test]
fn no_relay_is_on_unless_somebody_wants_something() {
    let mut board = Simulator::on_bench(Config::Barrier, TRAVEL);

    for happens in ["reset", "hang", "unplug", "plug", "loop on", "reset", "loop off", "reset"] {
        run(&mut board, 3000);
        board.tell(happens);
    }
    run(&mut board, 3000);

    assert_eq!(relays(&board.take_events()), [""; 0]);
}

#[test]
fn each_order_is_one_pulse_of_one_relay() {
    let mut board = ready(Config::Barrier);

    order(&mut board, "OPEN 1", 2500);
    let events = board.take_events();
    assert_eq!(relays(&events), ["open on", "open off"]);
    let times: Vec<_> =
        events.iter().filter(|e| e.what.starts_with("relay")).map(|e| e.at).collect();
    assert!((490..=510).contains(&(times[1] - times[0]).as_millis()), "{times:?}");

    order(&mut board, "CLOSE 2", 2500);
    assert_eq!(relays(&board.take_events()), ["close on", "close off"]);
    order(&mut board, "STOP 3", 1000);
    assert_eq!(relays(&board.take_events()), ["stop on", "stop off"]);
}

#[test]
fn a_new_order_lets_go_of_the_old_button_first() {
    let mut board = ready(Config::Barrier);

    order(&mut board, "OPEN 1", 200);
    order(&mut board, "CLOSE 2", 40);
    order(&mut board, "OPEN 3", 700);

    // The one that closes was not pressed yet.
    assert_eq!(relays(&board.take_events()), ["open on", "open off", "open on", "open off"]);
}

#[test]
fn a_close_that_has_just_begun_is_cut_off_by_a_vehicle() {
    let mut board = open();
    order(&mut board, "CLOSE 2", 200);

    board.tell("loop on");
    run(&mut board, 1000);

    assert_eq!(relays(&board.take_events()), ["close on", "close off", "open on", "open off"]);
}

#[test]
fn a_contact_that_bounces_counts_when_it_is_quiet() {
    let mut board = open();

    for _ in 0..20 {
        board.tell("loop on");
        run(&mut board, 8);
        board.tell("loop off");
        run(&mut board, 8);
    }
    assert_eq!(states(&mut board), ["open"], "heartbeats alone");
    board.tell("loop on");
    run(&mut board, 40);
    assert!(board.take_said()[0].contains("loop=1"));
}

#[test]
fn a_program_that_hangs_starts_anew_and_knows_where_the_boom_was() {
    let mut board = open();
    order(&mut board, "CLOSE 1", 700);
    board.tell("hang");

    run(&mut board, 600);

    let said = board.take_said();
    assert!(said.iter().any(|line| line.ends_with("reset=watchdog")), "{said:?}");
    assert!(said.iter().any(|line| line.starts_with("STATE closing")), "{said:?}");
    board.tell("loop on");
    run(&mut board, 500);
    assert_eq!(relays(&board.take_events()), ["open on"]);
}

#[test]
fn a_boom_between_its_ends_is_unknown_when_the_power_comes_back() {
    let mut board = ready(Config::Barrier);
    order(&mut board, "OPEN 1", 700);
    order(&mut board, "STOP 2", 700);
    board.tell("unplug");
    run(&mut board, 5000);
    board.take_events();

    board.tell("plug");
    run(&mut board, 2000);

    let events = board.take_events();
    assert!(events.iter().any(|e| e.what.contains("STATE unknown")), "{events:?}");
    assert_eq!(relays(&events), [""; 0]);
    order(&mut board, "OPEN 3", 2500);
    assert_eq!(states(&mut board), ["opening", "open"]);
}

#[test]
fn a_boom_moved_at_the_barrier_itself_is_said_to_be_moved_by_hand() {
    let mut board = ready(Config::Barrier);

    board.tell("hand open");
    run(&mut board, 2500);
    let said = board.take_said();
    assert!(
        said.iter().any(|line| line.starts_with("STATE opening") && line.ends_with("by=manual"))
    );
    assert!(said.iter().any(|line| line.starts_with("STATE open ") && line.ends_with("by=manual")));

    // Whoever lowers it there need not have an agent, but no vehicle may be under it.
    board.tell("hand close");
    run(&mut board, 1000);
    board.tell("loop on");
    run(&mut board, 1500);
    assert_eq!(relays(&board.take_events()), ["open on", "open off"]);
}

#[test]
fn a_boom_closed_by_hand_without_an_agent_stays_closed() {
    let mut board = open();
    run(&mut board, 20_000);
    board.take_events();

    board.tell("hand close");
    run(&mut board, 20_000);

    let events = board.take_events();
    assert_eq!(relays(&events), [""; 0]);
    assert!(events.last().is_some_and(|event| event.what.contains("STATE closed")), "{events:?}");
}

#[test]
fn a_drive_that_turns_by_itself_is_told_from_one_that_obeys() {
    let mut board = open();
    order(&mut board, "CLOSE 1", 700);
    board.tell("hand open");

    run(&mut board, 1500);

    let said = board.take_said();
    assert!(
        said.iter().any(|line| line.starts_with("STATE open ") && line.ends_with("by=safety")),
        "{said:?}"
    );
}

#[test]
fn two_limit_switches_at_once_are_a_fault() {
    let mut board = open();

    board.tell("switch closed on");
    run(&mut board, 100);
    assert_eq!(states(&mut board), ["unknown"]);
    order(&mut board, "CLOSE 2", 50);
    assert_eq!(board.take_said()[0], "NO 2 fault");
}

#[test]
fn a_limit_switch_that_is_cut_off_stops_nothing_but_is_noticed() {
    let mut board = ready(Config::Barrier);
    board.tell("switch open off");

    order(&mut board, "OPEN 1", 29_000);
    assert_eq!(states(&mut board), ["opening"]);
    run(&mut board, 2000);
    assert_eq!(states(&mut board), ["opening", "unknown"]);
}

#[test]
fn without_limit_switches_time_tells_where_the_boom_is() {
    let mut board = ready(Config::Timed);
    run(&mut board, 1000);
    assert_eq!(states(&mut board), ["unknown"]);

    order(&mut board, "OPEN 1", 7900);
    assert_eq!(states(&mut board), ["opening"]);
    run(&mut board, 200);
    assert_eq!(states(&mut board), ["open"]);
    order(&mut board, "PING 2", 50);
    order(&mut board, "CLOSE 3", 3000);
    order(&mut board, "PING 4", 3000);
    board.tell("loop on");
    run(&mut board, 100);
    assert_eq!(states(&mut board), ["closing", "opening"]);
    run(&mut board, 9000);
    board.tell("reset");
    run(&mut board, 500);
    assert_eq!(states(&mut board).last().map(String::as_str), Some("open"), "it is remembered");
    board.tell("unplug");
    board.tell("plug");
    run(&mut board, 500);
    assert_eq!(states(&mut board).last().map(String::as_str), Some("unknown"), "it is not");
}

#[test]
fn contacts_and_relays_can_be_the_other_way_round() {
    let mut board = ready(Config::Inverted);
    run(&mut board, 1000);
    let said = board.take_said();
    assert!(said[0].starts_with("STATE closed loop=0 arming=0 manual=0 fire=0"), "{said:?}");

    board.tell("arming on");
    run(&mut board, 100);
    assert!(board.take_said()[0].contains("loop=0 arming=1"));
    order(&mut board, "OPEN 1", 9000);
    assert_eq!(relays(&board.take_events()), ["open on", "open off"]);
    board.tell("loop on");
    run(&mut board, 50);
    order(&mut board, "CLOSE 2", 100);
    assert!(board.take_said().contains(&"NO 2 occupied".to_owned()));
    board.tell("loop off");
    run(&mut board, 100);
    order(&mut board, "CLOSE 3", 2500);
    assert_eq!(relays(&board.take_events()), ["close on", "close off"]);
    board.tell("fire on");
    run(&mut board, 1000);
    assert_eq!(relays(&board.take_events()), ["open on", "open off"]);
}

/// One whose power came on two seconds ago.
fn ready(config: Config) -> Simulator {
    let mut board = Simulator::on_bench(config, TRAVEL);
    run(&mut board, 1500);
    board.take_events();

    board
}

fn open() -> Simulator {
    let mut board = ready(Config::Barrier);
    order(&mut board, "OPEN 1", 3000);
    board.take_events();

    board
}

fn order(board: &mut Simulator, body: &str, wait: u64) {
    board.send(to_line(&body).as_bytes());
    run(board, wait);
}

fn run(board: &mut Simulator, milliseconds: u64) {
    board.run(Duration::from_millis(milliseconds));
}

fn relays(events: &[Event]) -> Vec<&str> {
    events.iter().filter_map(|event| event.what.strip_prefix("relay ")).collect()
}

/// The positions that it has said, one after the other.
fn states(board: &mut Simulator) -> Vec<String> {
    let said = board.take_said();
    let position = |line: &String| Some(line.strip_prefix("STATE ")?.split(' ').next()?.to_owned());
    let mut positions: Vec<_> = said.iter().filter_map(position).collect();
    positions.dedup();

    positions
}
