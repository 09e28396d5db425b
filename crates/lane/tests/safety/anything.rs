//! Over every order of events, possible ones or not: whatever a broken controller may report.

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use lane::{
    Action, AntiPassback, Arming, BarrierOrder, Config, Input, Lane, LaneCommand, Mode, Mover,
    PassbackRule, Presence, Reading, Record, Refusal, Ruling, State, Verdict,
};
use proptest::prelude::*;
use schemas::{AnswerStatus, BarrierStatus, Decision, GateAction, LaneMode, MovedBy, Timestamp};

/// More than a lane can have to do when nothing happens any more.
const LEFT_TO_DO: usize = 10;

#[derive(Debug, Clone)]
enum Step {
    Happens(Input),
    Passes(Duration),
}

/// What a bystander at the gate knows after a step.
struct Bystander<'a> {
    step: &'a Step,
    now: Instant,
    lane: &'a Lane,
    vehicle: Presence,
    heard: Option<Instant>,
    mode_before: LaneMode,
    last_order: Option<BarrierOrder>,
    actions: &'a [Action],
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn the_boom_is_never_lowered_onto_a_vehicle_or_blindly((config, steps) in run()) {
        watch(&config, &steps, |at| {
            let lowers = at.actions.contains(&Action::Order(BarrierOrder::Close));
            let fresh = at.heard.is_some_and(|heard| at.now - heard <= config.stale_after);
            let blind = at.vehicle != Presence::NotFitted && !fresh;

            prop_assert!(!lowers || at.vehicle != Presence::Occupied, "onto a vehicle");
            prop_assert!(!lowers || !blind, "blindly");
            Ok(())
        })?;
    }

    #[test]
    fn nothing_moves_that_nobody_asked_for((config, steps) in run()) {
        let is_wish = |step: &Step| {
            matches!(step, Step::Happens(Input::Command(_) | Input::Card(_)))
        };
        let nobody_asks: Vec<Step> = steps.into_iter().filter(|step| !is_wish(step)).collect();

        watch(&config, &nobody_asks, |at| {
            let moves = at.actions.iter().any(|action| matches!(action, Action::Order(_)));
            prop_assert!(!moves, "{:?}", at.actions);
            Ok(())
        })?;
    }

    #[test]
    fn there_is_no_more_than_one_opening_per_grant((config, steps) in run()) {
        let mut grants = 0;
        let mut openings = 0;

        watch(&config, &steps, |at| {
            for action in at.actions {
                match action {
                    Action::Record(Record::Card { decision: Decision::Granted, .. }) => grants += 1,
                    Action::Answer { action: GateAction::Open, outcome, .. }
                    | Action::Answer { action: GateAction::HoldOpen, outcome, .. }
                    | Action::Answer { action: GateAction::EmergencyOpen, outcome, .. }
                        if outcome.status == AnswerStatus::Accepted =>
                    {
                        grants += 1;
                    }
                    // A vehicle under a boom that was being lowered.
                    Action::Order(BarrierOrder::Open)
                        if at.lane.status().moved_by == Some(MovedBy::Safety) =>
                    {
                        prop_assert_eq!(at.last_order, Some(BarrierOrder::Close));
                    }
                    Action::Order(BarrierOrder::Open) => openings += 1,
                    Action::Order(_)
                    | Action::Record(_)
                    | Action::Answer { .. }
                    | Action::Decide(_)
                    | Action::Alarm(_) => {}
                }
            }
            prop_assert!(openings <= grants, "{openings} openings, {grants} grants");
            Ok(())
        })?;
    }

    #[test]
    fn out_of_service_and_emergency_are_left_only_by_a_person((config, steps) in run()) {
        use GateAction::{Auto, EmergencyOpen, EmergencyReset};

        watch(&config, &steps, |at| {
            let wanted = match at.step {
                Step::Happens(Input::Command(command)) => Some(command.action),
                Step::Happens(_) | Step::Passes(_) => None,
            };
            let is_left = at.lane.mode().mode != at.mode_before;

            if is_left && at.mode_before == LaneMode::OutOfService {
                prop_assert!(matches!(wanted, Some(Auto | EmergencyOpen)), "{wanted:?}");
            }
            if is_left && at.mode_before == LaneMode::EmergencyOpen {
                prop_assert_eq!(wanted, Some(EmergencyReset));
            }
            Ok(())
        })?;
    }

    #[test]
    fn every_command_has_one_final_answer_at_most((config, steps) in run()) {
        let mut answered = HashSet::new();

        watch(&config, &steps, |at| {
            for action in at.actions {
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
    fn every_card_that_somebody_is_asked_about_is_decided_on((config, steps) in run()) {
        let mut pending = None;

        let lane = watch(&config, &steps, |at| {
            for action in at.actions {
                if let Action::Record(Record::Card { card, decision, .. }) = action {
                    match decision {
                        Decision::Pending => {
                            prop_assert_eq!(&pending, &None, "two at once");
                            pending = Some(card.clone());
                        }
                        Decision::Granted | Decision::Denied | Decision::Unknown => {
                            pending = pending.take().filter(|pending| pending != card);
                        }
                    }
                }
            }
            Ok(())
        })?;
        prop_assert!(pending.is_none() || lane.poll_timeout().is_some(), "a driver waits for ever");
    }

    #[test]
    fn left_alone_a_lane_comes_to_rest((config, steps) in run()) {
        let (mut lane, mut now) = (watch(&config, &steps, |_| Ok(()))?, start() + DAY);

        for _ in 0..LEFT_TO_DO {
            let Some(due) = lane.poll_timeout() else {
                let rests = matches!(lane.state(), State::Idle | State::Open | State::Passing);
                prop_assert!(rests, "{:?} for ever", lane.state());
                return Ok(());
            };
            now = now.max(due);
            lane.handle_timeout(now);
            while lane.poll_action().is_some() {}
        }
        prop_assert!(false, "it still wants to be called");
    }
}

fn watch(
    config: &Config,
    steps: &[Step],
    mut check: impl FnMut(&Bystander<'_>) -> Result<(), TestCaseError>,
) -> Result<Lane, TestCaseError> {
    let mut lane = Lane::new(config.clone(), Mode::AUTO);
    let mut now = start();
    let (mut vehicle, mut heard, mut last_order) = (Presence::Clear, None, None);

    for (n, step) in steps.iter().enumerate() {
        let mode_before = lane.mode().mode;
        match step {
            Step::Passes(time) => {
                now += *time;
                lane.handle_timeout(now);
            }
            Step::Happens(input) => {
                match input {
                    Input::Barrier(reading) => (vehicle, heard) = (reading.presence, Some(now)),
                    Input::BarrierLost => heard = None,
                    Input::BarrierRefused(..)
                    | Input::Card(_)
                    | Input::Verdict { .. }
                    | Input::Command(_)
                    | Input::Clock(_) => {}
                }
                lane.handle(numbered(input.clone(), n), now);
            }
        }

        let actions: Vec<Action> = std::iter::from_fn(|| lane.poll_action()).collect();
        check(&Bystander {
            step,
            now,
            lane: &lane,
            vehicle,
            heard,
            mode_before,
            last_order,
            actions: &actions,
        })?;
        last_order = actions.iter().filter_map(order).next_back().or(last_order);
    }

    Ok(lane)
}

fn order(action: &Action) -> Option<BarrierOrder> {
    match action {
        Action::Order(order) => Some(*order),
        Action::Decide(_) | Action::Record(_) | Action::Alarm(_) | Action::Answer { .. } => None,
    }
}

const DAY: Duration = Duration::from_secs(24 * 3600);

#[expect(clippy::disallowed_methods, reason = "the clock of a bench starts somewhere")]
fn start() -> Instant {
    Instant::now()
}

/// Every command with an id of its own.
fn numbered(input: Input, n: usize) -> Input {
    match input {
        Input::Command(command) => {
            Input::Command(LaneCommand { id: format!("c{n}").parse().unwrap(), ..command })
        }
        other @ (Input::Barrier(_)
        | Input::BarrierRefused(..)
        | Input::BarrierLost
        | Input::Card(_)
        | Input::Verdict { .. }
        | Input::Clock(_)) => other,
    }
}

fn run() -> impl Strategy<Value = (Config, Vec<Step>)> {
    (config(), prop::collection::vec(step(), 0..80))
}

fn config() -> impl Strategy<Value = Config> {
    let rule = prop::sample::select(vec![PassbackRule::Hard, PassbackRule::Soft]);
    let passback = rule.prop_map(|rule| AntiPassback { within: Duration::from_secs(60), rule });
    let arming = prop::sample::select(vec![Arming::Required, Arming::Ignored]);

    (prop::option::of(passback), arming).prop_map(|(anti_passback, arming)| Config {
        anti_passback,
        arming,
        moves_per_minute: 1000,
        ..Config::default()
    })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => reading().prop_map(|reading| Step::Happens(Input::Barrier(reading))),
        4 => command().prop_map(|command| Step::Happens(Input::Command(command))),
        3 => card().prop_map(|card| Step::Happens(Input::Card(card))),
        3 => (card(), verdict())
            .prop_map(|(card, verdict)| Step::Happens(Input::Verdict { card, verdict })),
        1 => Just(Step::Happens(Input::BarrierLost)),
        2 => refusal().prop_map(Step::Happens),
        1 => (0..10i64).prop_map(|s| {
            Step::Happens(Input::Clock(Timestamp::from_second(s).unwrap()))
        }),
        6 => (0..15_000u64).prop_map(|ms| Step::Passes(Duration::from_millis(ms))),
    ]
}

/// Mostly as a boom moves: towards its ends, by order.
fn reading() -> impl Strategy<Value = Reading> {
    use BarrierStatus::{Closed, Closing, Open, Opening, Stopped, Unknown};
    use Mover::{Hand, Itself, Nobody, Order};

    let presence =
        || prop::sample::select(vec![Presence::Clear, Presence::Occupied, Presence::NotFitted]);
    (
        prop::sample::select(vec![Closed, Open, Open, Opening, Closing, Stopped, Unknown]),
        presence(),
        presence(),
        prop::sample::select(vec![Order, Order, Nobody, Hand, Itself]),
    )
        .prop_map(|(position, presence, arming, mover)| Reading {
            position,
            presence,
            arming,
            mover,
        })
}

fn card() -> impl Strategy<Value = String> {
    "[ab]"
}

fn verdict() -> impl Strategy<Value = Verdict> {
    let ruling =
        || prop::sample::select(vec![Ruling::Grant, Ruling::Grant, Ruling::Deny("no".into())]);

    prop_oneof![
        ruling().prop_map(Verdict::Final),
        ((1..20u64), ruling()).prop_map(|(seconds, otherwise)| Verdict::Ask {
            within: Duration::from_secs(seconds),
            otherwise,
        }),
    ]
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
        Auto,
        EmergencyOpen,
        EmergencyReset,
    ];
    (
        prop::sample::select(actions),
        prop::option::of(1..20u64),
        prop::option::weighted(0.2, card()),
        prop::option::of(0..10i64),
    )
        .prop_map(|(action, seconds, card, until)| LaneCommand {
            open_for: seconds.map(Duration::from_secs),
            card,
            until: until.map(|s| Timestamp::from_second(s).unwrap()),
            ..LaneCommand::new("c".parse().unwrap(), action)
        })
}

fn refusal() -> impl Strategy<Value = Input> {
    let orders = vec![BarrierOrder::Open, BarrierOrder::Close, BarrierOrder::Stop];
    let refusals = vec![Refusal::Occupied, Refusal::Emergency, Refusal::Unable];

    (prop::sample::select(orders), prop::sample::select(refusals))
        .prop_map(|(order, refusal)| Input::BarrierRefused(order, refusal))
}
