//! Bytes of a serial line through the decoders of controllers and card readers.

#![no_main]

use manless_fuzz::serial::{self, Line};

libfuzzer_sys::fuzz_target!(|line: Line| serial::check(&line));
