//! Names and filters through `mqtt-topic`.

#![no_main]

use manless_fuzz::topic;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| topic::check(bytes));
