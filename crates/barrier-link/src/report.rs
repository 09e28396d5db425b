//! What a barrier controller tells its agent.

use std::{fmt, str::FromStr};

use crate::{LineError, PROTOCOL, Seq, seq::Numbered, words::words};

/// The product name in [`Hello`].
const NAME: &str = "manless-barrier";

/// One report, as it stands on the line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Report {
    /// An order was accepted.
    Ok(Option<Seq>),
    /// An order was refused.
    Refused {
        /// The number of the order, where it had a readable one.
        seq: Option<Seq>,
        /// Why.
        reason: Refusal,
    },
    /// The controller identifies itself: at power-on and when asked.
    Hello(Hello),
    /// How things are: on every change and once a second.
    State(State),
}

/// Who the controller is, and why it started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hello {
    /// The protocol that it speaks; see [`PROTOCOL`].
    pub protocol: u16,
    /// The version of its firmware.
    pub firmware: Firmware,
    /// Why it last started.
    pub reset: ResetCause,
}

/// How things are at the barrier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct State {
    /// Where the boom is.
    pub position: Position,
    /// The loop under the boom.
    pub closing_loop: Loop,
    /// The loop in front of the boom.
    pub arming_loop: Loop,
    /// The contact for opening by hand.
    pub manual: Contact,
    /// The contact of the fire alarm.
    pub fire: Contact,
    /// Who caused the last movement.
    pub moved_by: Cause,
}

words! {
    /// Where the boom is.
    Position {
        /// Down.
        Closed = "closed",
        /// On its way up.
        Opening = "opening",
        /// Up.
        Open = "open",
        /// On its way down.
        Closing = "closing",
        /// Stopped on its way.
        Stopped = "stopped",
        /// The controller cannot tell.
        Unknown = "unknown",
    }
}

words! {
    /// What a vehicle loop sees.
    Loop {
        /// No vehicle.
        Clear = "0",
        /// A vehicle.
        Occupied = "1",
        /// Nothing: there is no such loop.
        NotFitted = "-",
    }
}

words! {
    /// An input of the controller.
    Contact {
        /// At rest.
        Idle = "0",
        /// Operated.
        Active = "1",
    }
}

words! {
    /// Who caused a movement.
    Cause {
        /// An order of the agent, or of a person at a serial monitor.
        Order = "order",
        /// The contact for opening by hand.
        Manual = "manual",
        /// The fire alarm.
        Fire = "fire",
        /// A timer of the controller.
        Timer = "timer",
        /// The controller, to keep somebody safe.
        Safety = "safety",
        /// Nobody: nothing has moved since power-on.
        None = "none",
    }
}

words! {
    /// Why an order was refused.
    Refusal {
        /// A vehicle stands under the boom.
        Occupied = "occupied",
        /// The fire alarm holds the boom open.
        Emergency = "emergency",
        /// The drive does not do what it is told.
        Fault = "fault",
        /// Something else has to end first.
        Busy = "busy",
        /// There is no such order.
        Unknown = "unknown",
        /// The line was damaged.
        Garbled = "garbled",
    }
}

words! {
    /// Why a controller started.
    ResetCause {
        /// Its power came on.
        Power = "power",
        /// Its reset line: a button, or a port that was opened.
        External = "external",
        /// It had hung.
        Watchdog = "watchdog",
        /// Its voltage was low.
        Brownout = "brownout",
        /// It cannot tell.
        None = "none",
    }
}

/// The version of a firmware: 1 to [`Firmware::MAX_LEN`] letters, digits, `.`, `-`, `_` and `+`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Firmware(String);

/// The text is no version of a firmware.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no firmware version")]
pub struct FirmwareError(String);

impl Firmware {
    /// The longest version in bytes.
    pub const MAX_LEN: usize = 24;

    /// The version as it stands on the line.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Firmware {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for Firmware {
    type Err = FirmwareError;

    fn from_str(text: &str) -> Result<Self, FirmwareError> {
        let fits = (1..=Self::MAX_LEN).contains(&text.len());
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_+".contains(&byte);

        if fits && text.bytes().all(plain) {
            Ok(Self(text.to_owned()))
        } else {
            Err(FirmwareError(text.to_owned()))
        }
    }
}

impl Hello {
    /// The greeting of a controller that speaks this version of the protocol.
    pub fn new(firmware: Firmware, reset: ResetCause) -> Self {
        Self { protocol: PROTOCOL, firmware, reset }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ok(seq) => write!(f, "OK{}", Numbered(*seq)),
            Self::Refused { seq, reason } => write!(f, "NO{} {reason}", Numbered(*seq)),
            Self::Hello(Hello { protocol, firmware, reset }) => {
                write!(f, "HELLO {NAME} {protocol} fw={firmware} reset={reset}")
            }
            Self::State(state) => write!(
                f,
                "STATE {} loop={} arming={} manual={} fire={} by={}",
                state.position,
                state.closing_loop,
                state.arming_loop,
                state.manual,
                state.fire,
                state.moved_by,
            ),
        }
    }
}

impl FromStr for Report {
    type Err = LineError;

    fn from_str(line: &str) -> Result<Self, LineError> {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();

        match words.as_slice() {
            ["OK"] => Ok(Self::Ok(None)),
            ["OK", seq] => Ok(Self::Ok(Some(seq.parse()?))),
            ["NO", reason] => Ok(Self::Refused { seq: None, reason: reason.parse()? }),
            ["NO", seq, reason] => {
                Ok(Self::Refused { seq: Some(seq.parse()?), reason: reason.parse()? })
            }
            ["HELLO", NAME, protocol, pairs @ ..] => hello(protocol, pairs).map(Self::Hello),
            ["STATE", position, pairs @ ..] => state(position, pairs).map(Self::State),
            ["OK" | "NO" | "HELLO" | "STATE", ..] => Err(LineError::Malformed(line.to_owned())),
            _ => Err(LineError::Unknown(line.to_owned())),
        }
    }
}

fn hello(protocol: &str, pairs: &[&str]) -> Result<Hello, LineError> {
    let malformed = || LineError::Malformed(protocol.to_owned());

    Ok(Hello {
        protocol: protocol.parse().map_err(|_| malformed())?,
        firmware: value(pairs, "fw")?,
        reset: value(pairs, "reset")?,
    })
}

fn state(position: &str, pairs: &[&str]) -> Result<State, LineError> {
    Ok(State {
        position: position.parse()?,
        closing_loop: value(pairs, "loop")?,
        arming_loop: value(pairs, "arming")?,
        manual: value(pairs, "manual")?,
        fire: value(pairs, "fire")?,
        moved_by: value(pairs, "by")?,
    })
}

/// Finds a key among `key=value` pairs; others are room to grow.
fn value<T: FromStr>(pairs: &[&str], key: &'static str) -> Result<T, LineError> {
    let mut values = pairs.iter().filter_map(|pair| pair.strip_prefix(key)?.strip_prefix('='));
    let text = values.next().ok_or(LineError::Missing(key))?;

    match values.next() {
        None => text.parse().map_err(|_| LineError::Malformed(text.to_owned())),
        Some(_) => Err(LineError::Malformed(key.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATE: &str = "STATE closed loop=0 arming=- manual=0 fire=0 by=order";

    #[test]
    fn a_state_reads_as_the_protocol_writes_it() {
        let state = State {
            position: Position::Closed,
            closing_loop: Loop::Clear,
            arming_loop: Loop::NotFitted,
            manual: Contact::Idle,
            fire: Contact::Idle,
            moved_by: Cause::Order,
        };

        assert_eq!(STATE.parse(), Ok(Report::State(state)));
        assert_eq!(Report::State(state).to_string(), STATE);
    }

    #[test]
    fn a_hello_reads_as_the_protocol_writes_it() {
        let line = "HELLO manless-barrier 1 fw=1.0.0 reset=power";
        let hello = Hello::new("1.0.0".parse().unwrap(), ResetCause::Power);

        assert_eq!(line.parse(), Ok(Report::Hello(hello.clone())));
        assert_eq!(Report::Hello(hello).to_string(), line);
    }

    #[test]
    fn keys_that_are_not_known_are_room_to_grow() {
        assert_eq!(format!("{STATE} door=ajar x").parse::<Report>(), STATE.parse());
    }

    #[test]
    fn a_state_that_leaves_something_out_is_not_the_whole_truth() {
        let line = "STATE closed arming=- manual=0 fire=0 by=order";

        assert_eq!(line.parse::<Report>(), Err(LineError::Missing("loop")));
    }

    #[test]
    fn refuses_what_is_no_report() {
        for line in [
            "",
            "OPEN 17",
            "OK 17 18",
            "NO",
            "NO 18",
            "NO 18 maybe",
            "HELLO 1",
            "HELLO manless-barrier one fw=1 reset=power",
            "STATE",
            "STATE ajar loop=0 arming=- manual=0 fire=0 by=order",
            "STATE closed loop=2 arming=- manual=0 fire=0 by=order",
            "STATE closed loop=0 loop=1 arming=- manual=0 fire=0 by=order",
        ] {
            assert!(line.parse::<Report>().is_err(), "accepted `{line}`");
        }
    }
}
