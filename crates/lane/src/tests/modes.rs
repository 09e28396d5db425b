use super::*;
use Presence::{Clear, Occupied};

#[test]
fn a_mode_has_an_owner_a_reason_and_an_end() {
    let mut rig = Rig::closed();

    rig.hold(GateAction::HoldOpen, 100).drain();

    let status = rig.lane.status();
    assert_eq!(status.mode_owner.as_deref(), Some("ann"));
    assert_eq!(status.mode_reason.as_deref(), Some("market day"));
    assert_eq!(status.mode_until, Some(Timestamp::from_second(100).unwrap()));
    rig.command(GateAction::Auto).drain();
    assert_eq!(*rig.lane.mode(), Mode::AUTO);
}

#[test]
fn a_hold_ends_when_it_was_to_and_the_boom_closes_as_after_any_opening() {
    let mut rig = Rig::closed();
    rig.hold(GateAction::HoldOpen, 100).boom(Opening).boom(Open).drain();

    rig.clock(99).expect(&[]);
    rig.clock(100).expect(&["auto"]);
    rig.after(CONFIG.open_for - MS).expect(&[]);
    rig.after(MS).expect(&["CLOSE"]);
}

#[test]
fn the_end_of_a_hold_moves_no_boom_that_somebody_opened_by_hand() {
    let mut rig = Rig::closed();
    rig.reading(Opening, Clear, Mover::Hand).reading(Open, Clear, Mover::Hand);
    rig.hold(GateAction::HoldOpen, 100).drain();

    rig.clock(100).expect(&["auto"]);
    rig.after(CONFIG.open_for * 10).expect(&[]);
}

#[test]
fn the_end_of_being_held_closed_moves_nothing() {
    let mut rig = Rig::closed();
    rig.hold(GateAction::HoldClosed, 100).drain();

    rig.clock(100).expect(&["auto"]);
    rig.after(CONFIG.open_for * 10).expect(&[]);
}

#[test]
fn an_emergency_has_no_end() {
    let mut rig = Rig::closed();
    rig.hold(GateAction::EmergencyOpen, 100).drain();

    rig.clock(1000).expect(&[]);
    assert_eq!(rig.lane.mode().mode, LaneMode::EmergencyOpen);
}

#[test]
fn a_gate_held_closed_comes_down_after_the_vehicle_wherever_the_boom_stood() {
    let mut rig = Rig::open();
    rig.command(GateAction::Close).boom(Closing).command(GateAction::Stop).boom(Stopped);
    rig.vehicle(Occupied).drain();

    rig.command(GateAction::HoldClosed).expect(&["c4 accepted", "held_closed", "c4 executing"]);
    rig.vehicle(Clear).after(CONFIG.open_for);
    rig.expect(&["passage command confirmed", "CLOSE"]);
    rig.boom(Closing).boom(Closed).expect(&["c4 succeeded"]);
}

#[test]
fn a_gate_that_was_held_open_over_a_restart_closes_after_auto() {
    for (mode, action) in [
        (LaneMode::HeldOpen, GateAction::Auto),
        (LaneMode::EmergencyOpen, GateAction::EmergencyReset),
    ] {
        let mut rig = Rig::new();
        rig.lane = Lane::new(CONFIG, Mode::of(mode));
        rig.reading(Open, Clear, Mover::Nobody).after(CONFIG.open_for * 10).expect(&[]);

        rig.command(action).drain();
        rig.after(CONFIG.open_for).expect(&["CLOSE"]);
    }
}

#[test]
fn an_opening_outlives_a_controller_that_was_lost_meanwhile() {
    let mut rig = Rig::closed();
    rig.card("A").boom(Opening).when(Input::BarrierLost).drain();

    rig.reading(Opening, Clear, Mover::Nobody).boom(Open).expect(&[]);
    rig.after(CONFIG.open_for).expect(&["CLOSE"]);
}

#[test]
fn a_vehicle_that_left_while_the_controller_was_lost_has_passed() {
    let mut rig = Rig::closed();
    rig.card("A").boom(Opening).boom(Open).vehicle(Occupied).when(Input::BarrierLost).drain();

    rig.vehicle(Clear).expect(&["passage card assumed A"]);
}
