use super::*;
use proptest::{prelude::*, sample::select};

const TRAVEL: Duration = Duration::from_secs(2);

#[test]
fn it_introduces_itself_at_power_on() {
    Rig::new().says([
        "HELLO manless-barrier 1 fw=0.1.0 reset=power",
        "STATE closed loop=0 arming=- manual=0 fire=0 by=none",
    ]);
}

#[test]
fn an_opening_takes_its_time() {
    let mut barrier = Rig::ready();

    barrier.order("OPEN 17").says(["OK 17", &state("opening", "order")]);
    barrier.after(Duration::from_millis(900)).says([]);
    barrier.after(Duration::from_millis(100)).says([&*state("opening", "order")]);
    barrier.after(Duration::from_millis(999)).says([]);
    barrier.after(Duration::from_millis(1)).says([&*state("open", "order")]);
}

#[test]
fn a_boom_that_takes_no_time_still_opens() {
    let mut barrier = Rig::with_travel(Duration::ZERO);

    barrier.order("OPEN 1").silently();
    barrier.after(Duration::from_millis(1)).says([&*state("open", "order")]);
}

#[test]
fn it_says_how_things_are_once_a_second() {
    let mut barrier = Rig::ready();

    barrier.after(Duration::from_millis(999)).says([]);
    barrier.after(Duration::from_millis(1)).says([&*state("closed", "none")]);
}

#[test]
fn it_does_not_close_on_an_occupied_loop() {
    let mut barrier = Rig::open();

    barrier.when(Input::ClosingLoop(Loop::Occupied)).silently();
    barrier.order("CLOSE 18").says(["NO 18 occupied"]);
}

#[test]
fn a_second_vehicle_under_a_closing_boom_makes_it_open_again() {
    let mut barrier = Rig::open();

    barrier.order("CLOSE 18").says(["OK 18", &state("closing", "order")]);
    barrier.after(Duration::from_millis(500)).says([]);
    barrier
        .when(Input::ClosingLoop(Loop::Occupied))
        .says(["STATE opening loop=1 arming=- manual=0 fire=0 by=safety"]);
    // It had been closing for half a second, so it is open again as soon.
    barrier
        .after(Duration::from_millis(500))
        .says(["STATE open loop=1 arming=- manual=0 fire=0 by=safety"]);
}

#[test]
fn a_stop_leaves_the_boom_where_it_is() {
    let mut barrier = Rig::ready();
    barrier.order("OPEN 1").silently();
    barrier.after(TRAVEL / 4).silently();

    barrier.order("STOP 2").says(["OK 2", &state("stopped", "order")]);
    barrier.after(Duration::from_millis(999)).says([]);
    barrier.order("CLOSE 3").silently();
    barrier.after(TRAVEL / 4).says([&*state("closed", "order")]);
}

#[test]
fn a_jammed_boom_says_that_it_moves_until_it_is_freed() {
    let mut barrier = Rig::ready();
    barrier.when(Input::Drive(Drive::Jammed)).silently();
    barrier.order("OPEN 1").silently();

    for _ in 0..20 {
        barrier.after(HEARTBEAT).says([&*state("opening", "order")]);
    }
    barrier.when(Input::Drive(Drive::Runs)).says([]);
    barrier.after(TRAVEL).says([&*state("open", "order")]);
}

#[test]
fn a_movement_that_does_not_end_is_given_up() {
    let mut barrier = Rig::open();
    barrier.order("CLOSE 1").silently();
    barrier.after(TRAVEL / 4).silently();
    barrier.when(Input::Drive(Drive::Jammed)).silently();
    for _ in 0..29 {
        barrier.order("PING 2").after(HEARTBEAT).silently();
    }

    barrier.after(HEARTBEAT).says([&*state("unknown", "order")]);
    barrier.order("CLOSE 3").says(["NO 3 fault"]);
    barrier.order("OPEN 4").says(["OK 4", &state("opening", "order")]);
}

#[test]
fn opening_by_hand_is_told_from_an_order() {
    let mut barrier = Rig::ready();

    barrier
        .when(Input::OpenedByHand)
        .says(["STATE opening loop=0 arming=- manual=1 fire=0 by=manual"]);
    barrier.after(TRAVEL).says([&*state("open", "manual")]);
    barrier.when(Input::OpenedByHand).says([]);
}

#[test]
fn fire_opens_and_keeps_open() {
    let mut barrier = Rig::ready();
    barrier.after(SETTLE).silently();

    barrier
        .when(Input::Fire(Contact::Active))
        .says(["STATE opening loop=0 arming=- manual=0 fire=1 by=fire"]);
    barrier.after(TRAVEL).silently();
    barrier.order("CLOSE 4").says(["NO 4 emergency"]);
}

#[test]
fn a_fire_that_burns_when_the_controller_starts_opens_after_a_second() {
    let mut barrier = Rig::ready();
    barrier.when(Input::Fire(Contact::Active)).silently();
    barrier.when(Input::Reset(ResetCause::Watchdog)).silently();

    barrier.after(SETTLE).silently();
    assert_eq!(barrier.barrier.state().moved_by, Cause::Fire);
    barrier.after(TRAVEL / 4).silently();
    barrier.order("STOP 1").silently();
    barrier.after(TRAVEL).silently();
    assert_eq!(barrier.barrier.state().position, Position::Stopped);
}

#[test]
fn a_closing_boom_that_nobody_watches_opens() {
    let mut barrier = Rig::slow();
    barrier.order("OPEN 1").silently();
    barrier.after(Duration::from_secs(25)).silently();
    barrier.order("CLOSE 2").silently();

    barrier.after(Duration::from_millis(4999)).silently();
    barrier.order("PING 3").says(["OK 3"]);
    barrier.after(Duration::from_millis(4999)).says([&*state("closing", "order")]);
    barrier.after(Duration::from_millis(1)).says([&*state("opening", "safety")]);
}

#[test]
fn an_opening_boom_that_nobody_watches_goes_on() {
    let mut barrier = Rig::slow();
    barrier.order("OPEN 1").silently();

    barrier.after(Duration::from_secs(24)).says([&*state("opening", "order")]);
    barrier.after(Duration::from_secs(1)).says([&*state("open", "order")]);
    barrier.after(Duration::from_secs(600)).says([&*state("open", "order")]);
}

#[test]
fn each_order_has_one_answer() {
    let mut barrier = Rig::ready();

    barrier.order("PING 5").says(["OK 5"]);
    barrier.order("STATUS 6").says(["OK 6", &state("closed", "none")]);
    barrier.order("HELLO 7").says(["OK 7", "HELLO manless-barrier 1 fw=0.1.0 reset=power"]);
    barrier.order("LIFT 8").says(["NO 8 unknown"]);
    barrier.order("OPEN 8 9").says(["NO garbled"]);
}

#[test]
fn a_person_may_type() {
    let mut barrier = Rig::ready();

    barrier.send("open\r\n").says(["OK", &state("opening", "order")]);
    barrier.order("PING 1").silently();
    barrier.send("close\r\n").says(["NO garbled"]);
}

#[test]
fn a_reset_moves_nothing_and_forgets_who_moved() {
    let mut barrier = Rig::open();

    barrier
        .when(Input::Reset(ResetCause::External))
        .says(["HELLO manless-barrier 1 fw=0.1.0 reset=external", &state("open", "none")]);
}

#[test]
fn noise_makes_no_heap_of_answers() {
    let mut barrier = Rig::ready();

    barrier.send(&"?\n".repeat(100_000));

    assert!(barrier.barrier.output.len() <= OUTPUT_LIMIT);
}

proptest! {
    #[test]
    fn whatever_happens_the_boom_never_goes_down_onto_a_vehicle(
        steps in prop::collection::vec(steps(), 0..60),
    ) {
        let mut rig = Rig::ready();

        for step in steps {
            match step {
                Step::Happens(input) => rig.when(input),
                Step::Arrives(line) => rig.send(&line),
                Step::Passes(time) => rig.after(Duration::from_millis(time)),
            };

            let state = rig.barrier.state();
            let down = state.position == Position::Closing;
            prop_assert!(!(down && state.closing_loop == Loop::Occupied));
            prop_assert!(!(down && state.fire == Contact::Active));
            prop_assert_eq!(state, rig.barrier.reported);
            prop_assert!((0.0..=1.0).contains(&rig.barrier.opening(rig.now)));
        }
    }
}

#[derive(Debug, Clone)]
enum Step {
    Happens(Input),
    Arrives(String),
    Passes(u64),
}

fn steps() -> impl Strategy<Value = Step> {
    let input = prop_oneof![
        select(&[Loop::Clear, Loop::Occupied][..]).prop_map(Input::ClosingLoop),
        select(&[Drive::Runs, Drive::Jammed][..]).prop_map(Input::Drive),
        select(Contact::ALL).prop_map(Input::Fire),
        select(Contact::ALL).prop_map(Input::Manual),
        Just(Input::OpenedByHand),
        Just(Input::Reset(ResetCause::External)),
    ];
    let order = select(OrderKind::ALL).prop_map(|kind| to_line(&Order::new(kind, Seq::FIRST)));

    prop_oneof![
        input.prop_map(Step::Happens),
        order.prop_map(Step::Arrives),
        "[ -~]{0,20}\\n".prop_map(Step::Arrives),
        (0..6000_u64).prop_map(Step::Passes),
    ]
}

/// A barrier on a bench: a clock that moves only when told to.
struct Rig {
    barrier: Barrier,
    now: Instant,
}

impl Rig {
    fn new() -> Self {
        Self::with_travel(TRAVEL)
    }

    fn with_travel(travel: Duration) -> Self {
        let now = Instant::now();

        Self { barrier: Barrier::new(travel, now), now }
    }

    fn ready() -> Self {
        let mut rig = Self::new();
        rig.silently();
        rig
    }

    /// A boom that takes 25 seconds.
    fn slow() -> Self {
        let mut rig = Self::with_travel(Duration::from_secs(25));
        rig.silently();
        rig
    }

    fn open() -> Self {
        let mut rig = Self::ready();
        rig.order("OPEN 1").silently();
        rig.after(TRAVEL).silently();
        rig
    }

    fn when(&mut self, input: Input) -> &mut Self {
        self.barrier.handle(input, self.now);
        self
    }

    fn order(&mut self, body: &str) -> &mut Self {
        self.send(&to_line(&body))
    }

    fn send(&mut self, line: &str) -> &mut Self {
        self.barrier.receive(line.as_bytes(), self.now);
        self
    }

    fn after(&mut self, time: Duration) -> &mut Self {
        self.now += time;
        self.barrier.handle_timeout(self.now);
        self
    }

    fn silently(&mut self) {
        self.barrier.take_output();
    }

    #[track_caller]
    fn says<const N: usize>(&mut self, expected: [&str; N]) {
        let output = self.barrier.take_output();
        let actual: Vec<_> = output.lines().map(|line| line.rsplit_once('*').unwrap().0).collect();

        assert_eq!(actual, expected);
    }
}

fn state(position: &str, by: &str) -> String {
    format!("STATE {position} loop=0 arming=- manual=0 fire=0 by={by}")
}
