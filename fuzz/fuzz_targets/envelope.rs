//! Topics and payloads through the contract.

#![no_main]

use manless_fuzz::envelope;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| envelope::check(bytes));
