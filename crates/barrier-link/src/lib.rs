//! The line protocol between a gate's agent and its barrier controller, free of I/O.
//!
//! In short; `firmware/barrier/README.md` has it as a standard would, with what a controller does by
//! itself.
//!
//! ASCII lines of at most [`MAX_LINE`] bytes, ended by LF; CR before it and empty lines are
//! ignored; 115,200 baud, 8N1. A line may end in `*HH`: the XOR of all bytes before the `*`,
//! as two hex digits. Programs always send it; a person at a serial monitor need not.
//!
//! # Orders: agent to controller
//!
//! | line        | what it asks for                                                         |
//! |-------------|--------------------------------------------------------------------------|
//! | `OPEN 17`   | open the boom                                                            |
//! | `CLOSE 18`  | close it, unless something stands in the way                             |
//! | `STOP 19`   | stop where it is                                                         |
//! | `STATUS 20` | report [`State`] at once                                                 |
//! | `PING 21`   | nothing: the agent's heartbeat, once a second ([`HEARTBEAT`])            |
//! | `HELLO 1`   | identify yourself ([`Hello`])                                            |
//!
//! The number is 1 to 65535 and comes back in the answer; without one, the answer has none
//! either. Words of orders may be written in small letters.
//!
//! # Reports: controller to agent
//!
//! | line                                                      | what it says                |
//! |-----------------------------------------------------------|-----------------------------|
//! | `OK 17`                                                   | the order was accepted      |
//! | `NO 18 occupied`                                          | it was refused ([`Refusal`])|
//! | `HELLO manless-barrier 1 fw=1.0.0 reset=power`            | [`Hello`]: at power-on, and on `HELLO` |
//! | `STATE closed loop=0 arming=- manual=0 fire=0 by=order`   | [`State`]: on every change, and once a second |
//!
//! Each order is answered by one `OK` or `NO`, before whatever else it leads to. `OK` is not
//! *done*: `STATE` says when a movement has ended. `STATE` is the whole truth in one line and
//! the controller's heartbeat: one older than [`SILENCE`] says nothing about the present.
//! A controller that hears nothing for [`SILENCE`] finishes safely by itself: a boom that
//! is opening goes on, one that is closing opens again, one that rests stays.
//!
//! # Growth
//!
//! Keys that are not known are ignored, and so are lines with an unknown first word
//! ([`LineError::Unknown`], counted). New values of known keys need a new protocol version.
//!
//! # Why a lost byte is no other order
//!
//! A line with a wrong checksum is refused. But a byte that hits the `*` itself, or turns
//! into a line end, leaves a line *without* a checksum (`OPEN 17*32` becomes `OPEN 17132`). So
//! an agent takes no report without one ([`Checksums::Required`]), and a controller takes no
//! order without one as soon as it has seen a good one ([`Checksums::Optional`]), until it has heard
//! nothing for [`SILENCE`].

mod decoder;
mod order;
mod report;
mod seq;
mod words;

use std::time::Duration;

pub use decoder::{Checksums, Counts, LineDecoder, LineError, to_line};
pub use order::{Order, OrderKind};
pub use report::{
    Cause, Contact, Firmware, FirmwareError, Hello, Loop, Position, Refusal, Report, ResetCause,
    State,
};
pub use seq::Seq;

/// The longest line in bytes, its checksum included and its end not.
pub const MAX_LINE: usize = 96;

/// The version of this protocol, as a controller states it in [`Hello`].
pub const PROTOCOL: u16 = 1;

/// How often each side says that it is there: `PING` and `STATE`.
pub const HEARTBEAT: Duration = Duration::from_secs(1);

/// How long the other side may be silent before it counts as gone.
pub const SILENCE: Duration = Duration::from_secs(5);
