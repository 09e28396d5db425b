//! Bytes of a client that speaks HTTP, to the whole front of a gateway.

#![no_main]

use manless_fuzz::gateway::{self, Caller};

libfuzzer_sys::fuzz_target!(|caller: Caller| gateway::call(&caller));
