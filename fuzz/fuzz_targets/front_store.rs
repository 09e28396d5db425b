//! Several clients against a whole broker with a store on disk.

#![no_main]

use manless_fuzz::{
    front::{self, Keeping},
    scenario::Scenario,
};

libfuzzer_sys::fuzz_target!(
    init: front::abort_on_panic(),
    |scenario: Scenario| front::run(&scenario, Keeping::File)
);
