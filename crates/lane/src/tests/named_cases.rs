//! The cases that every gate meets sooner or later, by their names.

use super::*;
use Presence::{Clear, Occupied};

#[test]
fn second_vehicle_under_a_closing_boom() {
    let mut rig = Rig::closed();
    rig.card("A").boom(Opening).boom(Open).vehicle(Occupied).vehicle(Clear).drain();

    rig.after(CONFIG.open_for).boom(Closing).expect(&["CLOSE"]);
    rig.vehicle(Occupied).expect(&["OPEN"]);
    rig.boom(Opening).boom(Open).after(CONFIG.open_for * 10).expect(&[]);
    assert_eq!(rig.lane.status().moved_by, Some(MovedBy::Safety));
    rig.vehicle(Clear).expect(&["tailgate"]);
    rig.after(CONFIG.open_for).expect(&["CLOSE"]);
    rig.boom(Closing).boom(Closed).expect(&[]);
}

#[test]
fn long_vehicle_on_both_loops() {
    let mut rig = Rig::with_arming_loop();

    rig.loops(Occupied, Clear).card("A").expect(&["card A granted", "OPEN"]);
    rig.boom(Opening).boom(Open).loops(Occupied, Occupied).expect(&[]);
    rig.after(CONFIG.open_for * 5).expect(&[]);
    // Between its axles the loop under the boom sees nothing of it.
    rig.loops(Occupied, Clear).loops(Occupied, Occupied).expect(&[]);
    rig.loops(Clear, Occupied).expect(&[]);
    rig.loops(Clear, Clear).expect(&["passage card confirmed A"]);
    rig.after(CONFIG.open_for).expect(&["CLOSE"]);
    rig.boom(Closing).boom(Closed).expect(&[]);
}

#[test]
fn backed_out() {
    let mut rig = Rig::with_arming_loop();
    rig.loops(Occupied, Clear).card("A").boom(Opening).boom(Open).drain();

    rig.loops(Clear, Clear).expect(&[]);
    rig.after(CONFIG.open_for).expect(&["CLOSE"]);
    rig.boom(Closing).boom(Closed).expect(&["no_passage"]);
}

#[test]
fn backed_out_from_under_the_boom() {
    let mut rig = Rig::with_arming_loop();
    rig.loops(Occupied, Clear).card("A").boom(Opening).boom(Open).drain();

    rig.loops(Occupied, Occupied).loops(Occupied, Clear).loops(Clear, Clear).expect(&[]);
    rig.after(CONFIG.open_for).expect(&["CLOSE"]);
    rig.boom(Closing).boom(Closed).expect(&["no_passage"]);
}

#[test]
fn backed_out_and_the_next_one_comes() {
    let mut rig = Rig::with_arming_loop();
    rig.loops(Occupied, Clear).card("A").boom(Opening).boom(Open).loops(Clear, Clear).drain();

    rig.loops(Occupied, Clear).card("B").expect(&["card B granted", "no_passage"]);
    rig.loops(Occupied, Occupied).loops(Clear, Occupied).loops(Clear, Clear);
    rig.expect(&["passage card confirmed B"]);
}

#[test]
fn tailgate() {
    let mut rig = Rig::with_arming_loop();
    rig.loops(Occupied, Clear).card("A").boom(Opening).boom(Open).drain();

    // The second one is on the arming loop before the first one has left.
    rig.loops(Occupied, Occupied).loops(Clear, Occupied).loops(Occupied, Occupied).expect(&[]);
    rig.loops(Occupied, Clear).expect(&["passage card confirmed A"]);
    rig.loops(Occupied, Occupied).loops(Clear, Occupied).loops(Clear, Clear).expect(&["tailgate"]);
}

#[test]
fn a_second_vehicle_with_a_card_of_its_own_is_no_tailgate() {
    let mut rig = Rig::with_arming_loop();
    rig.loops(Occupied, Clear).card("A").boom(Opening).boom(Open).drain();

    rig.loops(Occupied, Occupied).loops(Clear, Occupied).loops(Occupied, Occupied).drain();
    rig.card("B").expect(&["card B granted"]);
    rig.loops(Occupied, Clear).expect(&["passage card confirmed A"]);
    rig.loops(Occupied, Occupied).loops(Clear, Occupied).loops(Clear, Clear);
    rig.expect(&["passage card confirmed B"]);
}

#[test]
fn stuck_loop() {
    let mut rig = Rig::open();

    rig.vehicle(Occupied).after(CONFIG.loop_stuck_after - MS).expect(&[]);
    assert_eq!(rig.lane.status().fault, None);
    rig.after(MS).expect(&["closing loop stuck"]);
    assert_eq!(rig.lane.status().fault, Some(GateFault::LoopStuck));
    rig.after(CONFIG.loop_stuck_after * 10).expect(&[]);
    rig.command(GateAction::Close);
    rig.expect_refused(Rejected, VehiclePresent);

    rig.vehicle(Clear).expect(&["passage command confirmed"]);
    assert_eq!(rig.lane.status().fault, None);
    rig.after(CONFIG.open_for).expect(&["CLOSE"]);
}

#[test]
fn stuck_arming_loop() {
    let mut rig = Rig::with_arming_loop();

    rig.loops(Occupied, Clear).after(CONFIG.loop_stuck_after).expect(&["arming loop stuck"]);
    assert_eq!(rig.lane.status().fault, Some(GateFault::LoopStuck));
    rig.loops(Clear, Clear).expect(&[]);
    assert_eq!(rig.lane.status().fault, None);
}

#[test]
fn manual_opening() {
    let mut rig = Rig::closed();

    rig.reading(Opening, Clear, Mover::Hand).expect(&["manual_open"]);
    rig.reading(Open, Clear, Mover::Hand).after(CONFIG.open_for * 10).expect(&[]);
    rig.card("A").expect(&["card A granted"]);
    rig.vehicle(Occupied).vehicle(Clear).expect(&["passage card confirmed A"]);
    rig.command(GateAction::Open).expect(&["c1 accepted", "c1 succeeded"]);
    rig.after(CONFIG.open_for * 10).expect(&[]);
    // Nobody has used the leave that the command gave; that keeps no card out.
    rig.card("B").expect(&["card B granted", "no_passage"]);
    rig.command(GateAction::Close).expect(&["c2 accepted", "CLOSE", "c2 executing"]);
}

#[test]
fn movement_timeout() {
    let mut rig = Rig::closed();
    rig.card("A").boom(Opening).drain();

    rig.after(CONFIG.travel).expect(&["movement_timeout"]);
    assert_eq!(rig.lane.mode().mode, LaneMode::OutOfService);
    // No further pulses, whatever comes.
    rig.card("B").expect(&["card B denied", "denied"]);
    rig.boom(Open).vehicle(Occupied).vehicle(Clear).after(CONFIG.travel * 10).drain();
    rig.when(Input::BarrierLost).boom(Open).after(CONFIG.travel * 10).expect(&[]);
    rig.command(GateAction::Auto).expect(&["c1 accepted", "auto", "c1 succeeded"]);
}

#[test]
fn asking_a_stuck_boom_to_close_again_gives_it_no_more_time() {
    let mut rig = Rig::open();

    rig.command(GateAction::Close).boom(Closing).after(CONFIG.travel - MS).drain();
    rig.command(GateAction::Close).expect(&["c3 accepted", "c3 executing"]);
    rig.after(MS).expect(&["c2 failed", "c3 failed", "movement_timeout"]);
}

#[test]
fn power_on() {
    for mode in [LaneMode::Auto, LaneMode::HeldOpen, LaneMode::HeldClosed, LaneMode::EmergencyOpen]
    {
        for position in [Closed, Opening, Open, Closing, Stopped] {
            for mover in [Mover::Nobody, Mover::Order, Mover::Hand, Mover::Itself] {
                let mut rig = Rig::new();
                rig.lane = Lane::new(CONFIG, Mode::of(mode));

                rig.reading(position, Clear, mover).expect(&[]);
                rig.vehicle(Occupied).vehicle(Clear).drain();
                rig.after(CONFIG.open_for * 10).expect(&[]);
            }
        }
    }
}

#[test]
fn card_held_to_the_reader() {
    let mut rig = Rig::closed();

    rig.card("A").expect(&["card A granted", "OPEN"]);
    for _ in 0..100 {
        rig.after(CONFIG.same_card_within - MS).card("A");
    }
    assert!(rig.boom(Opening).drain().iter().all(|action| !action.starts_with("card")));
}

#[test]
fn two_cards_at_once() {
    let mut rig = Rig::closed();

    rig.card("A").card("B").expect(&["card A granted", "OPEN", "card B denied", "denied"]);
    for _ in 0..100 {
        rig.after(CONFIG.same_card_within / 2).card("A").card("B");
    }
    assert!(rig.boom(Opening).drain().iter().all(|action| !action.starts_with("card")));
}

#[test]
fn two_cards_at_once_while_somebody_is_asked() {
    let mut rig = Rig::closed();

    rig.asking().card("A").card("B").expect(&["card A pending", "card B denied", "denied"]);
    rig.command(GateAction::Open);
    rig.expect(&["c1 accepted", "card A granted", "OPEN", "c1 executing"]);
}

#[test]
fn command_during_passage() {
    let mut rig = Rig::closed();
    rig.card("A").boom(Opening).boom(Open).vehicle(Occupied).drain();

    rig.command(GateAction::Close);
    rig.expect_refused(Rejected, VehiclePresent);
    rig.command(GateAction::Open).expect(&["c2 accepted", "c2 succeeded"]);
    rig.vehicle(Clear).expect(&["passage card confirmed A"]);
    rig.vehicle(Occupied).vehicle(Clear).expect(&["passage command confirmed"]);
    rig.vehicle(Occupied).command(GateAction::Stop).expect(&["c3 accepted", "c3 succeeded"]);
    rig.vehicle(Clear).after(CONFIG.open_for * 10).drain();
    assert_eq!(rig.lane.state(), State::Open, "who stopped it decides what becomes of it");
}

#[test]
fn emergency_during_closing() {
    let mut rig = Rig::open();
    rig.after(CONFIG.open_for).boom(Closing).drain();

    rig.command(GateAction::EmergencyOpen);
    rig.expect(&["c2 accepted", "emergency_open", "OPEN", "c2 executing"]);
    rig.boom(Opening).boom(Open).expect(&["c2 succeeded"]);
    rig.after(CONFIG.open_for * 10).expect(&[]);
    rig.command(GateAction::EmergencyReset).after(CONFIG.open_for);
    rig.expect(&["c3 accepted", "emergency_reset", "c3 succeeded", "CLOSE"]);
}
