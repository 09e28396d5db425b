use schemas::{
    AnswerCode::{self, HardwareOffline, ModeLocked, RateLimited, VehiclePresent},
    AnswerStatus::{self, Accepted, Executing, Failed, Rejected, Succeeded},
    BarrierStatus::{Closed, Closing, Open, Opening, Stopped},
    Confirmation, Decision, EventName, GateAction, PassageTrigger, Timestamp,
};

use super::*;

const CONFIG: Config = Config {
    open_for: Duration::from_secs(10),
    travel: Duration::from_secs(8),
    stale_after: Duration::from_secs(3),
    same_card_within: Duration::from_secs(3),
    loop_stuck_after: Duration::from_secs(600),
    moves_per_minute: 30,
    arming: Arming::Required,
    anti_passback: None,
};

#[test]
fn a_command_opens_and_time_closes() {
    let mut rig = Rig::closed();

    rig.command(GateAction::Open).expect(&["c1 accepted", "OPEN", "c1 executing"]);
    rig.boom(Opening).expect(&[]);
    rig.boom(Open).expect(&["c1 succeeded"]);
    rig.after(CONFIG.open_for - MS).expect(&[]);
    rig.after(MS).expect(&["CLOSE"]);
    rig.boom(Closing).boom(Closed).expect(&["no_passage"]);
    assert_eq!(rig.lane.status().moved_by, Some(MovedBy::Timer));
}

#[test]
fn the_duration_of_a_command_is_counted_from_fully_open() {
    let mut rig = Rig::closed();

    rig.open_for(Duration::from_secs(2)).boom(Opening).after(CONFIG.travel - MS).boom(Open).drain();
    rig.after(Duration::from_secs(2) - MS).expect(&[]);
    rig.after(MS).expect(&["CLOSE"]);
}

#[test]
fn a_card_lets_one_vehicle_through() {
    let mut rig = Rig::closed();

    rig.card("04A1").expect(&["card 04A1 granted", "OPEN"]);
    rig.boom(Opening).boom(Open).vehicle(Presence::Occupied).expect(&[]);
    rig.vehicle(Presence::Clear).expect(&["passage card confirmed 04A1"]);
    rig.after(CONFIG.open_for).expect(&["CLOSE"]);
    rig.boom(Closing).boom(Closed).expect(&[]);
}

#[test]
fn without_a_loop_an_open_boom_is_a_passage() {
    let mut rig = Rig::without_loop();

    rig.card("04A1").boom(Opening).drain();
    rig.boom(Open).expect(&["passage card assumed 04A1"]);
    rig.card("04A2").expect(&["card 04A2 granted", "passage card assumed 04A2"]);
}

#[test]
fn the_timer_waits_for_a_vehicle_and_starts_over() {
    let mut rig = Rig::open();

    rig.vehicle(Presence::Occupied).after(CONFIG.open_for).expect(&[]);
    rig.after(CONFIG.open_for * 10).expect(&[]);
    rig.vehicle(Presence::Clear).expect(&["passage command confirmed"]);
    rig.after(CONFIG.open_for - MS).hear().expect(&[]);
    rig.after(MS).expect(&["CLOSE"]);
}

#[test]
fn the_timer_waits_for_a_fresh_reading() {
    let mut rig = Rig::open();

    rig.silence(CONFIG.open_for).expect(&[]);
    rig.hear().expect(&[]);
    rig.after(CONFIG.open_for).expect(&["CLOSE"]);
}

#[test]
fn a_close_is_refused_while_a_vehicle_is_under_the_boom() {
    let mut rig = Rig::open();

    rig.vehicle(Presence::Occupied).command(GateAction::Close);
    rig.expect_refused(Rejected, VehiclePresent);
    rig.vehicle(Presence::Clear).drain();
    rig.command(GateAction::Close).expect(&["c3 accepted", "CLOSE", "c3 executing"]);
}

#[test]
fn a_vehicle_that_comes_under_a_closing_boom_raises_it() {
    let mut rig = Rig::open();

    rig.command(GateAction::Close).boom(Closing).drain();
    rig.vehicle(Presence::Occupied).expect(&["c2 failed", "OPEN"]);
    rig.boom(Opening).boom(Open).expect(&[]);
    assert_eq!(rig.lane.status().moved_by, Some(MovedBy::Safety));
    rig.vehicle(Presence::Clear).after(CONFIG.open_for);
    assert!(rig.drain().contains(&"CLOSE".to_owned()), "the timer started over");
}

#[test]
fn a_controller_that_sees_the_vehicle_first_restarts_the_timer() {
    let mut rig = Rig::open();

    rig.command(GateAction::Close).drain();
    rig.when(Input::BarrierRefused(BarrierOrder::Close, Refusal::Occupied)).expect(&["c2 failed"]);
    rig.after(CONFIG.open_for).expect(&["CLOSE"]);
}

#[test]
fn a_boom_that_does_not_arrive_takes_the_gate_out_of_service() {
    let mut rig = Rig::closed();

    rig.command(GateAction::Open).boom(Opening).drain();
    rig.after(CONFIG.travel).expect(&["c1 failed", "movement_timeout"]);
    assert_eq!(rig.lane.mode().mode, LaneMode::OutOfService);
    assert_eq!(rig.lane.status().fault, Some(GateFault::MovementTimeout));

    rig.command(GateAction::Open);
    rig.expect_refused(Rejected, ModeLocked);
    rig.card("04A1").expect(&["card 04A1 denied", "denied"]);
    rig.after(CONFIG.travel * 10).expect(&[]);
    rig.command(GateAction::Auto).expect(&["c3 accepted", "auto", "c3 succeeded"]);
    assert_eq!(rig.lane.status().fault, None);
    rig.command(GateAction::Open).expect(&["c4 accepted", "OPEN", "c4 executing"]);
}

#[test]
fn asking_again_gives_a_stuck_boom_no_more_time() {
    let mut rig = Rig::closed();

    rig.command(GateAction::Open).boom(Opening).after(CONFIG.travel - MS).drain();
    rig.command(GateAction::Open).expect(&["c2 accepted", "c2 executing"]);
    rig.after(MS).expect(&["c1 failed", "c2 failed", "movement_timeout"]);
}

#[test]
fn a_lost_controller_fails_what_is_pending_and_refuses_the_rest() {
    let mut rig = Rig::closed();

    rig.command(GateAction::Open).boom(Opening).drain();
    rig.when(Input::BarrierLost).expect(&["c1 failed"]);
    assert_eq!(rig.lane.status().fault, Some(GateFault::ControllerLost));
    rig.command(GateAction::Open);
    rig.expect_refused(Rejected, HardwareOffline);
    rig.card("04A1").expect(&["card 04A1 denied", "denied"]);

    rig.boom(Open).after(CONFIG.open_for * 10).expect(&["CLOSE"]);
    assert_eq!(rig.lane.status().fault, None);
}

#[test]
fn a_boom_opened_by_hand_is_not_closed_by_software() {
    let mut rig = Rig::closed();

    rig.reading(Opening, Presence::Clear, Mover::Hand).expect(&["manual_open"]);
    rig.reading(Open, Presence::Clear, Mover::Hand).after(CONFIG.open_for * 10).expect(&[]);
    rig.reading(Open, Presence::Occupied, Mover::Hand);
    rig.reading(Open, Presence::Clear, Mover::Hand).expect(&["passage manual confirmed"]);
}

#[test]
fn a_gate_held_open_lets_everybody_through_until_auto() {
    let mut rig = Rig::closed();

    rig.command(GateAction::HoldOpen).expect(&["c1 accepted", "held_open", "OPEN", "c1 executing"]);
    rig.boom(Opening).boom(Open).expect(&["c1 succeeded"]);
    rig.after(CONFIG.open_for * 10).expect(&[]);
    rig.vehicle(Presence::Occupied).vehicle(Presence::Clear).expect(&["passage command confirmed"]);
    rig.command(GateAction::Close);
    rig.expect_refused(Rejected, ModeLocked);
    rig.command(GateAction::Auto).expect(&["c3 accepted", "auto", "c3 succeeded"]);
    rig.after(CONFIG.open_for).expect(&["CLOSE"]);
}

#[test]
fn a_gate_held_closed_comes_down_when_it_can_and_opens_for_nobody() {
    let mut rig = Rig::open();

    rig.vehicle(Presence::Occupied).command(GateAction::HoldClosed);
    rig.expect(&["c2 accepted", "held_closed", "c2 executing"]);
    rig.vehicle(Presence::Clear).drain();
    rig.after(CONFIG.open_for).expect(&["CLOSE"]);
    rig.boom(Closing).boom(Closed).expect(&["c2 succeeded"]);
    rig.card("04A1").expect(&["card 04A1 denied", "denied"]);
    rig.command(GateAction::Open);
    rig.expect_refused(Rejected, ModeLocked);
}

#[test]
fn an_emergency_during_closing_opens_and_stays_open_until_its_reset() {
    let mut rig = Rig::open();

    rig.command(GateAction::Close).boom(Closing).drain();
    rig.command(GateAction::EmergencyOpen);
    rig.expect(&["c3 accepted", "c2 failed", "emergency_open", "OPEN", "c3 executing"]);
    rig.boom(Opening).boom(Open).after(CONFIG.open_for * 10).expect(&["c3 succeeded"]);
    for action in [GateAction::Close, GateAction::Auto, GateAction::HoldClosed] {
        rig.command(action);
        rig.expect_refused(Rejected, AnswerCode::EmergencyActive);
    }
    rig.command(GateAction::EmergencyReset);
    rig.expect(&["c7 accepted", "emergency_reset", "c7 succeeded"]);
    rig.after(CONFIG.open_for).expect(&["CLOSE"]);
}

#[test]
fn stop_stops_whatever_the_mode() {
    let mut rig = Rig::closed();

    rig.command(GateAction::EmergencyOpen).boom(Opening).drain();
    rig.command(GateAction::Stop).expect(&["c2 accepted", "c1 failed", "STOP", "c2 executing"]);
    rig.boom(Stopped).expect(&["c2 succeeded"]);
    rig.after(CONFIG.open_for * 10).expect(&[]);
}

#[test]
fn a_flood_of_stops_is_one_order() {
    let mut rig = Rig::closed();
    rig.command(GateAction::Stop).expect(&["c1 accepted", "c1 succeeded"]);
    rig.command(GateAction::Open).boom(Opening).drain();

    rig.command(GateAction::Stop).command(GateAction::Stop).command(GateAction::Stop);

    let orders = rig.drain().into_iter().filter(|action| action == "STOP").count();
    assert_eq!(orders, 1);
    rig.boom(Stopped).expect(&["c5 succeeded"]);
}

#[test]
fn a_flood_of_emergencies_is_one_order_and_each_is_answered() {
    let mut rig = Rig::closed();
    for _ in 0..100 {
        rig.command(GateAction::EmergencyOpen);
    }

    let mut actions = rig.drain();
    actions.extend(rig.boom(Opening).boom(Open).drain());

    assert_eq!(actions.iter().filter(|action| *action == "OPEN").count(), 1);
    let ends = |action: &&String| action.ends_with("succeeded") || action.ends_with("failed");
    assert_eq!(actions.iter().filter(ends).count(), 100);
}

#[test]
fn movements_by_command_are_rate_limited() {
    let mut rig = Rig::closed();
    let limit = CONFIG.moves_per_minute;

    for _ in 0..limit {
        rig.command(GateAction::Open);
    }
    rig.drain();
    rig.command(GateAction::Close);
    rig.expect_refused(Rejected, RateLimited);
    rig.command(GateAction::Stop);
    assert_eq!(rig.drain().last().unwrap(), &format!("c{} executing", limit + 2));
}

#[test]
fn an_emergency_outlives_a_restart() {
    let mut lane = Lane::new(CONFIG, Mode::of(LaneMode::EmergencyOpen));

    lane.handle(Input::Card("04A1".to_owned()), start());

    assert_eq!(lane.status().mode, LaneMode::EmergencyOpen);
}

mod cards;
mod modes;
mod named_cases;
mod table;

/// How long whoever is asked about a card may take.
const PATIENCE: Duration = Duration::from_secs(5);
const MS: Duration = Duration::from_millis(1);

#[expect(clippy::disallowed_methods, reason = "the clock of a bench starts somewhere")]
fn start() -> Instant {
    Instant::now()
}

/// A lane on a bench: a clock that moves only when told to.
struct Rig {
    lane: Lane,
    now: Instant,
    reading: Reading,
    verdict: Verdict,
    actions: Vec<Action>,
    commands: usize,
    codes: Vec<(AnswerStatus, Option<AnswerCode>)>,
    spelled: Vec<String>,
}

impl Rig {
    fn new() -> Self {
        Self {
            lane: Lane::new(CONFIG, Mode::AUTO),
            now: start(),
            reading: Reading {
                position: Closed,
                presence: Presence::Clear,
                arming: Presence::NotFitted,
                mover: Mover::Nobody,
            },
            verdict: Verdict::Final(Ruling::Grant),
            actions: Vec::new(),
            commands: 0,
            codes: Vec::new(),
            spelled: Vec::new(),
        }
    }

    fn closed() -> Self {
        let mut rig = Self::new();
        rig.reading(Closed, Presence::Clear, Mover::Nobody).expect(&[]);
        rig
    }

    /// Closed, with a loop in front of the boom as well.
    fn with_arming_loop() -> Self {
        let mut rig = Self::new();
        rig.loops(Presence::Clear, Presence::Clear).expect(&[]);
        rig
    }

    fn of(config: Config) -> Self {
        let mut rig = Self::new();
        rig.lane = Lane::new(config, Mode::AUTO);
        rig.hear().expect(&[]);
        rig
    }

    fn without_loop() -> Self {
        let mut rig = Self::new();
        rig.reading(Closed, Presence::NotFitted, Mover::Nobody).expect(&[]);
        rig
    }

    /// Opened by command `c1`.
    fn open() -> Self {
        let mut rig = Self::closed();
        rig.command(GateAction::Open).boom(Opening).boom(Open).drain();
        rig
    }

    fn when(&mut self, input: Input) -> &mut Self {
        self.lane.handle(input, self.now);
        self.collect();
        self
    }

    /// What the lane wants done; who decides on cards answers at once.
    fn collect(&mut self) {
        while let Some(action) = self.lane.poll_action() {
            match action {
                Action::Decide(card) => {
                    let verdict = self.verdict.clone();
                    self.lane.handle(Input::Verdict { card, verdict }, self.now);
                }
                action @ (Action::Order(_)
                | Action::Record(_)
                | Action::Alarm(_)
                | Action::Answer { .. }) => self.actions.push(action),
            }
        }
    }

    fn reading(&mut self, position: BarrierStatus, presence: Presence, mover: Mover) -> &mut Self {
        self.reading = Reading { position, presence, mover, ..self.reading };
        self.hear()
    }

    /// The heartbeat of the controller.
    fn hear(&mut self) -> &mut Self {
        self.when(Input::Barrier(self.reading))
    }

    fn boom(&mut self, position: BarrierStatus) -> &mut Self {
        self.reading(position, self.reading.presence, Mover::Order)
    }

    fn vehicle(&mut self, presence: Presence) -> &mut Self {
        self.reading(self.reading.position, presence, self.reading.mover)
    }

    fn loops(&mut self, arming: Presence, closing: Presence) -> &mut Self {
        self.reading.arming = arming;
        self.vehicle(closing)
    }

    fn card(&mut self, card: &str) -> &mut Self {
        self.when(Input::Card(card.to_owned()))
    }

    /// Somebody is asked about cards, who has them denied by saying nothing.
    fn asking(&mut self) -> &mut Self {
        let otherwise = Ruling::Deny("nobody has answered".into());
        self.verdict = Verdict::Ask { within: PATIENCE, otherwise };
        self
    }

    /// The clock on the wall shows so many seconds.
    fn clock(&mut self, seconds: i64) -> &mut Self {
        self.when(Input::Clock(Timestamp::from_second(seconds).unwrap()))
    }

    /// A hold until the clock shows so many seconds.
    fn hold(&mut self, action: GateAction, until: i64) -> &mut Self {
        self.commands += 1;
        let id = format!("c{}", self.commands).parse().unwrap();
        let until = Some(Timestamp::from_second(until).unwrap());
        let requested_by = Some("ann".to_owned());
        let reason = Some("market day".to_owned());
        let command = LaneCommand { until, requested_by, reason, ..LaneCommand::new(id, action) };
        self.when(Input::Command(command))
    }

    fn command(&mut self, action: GateAction) -> &mut Self {
        self.order(action, None)
    }

    fn open_for(&mut self, time: Duration) -> &mut Self {
        self.order(GateAction::Open, Some(time))
    }

    fn order(&mut self, action: GateAction, open_for: Option<Duration>) -> &mut Self {
        self.commands += 1;
        let id = format!("c{}", self.commands).parse().unwrap();
        self.when(Input::Command(LaneCommand { open_for, ..LaneCommand::new(id, action) }))
    }

    /// Time passes while the controller keeps reporting.
    fn after(&mut self, time: Duration) -> &mut Self {
        self.now += time;
        if self.lane.barrier.is_there() {
            self.hear();
        }
        self.lane.handle_timeout(self.now);
        self
    }

    /// Time passes and nothing is heard.
    fn silence(&mut self, time: Duration) -> &mut Self {
        self.now += time;
        self.lane.handle_timeout(self.now);
        self
    }

    fn drain(&mut self) -> Vec<String> {
        self.collect();
        let actions = mem::take(&mut self.actions);
        self.codes = actions.iter().filter_map(code).collect();

        self.spelled = actions.iter().map(spell).collect();
        self.spelled.clone()
    }

    #[track_caller]
    fn expect(&mut self, expected: &[&str]) -> &mut Self {
        assert_eq!(self.drain(), expected);
        self
    }

    #[track_caller]
    fn expect_refused(&mut self, status: AnswerStatus, code: AnswerCode) {
        let actions = self.drain();

        assert_eq!(self.codes, [(status, Some(code))], "{actions:?}");
        assert_eq!(actions.len(), 1, "{actions:?}");
    }
}

fn code(action: &Action) -> Option<(AnswerStatus, Option<AnswerCode>)> {
    match action {
        Action::Answer { outcome, .. } => Some((outcome.status, outcome.code)),
        Action::Order(_) | Action::Decide(_) | Action::Record(_) | Action::Alarm(_) => None,
    }
}

/// An action in a few words, so that a test reads like the log of a gate.
fn spell(action: &Action) -> String {
    match action {
        Action::Order(BarrierOrder::Open) => "OPEN".to_owned(),
        Action::Order(BarrierOrder::Close) => "CLOSE".to_owned(),
        Action::Order(BarrierOrder::Stop) => "STOP".to_owned(),
        Action::Answer { id, outcome, .. } => {
            let status = match outcome.status {
                Accepted => "accepted",
                Executing => "executing",
                Succeeded => "succeeded",
                Failed => "failed",
                Rejected => "rejected",
                AnswerStatus::Expired => "expired",
                AnswerStatus::Unknown => "unknown",
            };
            format!("{id} {status}")
        }
        Action::Record(Record::Card { card, decision: Decision::Granted, .. }) => {
            format!("card {card} granted")
        }
        Action::Record(Record::Card { card, decision: Decision::Pending, .. }) => {
            format!("card {card} pending")
        }
        Action::Record(Record::Card { card, .. }) => format!("card {card} denied"),
        Action::Record(Record::Passage { trigger, confirmation, card, .. }) => {
            let trigger = match trigger {
                PassageTrigger::Card => "card",
                PassageTrigger::Command => "command",
                PassageTrigger::Manual => "manual",
                PassageTrigger::Unknown => "unknown",
            };
            let confirmation = match confirmation {
                Confirmation::Confirmed => "confirmed",
                Confirmation::Assumed => "assumed",
                Confirmation::Unknown => "unknown",
            };
            let card = card.as_deref().map(|card| format!(" {card}")).unwrap_or_default();
            format!("passage {trigger} {confirmation}{card}")
        }
        Action::Record(Record::Event { event, .. }) => name(*event).to_owned(),
        Action::Decide(card) => unreachable!("{card} is decided on"),
        Action::Alarm(Alarm::OrderRefused(_)) => "order refused".to_owned(),
        Action::Alarm(Alarm::LoopStuck(WhichLoop::Closing)) => "closing loop stuck".to_owned(),
        Action::Alarm(Alarm::LoopStuck(WhichLoop::Arming)) => "arming loop stuck".to_owned(),
    }
}

fn name(event: EventName) -> &'static str {
    match event {
        EventName::Entry => "entry",
        EventName::Exit => "exit",
        EventName::Denied => "denied",
        EventName::NoPassage => "no_passage",
        EventName::Tailgate => "tailgate",
        EventName::ManualOpen => "manual_open",
        EventName::ForcedOpen => "forced_open",
        EventName::MovementTimeout => "movement_timeout",
        EventName::HeldOpen => "held_open",
        EventName::HeldClosed => "held_closed",
        EventName::EmergencyOpen => "emergency_open",
        EventName::EmergencyReset => "emergency_reset",
        EventName::Auto => "auto",
        EventName::EventsLost => "events_lost",
        EventName::Unknown => "unknown",
    }
}
