//! What can be asked of a site: a line of words, answered by a line.
//!
//! | request                              | what happens                                     |
//! |--------------------------------------|--------------------------------------------------|
//! | `list`                               | the names of the gates                           |
//! | `GATE state`                         | how things are                                   |
//! | `GATE card CARD`                     | a card is held to the reader                     |
//! | `GATE drive [CARD]`                  | a vehicle comes, presents its card, and passes   |
//! | `GATE vehicle on\|off`               | a vehicle stands under the boom, or is gone      |
//! | `GATE waiting on\|off`               | a vehicle stands in front of it, or is gone      |
//! | `GATE loops none\|closing\|both`     | which loops are fitted                           |
//! | `GATE hand open`                     | somebody opens the boom by hand                  |
//! | `GATE jam on\|off`                   | the drive is jammed, or free                     |
//! | `GATE fire on\|off`                  | the fire alarm is on, or off                     |
//! | `GATE unplug barrier\|card_reader`   | a cable is pulled                                |
//! | `GATE plug barrier\|card_reader`     | a cable is put back                              |

use std::{fmt, sync::Arc};

use barrier_link::Contact;

use crate::{Cable, Device, Drive, Gate, GateState, Loops, Vehicle, Visit};

/// The card of a vehicle that brings none of its own.
const CARD: &str = "04A1B2C3";

const POSSIBLE: &str = "possible are: state, card CARD, drive [CARD], vehicle on|off, waiting on|off, \
                        loops none|closing|both, hand open, \
                        jam on|off, fire on|off, unplug barrier|card_reader, \
                        plug barrier|card_reader";

/// Does what `line` asks for.
pub(super) fn answer(line: &str, gates: &[Arc<Gate>]) -> Result<String, String> {
    let words: Vec<&str> = line.split_ascii_whitespace().collect();

    match words.as_slice() {
        [] => Err("say `list`, or the name of a gate and what happens there".to_owned()),
        ["list"] => Ok(names(gates)),
        [name, words @ ..] => match gates.iter().find(|gate| gate.name() == *name) {
            Some(gate) => at_gate(gate, words),
            None => Err(format!("there is no gate `{name}`; there are: {}", names(gates))),
        },
    }
}

fn at_gate(gate: &Gate, words: &[&str]) -> Result<String, String> {
    match words {
        ["state"] => return Ok(describe(gate)),
        ["card", card] => gate.present_card(card).map_err(text)?,
        ["drive"] => gate.drive_through(CARD).map_err(text)?,
        ["drive", card] => gate.drive_through(card).map_err(text)?,
        ["vehicle", "on"] => gate.vehicle(Vehicle::Present),
        ["vehicle", "off"] => gate.vehicle(Vehicle::Absent),
        ["waiting", "on"] => gate.vehicle_in_front(Vehicle::Present),
        ["waiting", "off"] => gate.vehicle_in_front(Vehicle::Absent),
        ["loops", "none"] => gate.fit(Loops::None),
        ["loops", "closing"] => gate.fit(Loops::Closing),
        ["loops", "both"] => gate.fit(Loops::Both),
        ["hand", "open"] => gate.open_by_hand(),
        ["jam", "on"] => gate.jam(Drive::Jammed),
        ["jam", "off"] => gate.jam(Drive::Runs),
        ["fire", "on"] => gate.fire_alarm(Contact::Active),
        ["fire", "off"] => gate.fire_alarm(Contact::Idle),
        ["unplug", device] => gate.unplug(device.parse().map_err(text)?),
        ["plug", device] => {
            let device: Device = device.parse().map_err(text)?;
            gate.plug(device).map_err(|error| format!("cannot plug in the {device}: {error}"))?;
        }
        [] => return Err(POSSIBLE.to_owned()),
        unknown => return Err(format!("`{}` is not known; {POSSIBLE}", unknown.join(" "))),
    }

    Ok(gate.name().to_owned())
}

fn text(error: impl fmt::Display) -> String {
    error.to_string()
}

fn names(gates: &[Arc<Gate>]) -> String {
    gates.iter().map(|gate| gate.name()).collect::<Vec<_>>().join(" ")
}

fn describe(gate: &Gate) -> String {
    let GateState { barrier, visit, drive, barrier_cable, card_reader_cable } = gate.state();

    format!(
        "{} position={} loop={} arming={} manual={} fire={} by={} drive={} vehicle={} barrier={} \
         card_reader={}",
        gate.name(),
        barrier.position,
        barrier.closing_loop,
        barrier.arming_loop,
        barrier.manual,
        barrier.fire,
        barrier.moved_by,
        match drive {
            Drive::Runs => "runs",
            Drive::Jammed => "jammed",
        },
        match visit {
            Visit::None => "none",
            Visit::Waiting { .. } => "waiting",
            Visit::Passing { .. } => "passing",
            Visit::Standing => "standing",
            Visit::InFront => "in_front",
        },
        cable(barrier_cable),
        cable(card_reader_cable),
    )
}

fn cable(cable: Cable) -> &'static str {
    match cable {
        Cable::Unplugged => "unplugged",
        Cable::Idle => "idle",
        Cable::InUse => "in_use",
    }
}
