//! Which commands reach a controller: live ones, in time, once.

use std::{collections::VecDeque, time::Duration};

use schemas::{AnswerCode, Command, Id, Timestamp};
use tokio::time::Instant;

use crate::{
    command::{Refusal, wanted_until},
    hub::Arrival,
};

/// How long after it connected a controller gets no command that does not say when it was sent.
const SETTLING: Duration = Duration::from_secs(3);
/// How many ids are remembered.
const MEMORY: usize = 256;

/// What was seen of the commands for one gate.
#[derive(Debug)]
pub(super) struct Screen {
    connected: Instant,
    seen: VecDeque<Id>,
}

impl Screen {
    pub(super) fn new(connected: Instant) -> Self {
        Self { connected, seen: VecDeque::new() }
    }

    /// Whether a command is passed on.
    pub(super) fn judge(
        &mut self,
        command: &Command,
        arrival: Arrival,
        wall: Timestamp,
        now: Instant,
    ) -> Result<(), Refusal> {
        if arrival == Arrival::Retained {
            return Err(Refusal::rejected(
                AnswerCode::RetainedCommand,
                "the broker had kept this command: only live commands move a gate",
            ));
        }
        let until = wanted_until(command);
        if until.is_some_and(|until| until <= wall) {
            return Err(Refusal::expired("the command came too late"));
        }
        if until.is_none() && now < self.connected + SETTLING {
            return Err(Refusal::expired(
                "the controller has only just connected, and the command does not say when it was sent",
            ));
        }

        self.recognise(command)
    }

    fn recognise(&mut self, command: &Command) -> Result<(), Refusal> {
        let Some(id) = command.command_id() else { return Ok(()) };
        if self.seen.contains(id) {
            return Err(Refusal::rejected(
                AnswerCode::Duplicate,
                "a command with this command_id was passed on before",
            ));
        }

        self.seen.push_back(id.clone());
        if self.seen.len() > MEMORY {
            self.seen.pop_front();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use schemas::{AnswerStatus, MessageType};

    use super::*;

    const ENVELOPE: &str = r#"{"type":"gate_control","payload":{"action":"open","command_id":"c1"},"timestamp":"2024-01-20T12:00:00Z"}"#;

    #[tokio::test(start_paused = true)]
    async fn a_command_is_passed_on_once() {
        let mut screen = Screen::new(Instant::now());

        assert_eq!(judge(&mut screen, ENVELOPE, "12:00:01", 0), Ok(()));
        let (status, code) = judge(&mut screen, ENVELOPE, "12:00:02", 1).unwrap_err();
        assert_eq!((status, code), (AnswerStatus::Rejected, AnswerCode::Duplicate));
    }

    #[tokio::test(start_paused = true)]
    async fn a_late_command_is_expired() {
        let mut screen = Screen::new(Instant::now());

        assert_eq!(judge(&mut screen, ENVELOPE, "12:00:09", 0), Ok(()));
        let other = ENVELOPE.replace("c1", "c2");
        let (status, code) = judge(&mut screen, &other, "12:00:10", 0).unwrap_err();
        assert_eq!((status, code), (AnswerStatus::Expired, AnswerCode::Expired));
    }

    #[tokio::test(start_paused = true)]
    async fn a_command_without_a_time_is_refused_just_after_connecting() {
        let mut screen = Screen::new(Instant::now());

        let (status, _) = judge(&mut screen, "open", "12:00:00", 2_999).unwrap_err();
        assert_eq!(status, AnswerStatus::Expired);
        assert_eq!(judge(&mut screen, "open", "12:00:00", 3_000), Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_retained_command_is_refused() {
        let mut screen = Screen::new(Instant::now());
        let command = command(ENVELOPE);

        let refusal =
            screen.judge(&command, Arrival::Retained, at("12:00:00"), Instant::now()).unwrap_err();
        assert_eq!(refusal.code, AnswerCode::RetainedCommand);
    }

    fn judge(
        screen: &mut Screen,
        text: &str,
        wall: &str,
        after_ms: u64,
    ) -> Result<(), (AnswerStatus, AnswerCode)> {
        let now = screen.connected + Duration::from_millis(after_ms);

        screen
            .judge(&command(text), Arrival::Live, at(wall), now)
            .map_err(|refusal| (refusal.status, refusal.code))
    }

    fn command(text: &str) -> Command {
        let gate = "gate_in".parse().unwrap();

        Command::decode(&gate, MessageType::GateControl, text.as_bytes()).unwrap()
    }

    fn at(time: &str) -> Timestamp {
        format!("2024-01-20T{time}Z").parse().unwrap()
    }
}
