//! Whatever happens, in whatever order: the simulator watches what must never be (`watch.h`).

use std::time::Duration;

use barrier_link::{Order, OrderKind, Seq, to_line};
use firmware::{Config, Simulator};
use proptest::{prelude::*, sample::select};

const TRAVEL: Duration = Duration::from_secs(2);

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_no_boom_comes_down_on_a_vehicle_and_no_two_relays_are_on(
        config in select(&[Config::Barrier, Config::Timed, Config::Inverted][..]),
        steps in prop::collection::vec(steps(), 0..40),
    ) {
        // A violation ends the test where the simulator tells it.
        let mut board = Simulator::on_bench(config, TRAVEL);

        for step in steps {
            match step {
                Step::Happens(what) => board.tell(what),
                Step::Arrives(bytes) => board.send(&bytes),
                Step::Passes(time) => board.run(Duration::from_millis(time)),
            }
        }
        // Left alone, it goes on saying how things are.
        board.run(Duration::from_secs(10));
        board.tell("plug");
        board.take_events();
        board.run(Duration::from_secs(3));
        let said = board.take_said();
        prop_assert!(said.iter().any(|line| line.starts_with("STATE ")), "{said:?}");
    }
}

#[derive(Debug, Clone)]
enum Step {
    Happens(&'static str),
    Arrives(Vec<u8>),
    Passes(u64),
}

fn steps() -> impl Strategy<Value = Step> {
    let happens = [
        "loop on",
        "loop off",
        "arming on",
        "manual on",
        "manual off",
        "fire on",
        "fire off",
        "jam on",
        "jam off",
        "hand open",
        "hand close",
        "hand stop",
        "switch open on",
        "switch open off",
        "switch open follows",
        "switch closed on",
        "switch closed off",
        "switch closed follows",
        "reset",
        "hang",
        "unplug",
        "plug",
    ];
    let moves = select(&[OrderKind::Open, OrderKind::Close, OrderKind::Stop, OrderKind::Ping][..]);
    let order = moves.prop_map(|kind| to_line(&Order::new(kind, Seq::FIRST)).into_bytes());

    prop_oneof![
        3 => select(happens.to_vec()).prop_map(Step::Happens),
        4 => order.prop_map(Step::Arrives),
        1 => prop::collection::vec(any::<u8>(), 0..40).prop_map(Step::Arrives),
        4 => (0..2000_u64).prop_map(Step::Passes),
        1 => Just(Step::Passes(7000)),
    ]
}
