//! What an agent asks of its barrier controller.

use std::{fmt, str::FromStr};

use crate::{LineError, Seq, seq::Numbered, words::words};

/// One order, as it stands on the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Order {
    /// What is asked for.
    pub kind: OrderKind,
    /// Comes back in the answer; a person at a serial monitor may leave it out.
    pub seq: Option<Seq>,
}

words! {
    /// What is asked for.
    OrderKind {
        /// Open the boom.
        Open = "OPEN",
        /// Close the boom.
        Close = "CLOSE",
        /// Stop the boom where it is.
        Stop = "STOP",
        /// Report the state at once.
        Status = "STATUS",
        /// The agent is there.
        Ping = "PING",
        /// Identify yourself.
        Hello = "HELLO",
    }
}

impl Order {
    /// An order with a number.
    pub fn new(kind: OrderKind, seq: Seq) -> Self {
        Self { kind, seq: Some(seq) }
    }
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.kind, Numbered(self.seq))
    }
}

impl FromStr for Order {
    type Err = LineError;

    fn from_str(line: &str) -> Result<Self, LineError> {
        let mut words = line.split_ascii_whitespace();
        let first = words.next().unwrap_or_default().to_ascii_uppercase();
        let kind = first.parse().map_err(|_| LineError::Unknown(line.to_owned()))?;
        let seq = words.next().map(str::parse).transpose()?;

        match words.next() {
            None => Ok(Self { kind, seq }),
            Some(extra) => Err(LineError::Malformed(extra.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_may_type_small_letters_and_no_number() {
        assert_eq!(" open ".parse(), Ok(Order { kind: OrderKind::Open, seq: None }));
    }

    #[test]
    fn refuses_what_is_no_order() {
        for line in ["", "OPE 17", "OPEN 0", "OPEN 17 now", "OPEN 65536", "OPEN x", "OK 17"] {
            assert!(line.parse::<Order>().is_err(), "accepted `{line}`");
        }
    }
}
