//! What the firmware and the simulated controller have in common: all that an agent can see.

use barrier_link::to_line;

use crate::bench::{Bench, Happens};

/// Makes two tests of each: one with either controller.
macro_rules! on_both {
    ($($test:ident,)+) => {
        mod the_firmware {
            $(#[test] fn $test() { super::$test(crate::bench::Bench::firmware()); })+
        }
        mod the_simulated_controller {
            $(#[test] fn $test() { super::$test(crate::bench::Bench::simulated()); })+
        }
    };
}

on_both! {
    it_introduces_itself,
    it_says_how_things_are_once_a_second,
    it_opens_and_closes,
    it_does_not_close_on_an_occupied_loop,
    a_vehicle_under_a_closing_boom_makes_it_open_again,
    a_stop_leaves_the_boom_where_it_is,
    a_movement_that_does_not_end_is_given_up,
    opening_by_hand_is_told_from_an_order,
    a_hand_that_opens_is_not_closed_against,
    fire_opens_and_keeps_open,
    fire_opens_a_closing_boom,
    a_person_can_stop_the_boom_in_spite_of_a_fire,
    a_fire_that_burns_when_it_starts_opens_the_boom,
    a_closing_boom_that_nobody_watches_opens,
    an_opening_boom_that_nobody_watches_goes_on,
    a_boom_that_rests_stays_when_nobody_watches,
    each_order_has_one_answer,
    an_agent_has_to_go_on_with_checksums_and_a_person_need_not_begin,
    half_a_line_is_forgotten_in_a_silence,
    a_reset_moves_nothing,
    a_boom_on_its_way_is_still_known_after_a_reset,
}

fn it_introduces_itself(mut barrier: Bench) {
    barrier.after(500).says([
        concat!("HELLO manless-barrier 1 fw=", env!("CARGO_PKG_VERSION"), " reset=power"),
        &state("closed", "none"),
    ]);
}

fn it_says_how_things_are_once_a_second(bench: Bench) {
    let mut barrier = bench.ready();

    let states = barrier.after(10_000).heard();

    assert!((9..=10).contains(&states.len()), "{states:?}");
    assert!(states.iter().all(|line| *line == state("closed", "none")), "{states:?}");
}

fn it_opens_and_closes(bench: Bench) {
    let mut barrier = bench.ready();

    barrier.order("OPEN 17").says(["OK 17", &state("opening", "order")]);
    barrier.after(1700).says([]);
    barrier.after(500).says([&*state("open", "order")]);
    barrier.order("OPEN 18").says(["OK 18"]);
    barrier.order("CLOSE 19").says(["OK 19", &state("closing", "order")]);
    barrier.after(2200).says([&*state("closed", "order")]);
    barrier.order("CLOSE 20").says(["OK 20"]);
}

fn it_does_not_close_on_an_occupied_loop(bench: Bench) {
    let mut barrier = bench.open();

    barrier.when(Happens::Loop(true)).silently();
    barrier.order("CLOSE 18").says(["NO 18 occupied"]);
    barrier.when(Happens::Loop(false)).silently();
    barrier.order("CLOSE 19").says(["OK 19", &state("closing", "order")]);
}

fn a_vehicle_under_a_closing_boom_makes_it_open_again(bench: Bench) {
    let mut barrier = bench.open();
    barrier.order("CLOSE 18").silently();
    barrier.after(500).says([]);

    barrier
        .when(Happens::Loop(true))
        .says(["STATE opening loop=1 arming=- manual=0 fire=0 by=safety"]);
    barrier.after(1000).says(["STATE open loop=1 arming=- manual=0 fire=0 by=safety"]);
}

fn a_stop_leaves_the_boom_where_it_is(bench: Bench) {
    let mut barrier = bench.ready();
    barrier.order("OPEN 1").after(800).silently();

    barrier.order("STOP 2").says(["OK 2", &state("stopped", "order")]);
    barrier.after(3000).says([]);
    barrier.order("CLOSE 3").says(["OK 3", &state("closing", "order")]);
    barrier.after(1200).says([&*state("closed", "order")]);
    barrier.order("STOP 4").says(["OK 4"]);
}

fn a_movement_that_does_not_end_is_given_up(bench: Bench) {
    let mut barrier = bench.open();
    barrier.order("CLOSE 1").after(700).silently();
    barrier.when(Happens::Jam(true)).silently();

    barrier.watched(28_000).says([]);
    barrier.watched(3000).says([&*state("unknown", "order")]);
    barrier.order("CLOSE 3").says(["NO 3 fault"]);
    barrier.order("OPEN 4").says(["OK 4", &state("opening", "order")]);
    barrier.when(Happens::Jam(false)).after(2500).says([&*state("open", "order")]);
    barrier.order("CLOSE 5").says(["OK 5", &state("closing", "order")]);
}

fn opening_by_hand_is_told_from_an_order(bench: Bench) {
    let mut barrier = bench.ready();

    barrier
        .when(Happens::Manual(true))
        .says(["STATE opening loop=0 arming=- manual=1 fire=0 by=manual"]);
    barrier.when(Happens::Manual(false)).says([&*state("opening", "manual")]);
    barrier.after(2200).says([&*state("open", "manual")]);
}

fn a_hand_that_opens_is_not_closed_against(bench: Bench) {
    let mut barrier = bench.open();

    barrier.when(Happens::Manual(true)).silently();
    barrier.order("CLOSE 2").says(["NO 2 busy"]);
    barrier.when(Happens::Manual(false)).silently();
    barrier.order("CLOSE 3").says(["OK 3", &state("closing", "order")]);
    barrier.after(700).says([]);
    barrier
        .when(Happens::Manual(true))
        .says(["STATE opening loop=0 arming=- manual=1 fire=0 by=manual"]);
}

fn fire_opens_and_keeps_open(bench: Bench) {
    let mut barrier = bench.ready();

    barrier
        .when(Happens::Fire(true))
        .says(["STATE opening loop=0 arming=- manual=0 fire=1 by=fire"]);
    barrier.after(2500).says(["STATE open loop=0 arming=- manual=0 fire=1 by=fire"]);
    barrier.order("CLOSE 4").says(["NO 4 emergency"]);
    barrier.when(Happens::Fire(false)).says([&*state("open", "fire")]);
    barrier.order("CLOSE 5").says(["OK 5", &state("closing", "order")]);
}

fn fire_opens_a_closing_boom(bench: Bench) {
    let mut barrier = bench.open();
    barrier.order("CLOSE 4").after(500).silently();

    barrier
        .when(Happens::Fire(true))
        .says(["STATE opening loop=0 arming=- manual=0 fire=1 by=fire"]);
}

fn a_person_can_stop_the_boom_in_spite_of_a_fire(bench: Bench) {
    let mut barrier = bench.ready();
    barrier.when(Happens::Fire(true)).after(500).silently();

    let stopped = "STATE stopped loop=0 arming=- manual=0 fire=1 by=fire";
    barrier.order("STOP 5").says(["OK 5", stopped]);
    barrier.after(3000).says([]);
    barrier
        .order("OPEN 6")
        .says(["OK 6", "STATE opening loop=0 arming=- manual=0 fire=1 by=order"]);
}

fn a_fire_that_burns_when_it_starts_opens_the_boom(bench: Bench) {
    let mut barrier = bench.ready();
    barrier.when(Happens::Fire(true)).after(300).silently();
    barrier.order("STOP 1").after(500).silently();
    barrier.when(Happens::Reset).silently();

    barrier.after(500).says([]);
    barrier.after(700).says(["STATE opening loop=0 arming=- manual=0 fire=1 by=fire"]);
}

fn a_closing_boom_that_nobody_watches_opens(bench: Bench) {
    let mut barrier = bench.open();
    barrier.order("CLOSE 2").after(700).silently();
    barrier.when(Happens::Jam(true)).silently();

    barrier.after(3000).silently();
    barrier.order("PING 3").says(["OK 3"]);
    barrier.after(4800).says([]);
    barrier.after(300).says([&*state("opening", "safety")]);
}

fn an_opening_boom_that_nobody_watches_goes_on(bench: Bench) {
    let mut barrier = bench.ready();
    barrier.when(Happens::Jam(true)).silently();
    barrier.order("OPEN 1").silently();

    barrier.after(10_000).says([]);
    barrier.when(Happens::Jam(false)).after(2200).says([&*state("open", "order")]);
}

fn a_boom_that_rests_stays_when_nobody_watches(bench: Bench) {
    let mut barrier = bench.open();

    barrier.after(60_000).says([]);
}

fn each_order_has_one_answer(bench: Bench) {
    let mut barrier = bench.ready();
    let hello = concat!("HELLO manless-barrier 1 fw=", env!("CARGO_PKG_VERSION"), " reset=power");

    barrier.order("PING 5").says(["OK 5"]);
    barrier.order("HELLO 7").says(["OK 7", hello]);
    assert_eq!(barrier.order("STATUS 6").heard()[..2], ["OK 6", &state("closed", "none")]);
    barrier.order("LIFT 8").says(["NO 8 unknown"]);
    barrier.order("OPEN 8 9").says(["NO garbled"]);
    barrier.order("PING").says(["OK"]);
    // Two in one breath.
    let two = to_line(&"PING 1") + &to_line(&"PING 2");
    barrier.send(two.as_bytes()).says(["OK 1", "OK 2"]);
}

fn an_agent_has_to_go_on_with_checksums_and_a_person_need_not_begin(bench: Bench) {
    let mut barrier = bench.ready();

    barrier.send(b"open\r\n").says(["OK", &state("opening", "order")]);
    barrier.order("PING 1").silently();
    barrier.send(b"close\r\n").says(["NO garbled"]);
    // After 5 s without a good line it may be a person again.
    barrier.after(5200).silently();
    barrier.send(b"close\r\n").says(["OK", &state("closing", "order")]);
}

fn half_a_line_is_forgotten_in_a_silence(bench: Bench) {
    let mut barrier = bench.ready();

    barrier.order("PING 1").silently();
    barrier.send(b"op").after(5200).says([]);
    barrier.send(b"en\n").says(["NO unknown"]);
}

fn a_reset_moves_nothing(bench: Bench) {
    let mut barrier = bench.open();

    barrier.when(Happens::Reset).says([
        concat!("HELLO manless-barrier 1 fw=", env!("CARGO_PKG_VERSION"), " reset=external"),
        &state("open", "none"),
    ]);
    barrier.after(10_000).says([]);
}

fn a_boom_on_its_way_is_still_known_after_a_reset(bench: Bench) {
    let mut barrier = bench.open();
    barrier.order("CLOSE 9").after(700).silently();

    barrier.when(Happens::Reset).says([
        concat!("HELLO manless-barrier 1 fw=", env!("CARGO_PKG_VERSION"), " reset=external"),
        &state("closing", "none"),
    ]);
    barrier
        .when(Happens::Loop(true))
        .says(["STATE opening loop=1 arming=- manual=0 fire=0 by=safety"]);
}

fn state(position: &str, by: &str) -> String {
    format!("STATE {position} loop=0 arming=- manual=0 fire=0 by={by}")
}
