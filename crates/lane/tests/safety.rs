//! The invariants of a lane, over every order of events.

use std::time::{Duration, Instant};

use lane::{
    Action, BarrierOrder, Config, Input, Lane, LaneCommand, Mover, Presence, Reading, Record,
    Refusal,
};
use proptest::prelude::*;
use schemas::{BarrierStatus, GateAction, LaneMode};

#[derive(Debug, Clone)]
enum Step {
    Happens(Input),
    Passes(Duration),
}

/// What a bystander at the gate knows.
struct Bystander {
    vehicle: Presence,
    heard: Option<Instant>,
    moved: Vec<BarrierOrder>,
    passages: usize,
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn the_boom_is_never_lowered_onto_a_vehicle_or_blindly(steps in steps()) {
        let config = Config::default();

        run(&steps, |bystander, now, actions| {
            let lowers = actions.contains(&Action::Order(BarrierOrder::Close));
            let fresh = bystander.heard.is_some_and(|at| now - at <= config.stale_after);
            let blind = bystander.vehicle != Presence::NotFitted && !fresh;

            prop_assert!(!lowers || bystander.vehicle != Presence::Occupied, "onto a vehicle");
            prop_assert!(!lowers || !blind, "blindly");
            Ok(())
        })?;
    }

    #[test]
    fn nothing_moves_that_nobody_asked_for(steps in steps()) {
        let asked: Vec<Step> =
            steps.into_iter().filter(|step| !matches!(
                step,
                Step::Happens(Input::Command(_) | Input::Card(_))
            )).collect();

        run(&asked, |bystander, _, _| {
            prop_assert!(bystander.moved.is_empty(), "{:?}", bystander.moved);
            Ok(())
        })?;
    }

    #[test]
    fn every_command_has_one_final_answer_at_most(steps in steps()) {
        let mut answered = std::collections::HashSet::new();

        run(&steps, |_, _, actions| {
            for action in actions {
                if let Action::Answer { id, outcome, .. } = action
                    && outcome.status.is_final()
                {
                    prop_assert!(answered.insert(id.clone()), "{id} was answered twice");
                }
            }
            Ok(())
        })?;
    }

    #[test]
    fn left_alone_a_lane_comes_to_rest(steps in steps()) {
        let (mut lane, mut now) = run(&steps, |_, _, _| Ok(()))?;

        for _ in 0..10 {
            let Some(due) = lane.poll_timeout() else { return Ok(()) };
            now = now.max(due);
            lane.handle_timeout(now);
            while lane.poll_action().is_some() {}
        }
        prop_assert!(false, "it still wants to be called");
    }
}

fn run(
    steps: &[Step],
    mut check: impl FnMut(&Bystander, Instant, &[Action]) -> Result<(), TestCaseError>,
) -> Result<(Lane, Instant), TestCaseError> {
    let mut lane = Lane::new(Config::default(), LaneMode::Auto);
    let mut now = start();
    let mut bystander =
        Bystander { vehicle: Presence::Clear, heard: None, moved: Vec::new(), passages: 0 };

    for (n, step) in steps.iter().enumerate() {
        match step {
            Step::Passes(time) => {
                now += *time;
                lane.handle_timeout(now);
            }
            Step::Happens(input) => {
                bystander.sees(input, now);
                lane.handle(numbered(input.clone(), n), now);
            }
        }

        let actions: Vec<Action> = std::iter::from_fn(|| lane.poll_action()).collect();
        bystander.counts(&actions);
        check(&bystander, now, &actions)?;
    }

    Ok((lane, now))
}

#[expect(clippy::disallowed_methods, reason = "the clock of a bench starts somewhere")]
fn start() -> Instant {
    Instant::now()
}

impl Bystander {
    fn sees(&mut self, input: &Input, now: Instant) {
        match input {
            Input::Barrier(reading) => {
                self.vehicle = reading.presence;
                self.heard = Some(now);
            }
            Input::BarrierLost => self.heard = None,
            Input::BarrierRefused(..) | Input::Card(_) | Input::Command(_) => {}
        }
    }

    fn counts(&mut self, actions: &[Action]) {
        for action in actions {
            match action {
                Action::Order(order) => self.moved.push(*order),
                Action::Record(Record::Passage { .. }) => self.passages += 1,
                Action::Record(_) | Action::Answer { .. } => {}
            }
        }
    }
}

/// Every command with an id of its own.
fn numbered(input: Input, n: usize) -> Input {
    match input {
        Input::Command(command) => Input::Command(LaneCommand {
            id: format!("c{n}").parse().expect("an id is made of a letter and a number"),
            ..command
        }),
        other @ (Input::Barrier(_)
        | Input::BarrierRefused(..)
        | Input::BarrierLost
        | Input::Card(_)) => other,
    }
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(
        prop_oneof![
            4 => reading().prop_map(|reading| Step::Happens(Input::Barrier(reading))),
            2 => command().prop_map(|command| Step::Happens(Input::Command(command))),
            1 => "[ab]".prop_map(|card| Step::Happens(Input::Card(card))),
            1 => Just(Step::Happens(Input::BarrierLost)),
            1 => refusal().prop_map(Step::Happens),
            3 => (0..15_000u64).prop_map(|ms| Step::Passes(Duration::from_millis(ms))),
        ],
        0..60,
    )
}

fn reading() -> impl Strategy<Value = Reading> {
    use BarrierStatus::{Closed, Closing, Open, Opening, Stopped, Unknown};

    (
        prop::sample::select(vec![Closed, Opening, Open, Closing, Stopped, Unknown]),
        prop::sample::select(vec![Presence::Clear, Presence::Occupied, Presence::NotFitted]),
        prop::sample::select(vec![Mover::Nobody, Mover::Order, Mover::Hand, Mover::Itself]),
    )
        .prop_map(|(position, presence, mover)| Reading { position, presence, mover })
}

fn command() -> impl Strategy<Value = LaneCommand> {
    use GateAction::{
        Auto, Close, EmergencyOpen, EmergencyReset, HoldClosed, HoldOpen, Open, Stop,
    };

    let actions = vec![
        Open,
        Open,
        Close,
        Close,
        Stop,
        HoldOpen,
        HoldClosed,
        Auto,
        EmergencyOpen,
        EmergencyReset,
    ];
    (prop::sample::select(actions), prop::option::of(1..20u64)).prop_map(|(action, seconds)| {
        LaneCommand {
            id: "c".parse().expect("an id is a letter"),
            action,
            open_for: seconds.map(Duration::from_secs),
        }
    })
}

fn refusal() -> impl Strategy<Value = Input> {
    let orders = vec![BarrierOrder::Open, BarrierOrder::Close, BarrierOrder::Stop];
    let refusals = vec![Refusal::Occupied, Refusal::Emergency, Refusal::Unable];

    (prop::sample::select(orders), prop::sample::select(refusals))
        .prop_map(|(order, refusal)| Input::BarrierRefused(order, refusal))
}
