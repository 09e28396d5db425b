use super::*;

const TALKATIVE: &str = r#"
    open = 'O\r'
    close = 'C\r'
    poll = '?\r'
    report_end = '\r'
    reports = [
        { pattern = 'P1', position = "open" },
        { pattern = 'P0', position = "closed" },
        { pattern = 'P-', position = "closing" },
        { pattern = 'L1', loop = "occupied" },
        { pattern = 'L0', loop = "clear" },
        { pattern = 'E9', refused = "occupied" },
        { pattern = 'H', moved_by = "hand" },
    ]
"#;
const MUTE: &str = r"
    open = 'O'
    close = 'C'
    moves_in = '4s'
";

#[test]
fn it_is_there_when_it_has_told_all_that_it_tells() {
    let (mut barrier, now) = up(TALKATIVE);

    assert_eq!(barrier.on_bytes(b"P0\r", now), [], "nothing is known of the loop");
    let heard = barrier.on_bytes(b"L0\r", now);

    assert_eq!(
        heard,
        [Heard::Found(None), reading(BarrierStatus::Closed, Presence::Clear, Mover::Nobody)]
    );
}

#[test]
fn a_reading_is_never_younger_than_that_of_the_loop() {
    let (mut barrier, now) = up(TALKATIVE);
    barrier.on_bytes(b"P0L0\r", now);

    for second in 1..3 {
        let now = now + Duration::from_secs(second);
        assert_eq!(barrier.on_bytes(b"P1\r", now), []);
        assert_eq!(barrier.on_due(now).heard, []);
    }
    let step = barrier.on_due(now + Duration::from_secs(3));

    assert_eq!(step.heard, [Heard::Lost("it has not reported for 3s".to_owned())]);
    assert!(matches!(
        barrier.on_bytes(b"P1L0\r", now)[..],
        [Heard::Found(None), Heard::Reading(_)]
    ));
}

#[test]
fn it_is_polled_and_orders_are_sent_as_they_are_configured() {
    let (mut barrier, now) = up(TALKATIVE);
    barrier.on_bytes(b"P0L0\r", now);

    assert_eq!(barrier.on_due(now + Duration::from_secs(1)).say, b"?\r");
    assert_eq!(barrier.on_order(BarrierOrder::Open, now), Step::say(b"O\r".to_vec()));
    // Nothing reports `opening`, so that the order is taken for it.
    assert_eq!(
        barrier.on_bytes(b"L0\r", now),
        [reading(BarrierStatus::Opening, Presence::Clear, Mover::Order)]
    );
    assert_eq!(
        barrier.on_bytes(b"P1L1\r", now),
        [reading(BarrierStatus::Open, Presence::Occupied, Mover::Order)]
    );
}

#[test]
fn the_loop_in_front_is_not_fitted_until_it_is_reported() {
    let config = TALKATIVE.replace(
        "    reports = [",
        "    reports = [{ pattern = 'F1', arming = 'occupied' }, { pattern = 'F0', arming = 'clear' },",
    );
    let (mut barrier, now) = up(&config);
    let mut arming = |report: &[u8]| {
        barrier.on_bytes(report, now).into_iter().find_map(|heard| match heard {
            Heard::Reading(reading) => Some(reading.arming),
            Heard::Found(_) | Heard::Refused(..) | Heard::Lost(_) => None,
        })
    };

    assert_eq!(arming(b"P0L0\r"), Some(Presence::NotFitted));
    assert_eq!(arming(b"P0L0F1\r"), Some(Presence::Occupied));
    assert_eq!(arming(b"F0\r"), None, "a reading is as old as that of the loop under the boom");
    assert_eq!(arming(b"L0\r"), Some(Presence::Clear));
    barrier.on_down("unplugged".to_owned());
    barrier.on_up(now);
    assert_eq!(barrier.reading.arming, Presence::NotFitted);
}

#[test]
fn an_order_that_is_refused_says_why_and_one_that_is_not_known_is_refused() {
    let (mut barrier, now) = up(TALKATIVE);
    barrier.on_bytes(b"P1L0\r", now);
    barrier.on_order(BarrierOrder::Close, now);

    let heard = barrier.on_bytes(b"E9\r", now);
    assert_eq!(heard, [Heard::Refused(BarrierOrder::Close, Refusal::Occupied)]);
    assert_eq!(barrier.on_bytes(b"E9\r", now), [], "once");
    let step = barrier.on_order(BarrierOrder::Stop, now);
    assert_eq!(step, Step::heard(vec![Heard::Refused(BarrierOrder::Stop, Refusal::Unable)]));
}

#[test]
fn a_boom_that_turns_and_one_that_is_moved_by_hand_are_told_from_an_order() {
    let (mut barrier, now) = up(TALKATIVE);
    barrier.on_bytes(b"P1L0\r", now);
    barrier.on_order(BarrierOrder::Close, now);
    barrier.on_bytes(b"P-L0\r", now);

    assert_eq!(
        barrier.on_bytes(b"P1L0\r", now),
        [reading(BarrierStatus::Open, Presence::Clear, Mover::Itself)]
    );
    assert_eq!(
        barrier.on_bytes(b"P0L0\r", now),
        [reading(BarrierStatus::Closed, Presence::Clear, Mover::Nobody)]
    );
    assert_eq!(
        barrier.on_bytes(b"P1L0H\r", now),
        [reading(BarrierStatus::Open, Presence::Clear, Mover::Hand)]
    );
}

#[test]
fn what_moves_after_a_stop_was_not_ordered() {
    let config = TALKATIVE.replace("    poll", "    stop = 'S\\r'\n    poll");
    let (mut barrier, now) = up(&config);
    barrier.on_bytes(b"P-L0\r", now);

    assert_eq!(barrier.on_order(BarrierOrder::Stop, now).say, b"S\r");
    assert_eq!(
        barrier.on_bytes(b"P1L0\r", now),
        [reading(BarrierStatus::Open, Presence::Clear, Mover::Order)]
    );
    assert_eq!(
        barrier.on_bytes(b"P0L0\r", now),
        [reading(BarrierStatus::Closed, Presence::Clear, Mover::Nobody)]
    );
}

#[test]
fn where_nothing_is_reported_time_tells() {
    let now = Instant::now();
    let mut barrier = Dialect::new(toml::from_str(MUTE).unwrap(), now);

    let step = barrier.on_up(now);
    let unknown = reading(BarrierStatus::Unknown, Presence::NotFitted, Mover::Nobody);
    assert_eq!(step, Step::heard(vec![Heard::Found(None), unknown]));

    let opening = reading(BarrierStatus::Opening, Presence::NotFitted, Mover::Order);
    let step = barrier.on_order(BarrierOrder::Open, now);
    assert_eq!(step, Step { say: b"O".to_vec(), heard: vec![opening.clone()] });
    let early = now + Duration::from_millis(3999);
    assert_eq!(barrier.on_due(early).heard, [opening]);
    assert_eq!(barrier.due(), now + Duration::from_secs(4));
    let open = reading(BarrierStatus::Open, Presence::NotFitted, Mover::Order);
    assert_eq!(barrier.on_due(barrier.due()).heard, [open]);
}

#[test]
fn a_port_that_was_away_leaves_nothing_known_and_nothing_is_sent_to_it() {
    let (mut barrier, now) = up(TALKATIVE);
    barrier.on_bytes(b"P1L0\r", now);

    assert_eq!(barrier.on_down("pulled".to_owned()), [Heard::Lost("pulled".to_owned())]);
    assert_eq!(barrier.on_order(BarrierOrder::Open, now), Step::default());
    barrier.on_up(now);
    assert_eq!(
        barrier.on_bytes(b"L1\r", now)[1],
        reading(BarrierStatus::Unknown, Presence::Occupied, Mover::Nobody)
    );
}

#[test]
fn noise_is_not_a_report() {
    let (mut barrier, now) = up(TALKATIVE);

    assert_eq!(barrier.on_bytes(b"\xff\xfe\r???\r", now), []);
}

fn up(config: &str) -> (Dialect, Instant) {
    let now = Instant::now();
    let mut barrier = Dialect::new(toml::from_str(config).unwrap(), now);
    assert_eq!(barrier.on_up(now), Step::say(b"?\r".to_vec()));

    (barrier, now)
}

fn reading(position: BarrierStatus, presence: Presence, mover: Mover) -> Heard {
    Heard::Reading(Reading { position, presence, arming: Presence::NotFitted, mover })
}
