//! Names and filters through `mqtt-topic`.

#![no_main]

use broker_fuzz::topic;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| topic::check(bytes));
