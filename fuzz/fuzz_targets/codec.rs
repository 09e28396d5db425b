//! Bytes through the codec.

#![no_main]

use manless_fuzz::codec;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| codec::check(bytes));
