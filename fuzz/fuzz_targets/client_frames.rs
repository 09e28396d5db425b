//! Frames of a WebSocket client, to a session of a gateway.

#![no_main]

use manless_fuzz::gateway::{self, Guest};

libfuzzer_sys::fuzz_target!(|guest: Guest| gateway::listen(&guest));
