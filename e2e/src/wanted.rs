//! A message that a test waits for, and those who hear messages.

use std::{fmt, time::Instant};

use serde_json::Value;

use crate::PATIENCE;

/// A message is the wanted one if all that is said here is true of it.
#[derive(Debug, Clone)]
pub struct Wanted {
    message_type: &'static str,
    gate: Option<&'static str>,
    payload: Vec<(&'static str, Value)>,
}

/// Somebody who hears messages, in order, one after the other.
pub trait Listener {
    /// The next message, if one comes in time. What is no JSON is heard as `null`.
    fn next_message(&mut self, deadline: Instant) -> Option<Value>;

    /// Hears messages until the wanted one comes; fails if it does not.
    #[track_caller]
    fn hears(&mut self, wanted: &Wanted) -> Value {
        let (mut before, message) = self.hears_all_until(wanted);
        before.clear();

        message
    }

    /// Hears messages until the wanted one comes: those before it, and itself.
    #[track_caller]
    fn hears_all_until(&mut self, wanted: &Wanted) -> (Vec<Value>, Value) {
        let deadline = Instant::now() + PATIENCE;
        let mut before = Vec::new();

        while let Some(message) = self.next_message(deadline) {
            if wanted.is(&message) {
                return (before, message);
            }
            before.push(message);
        }
        let heard: Vec<String> = before.iter().map(|message| format!("{message:.300}")).collect();
        panic!("waited in vain for {wanted}; heard:\n{}", heard.join("\n"));
    }
}

impl Wanted {
    /// Any message of this type.
    pub fn a(message_type: &'static str) -> Self {
        Self { message_type, gate: None, payload: Vec::new() }
    }

    /// An answer of a gate to a `gate_control`.
    pub fn answer(status: &'static str) -> Self {
        Self::a("gate_control_response").with("status", status)
    }

    /// An answer of a gate to the command with this id.
    pub fn answer_to(command_id: &str) -> Self {
        Self::a("gate_control_response").with("command_id", command_id)
    }

    /// What a gate says of its boom.
    pub fn boom(status: &'static str) -> Self {
        Self::a("gate_status").with("status", status)
    }

    /// What a gate says of itself.
    pub fn gate_is(state: &'static str) -> Self {
        Self::a("system_status").with("state", state)
    }

    /// Only from this gate.
    #[must_use]
    pub fn from(mut self, gate: &'static str) -> Self {
        self.gate = Some(gate);
        self
    }

    /// Only with this in its payload; `arduino.connected` looks into an object there.
    #[must_use]
    pub fn with(mut self, path: &'static str, value: impl Into<Value>) -> Self {
        self.payload.push((path, value.into()));
        self
    }

    /// Whether `message` is the wanted one.
    pub fn is(&self, message: &Value) -> bool {
        let said = |path: &str| path.split('.').fold(&message["payload"], |value, key| &value[key]);

        message["type"] == self.message_type
            && self.gate.is_none_or(|gate| message["gate_id"] == gate)
            && self.payload.iter().all(|(path, value)| said(path) == value)
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a {} of {}", self.message_type, self.gate.unwrap_or("any gate"))?;
        for (path, value) in &self.payload {
            write!(f, ", {path} = {value}")?;
        }

        Ok(())
    }
}
