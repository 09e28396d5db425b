//! Every input that was worth keeping, once more.

use std::{fs, path::Path};

use arbitrary::{Arbitrary, Unstructured};
use manless_fuzz::{
    codec, envelope,
    front::{self, Keeping},
    gateway::{self, Caller, Guest},
    scenario::Scenario,
    serial::{self, Line},
    topic,
};

fn inputs(target: &str) -> impl Iterator<Item = Vec<u8>> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    let entries = fs::read_dir(corpus).expect("a corpus is committed");

    entries.map(|entry| fs::read(entry.expect("it can be read").path()).expect("it can be read"))
}

fn scenarios(target: &str) -> impl Iterator<Item = Scenario> {
    inputs(target).filter_map(|input| Scenario::arbitrary_take_rest(Unstructured::new(&input)).ok())
}

#[test]
fn the_codec_keeps_its_promises() {
    inputs("codec").for_each(|input| codec::check(&input));
}

#[test]
fn the_contract_reads_what_it_writes() {
    inputs("envelope").for_each(|input| envelope::check(&input));
}

#[test]
fn decoders_of_serial_lines_keep_their_promises() {
    for input in inputs("serial") {
        if let Ok(line) = Line::arbitrary_take_rest(Unstructured::new(&input)) {
            serial::check(&line);
        }
    }
}

#[test]
fn a_gateway_keeps_its_promises_to_whoever_calls() {
    for input in inputs("http") {
        if let Ok(caller) = Caller::arbitrary_take_rest(Unstructured::new(&input)) {
            gateway::call(&caller);
        }
    }
}

#[test]
fn a_session_keeps_its_promises() {
    for input in inputs("client_frames") {
        if let Ok(guest) = Guest::arbitrary_take_rest(Unstructured::new(&input)) {
            gateway::listen(&guest);
        }
    }
}

#[test]
fn topics_are_what_the_standard_says() {
    inputs("topic").for_each(|input| topic::check(&input));
}

#[test]
fn a_broker_that_keeps_nothing_keeps_its_promises() {
    front::abort_on_panic();
    scenarios("front").for_each(|scenario| front::run(&scenario, Keeping::Nothing));
}

#[test]
fn a_broker_with_a_store_keeps_its_promises() {
    front::abort_on_panic();
    scenarios("front_store").for_each(|scenario| front::run(&scenario, Keeping::File));
}
