use super::*;
use Presence::{Clear, Occupied};

#[test]
fn a_card_needs_a_vehicle_on_the_arming_loop() {
    let mut rig = Rig::with_arming_loop();

    rig.card("A").expect(&["card A denied", "denied"]);
    rig.after(CONFIG.same_card_within).loops(Occupied, Clear).card("A");
    rig.expect(&["card A granted", "OPEN"]);
}

#[test]
fn a_card_needs_no_vehicle_where_that_is_said() {
    let mut rig = Rig::of(Config { arming: Arming::Ignored, ..CONFIG });

    rig.loops(Clear, Clear).card("A").expect(&["card A granted", "OPEN"]);
}

#[test]
fn a_stale_arming_loop_keeps_nobody_out() {
    let mut rig = Rig::with_arming_loop();

    rig.silence(CONFIG.stale_after + MS).card("A").expect(&["card A granted", "OPEN"]);
}

#[test]
fn a_command_needs_no_vehicle() {
    let mut rig = Rig::with_arming_loop();

    rig.command(GateAction::Open).expect(&["c1 accepted", "OPEN", "c1 executing"]);
}

#[test]
fn a_driver_who_leaves_is_not_decided_on_any_more() {
    let mut rig = Rig::with_arming_loop();
    rig.asking().loops(Occupied, Clear).card("A").expect(&["card A pending"]);

    rig.loops(Clear, Clear).expect(&["card A denied", "denied"]);
    rig.answer(GateAction::Open, "A");
    rig.expect_refused(AnswerStatus::Expired, AnswerCode::Expired);
}

#[test]
fn an_answer_about_another_card_moves_nothing() {
    let mut rig = Rig::closed();
    rig.asking().card("A").drain();

    for action in [GateAction::Open, GateAction::Close] {
        rig.answer(action, "B");
        rig.expect_refused(AnswerStatus::Expired, AnswerCode::Expired);
    }
    rig.answer(GateAction::Close, "A");
    rig.expect(&["c3 accepted", "card A denied", "denied", "c3 succeeded"]);
}

#[test]
fn a_denial_lowers_no_boom() {
    let mut rig = Rig::closed();
    rig.card("A").boom(Opening).boom(Open).vehicle(Occupied).drain();

    rig.asking().card("B").vehicle(Clear);
    rig.expect(&["card B pending", "passage card confirmed A"]);
    rig.answer(GateAction::Close, "B");
    rig.expect(&["c1 accepted", "card B denied", "denied", "c1 succeeded"]);
    assert_eq!(rig.lane.state(), State::Open);
}

#[test]
fn silence_is_what_the_rule_says() {
    for (otherwise, expected) in [
        (Ruling::Grant, &["card A granted", "OPEN"][..]),
        (Ruling::Deny("no".into()), &["card A denied", "denied"][..]),
    ] {
        let mut rig = Rig::closed();
        rig.verdict = Verdict::Ask { within: PATIENCE, otherwise };

        rig.card("A").expect(&["card A pending"]);
        rig.after(PATIENCE - MS).expect(&[]);
        rig.after(MS).expect(expected);
    }
}

#[test]
fn a_driver_who_is_impatient_changes_nothing() {
    let mut rig = Rig::closed();

    rig.asking().card("A").expect(&["card A pending"]);
    rig.after(CONFIG.same_card_within).card("A").expect(&[]);
    rig.command(GateAction::Open).boom(Opening).boom(Open).drain();
    rig.after(CONFIG.open_for - MS).card("A").expect(&[]);
    rig.after(CONFIG.open_for - MS).expect(&[]);
    rig.after(MS).expect(&["CLOSE"]);
}

#[test]
fn a_mode_decides_on_what_is_pending() {
    for (action, decided) in [
        (GateAction::HoldOpen, "card A granted"),
        (GateAction::EmergencyOpen, "card A granted"),
        (GateAction::HoldClosed, "card A denied"),
    ] {
        let mut rig = Rig::closed();
        rig.asking().card("A").drain();

        let actions = rig.command(action).drain();
        assert!(actions.iter().any(|action| action == decided), "{actions:?}");
    }
}

#[test]
fn a_card_that_has_passed_does_not_pass_again_soon() {
    let mut rig = Rig::of(passback(PassbackRule::Hard));
    rig.pass("A");

    rig.card("A").expect(&["card A denied", "denied"]);
    rig.after(PASSBACK).card("A").expect(&["card A granted", "OPEN"]);
}

#[test]
fn a_soft_passback_is_granted_and_said() {
    let mut rig = Rig::of(passback(PassbackRule::Soft));
    rig.pass("A");

    rig.lane.handle(Input::Card("A".to_owned()), rig.now);
    rig.collect();
    let Some(Action::Record(Record::Card { decision, reason, .. })) = rig.actions.first() else {
        panic!("{:?}", rig.actions)
    };
    assert_eq!((*decision, reason.is_some()), (Decision::Granted, true));
}

#[test]
fn a_card_that_did_not_pass_may_come_again() {
    let mut rig = Rig::of(passback(PassbackRule::Hard));

    rig.card("A").boom(Opening).boom(Open).after(CONFIG.open_for).boom(Closing).boom(Closed);
    rig.drain();
    rig.card("A").expect(&["card A granted", "OPEN"]);
}

#[test]
fn a_refused_order_leaves_nobody_waiting() {
    let mut rig = Rig::closed();
    rig.card("A").drain();

    rig.when(Input::BarrierRefused(BarrierOrder::Open, Refusal::Unable));
    rig.expect(&["order refused", "no_passage"]);
    rig.card("B").expect(&["card B granted", "OPEN"]);
}

#[test]
fn a_controller_that_was_lost_leaves_nobody_waiting() {
    let mut rig = Rig::closed();
    rig.card("A").when(Input::BarrierLost).boom(Closed).drain();

    rig.card("B").expect(&["card B granted", "OPEN"]);
}

const PASSBACK: Duration = Duration::from_secs(60);

fn passback(rule: PassbackRule) -> Config {
    Config { anti_passback: Some(AntiPassback { within: PASSBACK, rule }), ..CONFIG }
}

impl Rig {
    fn pass(&mut self, card: &str) {
        self.card(card).boom(Opening).boom(Open).vehicle(Occupied).vehicle(Clear);
        self.after(CONFIG.open_for).boom(Closing).boom(Closed).drain();
    }

    /// What an integrator says of a card.
    fn answer(&mut self, action: GateAction, card: &str) {
        self.commands += 1;
        let id = format!("c{}", self.commands).parse().unwrap();
        let card = Some(card.to_owned());
        self.when(Input::Command(LaneCommand { card, ..LaneCommand::new(id, action) }));
    }
}
