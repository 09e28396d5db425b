//! Which commands are live: rules 2 and 3 of the contract, section 5.
//!
//! | a command that | is |
//! |---|---|
//! | was kept by a broker | `rejected`, `retained_command` |
//! | is not one of the contract | `rejected`, `invalid` |
//! | is older than its `expires_at`, or than its life from its `timestamp` | `expired` |
//! | has a `timestamp` from the future | `rejected`, `invalid` |
//! | holds the gate until a time that has passed | `rejected`, `invalid` |
//! | says neither, soon after the agent subscribed | `expired`: it may have waited |

use std::{error::Error, time::Duration};

use schemas::{
    AnswerCode, AnswerStatus, Command, CommandBody, DecodeError, Message, Timestamp, Topic,
};
use tokio::time::Instant;

use super::{Arrival, Delivery, status_of};

/// How long after subscribing a command without a date is not trusted.
const SETTLING: Duration = Duration::from_secs(3);

/// Decides which commands are live.
#[derive(Debug, Clone)]
pub(crate) struct Admission {
    /// How long a command lives from its `timestamp`.
    life: Duration,
}

/// Why a command is not carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: AnswerStatus,
    pub(crate) code: AnswerCode,
    pub(crate) message: String,
}

impl Admission {
    pub(crate) fn new(life: Duration) -> Self {
        Self { life }
    }

    /// The command in `arrival`, if it is one and is live.
    pub(crate) fn admit(&self, topic: &Topic, arrival: &Arrival) -> Result<Command, Refusal> {
        if arrival.delivery == Delivery::Retained {
            return Err(Refusal::new(
                AnswerCode::RetainedCommand,
                "a broker kept this command: publish commands without the retain flag",
            ));
        }

        match Message::decode(topic, &arrival.bytes) {
            Ok(Message::Command(command)) => {
                self.check_age(command, arrival).and_then(|command| check_until(command, arrival))
            }
            Ok(Message::Report(_) | Message::Picture(_)) => {
                Err(Refusal::new(AnswerCode::Invalid, "this is not a command"))
            }
            Err(error) => Err(Refusal::undecodable(&error)),
        }
    }

    fn check_age(&self, command: Command, arrival: &Arrival) -> Result<Command, Refusal> {
        let since = |then: Timestamp| arrival.at.as_millisecond() - then.as_millisecond();
        let life = i64::try_from(self.life.as_millis()).unwrap_or(i64::MAX);
        let settling = Instant::now().saturating_duration_since(arrival.subscribed) < SETTLING;

        match (command.expires_at(), command.timestamp) {
            (Some(end), _) if since(end) > 0 => Err(Refusal::expired("its time has passed")),
            (_, Some(sent)) if since(sent) < -life => Err(Refusal::new(
                AnswerCode::Invalid,
                "`timestamp` is in the future: set the clocks of sender and gate",
            )),
            (None, Some(sent)) if since(sent) > life => Err(Refusal::expired("it is too old")),
            (None, None) if settling => {
                Err(Refusal::expired("the gate has just connected: send it again"))
            }
            (Some(_), _) | (None, Some(_) | None) => Ok(command),
        }
    }
}

fn check_until(command: Command, arrival: &Arrival) -> Result<Command, Refusal> {
    match &command.body {
        CommandBody::GateControl(control) if control.until.is_some_and(|t| t <= arrival.at) => {
            Err(Refusal::new(AnswerCode::Invalid, "`until` has passed: the gate stays as it is"))
        }
        CommandBody::GateControl(_)
        | CommandBody::CameraControl(_)
        | CommandBody::RequestStatus(_)
        | CommandBody::RequestEvents(_) => Ok(command),
    }
}

impl Refusal {
    fn new(code: AnswerCode, message: &str) -> Self {
        Self { status: status_of(code), code, message: message.to_owned() }
    }

    fn expired(message: &str) -> Self {
        Self::new(AnswerCode::Expired, message)
    }

    pub(crate) fn invalid(message: &str) -> Self {
        Self::new(AnswerCode::Invalid, message)
    }

    fn undecodable(error: &DecodeError) -> Self {
        let message = match error.source() {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        };

        Self::invalid(&message)
    }

    pub(crate) fn no_record() -> Self {
        let message = "the gate cannot note that it saw this command: check its disk";

        Self { status: AnswerStatus::Failed, ..Self::new(AnswerCode::HardwareOffline, message) }
    }

    pub(crate) fn busy() -> Self {
        Self::new(AnswerCode::RateLimited, "too many at once: send it again later")
    }

    pub(crate) fn duplicate() -> Self {
        Self::new(AnswerCode::Duplicate, "a command with this id is being carried out")
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use schemas::{MessageType, Root};

    use super::*;

    const LIFE: Duration = Duration::from_secs(10);

    #[tokio::test(start_paused = true)]
    async fn a_command_is_live_until_it_expires() {
        for (offset, expected) in
            [(0, None), (10, None), (-9, None), (11, Some(AnswerCode::Expired))]
        {
            let sent = at(-offset);
            let text = format!(
                r#"{{"type":"gate_control","payload":{{"action":"open"}},"timestamp":"{sent}"}}"#
            );
            assert_eq!(code(&arrival(&text)), expected, "sent {offset} s ago");
        }
        for (offset, expected) in [(1, None), (0, None), (-1, Some(AnswerCode::Expired))] {
            let text = format!(r#"{{"action":"open","expires_at":"{}"}}"#, at(offset));
            assert_eq!(code(&arrival(&text)), expected, "expires in {offset} s");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_command_from_the_future_is_refused() {
        let text = format!(
            r#"{{"type":"gate_control","payload":{{"action":"open"}},"timestamp":"{}"}}"#,
            at(60)
        );

        assert_eq!(code(&arrival(&text)), Some(AnswerCode::Invalid));
    }

    #[tokio::test(start_paused = true)]
    async fn a_command_without_a_date_is_not_trusted_at_first() {
        let arrival = arrival("open");
        assert_eq!(code(&arrival), None);

        let fresh = Arrival { subscribed: Instant::now() - SETTLING / 2, ..arrival };
        assert_eq!(code(&fresh), Some(AnswerCode::Expired));
    }

    #[tokio::test(start_paused = true)]
    async fn a_command_that_a_broker_kept_is_refused_whatever_it_says() {
        for text in ["open", "{", "fly"] {
            let kept = Arrival { delivery: Delivery::Retained, ..arrival(text) };
            assert_eq!(code(&kept), Some(AnswerCode::RetainedCommand));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_wrong_with_a_command_is_said() {
        let admission = Admission::new(LIFE);

        let refusal = admission.admit(&topic(), &arrival(r#"{"action":"fly"}"#)).unwrap_err();

        assert_eq!(refusal.code, AnswerCode::Invalid);
        assert!(refusal.message.contains("fly"), "{}", refusal.message);
    }

    fn code(arrival: &Arrival) -> Option<AnswerCode> {
        Admission::new(LIFE).admit(&topic(), arrival).err().map(|refusal| refusal.code)
    }

    fn arrival(text: &str) -> Arrival {
        Arrival {
            topic: topic().below(&Root::default()),
            bytes: Bytes::copy_from_slice(text.as_bytes()),
            delivery: Delivery::Live,
            at: at(0),
            subscribed: Instant::now() - SETTLING,
        }
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + seconds).unwrap()
    }

    fn topic() -> Topic {
        Topic::Gate("gate_in".parse().unwrap(), MessageType::GateControl)
    }
}
